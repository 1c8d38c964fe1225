"""Which mapper speaks for a source."""

from __future__ import annotations

from types import ModuleType

import polars as pl

from finance_pipeline.canonical import ecb, plaid, statements, stripe, xero
from finance_pipeline.canonical.mapped import Mapped
from finance_pipeline.core.settings import Book

_MAPPERS: dict[str, ModuleType] = {"plaid": plaid, "stripe": stripe, "xero": xero, "camt053": statements, "ecb": ecb}
map_rates = ecb.map_rates


def map_evidence(source: str, evidence: pl.DataFrame, book: Book) -> Mapped:
    """Canonical frames of one book's evidence of one source (EVIDENCE without page_hash, latest version of each)."""
    mapped: Mapped = _MAPPERS[source].map_evidence(evidence, book)
    return mapped


def lender(source: str) -> tuple[str, int] | None:
    """The kind of record that lends words to others of its source, and to those of how many days before it."""
    return (stripe.LENDER, stripe.LENDS_FOR_DAYS) if source == "stripe" else None


def borrowers(source: str, evidence: pl.DataFrame) -> pl.DataFrame:
    """Records (kind, source_id) that have to be mapped along, since the lenders among these have words for them."""
    named: pl.DataFrame = _MAPPERS[source].borrowers(evidence)
    return named


def mapper_version(source: str) -> int:
    """Version of a source's mapper; a new one maps everything again."""
    version: int = _MAPPERS[source].MAPPER_VERSION
    return version
