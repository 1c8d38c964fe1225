"""Tables over several books and months: what a controller looks at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from finance_pipeline.cli.show import Shown, console, count, money, show_table, text
from finance_pipeline.core.money import format_money

if TYPE_CHECKING:
    from finance_pipeline.core.period import Month
    from finance_pipeline.services.workspace import Workspace

_WORDS_CHARS = 62
_AMOUNT_CHARS = 16


def show_lines(lines: pl.DataFrame) -> None:
    """Lines by month, and what share of them stands matched by tier (read.MONTH_LINES)."""
    show_table("Lines, and the share matched by tier", lines.iter_rows(named=True), MONTH_COLUMNS)


def show_reasons(reasons: pl.DataFrame) -> None:
    """Exceptions by month and reason (read.REASONS)."""
    found = reasons["reason"].unique().sort().to_list()
    rows = reasons.pivot(on="reason", index=["book", "month"], values="lines").fill_null(0).sort("book", "month")
    columns = [text("Book", "book"), text("Month", "month"), *(count(r.replace("_", " "), r) for r in found)]
    show_table("Exceptions by reason", rows.iter_rows(named=True) if reasons.height else [], columns)


def show_ties(ties: pl.DataFrame) -> None:
    """One row per book and month: pairs of figures compared and equal, and the rules that are broken or unproven."""
    broken = pl.col("name").filter(pl.col("equal") < pl.col("compared"))
    rows = (
        ties.group_by("book", "month")
        .agg(
            pl.len().alias("rules"),
            pl.col("compared", "equal").sum(),
            pl.col("largest_difference_minor").max(),
            broken=broken.str.replace_all("_", " ").str.join(", "),
        )
        .sort("book", "month")
    )
    columns = [
        text("Book", "book"),
        text("Month", "month"),
        count("Rules", "rules"),
        count("Pairs compared", "compared"),
        count("Equal", "equal"),
        count("Largest difference", "largest_difference_minor"),
        text("Not proven", "broken"),
    ]
    show_table("Tie-outs, differences in minor units", rows.iter_rows(named=True), columns)


def show_trial_balances(workspace: Workspace, book: str, wanted: Sequence[Month]) -> None:
    """Closing balances of a book's accounts, one column a month, and what debits less credits come to."""
    from finance_pipeline.services.bookkeeping.books import trial_balance

    currency = workspace.settings.book(book).currency
    named = {str(month): trial_balance(workspace, book, str(month)) for month in wanted}
    accounts = pl.concat([each.select("code", "name") for each in named.values()]).unique().sort("code")
    for month, balance in named.items():
        accounts = accounts.join(balance.select("code", pl.col("closing_minor").alias(month)), on="code", how="left")
    months = _fitting(list(named))
    kept = accounts.with_columns(pl.col(months).fill_null(0)).filter(pl.any_horizontal(pl.col(months) != 0))
    rows = kept.with_columns(currency=pl.lit(currency))
    columns = [text("Account", "code"), text("Name", "name"), *(money(month, month) for month in months)]
    show_table(f"Trial balance of {book} by month, closing, in {currency}", rows.iter_rows(named=True), columns)
    _say_balanced({month: int(accounts[month].fill_null(0).sum()) for month in named}, currency)


def _say_balanced(totals: Mapping[str, int], currency: str) -> None:
    """Whether debits equal credits in each month."""
    wrong = {month: total for month, total in totals.items() if total}
    if not wrong:
        console.print(f"Debits equal credits in each of {len(totals)} months.")
    for month, total in wrong.items():
        console.print(f"[red]{month}: debits and credits differ by {format_money(total, currency)} {currency}.[/]")


def show_cash_by_month(history: pl.DataFrame) -> None:
    """Cash by account at each month's end, whether the bank or processor agrees, and how fresh that is."""
    identity = ["book", "account", "kind", "currency"]
    facts = history.group_by(identity).agg(
        pl.col("read_at").sort_by("month").last(),
        agreed=pl.col("tied").sum(),
        stated=pl.col("tied").is_not_null().sum(),
    )
    by_month = history.pivot(on="month", index=identity, values="balance_minor", sort_columns=True)
    months = _fitting([name for name in by_month.columns if name not in identity])
    rows = by_month.join(facts, on=identity).sort("book", "kind", "account")
    columns = [
        *CASH_IDENTITY,
        *(money(month, month) for month in months),
        Shown("Agreed", _agreed),
        Shown("Last read", age),
    ]
    show_table("Cash at month end, by effective date", rows.iter_rows(named=True), columns)


def _fitting(months: list[str]) -> list[str]:
    """The latest months whose columns of amounts fit on the terminal beside the columns of words."""
    return months[-max(1, (console.width - _WORDS_CHARS) // _AMOUNT_CHARS) :]


def _agreed(row: Mapping[str, Any]) -> str:
    """In how many months the ledger has what the bank or processor states."""
    if not row["stated"]:
        return "-"
    words = f"{row['agreed']} of {row['stated']}"
    return words if row["agreed"] == row["stated"] else f"[red]{words}[/]"


def age(row: Mapping[str, Any]) -> str:
    """How long ago the oldest source of a figure was read."""
    if row["read_at"] is None:
        return "never read"
    seconds = int((datetime.now(UTC) - row["read_at"]).total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def _share(name: str) -> Shown:
    """A tier's share of the lines of a row, in per cent."""
    return Shown(
        name.replace("_", " "),
        lambda row: f"{row[name] * 1000 // row['lines'] / 10:.1f} %" if row["lines"] else "-",
        is_figure=True,
    )


MONTH_COLUMNS = [
    text("Book", "book"),
    text("Month", "month"),
    count("Bank lines", "bank_lines"),
    count("All lines", "lines"),
    *(_share(name) for name in (*(f"tier_{tier}" for tier in range(7)), "unmatched")),
]
CASH_IDENTITY = [
    text("Book", "book"),
    text("Account", "account"),
    Shown("Kind", lambda row: row["kind"].replace("_", " ")),
    text("", "currency"),
]
