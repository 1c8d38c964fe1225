"""Which mapper speaks for a source."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import polars as pl

from finance_pipeline.canonical import ecb, plaid, statements, stripe, stripe_lending, xero
from finance_pipeline.canonical.mapped import Mapped
from finance_pipeline.core.settings import Book

_MAPPERS: dict[str, ModuleType] = {"plaid": plaid, "stripe": stripe, "xero": xero, "camt053": statements, "ecb": ecb}
_LENDING: dict[str, ModuleType] = {"stripe": stripe_lending}
"""Sources whose records say something of each other that a mapper needs."""
map_rates = ecb.map_rates


def map_evidence(source: str, evidence: pl.DataFrame, book: Book) -> Mapped:
    """Canonical frames of one book's evidence of one source (EVIDENCE without page_hash, latest version of each)."""
    mapped: Mapped = _MAPPERS[source].map_evidence(evidence, book)
    return mapped


def lenders(source: str) -> Mapping[str, tuple[int, int]]:
    """Kinds of records that lend words to others of their source: from how many days before to how many after them."""
    found: Mapping[str, tuple[int, int]] = _LENDING[source].LENDERS if source in _LENDING else {}
    return found


def borrowers(source: str, evidence: pl.DataFrame) -> pl.DataFrame:
    """Records (kind, source_id) that have to be mapped along, since the lenders among these have words for them."""
    named: pl.DataFrame = _LENDING[source].borrowers(evidence)
    return named


def names(source: str, evidence: pl.DataFrame) -> list[str]:
    """Ids by which these records and payments that stand know of each other; those payments are mapped along."""
    found: list[str] = _LENDING[source].names(evidence)
    return found


def mapper_version(source: str) -> int:
    """Version of a source's mapper; a new one maps everything again."""
    version: int = _MAPPERS[source].MAPPER_VERSION
    return version
