"""Cash and tie-outs: computed from what was published, and published whole for each book-month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from finance_pipeline.cash.position import cash_position
from finance_pipeline.close import tie_outs as close
from finance_pipeline.core.money import format_money
from finance_pipeline.core.period import BookMonth, Month, by_book, local_date, months
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services import marks, tables
from finance_pipeline.services.bookkeeping import posting
from finance_pipeline.services.results import CheckResult, Figures, Materialized
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_in
from finance_pipeline.store.locks import book_lock


def cash(workspace: Workspace, keys: Sequence[BookMonth]) -> Materialized:
    """Publish the cash position of these book-months, and of earlier ones whose journal changed since it was published
    (asset cash_position)."""
    by_partition: dict[str, Figures] = {}
    for book_id, wanted in by_book(keys).items():
        book = workspace.settings.book(book_id)
        today = local_date(datetime.now(UTC), book.time_zone)
        for month in _due(workspace, book, wanted, "cash_position"):
            with workspace.database.transaction() as conn:
                book_lock(conn, book_id)
                rows = cash_position(conn, book, month, today).with_columns(
                    book=pl.lit(book_id), month=pl.lit(str(month))
                )
                _replace(conn, "report.cash_position", book_id, month, rows.select(tables.CASH_POSITION.names))
            if month in wanted:
                by_partition[str(BookMonth(book_id, month))] = {"row_count": rows.height, **_totals(rows)}
    return Materialized("cash_position", sum(int(f["row_count"]) for f in by_partition.values()), by_partition)


def tie_out(workspace: Workspace, keys: Sequence[BookMonth]) -> tuple[Materialized, list[CheckResult]]:
    """Publish the tie-outs of these book-months, and of earlier ones whose journal changed since they were published
    (asset tie_outs), and one check per rule and wanted partition."""
    by_partition: dict[str, Figures] = {}
    checks: list[CheckResult] = []
    shown: list[pl.DataFrame] = []
    for book_id, wanted in by_book(keys).items():
        book = workspace.settings.book(book_id)
        for month in _due(workspace, book, wanted, "tie_out"):
            key = str(BookMonth(book_id, month))
            with workspace.database.transaction() as conn:
                book_lock(conn, book_id)
                pairs = close.tie_outs(conn, book, month).select(tables.TIE_OUTS.names)
                _replace(conn, "report.tie_out", book_id, month, pairs)
            if month not in wanted:
                continue
            broken = pairs.filter(~pl.col("tied"))
            by_partition[key] = {"row_count": pairs.height, "broken": broken.height}
            checks += [_check(rule, key, pairs.filter(pl.col("name") == rule)) for rule in close.RULES]
            shown.append(pairs)
    table = pl.concat(shown) if shown else tables.TIE_OUTS.empty()
    return (
        Materialized(
            "tie_outs",
            table.height,
            by_partition,
            {"broken": table.filter(~pl.col("tied")).height},
            _markdown(table),
        ),
        checks,
    )


def _due(workspace: Workspace, book: Book, wanted: Sequence[Month], projection: str) -> list[Month]:
    """The wanted months, and earlier ones that were published on a journal that has changed since.

    A transfer whose other leg arrives in June was in transit at the end of May: what is known in June posts to May.
    """
    with workspace.database.transaction() as conn:
        return [
            month
            for month in months(book.first_month, max(wanted))
            if month in wanted or _is_stale(conn, book.id, month, projection)
        ]


def _is_stale(conn: Connection, book: str, month: Month, projection: str) -> bool:
    noted = marks.mark_of(conn, book, month, projection)
    return noted is not None and noted != marks.marks_up_to(conn, book, month, posting.STAGE)


def _replace(conn: Connection, table: str, book: str, month: Month, rows: pl.DataFrame) -> None:
    """Publish a projection of one book-month whole."""
    deletions = {
        "report.cash_position": "delete from report.cash_position where book = %s and month = %s",
        "report.tie_out": "delete from report.tie_out where book = %s and month = %s",
    }
    conn.execute(deletions[table], (book, str(month)))
    copy_in(conn, table, rows)
    rests_on = marks.marks_up_to(conn, book, month, posting.STAGE)
    marks.set_mark(conn, book, month, table.removeprefix("report."), rests_on)


def _totals(rows: pl.DataFrame) -> Figures:
    """Cash by currency, for the asset's page."""
    sums = rows.group_by("currency").agg(pl.col("balance_minor").sum()).sort("currency")
    return {f"cash {currency}": format_money(amount, currency) for currency, amount in sums.rows()}


def _check(rule: str, key: str, pairs: pl.DataFrame) -> CheckResult:
    broken = pairs.filter(~pl.col("tied"))
    words = f"{pairs.height} compared, all equal" if broken.is_empty() else "; ".join(broken["words"].head(3))
    if pairs.is_empty():
        words = "nothing to compare in this month"
    return CheckResult(
        rule, "tie_outs", key, broken.is_empty(), words, {"compared": pairs.height, "broken": broken.height}
    )


def _markdown(pairs: pl.DataFrame) -> str:
    """One line per rule, subject and month, the broken ones first."""
    lines = [
        "| month | rule | subject | compared | equal | left at the end | right at the end |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    grouped = (
        pairs.sort("on_day")
        .group_by("book", "month", "name", "subject", "currency", maintain_order=True)
        .agg(
            compared=pl.len(),
            equal=pl.col("tied").sum(),
            left=pl.col("left_minor").last(),
            right=pl.col("right_minor").last(),
        )
        .sort("equal", "book", "month", "name", "subject")
        .sort(pl.col("equal") == pl.col("compared"), maintain_order=True)
    )
    for row in grouped.iter_rows(named=True):
        left, right = (
            "-" if row[side] is None else f"{format_money(row[side], row['currency'])} {row['currency']}"
            for side in ("left", "right")
        )
        lines.append(
            f"| {row['book']} {row['month']} | {row['name'].replace('_', ' ')} | {row['subject']} | {row['compared']} "
            f"| {row['equal']} | {left} | {right} |"
        )
    return "\n".join(lines)
