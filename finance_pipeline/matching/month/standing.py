"""What stands stays: which standing matches of a month still hold, and why others no longer do.

A standing match holds unless what it rests on changed or a person undid it. What a person confirmed no evidence undoes.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from finance_pipeline.matching import schemas
from finance_pipeline.matching.engine import Inputs
from finance_pipeline.matching.month.frames import (
    BY_BALANCE,
    BY_FOLD,
    DUPLICATE,
    HOLDING_RELATIONS,
    ON_ACCOUNT,
    RETRACTION_SCHEMA,
    RETURNED,
    Kept,
    Opening,
    Standing,
    settles,
)
from finance_pipeline.matching.month.settling import claims, proportion
from finance_pipeline.matching.outcomes import Outcome

CONFIRMED = "confirmed"
"""The rule of a match that a person made."""
_GIVEN_BACK = ["item_id", "account_code", "role"]
"""What a returned payment gives back is compared by."""


def undone(standing: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Matches that a person undid (RETRACTION_SCHEMA): declined, or confirmed once and withdrawn since.

    decisions: schemas.DECISIONS, the current ones; of two lines either may be the one that was decided on.
    """
    pairs = standing.with_columns(other=pl.col("other_line_id").fill_null(pl.col("item_id")))
    said = _both_ways(decisions)
    declined = said.filter(pl.col("verdict") == "decline")
    told = pairs.join(declined.drop_nulls("other"), on=["line_id", "other"], how="semi")
    coded = pairs.join(declined.drop_nulls("account_code"), on=["line_id", "account_code"], how="semi")
    confirmed = said.filter(pl.col("verdict") == "confirm")
    withdrawn = pairs.filter(pl.col("rule") == CONFIRMED).join(confirmed, on="line_id", how="anti")
    return _one_reason(
        pl.concat(
            [
                pl.concat([told, coded]).with_columns(reason=pl.lit("declined by a person")),
                withdrawn.with_columns(reason=pl.lit("the person who confirmed it, or another, withdrew that")),
            ]
        )
    )


def _both_ways(decisions: pl.DataFrame) -> pl.DataFrame:
    """line_id, other, account_code, verdict, decided_by: each decision, and again from the side of what it names."""
    facts = ["account_code", "verdict", "decided_by"]
    one = decisions.select("line_id", *facts, other="item_id")
    back = decisions.drop_nulls("item_id").select(*facts, line_id="item_id", other="line_id")
    return pl.concat([one, back.select(one.columns)])


def without_declined(outcome: Outcome, asked: Inputs) -> Outcome:
    """The outcome without matches of what was declined, should the engine find one again: their lines stay open."""
    declined = _both_ways(asked.decisions).filter(pl.col("verdict") == "decline")
    pairs = outcome.allocations.with_columns(other=pl.col("other_line_id").fill_null(pl.col("item_id")))
    told = pairs.join(declined.drop_nulls("other").drop("account_code"), on=["line_id", "other"])
    coded = pairs.join(declined.drop_nulls("account_code").drop("other"), on=["line_id", "account_code"])
    columns = ["match_id", "line_id", "other_line_id", "decided_by"]
    wrong = pl.concat([told.select(columns), coded.select(columns)])
    if wrong.is_empty():
        return outcome
    kept, matches, explanations = (
        frame.join(wrong, on="match_id", how="anti", maintain_order="left")
        for frame in (outcome.allocations, outcome.matches, outcome.explanations)
    )
    waiting = _waiting(wrong, [kept, asked.standing, outcome.exceptions.with_columns(other_line_id="line_id")])
    exceptions = pl.concat([outcome.exceptions, waiting]).sort("line_id")
    return replace(outcome, matches=matches, allocations=kept, explanations=explanations, exceptions=exceptions)


def _waiting(wrong: pl.DataFrame, elsewhere: list[pl.DataFrame]) -> pl.DataFrame:
    """Exceptions (schemas.EXCEPTIONS) of lines whose match was taken out, and that are nowhere else."""
    both = pl.concat(
        [
            wrong.select("line_id", "decided_by"),
            wrong.select("decided_by", line_id="other_line_id").select("line_id", "decided_by"),
        ]
    ).drop_nulls("line_id")
    taken = pl.concat([series for frame in elsewhere for series in (frame["line_id"], frame["other_line_id"])])
    free = both.filter(~pl.col("line_id").is_in(taken.drop_nulls().unique().implode()))
    words = (
        pl.when(pl.col("decided_by") == BY_BALANCE)
        .then(pl.lit("It looks like another line told twice, but the bank's own balance counts both."))
        .when(pl.col("decided_by") == BY_FOLD)
        .then(pl.lit("It looks like part of another line's story, but the two do not come out."))
        .otherwise(pl.lit("What was found for it was declined by a person."))
    )
    said = free.unique("line_id", keep="first", maintain_order=True).with_columns(
        reason=pl.lit("declined"), words=words, suggestions=pl.lit("[]")
    )
    return said.select(schemas.EXCEPTIONS.names)


