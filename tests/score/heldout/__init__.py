"""A second set of broken implementations that measures the judge from outside, one module per provider, twelve each.

It was written after the rules' authors had seen what the independent set finds, in the same way: from the vendors' pages and
the OpenAPI documents, without knowledge of the rules' code. None of it repeats a defect of that set. It stays as it was
written: a defect that is not found is left as it is. Where a quote is not of the vendor's page in question, it is of the
OpenAPI document, which names the vendor's other public page that says it.
"""
