"""A sixth set of broken implementations that measures the judge from outside, one module per provider, twelve each.

It was written after the rules had been mended by what the fifth set showed, by an author who has read neither the code of the
judge, nor its tests, nor its statements and rules, nor a defect of another set; to learn the form, the names and stories of the
fifth, the head of one of its modules, and two stories of earlier sets were seen. Its sources are the vendors' pages, the
OpenAPI documents, the lifecycles, the mock's handlers and answers, and the design's list of facts; the documents and that list
tell in words some of the relations that rules check. Each defect that answered a client just as one of an earlier set from
outside did, which a comparison of their answers told, was replaced by another one. The judge was not run on it before it was
whole. It stays as it was written: a defect that is not found is left as it is. Where a quote is not of the vendor's page in
question, it is of the OpenAPI document, which names the vendor's other public page that says it, or of the vendor's own OpenAPI
document.
"""
