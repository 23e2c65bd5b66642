"""A ninth set of broken implementations that measures the judge from outside, one module per provider, twelve each.

It draws the faults that a team is likely to make which implements these APIs from the vendor's page: a field null, missing or
of another type in one status, a word or a unit that is not the page's, a check that is forgotten, a state that one operation
knows and another does not, a count, an order or a lifetime that is not kept, idempotency that is half done. Its author has read
of the vendors their pages alone, beside them the mock's answers and test credentials, the tools that express a change and the
tests that show a set whole, and of the eighth set the first and last 60 lines of one module and the first 60 lines of its
stories; no OpenAPI document, rule, lifecycle file or other mutant, nothing of the judge. It does not avoid what earlier sets
have: eleven names were taken and have been replaced, the defects not. The judge was not run on it. It stays as it was written.
"""
