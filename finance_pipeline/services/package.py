"""The close package: read what stands behind a month, have it written, publish the files with their manifest.

The manifest is written last and removed first: where one is, the package that it names is whole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from finance_pipeline.close.package.contents import close_package
from finance_pipeline.close.package.facts import ADJUSTMENTS, EXPLANATIONS, GROUP, SIGN_OFFS, SIGNED, Facts
from finance_pipeline.close.package.page import page
from finance_pipeline.close.package.sheets_ledger import EXCHANGE_ROLES
from finance_pipeline.close.package.summary import Tie, ties_of
from finance_pipeline.close.package.workbook import workbook
from finance_pipeline.core.period import BookMonth, Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.core.workbook import write_by_rename
from finance_pipeline.ledger import reports, year_end
from finance_pipeline.services.bookkeeping import intercompany
from finance_pipeline.services.reports.answers import ROLES, reconciled
from finance_pipeline.services.reports.questions import Question, Stamp, asked
from finance_pipeline.services.results import CheckResult, Figures, Materialized
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.address import Connection
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

ASSET, CHECK = "close_package", "package_ties_out"


@dataclass(frozen=True)
class Package:
    """A close package that was written."""

    folder: Path
    files: dict[str, str]
    """Name -> SHA-256, the manifest not among them."""
    ties: list[Tie]
    known_at: datetime

    @property
    def apart(self) -> list[Tie]:
        """What does not tie."""
        return [tie for tie in self.ties if tie.difference_minor]

    @property
    def unproven(self) -> list[Tie]:
        """What has nothing to be compared with."""
        return [tie for tie in self.ties if tie.difference_minor is None]


def make(
    workspace: Workspace, book_id: str, month_text: str, folder: Path | None = None, known_at: datetime | None = None
) -> Package:
    """Write the close package of a book-month into a folder (below close-packages of the data folder by default).

    The same moment gives the same bytes for ever. Raises BadInput for a month that the book does not have, or a folder
    that cannot be written.
    """
    book, month = workspace.settings.book(book_id), Month.parse(month_text)
    if month < book.first_month:
        raise BadInput(f"book {book_id} has no month {month}.", todo=f"It begins in {book.first_month}.")
    with asked(workspace, Question(book_id, month.last_day, known_at=known_at)) as (conn, what, stamp):
        facts = _facts(conn, workspace.settings.books, book, month, what, stamp)
    target = folder or workspace.home / "close-packages" / book_id / str(month)
    document = close_package(facts)
    name = f"close-{book_id}-{month}"
    created = facts.known.at
    files = {f"{name}.xlsx": workbook(document, created), f"{name}.html": page(document).encode()}
    hashes = {file: sha256(content).hexdigest() for file, content in files.items()}
    ties = list(ties_of(facts))
    _publish(target, files, target / f"{name}.manifest.json", _manifest(facts, files, hashes, ties))
    return Package(target, hashes, ties, facts.known.at)


def materialize(workspace: Workspace, keys: Sequence[BookMonth]) -> tuple[Materialized, list[CheckResult]]:
    """Write the packages of some book-months (asset close_package), and one check for each of whether it ties out."""
    by_partition: dict[str, Figures] = {}
    checks: list[CheckResult] = []
    for key in sorted(set(keys)):
        made = make(workspace, key.book, str(key.month))
        figures: Figures = {"tie_outs": len(made.ties), "apart": len(made.apart), "not_proven": len(made.unproven)}
        by_partition[str(key)] = {"row_count": len(made.files), "folder": str(made.folder), **figures, **made.files}
        words = "; ".join(tie.what for tie in (*made.apart, *made.unproven)) or f"{len(made.ties)} tie-outs are zero"
        checks.append(CheckResult(CHECK, ASSET, str(key), not (made.apart or made.unproven), words, figures))
    files = sum(int(figures["row_count"]) for figures in by_partition.values())
    return Materialized(ASSET, files, by_partition), checks


def _facts(
    conn: Connection, books: Sequence[Book], book: Book, month: Month, what: reports.Asked, stamp: Stamp
) -> Facts:
    balances = reports.trial_balance_as_of(conn, what, month.first_day, book.currency)
    banks, entries, waiting = reconciled(conn, what, book)
    parameters = what.parameters | {"month": str(month), "first_day": month.first_day}
    return Facts(
        book=book.id,
        name=book.name,
        currency=book.currency,
        time_zone=book.time_zone,
        month=month,
        is_partial=book.ledger.statutory is None,
        known=what.known,
        oldest_source=stamp.oldest_source,
        oldest_read_at=stamp.oldest_read_at,
        trial_balance=balances,
        banks=banks,
        bank_entries=entries,
        bank_items=waiting,
        items=_explained(
            reports.items(conn, what, ROLES["all"]),
            copy_out(conn, query("report_explanations"), parameters, EXPLANATIONS),
        ),
        group=_group(conn, books, book, month, what),
        late=reports.late_items(conn, what, month),
        currencies=reports.currencies(conn, what, book.currency),
        exchange=_exchange(conn, what, month, balances),
        signed=copy_out(conn, query("report_signed"), parameters, SIGNED),
        sign_offs=copy_out(conn, query("report_signoffs"), parameters, SIGN_OFFS),
        adjustments=copy_out(conn, query("report_adjustments"), parameters, ADJUSTMENTS),
        counted=reports.counted(conn, what, month),
    )


def _group(conn: Connection, books: Sequence[Book], book: Book, month: Month, what: reports.Asked) -> pl.DataFrame:
    """What the other books of the group say (GROUP), with what was said of just this difference."""
    pair = (book.id, *(other.book for other in book.intercompany))
    position = max(reports.known(conn, each, what.known.at).position for each in pair)
    found = intercompany.said_of(conn, books, book, month, position)
    parameters = what.parameters | {"month": str(month)}
    said = copy_out(conn, query("report_explanations"), parameters, EXPLANATIONS)
    joined = found.join(said, on="subject", how="left", maintain_order="left")
    holds = pl.col("open_minor") == pl.col("difference_minor")
    return joined.with_columns(explanation=pl.when(holds).then("explanation")).select(GROUP.names())


def _explained(items: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Items with what was said of them. What was said of another amount says nothing any more; signs are the ledger's
    here, and the bank's or the document's there."""
    said = said.rename({"open_minor": "said_minor", "subject": "item_id"})
    joined = items.join(said, on="item_id", how="left", maintain_order="left")
    holds = pl.col("said_minor").abs() == pl.col("open_minor").abs()
    return joined.with_columns(explanation=pl.when(holds).then("explanation")).drop("said_minor")


