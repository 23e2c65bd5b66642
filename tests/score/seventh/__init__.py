"""A seventh set of broken implementations that measures the judge from outside, one module per provider, twelve each.

It draws the faults that a new implementation of these APIs is likely to have: what is forgotten in one status, not stored, not
checked, not counted, cached, cut one too late. It does not avoid what earlier sets have. Its author has read the vendors' pages,
the OpenAPI documents (whose comments name rules in words), the lifecycles, the mock's handlers and answers and the design's list
of facts; of the first sets the stories, of the sixth the names, the stories and the first 120 lines of one module, where helpers
of about eight defects stand; of the judge neither code, tests, rules nor statements. The judge was not run on it before it was
whole. It stays as it was written. Where a quote is not of the vendor's page in question, it is of the OpenAPI document, which
names the vendor's other public page or source that says it.
"""
