"""Posting on purpose what other rules, mappings or code would post otherwise in a closed month, in two people's hands.

By default nothing of the kind is adjusted: what changed applies from the open month on (accounting rule 10). Named
differences may be all the same: one person proposes, another adjusts; the entry that stands is reversed in the open
period and posted anew as today's rules have it, of the records as they count. What newer rules would match otherwise is
no entry's matter, and is confirmed or declined line by line instead.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from finance_pipeline.close import difference_entries
from finance_pipeline.close import differences as close
from finance_pipeline.core.identity import new_correlation_id
from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger import chart, journal
from finance_pipeline.services.bookkeeping import posting
from finance_pipeline.services.closed_months.adjusting import Decided
from finance_pipeline.services.closed_months.differences import as_rules_have_it
from finance_pipeline.services.closed_months.held import HeldMonth, held_months
from finance_pipeline.services.closed_months.letting_in import LetIn
from finance_pipeline.services.closed_months.rule_differences import of_rules
from finance_pipeline.services.closing.people import acting
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_in
from finance_pipeline.store.locks import book_lock

_KEPT = "Nothing was recorded and nothing was posted."


def decide_rules(
    workspace: Workspace,
    book_id: str,
    month_text: str,
    ids: Sequence[str],
    *,
    verdict: str,
    reason: str,
    actor: str | None = None,
) -> Decided:
    """Adjust ("adjusted") or dismiss ("dismissed") named differences of rules of a closed month, all or none.

    The first person who adjusts one proposes it, a second posts it. Raises BadInput, with nothing done, for what is not
    there, was decided, was proposed by the same person, or is a match and not an entry.
    """
    who = acting(workspace.settings, "accountant", actor).name
    book, month = workspace.settings.book(book_id), Month.parse(month_text)
    if not reason.strip():
        raise BadInput("a decision has a reason.", kept=_KEPT)
    with workspace.database.transaction() as conn:
        book_lock(conn, book.id)
        held = held_months(conn, book).get(month)
        if held is None:
            raise BadInput(f"{month} of book {book.id} is not closed and signed.", kept=_KEPT)
        changes, causes = of_rules(conn, held, as_rules_have_it(conn, held))
        meant = causes.filter(pl.col("difference_id").is_in(list(ids)))
        _check(meant, ids, verdict, who)
        second = (pl.col("status") == "proposed") if verdict == "adjusted" else pl.lit(value=True)
        decided, proposed = meant.filter(second), meant.filter(~second)
        wanted = changes.join(decided, on="difference_id", how="semi")
        report = journal.PostingReport()
        if verdict == "adjusted" and wanted.height:
            report = _post(conn, held, wanted)
        for frame, said in ((decided, verdict), (proposed, "proposed")):
            _record(conn, held, changes, frame, verdict=said, reason=reason.strip(), actor=who)
    return Decided(
        decided.height, proposed.height, LetIn(decided.height, new_entries=report.new, reversed=report.reversed)
    )


def _check(meant: pl.DataFrame, ids: Sequence[str], verdict: str, who: str) -> None:
    missing = sorted(set(ids) - set(meant["difference_id"]))
    if missing:
        raise BadInput(
            f"no entry of that month would be another by rules as {missing[0]!r}.",
            kept=_KEPT,
            todo="`finance-pipeline close diff --cause rule` lists those that would.",
        )
    for row in meant.iter_rows(named=True):
        what = f"difference {row['difference_id']} ({row['what']})"
        if row["status"] == "adjusted" or row["status"] == verdict:
            raise BadInput(f"{what} is {row['status']} already, by {row['actor']}.", kept=_KEPT)
        if verdict == "adjusted" and row["status"] == "proposed" and row["actor"].casefold() == who.casefold():
            raise BadInput(f"{what} was proposed by {who}.", kept=_KEPT, todo="Another person adjusts it.")


def _post(conn: Connection, held: HeldMonth, wanted: pl.DataFrame) -> journal.PostingReport:
    """Post these entries as today's rules have them, of records and matches as they count."""
    book, month = held.book, held.month
    subjects = wanted.select(difference_entries.SUBJECT)
    chart.ensure_accounts(conn, [book])
    entries = posting.posted(conn, book, month).entries.join(subjects, on=journal.SUBJECT, how="semi")
    there = wanted.join(entries, on=journal.SUBJECT, how="semi")
    of_matches = pl.concat(
        [
            wanted.join(there, on="difference_id", how="anti").filter(pl.col("change") != difference_entries.GONE),
            there.filter(pl.col("change") == difference_entries.GONE),
        ]
    )
    if of_matches.height:
        raise BadInput(
            f"{of_matches['description'][0]}: newer rules match otherwise, which no entry alone can say.",
            kept=_KEPT,
            todo="Confirm or decline what its line settles: `finance-pipeline decide`.",
        )
    report = journal.publish(
        conn, book.id, [month], entries, run_id=new_correlation_id(), correlation_id=new_correlation_id(),
        subjects=subjects,
    )  # fmt: skip
    posting.note_held(conn, book, month, report)
    return report


def _record(
    conn: Connection,
    held: HeldMonth,
    changes: pl.DataFrame,
    causes: pl.DataFrame,
    *,
    verdict: str,
    reason: str,
    actor: str,
) -> None:
    rows = changes.join(causes.select("difference_id", "status", decided_by="actor"), on="difference_id")
    seen = ("description", "change", "accounts_before", "functional_before", "accounts", "functional")
    shown = [json.dumps(row, default=str, sort_keys=True) for row in rows.select(seen).iter_rows(named=True)]
    copy_in(
        conn,
        "close.rule_decision",
        rows.select(
            "difference_id", *difference_entries.SUBJECT,
            book=pl.lit(held.book.id),
            month=pl.lit(str(held.month)),
            signature_id=pl.lit(held.signature_id),
            verdict=pl.lit(verdict),
            proposed_by=pl.when(pl.col("status") == close.STATUS_OF["proposed"]).then("decided_by"),
            actor=pl.lit(actor),
            reason=pl.lit(reason),
            seen=pl.Series(shown, dtype=pl.String),
            run_id=pl.lit(new_correlation_id()),
        ),
    )  # fmt: skip
