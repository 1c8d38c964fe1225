"""Submit: what people bring from files, read strictly, landed as evidence, and approved by another person.

Here: tables of texts from CSV or Excel, landing of the files, verdicts. Not here: what an opening (going_live) or a
journal (journals) is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context
from pathlib import Path
from typing import Any, Literal

import polars as pl
import psycopg

from finance_pipeline.core.identity import content_hash, digest
from finance_pipeline.core.problems import BadInput, PermanentProblem
from finance_pipeline.landing.files import pages_frame
from finance_pipeline.landing.manifest import Connection, Landing, land
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.sources.item_lists.delimited import read_delimited
from finance_pipeline.sources.item_lists.workbook import read_workbook
from finance_pipeline.store.copy import copy_in, copy_out

SOURCE = "people"
_MOST_ROWS = 200_000
_MOST_BYTES = 50_000_000
_NAMED_COUNT = 20
_DIGITS = Context(prec=15)
SUBMISSIONS = pl.Schema(
    {
        "submission_id": pl.String(),
        "kind": pl.String(),
        "book": pl.String(),
        "files": pl.List(pl.String),
        "line_count": pl.Int32(),
        "submitted_by": pl.String(),
        "reason": pl.String(),
        "recorded_at": pl.Datetime("us", "UTC"),
        "signers": pl.List(pl.String),
        "state": pl.String(),
    }
)
"""state: waits, approved or refused."""
Verdict = Literal["sign", "refuse"]


class DoesNotHold(BadInput):
    """Rows of a file that cannot be, each named with its reason. Nothing of the file was taken."""


class NotApproved(PermanentProblem):
    """Somebody may not approve this: they submitted it, or it was decided before. Nothing was recorded."""


@dataclass(frozen=True)
class Given:
    """One file as it was given."""

    name: str
    raw: bytes
    table: pl.DataFrame
    """Texts by column, trimmed, empty ones null; `row`: its number as a person counts."""

    @property
    def page_hash(self) -> str:
        return content_hash(self.raw)


def given(file: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Given:
    """A CSV or Excel file whose first row names these columns, in any order and no others.

    Raises BadInput naming what is missing, unknown or named twice.
    """
    if not file.is_file():
        raise BadInput("there is no such file.", where=str(file))
    raw = file.read_bytes()
    if len(raw) > _MOST_BYTES:
        raise BadInput(f"it has more than {_MOST_BYTES:,} bytes.", where=file.name, kept="Nothing was taken.")
    is_workbook = raw[:2] == b"PK"
    sheets = read_workbook(raw, _MOST_ROWS) if is_workbook else read_delimited(raw)
    rows = sheets[0].rows if sheets else ()
    if len(rows) < 2 or len(rows) > _MOST_ROWS:
        raise BadInput(f"it has {len(rows)} rows.", where=file.name, todo="A first row of headers, and one row a line.")
    headers = [cell.strip().lower().replace(" ", "_") for cell in rows[0].cells]
    _check_headers(file.name, [each for each in headers if each], required, optional)
    width = len(headers)
    texts = pl.DataFrame(
        [[row.number, *(*row.cells, *("",) * width)[:width]] for row in rows[1:]],
        schema={"row": pl.Int64()} | {name or f"unnamed {i}": pl.String() for i, name in enumerate(headers)},
        orient="row",
    ).select("row", *(name for name in headers if name))
    missing = [pl.lit(None, pl.String).alias(name) for name in optional if name not in headers]
    clean = texts.with_columns(pl.col(pl.String).str.strip_chars().replace("", None)).with_columns(missing)
    return Given(file.name, raw, clean.with_columns(_as_shown(pl.col(pl.String))) if is_workbook else clean)


def _as_shown(cells: pl.Expr) -> pl.Expr:
    """Numbers of a workbook, which are binary floats, with the fifteen digits that Excel itself keeps."""
    long = cells.str.contains(r"^-?\d+\.\d{11,}$")
    return pl.when(long).then(cells.map_elements(_fifteen_digits, pl.String)).otherwise(cells)


def _fifteen_digits(cell: str) -> str:
    return f"{_DIGITS.create_decimal(cell).normalize():f}" if cell.count(".") == 1 else cell


def _check_headers(name: str, headers: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> None:
    wrong = [f"it lacks the column {each!r}" for each in required if each not in headers]
    wrong += [f"the column {each!r} is unknown" for each in headers if each not in (*required, *optional)]
    wrong += [f"the column {each!r} is named twice" for each in sorted({h for h in headers if headers.count(h) > 1})]
    if wrong:
        raise BadInput(
            f"{'; '.join(wrong)}.",
            where=name,
            kept="Nothing was taken.",
            todo=f"Its columns are {', '.join(required)}"
            + (f"; optional: {', '.join(optional)}." if optional else "."),
        )


def minor(text: str, currency: pl.Expr) -> pl.Expr:
    """Minor units of a column of amounts such as 1234.50; null where it is none of its currency."""
    from finance_pipeline.core.money import minor_expr

    said = pl.col(text)
    return pl.when(said.str.contains(r"^-?\d+(\.\d+)?$")).then(minor_expr(said, currency))


def day(text: str) -> pl.Expr:
    """A column of ISO days, as a workbook shows them too; null where it is none."""
    return pl.col(text).str.replace(r"[ T]00:00:00(\.0+)?$", "").str.to_date("%Y-%m-%d", strict=False)


def is_currency(column: str, rows: pl.DataFrame) -> pl.Expr:
    """Whether a column of these rows holds an ISO 4217 currency."""
    from finance_pipeline.core.money import UnknownCurrency, exponent

    def known(code: str) -> bool:
        try:
            exponent(code)
        except UnknownCurrency:
            return False
        return True

    return pl.col(column).is_in([code for code in rows[column].drop_nulls().unique() if known(code)])


def refuse_rows(file: str, rows: pl.DataFrame, *rules: tuple[pl.Expr, pl.Expr]) -> None:
    """Raise DoesNotHold naming the rows to which any of these (condition, words) applies, the first twenty of them."""
    found = [
        rows.filter(condition.fill_null(value=False)).select(pl.col("row").cast(pl.Int64), words=words)
        for condition, words in rules
    ]
    wrong = pl.concat(found).sort("row", maintain_order=True)
    if wrong.is_empty():
        return
    said = [f"row {row}: {words}" for row, words in wrong.head(_NAMED_COUNT).rows()]
    more = f"; and {wrong.height - _NAMED_COUNT} more" if wrong.height > _NAMED_COUNT else ""
    raise DoesNotHold(f"{'; '.join(said)}{more}.", where=file, kept="Nothing was taken.")


def submit(
    workspace: Workspace,
    conn: Connection,
    kind: Literal["opening", "journals"],
    book: str,
    files: Sequence[Given],
    tables: dict[str, pl.DataFrame],
    *,
    actor: str,
    reason: str,
) -> str:
    """Land the files and record what they hold; returns the submission's id. The same files again change nothing.

    tables: table of ledger -> its rows but for submission_id. All in the caller's transaction.
    """
    submission_id = id_of(kind, book, files)
    known = conn.execute("select from ledger.submission where submission_id = %s", (submission_id,)).fetchone()
    if known is not None:
        return submission_id
    if not reason.strip():
        raise BadInput("it takes a reason.", kept="Nothing was taken.")
    for each in files:
        land_file(workspace, conn, each)
    conn.execute(
        """
        insert into ledger.submission (submission_id, kind, book, files, page_hashes, line_count, submitted_by, reason)
        values (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            submission_id,
            kind,
            book,
            [each.name for each in files],
            [each.page_hash for each in files],
            sum(rows.height for rows in tables.values()),
            actor,
            reason.strip(),
        ),
    )
    for table, rows in tables.items():
        copy_in(conn, f"ledger.{table}", rows.with_columns(submission_id=pl.lit(submission_id)))
    return submission_id


