"""A third set of broken implementations that measures the judge from outside, one module per provider, twelve each.

It was written after the rules had been mended by what the other two sets showed, by an author who has read neither the code
of the judge nor its tests: from the vendors' pages, the paths and members of the OpenAPI documents, the mock's handlers and
answers, and the design's list of facts, which tells in words some of the relations that rules check. None of it repeats a
defect of the other two sets. It stays as it was written: a defect that is not found is left as it is. Where a quote is not
of the vendor's page in question, it is of the OpenAPI document, which names the vendor's other public page that says it.
"""
