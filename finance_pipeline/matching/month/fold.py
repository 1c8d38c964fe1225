"""The fold: one month from the month before.

A month starts from what was open, adds its own lines and items, keeps the matches that stand, and asks the engine
about the rest. Opening + movement = closing, by construction. A standing match stays unless what it rests on changed;
then it is retracted with the reason, and its lines and items are matched again.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.core.identity import content_hash, digest
from finance_pipeline.core.period import Month
from finance_pipeline.matching import engine
from finance_pipeline.matching.month.candidates import ITEM_SCHEMA

ALLOCATION_SCHEMA = pl.Schema(
    {
        "match_id": pl.String,
        "version": pl.Int32,
        "month": pl.String,
        "tier": pl.Int16,
        "line_id": pl.String,
        "line_amount_minor": pl.Int64,
        "item_id": pl.String,
        "item_total_minor": pl.Int64,
        "item_amount_minor": pl.Int64,
        "item_functional_minor": pl.Int64,
        "other_line_id": pl.String,
        "amount_minor": pl.Int64,
    }
)
RETRACTION_SCHEMA = pl.Schema({"match_id": pl.String, "version": pl.Int32, "reason": pl.String})


@dataclass(frozen=True)
class Opening:
    """What a month works on: LINE_SCHEMA lines without a counterpart and ITEM_SCHEMA items, carried and new."""

    lines: pl.DataFrame
    items: pl.DataFrame


@dataclass(frozen=True)
class Standing:
    """Standing matches of a book, as allocations (ALLOCATION_SCHEMA), split by the month that is folded."""

    here: pl.DataFrame
    later: pl.DataFrame


@dataclass(frozen=True)
class Kept:
    """The standing matches that still hold, of this month and of later ones, and those that do not."""

    here: pl.DataFrame
    later: pl.DataFrame
    retractions: pl.DataFrame

    @property
    def standing(self) -> pl.DataFrame:
        return pl.concat([self.here, self.later])

    def without(self, more: pl.DataFrame) -> Kept:
        """The same less some more retractions (RETRACTION_SCHEMA)."""
        gone = pl.concat([self.retractions, more])
        identity = ["match_id", "version"]
        return Kept(self.here.join(gone, on=identity, how="anti"), self.later.join(gone, on=identity, how="anti"), gone)


@dataclass(frozen=True)
class Accepted:
    """New matches of a month, ready to publish but for their versions."""

    matches: pl.DataFrame
    """match_id, book, month, tier, rule, rule_version, confidence, matched_on, words, evidence."""
    allocations: pl.DataFrame
    """Columns of recon.allocation less version."""


@dataclass(frozen=True)
class Closing:
    """What the next month starts from, and a digest of it."""

    open_lines: pl.DataFrame
    open_items: pl.DataFrame
    digest: str


def open_month(
    lines: pl.DataFrame,
    carried_items: pl.DataFrame,
    new_items: pl.DataFrame,
    settled: pl.DataFrame,
    later_items: pl.DataFrame,
) -> Opening:
    """Everything a month works on. settled: what the accounting system itself recorded as paid this month.

    later_items: documents of later months that are among what it settles. Until such a document's own month its item is
    what was paid in advance, open with the other sign; then the two are one item again.
    """
    advances = carried_items.select("item_id", more_minor="open_minor", more_functional_minor="open_functional_minor")
    documents = _increased(pl.concat([new_items, later_items]), advances)
    carried = carried_items.join(documents, on="item_id", how="anti", maintain_order="left")
    items = _settle(pl.concat([carried, documents]), settled)
    not_yet = later_items.select(
        "item_id", more_minor=-pl.col("open_minor"), more_functional_minor=-pl.col("open_functional_minor")
    )
    return Opening(lines, _increased(items, not_yet).filter(pl.col("open_minor") != 0))


def _increased(items: pl.DataFrame, by: pl.DataFrame) -> pl.DataFrame:
    """Items with more open: item_id, more_minor, more_functional_minor."""
    joined = items.join(by, on="item_id", how="left", maintain_order="left")
    return joined.with_columns(
        open_minor=pl.col("open_minor") + pl.col("more_minor").fill_null(0),
        open_functional_minor=pl.col("open_functional_minor") + pl.col("more_functional_minor").fill_null(0),
    ).select(ITEM_SCHEMA.names())


def keep_standing(opening: Opening, standing: Standing) -> Kept:
    """The matches that still hold; of this month's, those whose inputs changed are retracted with the reason."""
    return Kept(standing.here, standing.later, pl.DataFrame(schema=RETRACTION_SCHEMA)).without(
        _contradicted(opening, standing.here)
    )


