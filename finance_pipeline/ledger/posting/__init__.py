"""Posting rules: records and matches in, entries out. Pure, whole frames at a time.

Here: which accounts a fact moves, in which currency and at what carrying amount; one module a family of facts. Not
here: what is read, and how entries are written (finance_pipeline.ledger.journal).
"""

from finance_pipeline.ledger.posting.entries import Postings, together
from finance_pipeline.ledger.posting.rules import RULES_VERSION, PostingInputs, entries_for

__all__ = ["RULES_VERSION", "PostingInputs", "Postings", "entries_for", "together"]
