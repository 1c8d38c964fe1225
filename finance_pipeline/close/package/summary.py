"""The first sheet: whether everything ties, the figures a controller asks first, and what the package rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from finance_pipeline.close.package import sheets_bank, sheets_items, sheets_people
from finance_pipeline.close.package.document import Column, Live, Money, Places, Row, Sheet, Table, Value, Verdict
from finance_pipeline.close.package.facts import Facts
from finance_pipeline.close.package.sheets_ledger import BALANCES, EXCHANGE_ROLES, row_of
from finance_pipeline.ledger.reports import CLEARING, UNIDENTIFIED

TIES = "tie-outs"
"""The table with the tie-outs."""
_CLASSES = ("asset", "liability", "equity", "income", "expense")


@dataclass(frozen=True)
class Tie:
    """Two figures that come from different places and must be equal."""

    what: str
    left_words: str
    left: Value
    right_words: str
    right: Value
    currency: str
    todo: str
    """What to do where they differ."""

    @property
    def difference_minor(self) -> int | None:
        """Null where one of the two is not known."""
        figures = [each.minor for each in (self.left, self.right) if isinstance(each, Money | Live)]
        return figures[0] - figures[1] if len(figures) == 2 else None


def summary(facts: Facts) -> Sheet:
    """Verdict, tie-outs, figures by class, and what it rests on."""
    ties = list(ties_of(facts))
    return Sheet("Summary", "Summary", (_verdict(ties), _ties(ties), _figures(facts), _rests_on(facts)))


def ties_of(facts: Facts) -> Iterator[Tie]:
    """Every tie-out of the package."""
    own = facts.currency
    total = int(facts.trial_balance["closing_minor"].sum())
    yield Tie(
        "Debits equal credits", "sum of all balances", Live(total, own, lambda at: at.total(BALANCES, "closing")),
        "nothing", Money(0, own), own, "The ledger was changed: finance-pipeline verify.",
    )  # fmt: skip
    yield from _of_banks(facts)
    for key, roles, words in (
        ("receivables", ("receivables",), "Receivables equal their items"),
        ("payables", ("payables",), "Payables equal their items"),
        ("clearing", CLEARING, "Clearing accounts equal their items"),
        ("unidentified", UNIDENTIFIED, "Unidentified accounts equal their items"),
    ):
        yield _of_items(facts, key, roles, words)
    yield from _of_group(facts)
    yield _of_exchange(facts)
    if facts.signed.height:
        yield _of_signature(facts)


def _of_items(facts: Facts, key: str, roles: tuple[str, ...], words: str) -> Tie:
    accounts = facts.trial_balance.filter(pl.col("role").is_in(list(roles)))
    codes = accounts["code"].to_list()

    def balance(at: Places) -> str:
        return "+".join(at.cell(BALANCES, row_of(facts, code), "closing") for code in codes) or "0"

    held = facts.items.filter(pl.col("role").is_in(list(roles)))["open_functional_minor"].sum()
    return Tie(
        words,
        "trial balance",
        Live(int(accounts["closing_minor"].sum()), facts.currency, balance),
        "sum of the items",
        Live(int(held), facts.currency, lambda at: at.total(key, "carried")),
        facts.currency,
        "finance-pipeline tie-outs says since which month.",
    )


def _of_banks(facts: Facts) -> Iterator[Tie]:
    """Each bank account against its statement, and its reconciliation against the trial balance."""
    column = {name: at for at, name in enumerate(facts.banks.columns)}
    for row in facts.banks.rows():
        account, code, currency = (row[column[name]] for name in ("account", "code", "currency"))
        stated_on = row[column["stated_on"]]
        key = sheets_bank.key_of(account)
        left: Value = "not known"
        right: Value = "no statement"
        if stated_on is not None:
            left = Live(row[column["when_stated_minor"]], currency, lambda at, key=key: at.cell(key, 4, "amount"))  # type: ignore[misc]
            right = Live(row[column["stated_minor"]], currency, lambda at, key=key: at.cell(key, 5, "amount"))  # type: ignore[misc]
        yield Tie(
            f"Bank account {account} equals its statement", f"ledger on {stated_on or 'the day of a statement'}", left,
            f"bank on {stated_on}" if stated_on else "bank", right, currency,
            "Import the bank's statement, or look for lines that are missing or told twice.",
        )  # fmt: skip
        yield from _of_balance(facts, account, code, currency, row[column["by_accounting_minor"]])


def _of_balance(facts: Facts, account: str, code: str, currency: str, minor: int) -> Iterator[Tie]:
    """The reconciliation of an account begins with its trial balance."""
    found = facts.trial_balance.filter(code=code)
    if found.is_empty():
        return
    name = "closing" if currency == facts.currency else "other"
    yield Tie(
        f"Bank account {account} is reconciled from the trial balance",
        "trial balance",
        Live(found[f"{name}_minor"].item(), currency, lambda at: at.cell(BALANCES, row_of(facts, code), name)),
        "bank reconciliation",
        Live(minor, currency, lambda at: at.cell(sheets_bank.key_of(account), sheets_bank.START_ROW, "amount")),
        currency,
        "The ledger was changed: finance-pipeline verify.",
    )


def _of_group(facts: Facts) -> Iterator[Tie]:
    """Each other book of the group: what is apart beyond what was under way, against what a person explained."""
    for number, row in enumerate(facts.group.iter_rows(named=True)):
        explained = row["difference_minor"] if row["explanation"] else 0

        def apart(at: Places, number: int = number) -> str:
            return at.cell(sheets_items.GROUP, number, "apart")

        def said(at: Places, number: int = number) -> str:
            return at.cell(sheets_items.GROUP, number, "explained")

        yield Tie(
            f"Book {row['other']} says the same in {row['currency']}",
            "apart, but for money under way", Live(row["difference_minor"], row["currency"], apart),
            "explained", Live(explained, row["currency"], said),
            row["currency"], "Bring the other book up to date, or explain it: finance-pipeline close items.",
        )  # fmt: skip


def _of_exchange(facts: Facts) -> Tie:
    accounts = facts.trial_balance.filter(pl.col("role").is_in(EXCHANGE_ROLES))
    codes = accounts["code"].to_list()

    def movement(at: Places) -> str:
        debits = [at.cell(BALANCES, row_of(facts, code), "debit") for code in codes]
        credits = [at.cell(BALANCES, row_of(facts, code), "credit") for code in codes]
        return "+".join(f"{debit}-{credit}" for debit, credit in zip(debits, credits, strict=True)) or "0"

    return Tie(
        "Gains and losses on exchange are listed",
        "movement in the trial balance",
        Live(int((accounts["debit_minor"] - accounts["credit_minor"]).sum()), facts.currency, movement),
        "sum of the postings",
        Live(
            int(facts.exchange["functional_minor"].sum()),
            facts.currency,
            lambda at: at.total("exchange", "amount"),
        ),
        facts.currency,
        "The ledger was changed: finance-pipeline verify.",
    )


def _of_signature(facts: Facts) -> Tie:
    """Not of the totals, which are zero on both sides, but of what has moved, whatever its sign."""
    moved = int(facts.signed["moved_minor"].abs().sum())

    def apart(at: Places) -> str:
        cells = at.column(sheets_people.SIGNED, "difference")
        return f'SUMIFS({cells},{cells},">0")-SUMIFS({cells},{cells},"<0")'

    return Tie(
        "The signed balances stand",
        "what has moved since",
        Live(moved, facts.currency, apart),
        "nothing",
        Money(0, facts.currency),
        facts.currency,
        "The sign-off has lapsed: review the month and sign it again.",
    )


def _verdict(ties: list[Tie]) -> Table:
    known = [tie for tie in ties if tie.difference_minor is not None]
    unproven = len(ties) - len(known)
    beside = f" {unproven} not proven: the bank's balance is not known." if unproven else ""
    is_tied = not any(tie.difference_minor for tie in known)

    def checks(at: Places) -> list[str]:
        return [at.cell(TIES, ties.index(tie), "difference") for tie in known]

    verdict = Verdict(
        f"All {len(known)} tie-outs are zero.{beside}",
        f"Not everything ties out: look at the red differences.{beside}",
        is_tied,
        checks,
    )
    return Table("verdict", "Verdict", (Column("words", "", 46),), [{"words": verdict}])


def _ties(ties: list[Tie]) -> Table:
    columns: tuple[Column, ...] = (
        Column("what", "Tie-out", 46),
        Column("left_words", "One figure", 30),
        Column("left", "", 18, is_figure=True),
        Column("right_words", "The other", 30),
        Column("right", "", 18, is_figure=True),
        Column("currency", "", 10),
        Column("difference", "Difference", 18, is_figure=True),
        Column("todo", "What to do", 52),
    )
    if all(tie.difference_minor == 0 for tie in ties):
        columns = columns[:-1]
    rows = [_tie_row(number, tie) for number, tie in enumerate(ties)]
    return Table(TIES, "Tie-outs: every difference is zero", columns, rows)


def _tie_row(number: int, tie: Tie) -> Row:
    minor = tie.difference_minor

    def difference(at: Places) -> str:
        return f"{at.cell(TIES, number, 'left')}-{at.cell(TIES, number, 'right')}"

    return {
        **{name: getattr(tie, name) for name in ("what", "left_words", "left", "right_words", "right", "currency")},
        "difference": "not proven" if minor is None else Live(minor, tie.currency, difference, is_check=True),
        "todo": tie.todo if minor != 0 else "",
    }


def _figures(facts: Facts) -> Table:
    """Balance by class of account, and the month's movement."""
    table = "classes"
    by_class = facts.trial_balance.group_by("kind").agg(
        closing=pl.col("closing_minor").sum(), movement=(pl.col("debit_minor") - pl.col("credit_minor")).sum()
    )
    sums = {row["kind"]: row for row in by_class.iter_rows(named=True)}

    def of_class(kind: str, column: str) -> Live:
        def formula(at: Places) -> str:
            return f'SUMIFS({at.column(BALANCES, column)},{at.column(BALANCES, "kind")},"{kind}")'

        return Live(sums[kind]["closing"] if kind in sums else 0, facts.currency, formula)

    def movement(kind: str) -> Live:
        def formula(at: Places) -> str:
            where = f'{at.column(BALANCES, "kind")},"{kind}"'
            debit, credit = (f"SUMIFS({at.column(BALANCES, side)},{where})" for side in ("debit", "credit"))
            return f"{debit}-{credit}"

        return Live(sums[kind]["movement"] if kind in sums else 0, facts.currency, formula)

    rows: list[Row] = [
        {"kind": kind.capitalize(), "movement": movement(kind), "closing": of_class(kind, "closing")}
        for kind in _CLASSES
    ]
    columns = (
        Column("kind", "Class of accounts", 46),
        Column("movement", f"Movement of {facts.month}", 30, is_figure=True),
        Column("closing", f"Balance on {facts.month.last_day}", 18, is_figure=True),
    )
    title = f"By class of account, in {facts.currency}: + debit, - credit"
    return Table(table, title, columns, rows, ("movement", "closing"), currency=facts.currency)


def _rests_on(facts: Facts) -> Table:
    local = facts.known.at.astimezone(ZoneInfo(facts.time_zone))
    read = f"{facts.oldest_read_at:%Y-%m-%d %H:%M:%S} UTC" if facts.oldest_read_at else "never to its end"
    oldest = f"{facts.oldest_source}, last read {read}" if facts.oldest_source else "none: no connection was read"
    said = [
        ("Book", f"{facts.book}, {facts.name}"),
        ("Month", f"{facts.month}, by accounting date, to {facts.month.last_day} in {facts.time_zone}"),
        ("As known at", local.isoformat()),
        ("Chain head", f"position {facts.known.position}, {facts.known.link or 'nothing was posted by then'}"),
        ("Oldest source", oldest),
        ("The same again", f"finance-pipeline close package --book {facts.book} --month {facts.month} "
                           f"--known-at {local.isoformat()}"),
    ]  # fmt: skip
    columns = (Column("what", "", 46), Column("value", "", 30))
    rows: list[Row] = [{"what": what, "value": value} for what, value in said]
    return Table("rests on", "What it rests on", columns, rows)