def id_of(kind: str, book: str, files: Sequence[Given]) -> str:
    """The id of what is submitted: the same files are one submission."""
    return digest(kind, book, *(each.page_hash for each in files))


def land_file(workspace: Workspace, conn: Connection, file: Given) -> None:
    """Keep the bytes of a file for ever, once."""
    known = conn.execute("select from landing.page where page_hash = %s", (file.page_hash,)).fetchone()
    if known is not None:
        return
    now = datetime.now(UTC)
    kept = workspace.landing.write("pages", pages_frame([(file.page_hash, file.name, now, file.raw)]))
    pages = ((file.page_hash, file.name, now),)
    nothing = pl.DataFrame()
    land(conn, Landing(file.page_hash, SOURCE, SOURCE, pages, lambda: kept, nothing, lambda: None, (), (), None, None))


def submissions(workspace: Workspace, kind: str, book: str | None) -> pl.DataFrame:
    """One row per submission of a kind (SUBMISSIONS), the newest first."""
    with workspace.database.transaction(role="reader") as conn:
        return copy_out(
            conn,
            """
            select submission_id, kind, book, files, line_count, submitted_by, reason, recorded_at,
                coalesce(said.actors, '{}') as signers,
                case
                    when said.refused then 'refused'
                    when exists (
                        select from ledger.approved_submission as stands
                        where stands.submission_id = submission.submission_id
                    ) then 'approved'
                    else 'waits'
                end as state
            from ledger.submission
            cross join lateral (
                select array_agg(actor order by verdict.recorded_at) as actors, bool_or(verdict = 'refuse') as refused
                from ledger.verdict where verdict.submission_id = submission.submission_id
            ) as said
            where kind = %(kind)s and (%(book)s::text is null or book = %(book)s)
            order by recorded_at desc
            """,
            {"kind": kind, "book": book},
            SUBMISSIONS,
        )


def give_verdict(conn: Connection, submission_id: str, verdict: Verdict, *, actor: str, reason: str) -> None:
    """Record one person's word on a submission. Raises NotApproved with the database's words where it may not be."""
    try:
        with conn.transaction():
            conn.execute(
                "insert into ledger.verdict (submission_id, actor, verdict, reason) values (%s, %s, %s, %s)",
                (submission_id, actor, verdict, reason.strip()),
            )
    except (psycopg.errors.CheckViolation, psycopg.errors.UniqueViolation) as cause:
        said = cause.diag.message_primary or ""
        words = said.partition(": ")[2]
        if isinstance(cause, psycopg.errors.UniqueViolation):
            words = f"{actor} has said a word on it already, and it takes another person"
        raise NotApproved(
            f"{words}.", where=f"submission {submission_id[:12]}", kept="Nothing was recorded."
        ) from cause


def submission_of(conn: Connection, prefix: str, kind: str) -> dict[str, Any]:
    """The submission whose id begins so. Raises BadInput for none, or several."""
    found = conn.execute(
        "select submission_id, book from ledger.submission where kind = %s and starts_with(submission_id, %s)",
        (kind, prefix),
    ).fetchall()
    if len(found) != 1 or not prefix:
        raise BadInput(f"{len(found)} submissions begin with {prefix!r}.", todo="`list` prints their ids.")
    return {"submission_id": found[0][0], "book": found[0][1]}