def counted_twice(standing: pl.DataFrame, refuted: pl.DataFrame) -> pl.DataFrame:
    """Matches of lines with others that they only seem to repeat (line_id, other_line_id), RETRACTION_SCHEMA."""
    wrong = standing.filter(pl.col("relation") == DUPLICATE).join(refuted, on=["line_id", "other_line_id"], how="semi")
    return _one_reason(
        wrong.with_columns(reason=pl.lit("the bank's own balance counts the line and the one it repeats"))
    )


def contradicted(opening: Opening, here: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Matches of the month that no longer hold, with the reason (RETRACTION_SCHEMA).

    opening: with the items that standing matches opened. past: standing allocations of past lines.
    """
    lines = pl.concat([opening.lines, opening.past]).select(
        "line_id", now_on="booked_on", now_minor="amount_minor", now_functional="functional_minor"
    )
    items = opening.items.select(
        "item_id",
        now_total_minor="total_minor",
        now_tax_minor="tax_minor",
        now_open_minor="open_minor",
        now_functional_minor="open_functional_minor",
    )
    sums = (
        settles(here)
        .group_by("item_id")
        .agg(
            settled_together=pl.col("item_amount_minor").sum(),
            functional_together=pl.col("item_functional_minor").sum(),
        )
    )
    other = lines.select(other_line_id="line_id", other_now_on="now_on", other_now_minor="now_minor")
    seen = (
        here.join(lines, on="line_id", how="left")
        .join(other, on="other_line_id", how="left")
        .join(items, on="item_id", how="left")
        .join(sums, on="item_id", how="left")
    )
    changed = seen.with_columns(reason=_what_changed()).filter(pl.col("reason").is_not_null())
    given_back = not_given_back(here, pl.concat([here, past]))
    return _one_reason(
        pl.concat([changed.select(RETRACTION_SCHEMA.names()), given_back.select(RETRACTION_SCHEMA.names())])
    )


def not_given_back(returns: pl.DataFrame, originals: pl.DataFrame) -> pl.DataFrame:
    """Matches among `returns` that give back what their original does not settle (any more), RETRACTION_SCHEMA.

    originals: standing allocations, those of the original lines among them.
    """
    given = returns.filter(
        pl.col("relation") == RETURNED, pl.col("item_id").is_not_null() | pl.col("account_code").is_not_null()
    )
    if given.is_empty():
        return pl.DataFrame(schema=RETRACTION_SCHEMA)
    match = ["match_id", "version", "other_line_id"]
    sums = pl.col("amount_minor", "item_amount_minor", "item_functional_minor").sum()
    here = given.group_by(*match, *_GIVEN_BACK).agg(sums)
    taken = (
        originals.filter(pl.col("relation").is_null())
        .group_by("line_id", *_GIVEN_BACK)
        .agg(sums)
        .rename({"line_id": "other_line_id"})
    )
    expected = given.select(match).unique().join(taken, on="other_line_id")
    both = here.join(expected, on=[*match, *_GIVEN_BACK], how="full", coalesce=True, nulls_equal=True, suffix="_taken")
    apart = pl.any_horizontal(
        (pl.col(name) != -pl.col(f"{name}_taken")).fill_null(True)
        for name in ("amount_minor", "item_amount_minor", "item_functional_minor")
    )
    reason = pl.lit("what the payment that came back had settled is settled otherwise now")
    return _one_reason(both.filter(apart).with_columns(reason=reason))


def orphaned(kept: Kept, standing: Standing, new: pl.DataFrame) -> pl.DataFrame:
    """Returned payments of later months whose original, of this month, no longer settles what they give back."""
    here = kept.later.join(standing.here.select(other_line_id="line_id"), on="other_line_id", how="semi")
    return not_given_back(here, pl.concat([kept.here, new]))


def as_engine_standing(kept: Kept, new: pl.DataFrame, past: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Standing matches as the engine reads them (schemas.STANDING).

    What a person confirmed stands as tier 0, which nothing takes an item from. Past lines are held, what they settled
    is none of the month's. An item that a match opened is open already; the original of a line that gives it back or
    repeats it is held by its own match, if it has one.
    """
    rows = pl.concat([kept.here, claims(kept.later), new])
    confirmed = _both_ways(decisions).filter(pl.col("verdict") == "confirm").select("line_id").unique()
    protected = rows.join(confirmed, on="line_id", how="semi").select("match_id").unique()
    shaped = rows.join(protected.with_columns(by_person=True), on="match_id", how="left").select(
        "match_id",
        tier=pl.when(pl.col("by_person").fill_null(False)).then(0).otherwise("tier").cast(pl.Int16),
        line_id="line_id",
        item_id=pl.when(pl.col("relation").is_null()).then("item_id"),
        other_line_id=pl.when(pl.col("relation").is_in(HOLDING_RELATIONS)).then("other_line_id"),
        item_amount_minor=pl.when(pl.col("relation").is_null()).then("item_amount_minor"),
    )
    held = past.select(
        "match_id", "tier", "line_id", pl.lit(None, pl.String).alias("item_id"),
        pl.when(pl.col("relation").is_in(HOLDING_RELATIONS)).then("other_line_id").alias("other_line_id"),
        pl.lit(None, pl.Int64).alias("item_amount_minor"),
    )  # fmt: skip
    return pl.concat([shaped, held]).select(schemas.STANDING.names)


def taken_over(retractions: pl.DataFrame, kept: Kept) -> pl.DataFrame:
    """Standing matches that stronger evidence contradicts, as the engine names them (RETRACTION_SCHEMA)."""
    versions = kept.standing.select("match_id", "version").unique()
    return retractions.join(versions, on="match_id").select(RETRACTION_SCHEMA.names()).sort("match_id")


def _one_reason(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per match, with the first of its reasons."""
    return (
        rows.select(RETRACTION_SCHEMA.names())
        .cast(RETRACTION_SCHEMA)
        .sort("match_id", "reason")
        .unique(["match_id", "version"], keep="first", maintain_order=True)
    )


def _what_changed() -> pl.Expr:
    """Why an allocation beside the facts of its lines and item as they are now no longer holds; null while it does.

    The day counts as the amount does: a settlement is posted on it, at its rate.
    """
    has_other = pl.col("other_line_id").is_not_null()
    is_duplicate = pl.col("relation") == DUPLICATE
    on_account = pl.col("relation") == ON_ACCOUNT
    carried = proportion(pl.col("now_functional"), pl.col("amount_minor"), pl.col("line_amount_minor"))
    by_item = (
        pl.when(pl.col("relation").is_null() & pl.col("item_id").is_not_null())
        .then(_what_changed_of_item())
        .when(on_account & (carried.ne_missing(pl.col("item_functional_minor"))))
        .then(pl.lit("the carrying amount of what was paid on account changed"))
    )
    return (
        pl.when(pl.col("now_minor").is_null())
        .then(pl.lit("a line that it rests on no longer exists"))
        .when(pl.col("now_minor") != pl.col("line_amount_minor"))
        .then(pl.lit("the amount of its line changed"))
        .when(pl.col("now_on") != pl.col("line_on"))
        .then(pl.lit("the day of its line changed"))
        .when(has_other & pl.col("other_now_minor").is_null())
        .then(pl.lit("the other line that it rests on no longer exists"))
        .when(has_other & (pl.col("other_now_minor") != pl.col("other_line_amount_minor")))
        .then(
            pl.when(is_duplicate)
            .then(pl.lit("the amount of the line that it repeats changed"))
            .otherwise(pl.lit("the amount of the other line changed"))
        )
        .when(has_other & (pl.col("other_now_on") != pl.col("other_line_on")))
        .then(pl.lit("the day of the other line changed"))
        .otherwise(by_item)
    )


def _what_changed_of_item() -> pl.Expr:
    """The same of what settles an item.

    An item that is settled in full takes its whole carrying amount with it: a document whose rate was corrected would
    else leave a rest in the control account for which no item is open.
    """
    overdrawn = pl.col("settled_together").abs() > pl.col("now_open_minor").abs()
    in_full = pl.col("settled_together") == pl.col("now_open_minor")
    carried_otherwise = pl.col("functional_together") != pl.col("now_functional_minor")
    retaxed = (pl.col("role") == "discount") & pl.col("now_tax_minor").ne_missing(pl.col("item_tax_minor"))
    return (
        pl.when(pl.col("now_total_minor").is_null())
        .then(pl.lit("an item that it settles no longer exists or is settled elsewhere"))
        .when(pl.col("now_total_minor") != pl.col("item_total_minor"))
        .then(pl.lit("the amount of an item that it settles changed"))
        .when(overdrawn)
        .then(pl.lit("an item that it settles has less open than it takes"))
        .when(in_full & carried_otherwise)
        .then(pl.lit("the carrying amount of an item that it settles changed"))
        .when(retaxed)
        .then(pl.lit("the tax in an item with a discount changed"))
    )
