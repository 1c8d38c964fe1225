"""Proof that the journal is what was posted: everything is recomputed from the entries, nothing stored is believed.

The chain shows every change of a sealed batch. That the whole chain was replaced, or its end cut off, shows only
against an end kept outside the database (finance_pipeline.ledger.anchors): `verify` takes those.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from finance_pipeline.ledger.anchors import Anchor
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.database import Database
from finance_pipeline.store.sql import query

Connection = psycopg.Connection[tuple[Any, ...]]
GENESIS = "eb62e2cecdfd56454a50ccea9bde9034fc7367501c8010259d915b41d413d2ff"
"""What the first seal is linked to: the SHA-256 of `finance_pipeline ledger`."""
_HEAD = """
    select
        position, encode(link, 'hex'),
        recorded_at = (select coalesce(max(recorded_at), '-infinity') from ledger.seal)
    from ledger.head
"""
_CHAIN = pl.Schema(
    {"position": pl.Int64, "batch_id": pl.Int64, "entry_count": pl.Int64, "counted": pl.Int64}
    | dict.fromkeys(("root_holds", "follows", "linked", "link_holds", "in_time", "accounts_hold"), pl.Boolean())
    | {"link": pl.String}
)
_CONTROLS = pl.Schema(
    {"position": pl.Int64, "matter": pl.String, "key": pl.String}
    | dict.fromkeys(("root_holds", "follows", "linked", "link_holds"), pl.Boolean())
    | {"link": pl.String}
)
_FAULTS = pl.Schema({"subject": pl.String, "words": pl.String})
_QUESTIONS = {
    "ledger_entry_faults": _FAULTS,
    "ledger_chain": _CHAIN,
    "ledger_movement_faults": _FAULTS,
    "ledger_faults": _FAULTS,
    "ledger_controls": _CONTROLS,
    "ledger_control_faults": _FAULTS,
}
"""What is asked of the database, the longest first: of ten million postings the first two take most of the time."""
_MEMORY = "set local work_mem = '128MB'"
"""Comparing millions of entries with their keys, in the memory that a server has to spare for one such question."""
_RULES = {
    "follows": "does not follow the seal before it: one is missing",
    "linked": "is not linked to the seal before it",
    "link_holds": "is not what it was sealed as",
    "in_time": "was recorded before the seal before it",
    "root_holds": "holds other entries than were sealed",
    "accounts_hold": "is the first to move other accounts, or accounts of another meaning, than were sealed",
}
_CONTROL_RULES = {
    "follows": "does not follow the decision before it: one is missing",
    "linked": "is not linked to the decision before it",
    "link_holds": "is not what it was sealed as",
    "root_holds": "says something else than when it was sealed",
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
    controls: int = 0
    """Sealed decisions about the books: sign-offs, locks, permissions, approvals."""
    departs: str | None = None
    """Where the chain is not what was noted outside the database; None where it is, or nothing was noted."""

    @property
    def holds(self) -> bool:
        return self.first_broken is None


def verify_all(database: Database, *, anchors: Sequence[Anchor] = ()) -> ProofReport:
    """As `verify`, of one moment, while others may post: two sessions that see the same share the work."""
    with database.transaction(role="reader") as conn, database.transaction(role="reader") as beside:
        conn.execute("set transaction isolation level repeatable read")
        beside.execute("set transaction isolation level repeatable read")
        exported = conn.execute("select pg_export_snapshot()").fetchone()
        beside.execute(sql.SQL("set transaction snapshot {}").format(exported[0] if exported else ""))
        return verify(conn, anchors=anchors, beside=beside)


def verify(conn: Connection, *, anchors: Sequence[Anchor] = (), beside: Connection | None = None) -> ProofReport:
    """Recompute digests, roots, links, balances, movements, numbers, keys, the meaning of accounts, and decisions.

    conn: in a transaction that sees one moment (repeatable read), unless nobody posts meanwhile. anchors: ends of the
    chain noted outside the database earlier; the first that it departs from is named. beside: a second session that
    sees the same: each takes the next question when it has answered one.
    """
    asked = dict(zip(_QUESTIONS, _answers(conn, beside), strict=True))
    chain, controls = asked["ledger_chain"], asked["ledger_controls"]
    broken = _broken(chain, _RULES, "batch {batch_id} (link {position})")
    broken += _ends(conn, chain)
    departures = (_departure(chain, each) or _departure_of_controls(controls, each) for each in anchors)
    departs = next((words for words in departures if words), None)
    broken += [departs] if departs else []
    entries, ledger, moved, undecided = (
        [f"{subject} {words}" for subject, words in asked[name].rows()]
        for name in ("ledger_entry_faults", "ledger_faults", "ledger_movement_faults", "ledger_control_faults")
    )
    of_controls = _broken(controls, _CONTROL_RULES, "{matter} {key}")
    found = (*broken, *entries, *ledger, *moved, *of_controls, *undecided)
    head = chain["link"][-1] if chain.height else GENESIS
    first = found[0] if found else None
    return ProofReport(chain.height, int(chain["counted"].sum()), head, first, found, controls.height, departs)


def _answers(conn: Connection, beside: Connection | None) -> list[pl.DataFrame]:
    """What each question found, in order; by one session, or by two at a time."""
    idle = SimpleQueue[Connection]()
    sessions = [each for each in (conn, beside) if each is not None]
    for each in sessions:
        each.execute(_MEMORY)
        idle.put(each)

    def ask(name: str) -> pl.DataFrame:
        session = idle.get()
        try:
            return copy_out(session, query(name), None, _QUESTIONS[name])
        finally:
            idle.put(session)

    with ThreadPoolExecutor(len(sessions)) as workers:
        return list(workers.map(ask, _QUESTIONS))


def _broken(chain: pl.DataFrame, rules: dict[str, str], subject: str) -> list[str]:
    """Where the seals of a chain break its rules, in words; what cannot be asked is broken."""
    return [
        f"{subject.format(**row)} {words}"
        for row in chain.filter(~pl.all_horizontal(pl.col(list(rules)).fill_null(False))).iter_rows(named=True)
        for rule, words in rules.items()
        if not row[rule]
    ]


def _ends(conn: Connection, chain: pl.DataFrame) -> list[str]:
    """What is wrong with the noted end of the chain; nothing where it is that of the last seal."""
    head = conn.execute(_HEAD).fetchone()
    last = (chain["position"][-1], chain["link"][-1]) if chain.height else (0, GENESIS)
    if head is None or head[:2] != last:
        return [f"the chain ends at link {last[0]}, and its head says {head[0] if head else 'nothing'}"]
    return [] if head[2] else ["the head of the chain has another time than its last seal"]


def _departure(chain: pl.DataFrame, anchor: Anchor) -> str | None:
    """Where the chain is not what an anchor says that it was; None where it is."""
    upto = chain.filter(pl.col("position") <= anchor.position)
    if upto.is_empty() or upto["position"][-1] != anchor.position:
        return f"link {anchor.position}, which was noted outside, is not in the chain any more"
    if upto["link"][-1] != anchor.link:
        return f"link {anchor.position} is not the one that was noted outside on {anchor.recorded_at}"
    if int(upto["entry_count"].sum()) != anchor.entries:
        return f"up to link {anchor.position}, {anchor.entries} entries were noted outside"
    return None


def _departure_of_controls(controls: pl.DataFrame, anchor: Anchor) -> str | None:
    """Where the chain of decisions is not what an anchor says that it was; None where it is."""
    noted = controls.filter(pl.col("position") == anchor.controls)
    if anchor.controls and (noted.is_empty() or noted["link"][0] != anchor.control_link):
        return (
            f"decision {anchor.controls}, which was noted outside on {anchor.recorded_at}, is not the one in the chain"
        )
    return None
