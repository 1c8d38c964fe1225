"""Folding a month to what it would be matched to from nothing, beside what stands.

The engine finds more beside matches that stand than it finds in the whole month: what is left then may look like more
than it is. So what was found from nothing (from_nothing) is taken as it was found where it fits beside what stands, and
nothing else is new.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.matching import engine
from finance_pipeline.matching.month.fold import Folded, Given
from finance_pipeline.matching.outcomes import Outcome
from finance_pipeline.matching.policy import Policy
from finance_pipeline.services.closed_months.from_nothing import FromNothing
from finance_pipeline.services.reconciliation import folding


def folded_as_found(
    conn: Connection, book: Book, policy: Policy, month: Month, given: Given, unwanted: pl.DataFrame, now: FromNothing
) -> Folded:
    """The month with what was found now and fits beside what stands.

    unwanted: matches (frames.ACCEPTED_ALLOCATION) that are not to be, whether they were found now or not.
    """
    wanted = now.allocations.join(unwanted, on="match_id", how="anti")
    given = folding.declining(given, _unless_found(unwanted, wanted))
    first = folding.folded(conn, book, policy, given, partial(_fitting, now.outcomes[month]))
    here = pl.concat([first.kept.here, first.new.standing])
    beside = replace(given, standing=replace(given.standing, here=here, later=first.kept.later))
    while True:
        done = folding.folded(conn, book, policy, beside)
        beyond = done.new.allocations.join(now.allocations, on="match_id", how="anti", maintain_order="left")
        if beyond.is_empty():
            break
        apart = _unless_found(beyond, wanted)
        beside = folding.declining(beside, beyond if apart.is_empty() else apart)
    lost = done.kept.retractions
    retractions = pl.concat([first.kept.retractions, lost.filter(pl.col("version") > 0)])
    new = first.new.without(lost.filter(pl.col("version") == 0)).together_with(done.new)
    return replace(done, kept=replace(done.kept, retractions=retractions), new=new)


def _unless_found(unwanted: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Allocations without those of a line and counterpart that belong together by wanted ones: declined, they would
    keep apart what is right."""
    pair = ["line_id", "item_id", "other_line_id", "account_code"]
    return unwanted.join(wanted, on=pair, how="anti", nulls_equal=True, maintain_order="left")


def _fitting(found: Outcome, inputs: engine.Inputs, policy: Policy) -> Outcome:  # noqa: ARG001
    """What was found, as the engine would tell it, as far as its lines are free and its items are open."""
    held = pl.concat([inputs.standing["line_id"], inputs.standing["other_line_id"]]).drop_nulls()
    free = inputs.bank_lines.filter(~pl.col("line_id").is_in(held.unique().implode()))["line_id"].implode()
    is_free = pl.col("line_id").is_in(free) & pl.col("other_line_id").is_in(free).fill_null(value=True)
    rows = found.allocations.filter(is_free.all().over("match_id"))
    taken = inputs.standing.group_by("item_id").agg(taken=pl.col("item_amount_minor").sum())
    items = inputs.open_items.select("item_id", "amount_minor").join(taken, on="item_id", how="left")
    left = items.select("item_id", left=pl.col("amount_minor") - pl.col("taken").fill_null(0))
    wanted = pl.col("item_amount_minor").sum().over("item_id")
    over = (wanted.abs() > pl.col("left").abs()) | (wanted.sign() != pl.col("left").sign())
    settling = rows.drop_nulls("item_id").join(left, on="item_id", how="left").filter(wanted != 0)
    unfit = settling.filter(over.fill_null(value=True)).select("match_id")
    fits = rows.join(unfit, on="match_id", how="anti", maintain_order="left")
    told = {
        name: getattr(found, name).join(fits, on="match_id", how="semi", maintain_order="left")
        for name in ("matches", "explanations")
    }
    return replace(found, allocations=fits, **told)
