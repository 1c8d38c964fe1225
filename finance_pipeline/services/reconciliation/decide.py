"""Decisions: what a person says that a line is, or is not. Checked, then recorded for ever; months follow when they are
computed next.

Here: what may be decided, and the record of it. Not here: what a decision does (matching.confirmed, matching.month).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import polars as pl

from finance_pipeline.core.identity import digest
from finance_pipeline.core.money import format_money
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.chart import codable_accounts
from finance_pipeline.matching import confirmed, engine, schemas
from finance_pipeline.services.closing.people import here
from finance_pipeline.services.reconciliation.policies import policy_of
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_in, copy_out
from finance_pipeline.store.locks import book_lock
from finance_pipeline.store.sql import query

Verdict = Literal["confirm", "decline", "withdraw"]
DECISIONS = pl.Schema(
    {
        "seq": pl.Int64(),
        "book": pl.String(),
        "line_id": pl.String(),
        "counterpart": pl.String(),
        "verdict": pl.String(),
        "difference": pl.String(),
        "actor": pl.String(),
        "recorded_at": pl.Datetime("us", "UTC"),
        "reason": pl.String(),
        "tier": pl.Int16(),
        "rule": pl.String(),
        "holds": pl.Boolean(),
    }
)
_ITEMS = pl.Schema(
    {
        "item_id": pl.String,
        "book": pl.String,
        "kind": pl.String,
        "label": pl.String,
        "currency": pl.String,
        "open_minor": pl.Int64,
    }
)
_LINES = pl.Schema(
    {
        "line_id": pl.String,
        "book": pl.String,
        "account_id": pl.String,
        "currency": pl.String,
        "amount_minor": pl.Int64,
    }
)


@dataclass(frozen=True)
class Decided:
    """A decision as it was recorded."""

    decision_id: str
    book: str
    month: str
    """Latest computed month of the book: computing it again applies the decision."""
    line_id: str
    verdict: Verdict
    named: tuple[str, ...]


@dataclass(frozen=True)
class _Line:
    """The line decided on, and what is known of it."""

    line_id: str
    book: Book
    account_id: str
    currency: str
    amount_minor: int
    booked_on: date
    standing: dict[str, Any] | None
    """Its standing match: match_id, tier, rule, words, named."""
    exception: dict[str, Any] | None
    """Why it needs a person: month, reason, words, suggestions."""
    current: dict[str, str]
    """Counterpart -> verdict that holds."""
    earlier_count: int

    @property
    def money(self) -> str:
        return f"{format_money(self.amount_minor, self.currency)} {self.currency}"


@dataclass(frozen=True)
class _Named:
    """What it is decided to belong to, or not."""

    items: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_ITEMS))
    lines: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_LINES))
    accounts: tuple[str, ...] = ()

    @property
    def all(self) -> list[str]:
        return sorted([*self.items["item_id"], *self.lines["line_id"], *self.accounts])


def decide(
    workspace: Workspace,
    line_id: str,
    counterparts: Sequence[str],
    verdict: Verdict,
    *,
    reason: str,
    account_code: str | None = None,
    difference: str | None = None,
    actor: str | None = None,
) -> Decided:
    """Record that a line belongs to these items, other line or account, or does not, or that neither holds any more.

    counterparts: record ids; without any, withdraw takes back all that holds of the line. difference: what the line is
    more or less than the items (confirmed.DIFFERENCES), where the engine did not show that beside them. actor: who
    decides, else the actor of the settings. Raises BadInput for what cannot be: an unknown or settled item, another
    book, a line that stands matched otherwise, amounts that do not come out. Nothing is recorded then.
    """
    who = (actor if actor is not None else workspace.settings.actor).strip()
    if not who or not reason.strip():
        raise BadInput("a decision has a named actor and a reason.", kept="Nothing was recorded.")
    with workspace.database.transaction() as conn:
        book = workspace.settings.book(_book_of(conn, line_id))
        book_lock(conn, book.id)
        line = _line(conn, book, line_id)
        if verdict == "withdraw":
            counterparts, account_code = _held(line, [*counterparts, *([account_code] if account_code else [])]), None
        named = _named(conn, line, counterparts, account_code, verdict)
        if verdict == "confirm":
            difference = difference or _shown(line, named).get("difference")
            _check_confirmable(conn, line, named, difference)
        elif verdict == "decline":
            _check_declinable(line, named)
        return _record(conn, line, named, verdict, who, reason.strip(), difference)


def decisions(workspace: Workspace, book: str | None = None) -> pl.DataFrame:
    """Every decision recorded (DECISIONS), oldest first."""
    if book is not None:
        workspace.settings.book(book)
    with workspace.database.transaction(role="reader") as conn:
        return copy_out(conn, query("decisions"), {"book": book}, DECISIONS)


def _refuse(what: str, line: _Line | None = None, todo: str = "") -> BadInput:
    return BadInput(what, where=line.line_id if line else "", kept="Nothing was recorded.", todo=todo)


def _book_of(conn: Connection, line_id: str) -> str:
    row = conn.execute(query("decided_line"), {"id": line_id}).fetchone()
    if row is None or row[-1]:
        raise _refuse(
            f"there is no booked line {line_id!r}.", todo="`finance-pipeline exceptions --json` prints their ids."
        )
    return str(row[0])


def _line(conn: Connection, book: Book, line_id: str) -> _Line:
    row = conn.execute(query("decided_line"), {"id": line_id}).fetchone()
    assert row is not None
    _, _, account, currency, amount, booked_on, _ = row
    match = conn.execute(query("standing_match_of_line"), {"id": line_id}).fetchone()
    waits = conn.execute(query("open_exception_of_line"), {"id": line_id}).fetchone()
    holds = conn.execute(
        "select coalesce(item_id, other_line_id, account_code), verdict from recon.decision_current"
        " where book = %s and line_id = %s",
        (book.id, line_id),
    ).fetchall()
    counted = conn.execute(
        "select count(*) from recon.decision where book = %s and line_id = %s", (book.id, line_id)
    ).fetchone()
    return _Line(
        line_id,
        book,
        account,
        currency,
        amount,
        booked_on,
        dict(zip(("match_id", "tier", "rule", "words", "named"), match, strict=True)) if match else None,
        dict(zip(("month", "reason", "words", "suggestions"), waits, strict=True)) if waits else None,
        dict(holds),
        counted[0] if counted else 0,
    )


def _held(line: _Line, counterparts: Sequence[str]) -> list[str]:
    """What is withdrawn: the named ones, or all that holds."""
    wanted = list(counterparts) or sorted(line.current)
    missing = [each for each in wanted if each not in line.current]
    if missing or not wanted:
        raise _refuse(f"nothing was decided about it and {missing[0]}." if missing else "nothing was decided.", line)
    return wanted


def _named(
    conn: Connection, line: _Line, counterparts: Sequence[str], account_code: str | None, verdict: Verdict
) -> _Named:
    """The counterparts by what they are. Raises BadInput for one that is nothing, or of another book."""
    ids = sorted(set(counterparts))
    items = copy_out(conn, query("decidable_items"), {"ids": ids}, _ITEMS)
    lines = copy_out(conn, query("decidable_lines"), {"ids": ids}, _LINES)
    rest = [each for each in ids if each not in items["item_id"] and each not in lines["line_id"]]
    codes = codable_accounts(line.book)
    accounts = [each for each in rest if verdict == "withdraw" and each in line.current]
    accounts += [account_code] if account_code else []
    unknown = [each for each in rest if each not in accounts]
    if unknown:
        raise _refuse(f"there is no item or line {unknown[0]!r}.", line)
    if verdict == "confirm" and account_code and account_code not in codes:
        raise _refuse(
            f"no line may be coded to account {account_code!r}.",
            line,
            f"Book {line.book.id} has: {', '.join(sorted(codes))}.",
        )
    others = pl.concat([items.select(id="item_id", book="book"), lines.select(id="line_id", book="book")])
    foreign = others.filter(pl.col("book") != line.book.id)
    if foreign.height:
        raise _refuse(
            f"{foreign['id'][0]} is of book {foreign['book'][0]}; nothing is ever matched across two books.", line
        )
    if not (items.height or lines.height or accounts):
        raise _refuse("it takes an item, another line or an account to decide about.", line)
    return _Named(items, lines, tuple(accounts))


def _check_confirmable(conn: Connection, line: _Line, named: _Named, difference: str | None) -> None:
    if difference is not None and difference not in confirmed.DIFFERENCES:
        raise _refuse(f"a difference is one of {', '.join(confirmed.DIFFERENCES)}, not {difference!r}.", line)
    held = [each for each, verdict in line.current.items() if verdict == "confirm" and each not in named.all]
    if held:
        raise _refuse(
            f"it was confirmed with {', '.join(sorted(held))}.",
            line,
            f"`finance-pipeline decide withdraw {line.line_id}` takes that back.",
        )
    if line.standing is not None:
        if sorted(line.standing["named"]) != named.all:
            raise _refuse(
                f"it stands matched with {', '.join(sorted(line.standing['named']))}.",
                line,
                "Decline that first; or confirm exactly that.",
            )
        return
    if line.exception is None:
        raise _refuse(
            "it was not reconciled yet.", line, f"Run its month first: finance-pipeline run --book {line.book.id}."
        )
    closed = named.items.filter(pl.col("open_minor") == 0)
    if closed.height:
        by = conn.execute(query("line_settling_item"), {"id": closed["item_id"][0]}).fetchone()
        words = f" {by[0]} settles it: decline that first." if by else ""
        raise _refuse(f"nothing is open of {closed['label'][0]}.{words}", line)
    _check_amounts(line, named, difference)


def _check_amounts(line: _Line, named: _Named, difference: str | None) -> None:
    """Raises BadInput unless the line comes to allocations with what it is confirmed with."""
    mine = pl.DataFrame(
        [(line.line_id, line.book.id, line.account_id, line.currency, line.amount_minor)], schema=_LINES, orient="row"
    )
    lines = pl.concat([mine, named.lines]).with_row_index("l").rename({"amount_minor": "amount"})
    items = named.items.with_row_index("i").rename({"open_minor": "amount"})
    rows: list[dict[str, object]] = [
        {"line_id": line.line_id, "item_id": each, "verdict": "confirm", "difference": difference}
        for each in (*named.items["item_id"], *named.lines["line_id"])
    ]
    rows += [{"line_id": line.line_id, "account_code": code, "verdict": "confirm"} for code in named.accounts]
    said = confirmed.said(schemas.DECISIONS.frame(rows), lines, items)
    if confirmed.settle(said, lines, items).is_empty():
        opens = ", ".join(
            f"{label}: {format_money(minor, currency)} {currency} open"
            for label, minor, currency in named.items.select("label", "open_minor", "currency").rows()
        )
        legs = ", ".join(
            f"{other}: {format_money(minor, currency)} {currency}"
            for other, minor, currency in named.lines.select("line_id", "amount_minor", "currency").rows()
        )
        raise _refuse(
            f"the line is of {line.money}, and that does not come out with {'; '.join(filter(None, (opens, legs)))}.",
            line,
            "Name what it settles whole, or one item that it pays a part of; --difference says what the rest is.",
        )


def _check_declinable(line: _Line, named: _Named) -> None:
    again = [each for each in named.all if line.current.get(each) == "decline"]
    if again:
        raise _refuse(f"{again[0]} was declined before, and stays declined.", line)


def _record(
    conn: Connection, line: _Line, named: _Named, verdict: Verdict, actor: str, reason: str, difference: str | None
) -> Decided:
    tier, rule = _found_by(line, named)
    seen = {"exception": line.exception} if line.standing is None else {"match": line.standing}
    decision_id = digest(line.book.id, line.line_id, verdict, difference, line.earlier_count, *named.all)
    parts = pl.concat(
        [
            named.items.select(item_id="item_id"),
            named.lines.select(other_line_id="line_id"),
            pl.DataFrame({"account_code": named.accounts}, schema={"account_code": pl.String}),
        ],
        how="diagonal",
    )
    rows = parts.with_row_index("ordinal", offset=1).with_columns(
        decision_id=pl.lit(decision_id),
        book=pl.lit(line.book.id),
        line_id=pl.lit(line.line_id),
        verdict=pl.lit(verdict),
        difference=pl.lit(difference, pl.String),
        actor=pl.lit(actor),
        reason=pl.lit(reason),
        seen=pl.lit(json.dumps(seen, sort_keys=True, default=str)),
        tier=pl.lit(tier, pl.Int16),
        rule=pl.lit(rule, pl.String),
        rule_version=pl.lit(engine.ENGINE_VERSION),
        policy_digest=pl.lit(policy_of(line.book).digest),
        origin=pl.lit(here()),
    )
    copy_in(conn, "recon.decision", rows)
    month = conn.execute("select max(month) from recon.month where book = %s", (line.book.id,)).fetchone()
    return Decided(
        decision_id,
        line.book.id,
        str(month[0]) if month and month[0] else str(line.booked_on)[:7],
        line.line_id,
        verdict,
        tuple(named.all),
    )


def _found_by(line: _Line, named: _Named) -> tuple[int | None, str | None]:
    """Tier and rule, where what is decided about is what the engine had found: matched, or shown beyond autonomy."""
    if line.standing is not None and set(named.all) <= set(line.standing["named"]):
        return line.standing["tier"], line.standing["rule"]
    shown = _shown(line, named)
    return shown.get("tier"), shown.get("rule")


def _shown(line: _Line, named: _Named) -> dict[str, Any]:
    """What the engine had found of exactly this, and showed because it was beyond autonomy; or nothing."""
    for each in json.loads(line.exception["suggestions"]) if line.exception else []:
        if sorted(each["items"]) == named.all and each.get("tier") is not None:
            return dict(each)
    return {}
