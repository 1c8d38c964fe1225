"""A reconciliation pipeline: evidence in, matches, a double-entry ledger, cash, and proof that they agree."""
