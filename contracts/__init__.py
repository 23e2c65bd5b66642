"""The judge of implementations: says whether an exchange keeps a vendor's contract."""
