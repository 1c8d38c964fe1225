"""The ledger: chart of accounts, posting rules (pure), journal writer, proof of the chain, reports over its tables.

Here: what becomes an entry and how entries are kept. Not here: what matches what, or which records are read.
"""
