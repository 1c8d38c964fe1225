"""`bench closing`: three months of three companies are closed, then their sources say otherwise; what becomes of that.

Signed balances must not move, every change and nothing else must be accounted for, and once all is let in the balances
must be those of a ledger that is made of all the data from nothing.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from finance_pipeline.cli.bench.late_changes import Changer, Changes
from finance_pipeline.cli.bench.pipeline import world_of_its_own
from finance_pipeline.cli.show import console, count, say, show_json, show_table, text
from finance_pipeline.core.problems import PermanentProblem
from finance_pipeline.core.settings import SETTINGS_NAME, load_settings

if TYPE_CHECKING:
    from finance_pipeline.core.period import BookMonth
    from finance_pipeline.sandbox.world.options import WorldOptions
    from finance_pipeline.services.workspace import Workspace

DEFAULT_LINES, DEFAULT_CHANGES = 20_000, 500
_CLOSED = 3
_TABLES = ("party", "invoice", "payment", "balance", "bank_transaction")
_PEOPLE = ("Ann Accountant", "Bea Controller")
_UNTIL_KNOWN = timedelta(hours=2)
"""After the world is complete the sources say otherwise."""


class ClosingBroken(PermanentProblem):
    """A signed balance moved, a change was not accounted for, or the books are not those of all the data."""


@dataclass
class Found:
    """What a campaign came to."""

    changes: Changes
    causes: Counter[tuple[str, str]] = field(default_factory=Counter)
    missing: tuple[str, ...] = ()
    """Records that were changed, and no difference is of."""
    unexpected: tuple[str, ...] = ()
    """Differences of records that nothing was changed of, or of rules."""
    same_twice: bool = False
    touched_by_computing: int = 0
    """Rows of the ledger that computing closed months added."""
    let_in_by_themselves: int = 0
    adjusted: int = 0
    proposed: int = 0
    new_entries: int = 0
    reversed: int = 0
    moved: int = 0
    """Signed balances that moved."""
    accounts: int = 0
    apart: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        return self.same_twice and not (
            self.missing
            or self.unexpected
            or self.touched_by_computing
            or self.moved
            or self.apart
            or self.causes != self.changes.counted()
        )


def run_closing(lines: int | None, changes: int | None, seed: int, *, as_json: bool) -> None:
    """Run the campaign, print what was found, and raise ClosingBroken if something does not hold."""
    from finance_pipeline.sandbox.world.options import WorldOptions

    wanted = DEFAULT_CHANGES if changes is None else changes
    options = WorldOptions(bank_lines=DEFAULT_LINES if lines is None else lines)
    changer: list[Changer] = []

    def alter(home: Path) -> None:
        at = options.complete_at + _UNTIL_KNOWN
        changer.append(Changer(home, options.books, options.months[:_CLOSED], at, seed))
        changer[0].change(wanted)

    with world_of_its_own(options, alter) as workspace:
        found = _campaign(workspace, options, changer[0].done)
    if as_json:
        show_json({"sound": found.is_sound, **_figures(found), "apart": found.apart})
    else:
        _show(found)
    if not found.is_sound:
        raise ClosingBroken("what was signed, known or posted does not come out; see above.")


def _campaign(workspace: Workspace, options: WorldOptions, changes: Changes) -> Found:
    from finance_pipeline.core.period import BookMonth

    found = Found(changes)
    every = [BookMonth(book, month) for book in options.books for month in options.months]
    closed = [key for key in every if key.month in options.months[:_CLOSED]]
    with _timed(found, "books computed"):
        _know(workspace, options, after=False)
        _compute(workspace, every)
    with _timed(found, "months closed"):
        for key in sorted(closed, key=lambda key: key.month):
            _close(workspace, key)
    with _timed(found, "sources read again"):
        _know(workspace, options, after=True)
        _canonicalize(workspace, every)
    with _timed(found, "closed months computed and compared"):
        _compare(workspace, closed, found)
    with _timed(found, "open months computed"):
        found.let_in_by_themselves = _compute(workspace, every)
    with _timed(found, "all adjusted"):
        _adjust(workspace, found)
    with _timed(found, "open months computed again"):
        _compute(workspace, every)
    found.moved = _moved(workspace)
    with _timed(found, "a ledger of all the data"):
        _against_all_the_data(workspace, every, found)
    return found


@contextmanager
def _timed(found: Found, what: str) -> Iterator[None]:
    say(f"{what} ...")
    began = time.monotonic()
    yield
    found.seconds[what] = round(time.monotonic() - began, 1)


def _know(workspace: Workspace, options: WorldOptions, *, after: bool) -> None:
    """Read all that the sources say by the end of the world, or once they say otherwise."""
    from finance_pipeline.cli.environment import prepare_sources
    from finance_pipeline.sandbox.clock import advance_clock
    from finance_pipeline.sandbox.world import deliver_statements

    moment = options.complete_at + timedelta(hours=1) + (_UNTIL_KNOWN if after else timedelta())
    advance_clock(workspace.home, moment)
    deliver_statements(workspace.home, moment)
    prepare_sources(workspace.home)
    _sync(workspace)


def _sync(workspace: Workspace) -> None:
    from finance_pipeline.services import api

    for kind in sorted({connection.kind for connection in workspace.settings.connections}):
        api.sync(workspace, kind)


def _canonicalize(workspace: Workspace, keys: list[BookMonth]) -> None:
    from finance_pipeline.services import api

    for table in _TABLES:
        api.canonicalize(workspace, table, keys)


def _compute(workspace: Workspace, keys: list[BookMonth]) -> int:
    """From evidence to tie-outs; returns how many late items were let in."""
    from finance_pipeline.services import api

    _canonicalize(workspace, keys)
    late = int(api.reconcile(workspace, keys)["matches"].figures["late_items"])
    api.post(workspace, keys, "bench")
    api.cash(workspace, keys)
    api.tie_out(workspace, keys)
    return late


def _close(workspace: Workspace, key: BookMonth) -> None:
    """Explain what is open, put the month forward, sign and lock it: two people, step by step."""
    from finance_pipeline.services.closing import items as closing_items
    from finance_pipeline.services.closing import signing

    ann, bea = _PEOPLE
    book, month = key.book, str(key.month)
    everything = closing_items.Wanted(everything=True)
    if signing.status(workspace, book, month).step("items_explained").blocks:
        closing_items.explain(workspace, book, month, everything, reason="followed up", actor=ann)
    signing.review(workspace, book, month, reason="complete", actor=ann)
    signing.sign(workspace, book, month, reason="agreed", actor=bea)
    signing.lock(workspace, book, month, reason="closed", actor=bea)


def _compare(workspace: Workspace, closed: list[BookMonth], found: Found) -> None:
    """Compute the closed months twice, and hold what they say against what was changed."""
    from finance_pipeline.services import api
    from finance_pipeline.services.bookkeeping.books import entry_count
    from finance_pipeline.services.closed_months.differences import Report, difference_report

    before = entry_count(workspace)
    api.reconcile(workspace, closed)
    api.post(workspace, closed, "bench")
    report, again = (difference_report(workspace) for _ in range(2))
    found.same_twice = all(
        getattr(report, each.name).equals(getattr(again, each.name)) for each in dataclasses.fields(Report)
    )
    found.touched_by_computing = entry_count(workspace) - before
    said = report.differences.unique("difference_id", keep="first", maintain_order=True)
    kinds = {"bank_transaction": "transaction"}
    ids = said["record_id"].to_list()
    found.causes = Counter(
        (kinds.get(table, table), cause) for table, cause in said.select("table_name", "cause").rows()
    )
    found.missing = tuple(sorted(set(found.changes.records) - set(ids)))
    wrong = said.filter(~pl.col("record_id").is_in(list(found.changes.records)) | (pl.col("cause") == "rule"))
    found.unexpected = tuple(wrong["what"].to_list())


def _adjust(workspace: Workspace, found: Found) -> None:
    """Let everything in: the first person proposes what is above the limit, the second agrees."""
    from finance_pipeline.services.closed_months.adjusting import Wanted, adjust

    for person in _PEOPLE:
        decided = adjust(workspace, Wanted(), reason="the sources are right", actor=person)
        found.adjusted += decided.done
        found.proposed += decided.proposed
        found.new_entries += decided.posted.new_entries
        found.reversed += decided.posted.reversed
        if not decided.proposed:
            break


def _moved(workspace: Workspace) -> int:
    """How many signed balances are not what was signed."""
    with workspace.database.transaction(role="reader") as conn:
        row = conn.execute(
            "select count(*) from close.held_month as held"
            " cross join lateral close.moved_since(held.book, held.month, held.seal_position)"
        ).fetchone()
    return int(row[0]) if row else 0


def _against_all_the_data(workspace: Workspace, keys: list[BookMonth], found: Found) -> None:
    """Make a ledger of all the data in a folder of its own, and compare every balance."""
    from finance_pipeline.services import administration
    from finance_pipeline.services.workspace import Workspace as Opened

    home = Path(tempfile.mkdtemp(dir=workspace.home.parent))
    try:
        shutil.copyfile(workspace.home / SETTINGS_NAME, home / SETTINGS_NAME)
        shutil.copytree(workspace.home / "inbox", home / "inbox")
        load_settings(home)
        other = Opened.open(home)
        try:
            _sync(other)
            _compute(other, keys)
            mine, all_of_it = _balances(workspace), _balances(other)
        finally:
            other.close()
    finally:
        administration.stop(home)
        shutil.rmtree(home)
    both = mine.join(all_of_it, on=["book", "code", "currency"], how="full", coalesce=True, suffix="_all")
    found.accounts = both.height
    amounts = [pl.col(name).fill_null(0) for name in ("amount_minor", "functional_minor")]
    others = [pl.col(f"{name}_all").fill_null(0) for name in ("amount_minor", "functional_minor")]
    differs = pl.any_horizontal(one != other for one, other in zip(amounts, others, strict=True))
    found.apart = both.filter(differs).sort("book", "code", "currency").to_dicts()


def _balances(workspace: Workspace) -> pl.DataFrame:
    """Total balance of each account and currency over all entries."""
    with workspace.database.transaction(role="reader") as conn:
        rows = conn.execute(
            "select book, code, currency, sum(amount_minor)::bigint, sum(functional_minor)::bigint"
            " from ledger.posting group by 1, 2, 3"
        ).fetchall()
    schema = {"book": pl.String, "code": pl.String, "currency": pl.String}
    return pl.DataFrame(rows, schema=schema | {"amount_minor": pl.Int64, "functional_minor": pl.Int64}, orient="row")


def _figures(found: Found) -> dict[str, Any]:
    return {
        "changes": len(found.changes.records),
        "accounted_for": len(found.changes.records) - len(found.missing),
        "missing": list(found.missing[:5]),
        "unexpected": list(found.unexpected[:5]),
        "same_twice": found.same_twice,
        "rows_touched_by_computing": found.touched_by_computing,
        "let_in_by_themselves": found.let_in_by_themselves,
        "proposed": found.proposed,
        "adjusted": found.adjusted,
        "entries": found.new_entries,
        "reversals": found.reversed,
        "signed_balances_moved": found.moved,
        "accounts": found.accounts,
        "accounts_apart": len(found.apart),
        "seconds": found.seconds,
    }


def _show(found: Found) -> None:
    made = found.changes.counted()
    rows = [
        {"kind": kind, "cause": cause, "made": made[kind, cause], "found": found.causes[kind, cause]}
        for kind, cause in sorted(made.keys() | found.causes.keys())
    ]
    columns = [text("Record", "kind"), text("Cause", "cause"), count("Made", "made"), count("Differences", "found")]
    show_table("Changes to closed months", rows, columns)
    for name, value in _figures(found).items():
        if name != "seconds":
            console.print(f"{name.replace('_', ' ')}: {value}", markup=False)
    columns = [text("Stage", "what"), text("Seconds", "seconds")]
    show_table("Time", [{"what": what, "seconds": s} for what, s in found.seconds.items()], columns)
    if found.apart:
        names = ["book", "code", "currency", "functional_minor", "functional_minor_all"]
        show_table("Accounts that are apart", found.apart, [text(name.replace("_", " "), name) for name in names])
