"""Proof that the journal is what was posted: everything is recomputed from the entries, nothing stored is believed.

The chain shows every change of a sealed batch. That the whole chain was replaced, or its end cut off, shows only
against a head kept outside the database: `verify` takes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import psycopg

from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_CHAIN = pl.Schema(
    {"position": pl.Int64, "batch_id": pl.Int64, "entry_count": pl.Int64, "counted": pl.Int64}
    | dict.fromkeys(("root_holds", "follows", "linked", "link_holds", "in_time"), pl.Boolean())
    | {"link": pl.String}
)
_FAULTS = pl.Schema({"subject": pl.String, "words": pl.String})
_FAULT_QUERIES = ("ledger_faults", "ledger_movement_faults")
_RULES = {
    "follows": "does not follow the seal before it: one is missing",
    "linked": "is not linked to the seal before it",
    "link_holds": "is not what it was sealed as",
    "in_time": "was recorded before the seal before it",
    "root_holds": "holds other entries than were sealed",
}


@dataclass(frozen=True)
class ProofReport:
    """What a verification found. It holds when first_broken is None."""

    batches: int
    entries: int
    head: str
    """Link of the last seal, in hexadecimal: what to keep outside the database."""
    first_broken: str | None
    """The first broken link of the chain, else the first fault of an entry; with words."""
    faults: tuple[str, ...]
    """Everything found, first the chain; at most twenty faults of entries, and of balances."""

    @property
    def holds(self) -> bool:
        return self.first_broken is None


def verify(conn: psycopg.Connection[tuple[Any, ...]], *, anchor: str | None = None) -> ProofReport:
    """Recompute digests, roots, links, balances, movements, numbers and keys. anchor: a link noted earlier."""
    chain = copy_out(conn, query("ledger_chain"), None, _CHAIN)
    broken = [
        f"batch {row['batch_id']} (link {row['position']}) {words}"
        for row in chain.filter(~pl.all_horizontal(pl.col(list(_RULES)).fill_null(False))).iter_rows(named=True)
        for rule, words in _RULES.items()
        if not row[rule]
    ]
    head = conn.execute("select position, encode(link, 'hex') from ledger.head").fetchone()
    last = (chain["position"][-1], chain["link"][-1]) if chain.height else (0, head[1] if head else "")
    if head != last:
        broken.append(f"the chain ends at link {last[0]}, and its head says {head[0] if head else 'nothing'}")
    if anchor is not None and chain.filter(pl.col("link") == anchor).is_empty():
        broken.append(f"the link {anchor} that was noted outside is not in the chain")
    faults = pl.concat(copy_out(conn, query(name), None, _FAULTS) for name in _FAULT_QUERIES)
    found = (*broken, *(f"{subject} {words}" for subject, words in faults.rows()))
    return ProofReport(chain.height, int(chain["counted"].sum()), last[1], found[0] if found else None, found)
