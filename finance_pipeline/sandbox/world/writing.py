"""Building a world into a data folder: what vendors serve, statements, and, in a folder of its own, the truth."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from finance_pipeline.core.problems import BadInput
from finance_pipeline.sandbox.world.cards import CardProcessor
from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.feed import Event, Feed
from finance_pipeline.sandbox.world.options import WorldOptions
from finance_pipeline.sandbox.world.profiles import Profile
from finance_pipeline.sandbox.world.rates import Rates
from finance_pipeline.sandbox.world.simulate import simulate
from finance_pipeline.sandbox.world.statements import opening_balances, statements
from finance_pipeline.sandbox.world.stripe_log import StripeLog
from finance_pipeline.sandbox.world.truth import truth_frames
from finance_pipeline.sandbox.world.xero_log import xero_log

WORLD_VERSION = 5
"""Raised when the same options give another world."""
_DESCRIPTION, _TRUTH = "world.json", "sandbox-truth"
_LOG = pl.Schema(
    [
        ("visible_at", pl.Datetime("us", "UTC")),
        ("op", pl.String()),
        ("id", pl.String()),
        ("sort", pl.Int64()),
        ("json", pl.String()),
    ]
)


@dataclass(frozen=True)
class WorldSummary:
    """What a world holds, by number; built: whether this call made it."""

    books: tuple[str, ...]
    bank_lines: int
    documents: int
    card_transactions: int
    payouts: int
    statements: int
    allocations: int
    built: bool = True


@dataclass(frozen=True)
class _Written:
    """What remains of a book once its files are written: its numbers, and its truth (`truth_frames`)."""

    summary: WorldSummary
    allocations: pl.DataFrame
    alone: pl.DataFrame


def build_world(home: Path, options: WorldOptions | None = None) -> WorldSummary:
    """The world of some options in a data folder; one that is there already is kept.

    Stopping it at any moment leaves no world, and the next call makes it. Raises BadInput if the folder holds the
    world of other options.
    """
    wanted = options or WorldOptions()
    described = _described(home)
    if described is not None:
        if described["options"] != wanted.as_json() or described["version"] != WORLD_VERSION:
            raise BadInput(
                "this data folder holds a simulated world of other options, or of another version of the simulator.",
                where=str(home / "sandbox"),
                kept="It is left as it is.",
                todo="Use another data folder, or remove this one.",
            )
        return WorldSummary(**{**described["summary"], "books": wanted.books, "built": False})
    building = home / ".sandbox-building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    summary = _write(building, wanted)
    _publish(building, home, wanted, summary)
    return summary


def world_options(home: Path) -> WorldOptions | None:
    """The options of the world in a data folder; None if there is none."""
    described = _described(home)
    return (
        WorldOptions(**{**described["options"], "books": tuple(described["options"]["books"])}) if described else None
    )


def _described(home: Path) -> Mapping[str, Any] | None:
    file = home / "sandbox" / _DESCRIPTION
    found: Mapping[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
    return found


def _publish(building: Path, home: Path, options: WorldOptions, summary: WorldSummary) -> None:
    """Move what was built to its place; the description comes last, and says that all is there."""
    (home / "sandbox").mkdir(parents=True, exist_ok=True)
    for name, target in (
        ("truth", home / _TRUTH),
        ("statements", home / "sandbox" / "statements"),
        ("served", home / "sandbox" / "served"),
    ):
        shutil.rmtree(target, ignore_errors=True)
        os.replace(building / name, target)  # noqa: PTH105 - says that it replaces
    content = {"version": WORLD_VERSION, "options": options.as_json(), "summary": asdict(summary)}
    (building / _DESCRIPTION).write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(building / _DESCRIPTION, home / "sandbox" / _DESCRIPTION)  # noqa: PTH105
    building.rmdir()


def _write(folder: Path, options: WorldOptions) -> WorldSummary:
    """Book by book, so that no more than one company is held in memory."""
    rates = Rates(options)
    written = [_write_book(folder, *simulate(book, options, rates)) for book in options.books]
    (folder / "served" / "ecb").mkdir(parents=True)
    (folder / "served" / "ecb" / "eurofxref-hist.csv").write_text(rates.as_csv(), encoding="utf-8")
    (folder / "truth").mkdir()
    pl.concat(each.allocations for each in written).write_parquet(folder / "truth" / "truth.parquet")
    pl.concat(each.alone for each in written).write_parquet(folder / "truth" / "truth_lines.parquet")
    books = [each.summary for each in written]
    return WorldSummary(
        options.books,
        sum(each.bank_lines for each in books),
        sum(each.documents for each in books),
        sum(each.card_transactions for each in books),
        sum(each.payouts for each in books),
        sum(each.statements for each in books),
        sum(each.allocations for each in books),
    )


def _write_book(folder: Path, company: Company, processor: CardProcessor) -> _Written:
    """A company's logs and statements; its truth is handed back."""
    profile, world, openings = company.profile, company.world, opening_balances(company)
    feed = Feed(company)
    _write_logs(folder, profile, "plaid", {"transaction": feed.transactions(), "account": feed.accounts(openings)})
    _write_logs(folder, profile, "stripe", StripeLog(company, processor).write())
    _write_logs(folder, profile, "xero", xero_log(company))
    members = [(payout, each.id) for payout, group in processor.members.items() for each in group]
    schema = pl.Schema({"payout_id": pl.String, "balance_transaction_id": pl.String})
    pl.DataFrame(members, schema=schema, orient="row").sort("payout_id", "balance_transaction_id").write_parquet(
        folder / "served" / profile.connection("stripe") / "payout_members.parquet"
    )
    target, count = folder / "statements", 0
    target.mkdir(exist_ok=True)
    for name, text in statements(company, openings):
        (target / name).write_text(text, encoding="utf-8")
        count += 1
    allocations, alone = truth_frames(company)
    sizes = (len(world.lines), len(world.documents), len(world.card), len(world.payouts), count, allocations.height)
    return _Written(WorldSummary((profile.book,), *sizes), allocations, alone)


def _write_logs(folder: Path, profile: Profile, vendor: str, logs: Mapping[str, Sequence[Event]]) -> None:
    """What a vendor's servers show of a company: one file for each kind of record."""
    target = folder / "served" / profile.connection(vendor)
    target.mkdir(parents=True)
    for kind, events in logs.items():
        _log_frame(events).write_parquet(target / f"{kind}.parquet")


def _log_frame(events: Sequence[Event]) -> pl.DataFrame:
    """Events in order of time; those of one moment stay as they come. sort: their number."""
    at, op, ids, texts = (list(column) for column in zip(*events, strict=True)) if events else ([], [], [], [])
    frame = pl.DataFrame({"visible_at": at, "op": op, "id": ids, "json": texts}, schema_overrides=dict(_LOG))
    ordered = frame.sort("visible_at", maintain_order=True)
    return ordered.with_columns(sort=pl.int_range(pl.len(), dtype=pl.Int64)).select(_LOG.names())