def taken_over(retractions: pl.DataFrame, kept: Kept) -> pl.DataFrame:
    """Standing matches that stronger evidence contradicts, as the engine names them (RETRACTION_SCHEMA)."""
    versions = kept.standing.select("match_id", "version").unique()
    return retractions.join(versions, on="match_id").select(RETRACTION_SCHEMA.names()).sort("match_id")


def accept(outcome: engine.Outcome, opening: Opening, kept: Kept, month: Month) -> Accepted:
    """The engine's new matches with what the database and the ledger need to know of both sides.

    The carrying amount that an allocation settles is what is left of the item's when it settles all of it, else the
    proportional part; of several in one month the one that brings the item to zero takes the remainder.
    """
    allocations = _with_sides(outcome.allocations, opening, kept)
    days = allocations.group_by("match_id").agg(day=pl.max_horizontal("line_on", "other_line_on", "item_on").max())
    matches = (
        outcome.matches.join(outcome.explanations, on="match_id")
        .join(days, on="match_id")
        .with_columns(month=pl.lit(str(month)), matched_on=pl.max_horizontal(pl.col("day"), pl.lit(month.first_day)))
        .drop("status", "day")
        .sort("match_id")
    )
    return Accepted(matches, allocations.drop("item_on"))


def _with_sides(allocations: pl.DataFrame, opening: Opening, kept: Kept) -> pl.DataFrame:
    """Allocations beside the facts of their line and item, numbered within each match."""
    lines = opening.lines.select(
        "line_id",
        "book",
        "evidence_hash",
        line_kind="kind",
        line_account="account_id",
        line_on="booked_on",
        line_currency="currency",
        line_amount_minor="amount_minor",
    )
    items = _settle(opening.items, _settled_by(kept.standing)).select(
        "item_id",
        "open_minor",
        "open_functional_minor",
        item_kind="kind",
        item_total_minor="total_minor",
        item_on="issued_on",
    )
    joined = (
        allocations.drop("currency", "account_code")
        .join(lines, on="line_id")
        .join(lines.select(other_line_id="line_id", other_line_on="line_on"), on="other_line_id", how="left")
        .join(items, on="item_id", how="left")
        .sort("match_id", "line_id", "item_id", "other_line_id", "role", "amount_minor")
        .with_columns(ordinal=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("match_id"))
    )
    return _with_carrying_amounts(joined).drop("open_minor", "open_functional_minor")


def close_month(opening: Opening, standing: pl.DataFrame) -> Closing:
    """What is open at the month's end, after its standing and new matches (ALLOCATION_SCHEMA)."""
    done = pl.concat([standing["line_id"], standing["other_line_id"].drop_nulls()]).unique()
    open_lines = opening.lines.filter(~pl.col("line_id").is_in(done.implode())).sort("line_id")
    open_items = _settle(opening.items, _settled_by(standing)).filter(pl.col("open_minor") != 0).sort("item_id")
    fingerprint = digest(
        content_hash(open_lines.select("line_id", "amount_minor", "evidence_hash").write_csv().encode()),
        content_hash(
            open_items.select("item_id", "open_minor", "open_functional_minor", "evidence_hash").write_csv().encode()
        ),
    )
    return Closing(open_lines, open_items, fingerprint)


def described(exceptions: pl.DataFrame, opening: Opening) -> pl.DataFrame:
    """The engine's exceptions beside the facts of their lines."""
    facts = opening.lines.select("line_id", "book", "booked_on", "currency", "amount_minor", account="account_id")
    return exceptions.join(facts, on="line_id").sort("line_id")


def as_engine_items(items: pl.DataFrame) -> pl.DataFrame:
    """Items as the engine reads them: their open amount is the amount. What was paid in advance waits for no line."""
    waiting = items.filter(pl.col("open_minor").sign() == pl.col("total_minor").sign())
    return waiting.with_columns(amount_minor=pl.col("open_minor"))


def _with_carrying_amounts(allocations: pl.DataFrame) -> pl.DataFrame:
    """item_functional_minor of allocations that carry open_minor and open_functional_minor of their item."""
    order = ["item_id", "line_on", "match_id", "ordinal"]
    share = _proportion(pl.col("open_functional_minor"), pl.col("item_amount_minor"), pl.col("open_minor"))
    spread = allocations.sort(order).with_columns(
        share=share, running=pl.col("item_amount_minor").cum_sum().over("item_id")
    )
    before = pl.col("share").cum_sum().over("item_id") - pl.col("share")
    return (
        spread.with_columns(
            item_functional_minor=pl.when(pl.col("running") == pl.col("open_minor"))
            .then(pl.col("open_functional_minor") - before)
            .otherwise(pl.col("share"))
        )
        .drop("share", "running")
        .sort("match_id", "ordinal")
    )