def _exchange(conn: Connection, what: reports.Asked, month: Month, balances: pl.DataFrame) -> pl.DataFrame:
    """Postings of the month to the accounts of gains, losses and costs of exchange, with their code.

    Not what rolled into retained earnings: in the trial balance that is part of the new year's opening.
    """
    codes = balances.filter(pl.col("role").is_in(EXCHANGE_ROLES))["code"]
    cards = [
        reports.account_card(conn, what, code, month.first_day).with_columns(code=pl.lit(code))
        for code in (codes if codes.len() else ["none"])
    ]
    rolled = (pl.col("purpose") == year_end.PURPOSE) & (pl.col("accounting_on") == pl.col("effective_on"))
    return pl.concat(cards).filter(pl.col("number").is_not_null() & ~rolled)


def _manifest(facts: Facts, files: dict[str, bytes], hashes: dict[str, str], ties: list[Tie]) -> bytes:
    """What the folder holds, as JSON: hashes, the chain's head, and every tie-out."""
    known = facts.known
    said: dict[str, Any] = {
        "book": facts.book,
        "month": str(facts.month),
        "as_of": facts.month.last_day.isoformat(),
        "by": "accounting",
        "known_at": known.at.astimezone(UTC).isoformat(),
        "chain": {
            "position": known.position,
            "link": known.link,
            "sealed_at": known.sealed_at.astimezone(UTC).isoformat() if known.sealed_at else None,
        },
        "files": {name: {"sha256": hashes[name], "bytes": len(content)} for name, content in files.items()},
        "tie_outs": [
            {"what": tie.what, "currency": tie.currency, "difference_minor": tie.difference_minor} for tie in ties
        ],
    }
    return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode()


def _publish(folder: Path, files: dict[str, bytes], manifest: Path, manifested: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        manifest.unlink(missing_ok=True)
        for name, content in files.items():
            write_by_rename(folder / name, content)
        write_by_rename(manifest, manifested)
    except OSError as cause:
        raise BadInput(
            f"the package cannot be written: {cause.strerror}.",
            where=str(folder),
            kept="Files without their manifest are no package.",
            todo="Name another with --out, or give yourself access.",
        ) from cause
