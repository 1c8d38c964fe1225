"""The company's own document numbers, and typos in them that mislead nobody who looks at payer and amount."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from finance_pipeline.sandbox.world.faults import alphanumeric, with_typo
from finance_pipeline.sandbox.world.model import Document

_ATTEMPTS = 8


class Numbers:
    """Invoices and credit notes by number, whatever its spelling."""

    def __init__(self, documents: Iterable[Document]) -> None:
        ours = (each for each in documents if each.kind in ("invoice", "credit_note"))
        self._by_number = {alphanumeric(each.number): each for each in ours}

    def mistyped(self, rng: Random, document: Document, named: bool) -> str:
        """The number of a document with a typo.

        Numbers are dense, so a typo often is another document's number. That happens in life too and is kept, but only
        where the line itself shows that it cannot be meant: another customer's, of another amount, the payer named.
        """
        for _ in range(_ATTEMPTS):
            typed = with_typo(rng, document.number)
            hit = self._by_number.get(alphanumeric(typed))
            if hit is None or (named and hit.party is not document.party and hit.total_minor != document.total_minor):
                return typed
        return document.number
