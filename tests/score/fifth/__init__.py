"""A fifth set of broken implementations that measures the judge from outside, one module per provider, twelve each.

It was written after the rules had been mended by what the fourth set showed, by an author who has read neither the code of the
judge, nor its tests, nor the rules' author's own set: from the vendors' pages, the OpenAPI documents, the mock's handlers and
answers, and the design's list of facts. The documents and that list tell in words some of the relations that rules check. Of
the other sets from outside the names and sentences were read, so that none of them is repeated. Once all
sixty were there, a part of the rules' author's own set came into view, and none was changed for it. It stays as it was written: a
defect that is not found is left as it is. Where a quote is not of the vendor's page in question, it is of the OpenAPI
document, which names the vendor's other public page that says it.
"""
