"""What a client does with each provider, so that the defects of a set of broken implementations show.

A module for each set: DIFFERS, the operations whose answers each defect changes, and STORIES. In each story, what makes another
session where a defect is, or ends one, comes last: the ids of later sessions follow.
"""
