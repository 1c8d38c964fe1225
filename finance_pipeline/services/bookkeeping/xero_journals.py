"""Manual journals of a book's Xero, where Xero's ledger is the statutory one: asked for, landed, submitted, once.

What stands of each Xero journal is what submissions brought of it; only the difference is submitted: a new journal, or,
where it was changed or voided there, one that takes back what was brought and one that posts it anew (accounting rules
2, 3, 13). Another person approves them like any journal. Not here: approving and posting (journals).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.core.money import minor_expr
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book, Connection
from finance_pipeline.landing.manifest import Connection as Session
from finance_pipeline.ledger.chart import accounts_of, codable_accounts, ensure_accounts, role_code
from finance_pipeline.services.bookkeeping import submitting
from finance_pipeline.services.bookkeeping.known_journals import XERO, contents, known_lines
from finance_pipeline.services.closing.people import acting
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.locks import book_lock

_POSTED = "POSTED"
_READ = pl.Schema(
    {
        "journal_id": pl.String, "turn": pl.Int64, "status": pl.String, "narration": pl.String, "dated_on": pl.Date,
        "account": pl.String, "amount": pl.String, "tax": pl.String, "words": pl.String, "evidence_hash": pl.String,
    }
)  # fmt: skip
_LINE = ("effective_on", "code", "amount_minor", "description", "evidence_hash")


@dataclass(frozen=True)
class Pulled:
    """What came of asking Xero for its manual journals."""

    submission_id: str | None
    """What was submitted; null where there was nothing to submit."""
    new: int
    changed: int
    """Changed or voided in Xero since they were brought: taken back, and posted anew where they stand there."""
    unchanged: int
    left_out: tuple[str, ...]
    """Journals that were not submitted, in words."""


def pull_journals(workspace: Workspace, book_id: str, *, reason: str, actor: str | None = None) -> Pulled:
    """Ask the book's Xero for its manual journals, land the answers, and submit what is not here yet.

    Raises BadInput for a book whose own ledger is statutory or that keeps none at Xero, and every Problem of the
    connection. The cursors stay.
    """
    from finance_pipeline.services.intake.connections import policy_of
    from finance_pipeline.sources import xero_journals

    who = acting(workspace.settings, "accountant", actor).name
    book = workspace.settings.book(book_id)
    connection = _connection(workspace, book)
    pages = xero_journals.manual_journals(connection, policy_of(workspace))
    files = [
        submitting.Given(f"{connection.id} manual journals, page {number}", raw, pl.DataFrame())
        for number, raw in enumerate(pages, start=1)
    ]
    read = [(*line, file.page_hash) for file in files for line in xero_journals.lines_of(file.raw)]
    theirs, held = _taken(book, pl.DataFrame(read, schema=_READ, orient="row"))
    with workspace.database.transaction() as conn:
        book_lock(conn, book_id)
        ensure_accounts(conn, [book])
        return _submitted(workspace, conn, book, files, theirs, held, who, reason)


def _connection(workspace: Workspace, book: Book) -> Connection:
    if book.ledger.statutory != "accounting":
        raise BadInput(
            "its accounting system's ledger is not the statutory one: manual journals are entered here.",
            where=f"book {book.id}",
            kept="Nothing was taken.",
            todo="finance-pipeline journals import FILE; or say `ledger: {statutory: accounting}` in the settings.",
        )
    connection = workspace.settings.connection(book.accounting) if book.accounting else None
    if connection is None or connection.kind != "xero":
        raise BadInput(
            "its accounting system is not Xero.", where=f"book {book.id}", todo="finance-pipeline journals import FILE."
        )
    return connection


def _taken(book: Book, read: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines of posted journals that the book can hold (journal, _LINE), and those it cannot: journal, words."""
    names = accounts_of(book).select(code="code", name="name")
    may = [code for code in codable_accounts(book) if code != role_code(book, "opening_balances")]
    lines = (
        read.filter(pl.col("dated_on") >= book.starts_on, pl.col("status") == _POSTED)
        .with_columns(
            journal=XERO + pl.col("journal_id"),
            code=pl.col("account").replace_strict(dict(book.chart), default=None, return_dtype=pl.String),
            amount_minor=minor_expr(pl.col("amount"), pl.lit(book.currency)),
            effective_on="dated_on",
            description=pl.coalesce(
                pl.when(pl.col("words") != "").then("words"), pl.when(pl.col("narration") != "").then("narration"),
                pl.lit("manual journal"),
            ),
        )
        .join(names, on="code", how="left", maintain_order="left")
    )  # fmt: skip
    sums = pl.col("amount_minor").sum().over("journal")
    reasons = (
        (pl.col("account") == "", pl.lit("a line without an account")),
        (pl.col("code").is_null(), pl.format(f"the chart of book {book.id} does not map account {{}}", "account")),
        (~pl.col("code").is_in(may), pl.format("no journal touches {} {}: it is the sum of its items", "code", "name")),
        (pl.col("amount_minor").is_null(), pl.format(f"{{}} is no amount of {book.currency}", "amount")),
        (~pl.col("tax").str.contains(r"^-?0*\.?0*$"), pl.format("it has tax of {}: bring it as a file", "tax")),
        (sums != 0, pl.lit("its debits and credits differ")),
    )
    wrong = pl.coalesce(pl.when(condition).then(words) for condition, words in reasons)
    judged = lines.with_columns(words=wrong.drop_nulls().first().over("journal"))
    held = judged.filter(pl.col("words").is_not_null()).unique("journal", keep="first", maintain_order=True)
    fit = judged.filter(pl.col("words").is_null(), pl.col("amount_minor") != 0)
    return fit.select("journal", *_LINE), held.select("journal", "words")