def _proportion(whole: pl.Expr, part: pl.Expr, of: pl.Expr) -> pl.Expr:
    """whole x part / of in integers, rounded half away from zero; of shares the sign of part."""
    wide = pl.Int128
    twice = 2 * whole.abs().cast(wide) * part.abs().cast(wide) + of.abs().cast(wide)
    return (twice // (2 * of.abs().cast(wide))).cast(pl.Int64) * whole.sign()


def _settled_by(allocations: pl.DataFrame) -> pl.DataFrame:
    """One row per item: what allocations settle of it, in its own currency and at its carrying amount."""
    return (
        allocations.filter(pl.col("item_id").is_not_null())
        .group_by("item_id")
        .agg(
            settled_minor=pl.col("item_amount_minor").sum(),
            settled_functional_minor=pl.col("item_functional_minor").sum(),
        )
    )


def _settle(items: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """Items less what settles them; without a stated carrying amount, the proportional part of it."""
    joined = items.join(settled, on="item_id", how="left", maintain_order="left").with_columns(
        pl.col("settled_minor").fill_null(0)
    )
    proportional = _proportion(pl.col("open_functional_minor"), pl.col("settled_minor"), pl.col("open_minor"))
    functional = (
        pl.when(pl.col("settled_minor") == 0)
        .then(0)
        .otherwise(
            pl.col("settled_functional_minor") if "settled_functional_minor" in settled.columns else proportional
        )
    )
    return joined.with_columns(
        open_minor=pl.col("open_minor") - pl.col("settled_minor"),
        open_functional_minor=pl.col("open_functional_minor") - functional,
    ).select(ITEM_SCHEMA.names())


def _contradicted(opening: Opening, here: pl.DataFrame) -> pl.DataFrame:
    """Standing matches of the month whose lines or items are not what they were, with the reason."""
    lines = opening.lines.select("line_id", now_minor="amount_minor")
    items = opening.items.select(
        "item_id",
        now_total_minor="total_minor",
        now_open_minor="open_minor",
        now_functional_minor="open_functional_minor",
    )
    seen = (
        here.join(lines, on="line_id", how="left")
        .join(
            lines.rename({"line_id": "other_line_id", "now_minor": "other_now_minor"}), on="other_line_id", how="left"
        )
        .join(items, on="item_id", how="left")
        .with_columns(
            settled_together=pl.col("item_amount_minor").sum().over("item_id"),
            functional_together=pl.col("item_functional_minor").sum().over("item_id"),
        )
    )
    return (
        seen.with_columns(reason=_what_changed())
        .filter(pl.col("reason").is_not_null())
        .sort("match_id", "reason")
        .unique(["match_id", "version"], keep="first", maintain_order=True)
        .select(RETRACTION_SCHEMA.names())
    )


def _what_changed() -> pl.Expr:
    """Why an allocation beside the facts of its line and item as they are now no longer holds; null while it does.

    An item that is settled in full takes its whole carrying amount with it: a document whose rate was corrected would
    else leave a rest in the control account for which no item is open.
    """
    is_item = pl.col("item_id").is_not_null()
    overdrawn = pl.col("settled_together").abs() > pl.col("now_open_minor").abs()
    in_full = pl.col("settled_together") == pl.col("now_open_minor")
    carried_otherwise = pl.col("functional_together") != pl.col("now_functional_minor")
    return (
        pl.when(pl.col("now_minor").is_null())
        .then(pl.lit("a line that it rests on no longer exists"))
        .when(pl.col("now_minor") != pl.col("line_amount_minor"))
        .then(pl.lit("the amount of its line changed"))
        .when(pl.col("other_line_id").is_not_null() & pl.col("other_now_minor").is_null())
        .then(pl.lit("the other line that it rests on no longer exists"))
        .when(pl.col("other_line_id").is_not_null() & (pl.col("other_now_minor") != -pl.col("line_amount_minor")))
        .then(pl.lit("the amount of the other line changed"))
        .when(is_item & pl.col("now_total_minor").is_null())
        .then(pl.lit("an item that it settles no longer exists or is settled elsewhere"))
        .when(is_item & (pl.col("now_total_minor") != pl.col("item_total_minor")))
        .then(pl.lit("the amount of an item that it settles changed"))
        .when(is_item & overdrawn)
        .then(pl.lit("an item that it settles has less open than it takes"))
        .when(is_item & in_full & carried_otherwise)
        .then(pl.lit("the carrying amount of an item that it settles changed"))
    )
