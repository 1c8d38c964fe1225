"""What the demo ends with: every book and month, the score against the simulator's truth, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finance_pipeline.cli import overview
from finance_pipeline.cli.show import Shown, console, count, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.sandbox.scoring import Score
    from finance_pipeline.services.workspace import Workspace


def show_demo(workspace: Workspace, before: int, new_entries: int, *, as_json: bool) -> None:
    """Lines, exceptions, tie-outs, trial balances and cash by book and month; the score; what to do next."""
    from finance_pipeline.services import read
    from finance_pipeline.services.bookkeeping.books import trial_balance
    from finance_pipeline.services.calendar import months_with_data

    spans = {book: months_with_data(workspace, book) for book in workspace.settings.book_ids}
    score = score_of(workspace)
    if as_json:
        show_json(
            {
                "new_entries": new_entries,
                "months": read.month_lines(workspace).to_dicts(),
                "exceptions": read.exceptions_by_reason(workspace).to_dicts(),
                "tie_outs": read.tie_out_summary(workspace).to_dicts(),
                "trial_balances": {
                    book: {str(month): trial_balance(workspace, book, str(month)).to_dicts() for month in months}
                    for book, months in spans.items()
                },
                "cash": read.cash_history(workspace).to_dicts(),
                "score": score.as_json(),
            }
        )
        return
    overview.show_lines(read.month_lines(workspace))
    overview.show_reasons(read.exceptions_by_reason(workspace))
    overview.show_ties(read.tie_out_summary(workspace))
    for book, months in spans.items():
        overview.show_trial_balances(workspace, book, months)
    overview.show_cash_by_month(read.cash_history(workspace))
    _show_score(score)
    changed = "nothing changed: 0 new entries" if new_entries == 0 else f"{new_entries:,} new entries"
    console.print(f"\nThe ledger had {before:,} entries; {changed}.")
    console.print(_NEXT, highlight=False, soft_wrap=True)


def score_of(workspace: Workspace) -> Score:
    """What stands matched against the simulator's truth, which no stage can read."""
    from finance_pipeline.sandbox.scoring import score
    from finance_pipeline.services.bookkeeping.books import line_months, standing_pairs

    return score(workspace.home, standing_pairs(workspace), line_months(workspace))


def _show_score(score: Score) -> None:
    proposed = [count("Proposed", "proposed"), count("Right", "right"), _share("Precision", "right", "proposed")]
    there = [count("True", "true"), count("Found", "found"), _share("Recall", "found", "true")]
    month = [text("Book", "book"), text("Month", "month")]
    show_table(
        "Matches against the simulator's truth", score.by_month.iter_rows(named=True), [*month, *proposed, *there]
    )
    show_table("The same by tier", score.by_tier.iter_rows(named=True), [text("Tier", "tier"), *proposed])
    show_table("The same by shape", score.by_shape.iter_rows(named=True), [text("Shape", "shape"), *there])
    console.print(
        f"Precision {_per_cent(score.right, score.proposed)} ({score.right:,} of {score.proposed:,}), "
        f"recall {_per_cent(score.found, score.true)} ({score.found:,} of {score.true:,} true allocations)."
    )


def _share(heading: str, part: str, whole: str) -> Shown:
    return Shown(heading, lambda row: _per_cent(row[part], row[whole]), is_figure=True)


def _per_cent(part: int, whole: int) -> str:
    """A share in per cent, rounded down, so that only all of it reads 100 %."""
    if whole == 0:
        return "-"
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


_NEXT = """
Next:
  finance-pipeline ui                                   the Dagster UI, with these runs in it
  finance-pipeline exceptions --book us                 what a person has to look at, with reasons
  finance-pipeline explain ID                           why, down to the source record
  finance-pipeline journal --book us --month 2026-10    the entries
  finance-pipeline close status                         what is left to do before months are signed and locked
  finance-pipeline db stop                              stops the database server, which stays up for the UI"""