def _submitted(
    workspace: Workspace, conn: Session, book: Book, files: list[submitting.Given], theirs: pl.DataFrame,
    held: pl.DataFrame, who: str, reason: str,
) -> Pulled:  # fmt: skip
    """Submit the difference between what Xero says and what was brought of it, in the caller's transaction."""
    known = known_lines(conn, book.id)
    states = _states(theirs, held, known)
    by_state = {
        state: states.filter(state=state)["journal"] for state in ("new", "changed", "same", "held", "waits", "twice")
    }
    changed = pl.col("journal").is_in(by_state["changed"].implode())
    back = _taken_back(known.with_columns(journal="origin").filter(changed, "is_approved"), files[0].page_hash)
    fresh = theirs.filter(changed | pl.col("journal").is_in(by_state["new"].implode())).with_columns(turn=pl.lit(1))
    lines = _numbered(pl.concat([back, fresh.select(back.columns)]), known, book)
    submission = None
    if lines.height:
        tables = {"submitted_line": lines}
        submission = submitting.submit(workspace, conn, "journals", book.id, files, tables, actor=who, reason=reason)
    said = states.filter(pl.col("words").is_not_null()).sort("journal")
    return Pulled(
        submission,
        new=by_state["new"].len(),
        changed=by_state["changed"].len(),
        unchanged=by_state["same"].len(),
        left_out=tuple(f"{journal}: {words}" for journal, words in said.select("journal", "words").rows()),
    )


def _states(theirs: pl.DataFrame, held: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """One row per journal that Xero has or that was brought from it: journal, state, and why it is left out, if so."""
    of_xero = known.filter(pl.col("origin").is_not_null()).with_columns(journal="origin")
    own = contents(known.filter(pl.col("origin").is_null())).select("content", twin="journal").unique("content")
    stands = contents(of_xero.filter("is_approved")).rename({"content": "stands"})
    waits = of_xero.filter(~pl.col("is_approved")).select("journal", waits=pl.lit(value=True)).unique()
    journals = pl.concat([theirs["journal"], held["journal"], of_xero["journal"]]).unique().sort()
    found = journals.to_frame()
    for frame in (contents(theirs), stands, waits, held.rename({"words": "unfit"})):
        found = found.join(frame, on="journal", how="left")
    found = found.join(own, on="content", how="left").filter(
        pl.coalesce("content", "stands", "waits", "unfit").is_not_null()
    )
    same = pl.col("content").eq_missing(pl.col("stands"))
    is_twin = pl.col("twin").is_not_null() & pl.col("stands").is_null()
    return found.select(
        "journal",
        state=pl.when("waits").then(pl.lit("waits")).when(pl.col("unfit").is_not_null()).then(pl.lit("held"))
        .when(same).then(pl.lit("same")).when(is_twin).then(pl.lit("twice"))
        .when(pl.col("stands").is_null()).then(pl.lit("new")).otherwise(pl.lit("changed")),
        words=pl.when("waits").then(pl.lit("was brought before and waits for approval"))
        .when(pl.col("unfit").is_not_null()).then("unfit")
        .when(~same & is_twin).then(pl.format("journal {} has the same day and lines, and is here", "twin")),
    )  # fmt: skip


def _taken_back(stands: pl.DataFrame, evidence_hash: str) -> pl.DataFrame:
    """What takes journals back that were changed or voided, each on its own day: journal, turn, and _LINE."""
    left = stands.group_by("journal", "effective_on", "code").agg(-pl.col("amount_minor").sum())
    return left.filter(pl.col("amount_minor") != 0).select(
        "journal",
        "effective_on",
        "code",
        "amount_minor",
        description=pl.lit("taken back: changed or voided in Xero"),
        evidence_hash=pl.lit(evidence_hash),
        turn=pl.lit(0),
    )


def _numbered(lines: pl.DataFrame, known: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Rows of ledger.submitted_line. Each journal of a day has a number that was never used: Xero's id and a count."""
    used = (
        known.filter(pl.col("origin").is_not_null()).group_by(journal="origin").agg(used=pl.col("journal").n_unique())
    )
    ordered = lines.join(used, on="journal", how="left").sort(
        "journal", "turn", "effective_on", "code", "amount_minor", "description"
    )
    turn = pl.struct("turn", "effective_on").rank("dense").over("journal") + pl.col("used").fill_null(0)
    return ordered.select(
        "effective_on",
        "code",
        "amount_minor",
        "description",
        "evidence_hash",
        journal=pl.format("{}/{}", "journal", turn),
        ordinal=pl.int_range(1, pl.len() + 1, dtype=pl.Int32),
        currency=pl.lit(book.currency),
        reverses_on=pl.lit(None, pl.Date),
        functional_minor="amount_minor",
    )
