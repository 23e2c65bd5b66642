"""Broken implementations that measure the judge from outside, one module per provider, twelve each.

They were written from the vendors' pages and the OpenAPI documents without knowledge of the rules' code, by somebody who
wrote none of it: what could a backend get wrong that a careful reader of the page would call wrong? The documents name some
rules in their comments and titles, which the author has read. The set stays as it was written: a defect that is not found is
left as it is. `basis` tells how the contract rules each one out, and `quote` holds the page's words.
"""
