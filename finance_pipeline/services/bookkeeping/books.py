"""What people ask of the books: the journal, trial balances, and proof that nothing was changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.landing.files import LandedFile
from finance_pipeline.ledger import proof, reports
from finance_pipeline.ledger.anchors import Anchor, anchor_of, append_anchor, read_anchors
from finance_pipeline.ledger.chart import accounts_of
from finance_pipeline.services.bookkeeping import anchoring
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_PAIRS = pl.Schema({"line_id": pl.String, "counter_id": pl.String, "amount_minor": pl.Int64, "tier": pl.Int16})
_VERSIONS = pl.Schema({"kind": pl.String(), "source_id": pl.String(), "content_hash": pl.String()})
_LINE_MONTHS = pl.Schema({"line_id": pl.String(), "book": pl.String(), "month": pl.String()})


def journal(workspace: Workspace, book: str, month: str, limit: int) -> list[dict[str, Any]]:
    """The first entries of a book-month, in the order of their numbers, each with its postings."""
    names = dict(accounts_of(workspace.settings.book(book)).select("code", "name").rows())
    with workspace.database.transaction(role="reader") as conn:
        entries = reports.journal(conn, book, Month.parse(month), limit=limit)
    return [row | {"postings": _postings(row, names)} for row in entries.iter_rows(named=True)]


def _postings(entry: dict[str, Any], names: dict[str, str]) -> list[dict[str, Any]]:
    """One mapping per line of an entry, with debit and credit apart."""
    functional = entry["functional_amounts"] or entry["amounts"]
    return [
        {
            "code": code,
            "name": names.get(code, ""),
            "currency": entry["currency"],
            "debit_minor": amount if amount > 0 else None,
            "credit_minor": -amount if amount < 0 else None,
            "functional_minor": in_functional,
        }
        for code, amount, in_functional in zip(entry["accounts"], entry["amounts"], functional, strict=True)
    ]


def trial_balance(workspace: Workspace, book: str, month: str) -> pl.DataFrame:
    """One row per account: opening, debit, credit and closing of a month, in the book's currency."""
    workspace.settings.book(book)
    with workspace.database.transaction(role="reader") as conn:
        return reports.trial_balance(conn, book, Month.parse(month))


def entry_count(workspace: Workspace) -> int:
    """Entries in the journals of all books."""
    with workspace.database.transaction(role="reader") as conn:
        row = conn.execute("select count(*) from ledger.entry").fetchone()
    return int(row[0]) if row else 0


def standing_pairs(workspace: Workspace) -> pl.DataFrame:
    """One row per allocation that stands: line_id, counter_id, amount_minor, tier."""
    with workspace.database.transaction(role="reader") as conn:
        return copy_out(conn, query("standing_pairs"), None, _PAIRS)


def line_months(workspace: Workspace) -> pl.DataFrame:
    """One row per booked line and processor movement: line_id, book, month."""
    with workspace.database.transaction(role="reader") as conn:
        return copy_out(conn, query("line_months"), None, _LINE_MONTHS)


def verify(
    workspace: Workspace,
    on_progress: Callable[[str], None],
    *,
    anchor: Path | None = None,
    write_anchor: Path | None = None,
) -> dict[str, Any]:
    """Recompute the ledger's chain, and the hash of every landed file and of every source record in them.

    Words name the first thing that is not as it was. anchor: ends of the chain noted outside the database; the data
    folder's own, which every run that posts adds to, unless one is given. write_anchor: a file to add the end to if all
    of the chain holds. Raises BadAnchor.
    """
    on_progress("Recomputing the ledger's chain ...")
    kept = anchor or anchoring.own_file(workspace)
    anchors = read_anchors(kept) if anchor or kept.exists() else []
    ledger = proof.verify_all(workspace.database, anchors=anchors)
    with workspace.database.transaction(role="reader") as conn:
        end = anchor_of(conn)
        rows = conn.execute(
            "select content_hash, path, byte_count, row_count from landing.file order by landed_at, content_hash"
        ).fetchall()
        manifest = copy_out(conn, query("landed_versions"), None, _VERSIONS)
    on_progress(f"Reading {len(rows)} landed files ...")
    damaged = [row[1] for row in rows if not workspace.landing.holds_intact(LandedFile(*row))]
    evidence = [row[1] for row in rows if row[1].startswith("evidence/") and row[1] not in damaged]
    lost = workspace.landing.lost(manifest, evidence)
    words = [
        f"The chain of {ledger.batches} batches and {ledger.entries:,} entries holds; its head is {ledger.head}. "
        f"So do {ledger.controls:,} decisions about the books: sign-offs, locks, permissions, approvals."
        if ledger.holds
        else f"The ledger is not what was sealed: {ledger.first_broken}{_more(ledger.faults)}.",
        _anchored(kept, anchors, ledger.departs),
        f"All {len(rows)} landed files are what their names promise."
        if not damaged
        else f"{len(damaged)} landed files are damaged or gone, the first is landing/{damaged[0]}: restore it.",
        f"They hold all {manifest.height:,} versions of source records that the manifest lists."
        if lost.is_empty()
        else f"{lost.height:,} versions of source records are in no intact file, the first is {lost['source_id'][0]}.",
    ]
    if write_anchor and ledger.holds and end:
        is_proven = end.link == ledger.head
        if is_proven:
            append_anchor(write_anchor, end)
        added = f"was added to {write_anchor}" if is_proven else "came meanwhile and was not added: verify once more"
        words.append(f"Link {end.position} {added}.")
    return {
        "anchors": len(anchors),
        "departs": ledger.departs,
        "intact": ledger.holds and not damaged and lost.is_empty(),
        "batches": ledger.batches,
        "entries": ledger.entries,
        "head": ledger.head,
        "faults": list(ledger.faults),
        "landed_files": len(rows),
        "damaged_files": damaged,
        "versions": manifest.height,
        "lost_versions": lost.height,
        "words": "\n".join(words),
    }


def _anchored(kept: Path, anchors: list[Anchor], departs: str | None) -> str:
    """What was compared with what is kept outside the database, and whether that holds."""
    if not anchors:
        return f"No end of the chain was noted outside the database yet ({kept})."
    if departs:
        return f"It is not what was noted outside the database ({kept}): {departs}."
    return f"It agrees with what was noted outside the database, the last time at link {anchors[-1].position} ({kept})."


def _more(faults: tuple[str, ...]) -> str:
    """That there are more faults than the first, if there are; --json has them all."""
    return f" ({len(faults) - 1} more with --json)" if len(faults) > 1 else ""
