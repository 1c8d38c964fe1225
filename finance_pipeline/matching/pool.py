"""What is still free: the lines without a match and what is left open of each item, as steps take from them.

Here: the engine's working frames (numbers l and i for lines and items), candidate pairs, taking. Not here: rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.terms import discount_minor
from finance_pipeline.matching.text import folded

PAIRS = pl.Schema(
    {
        "l": pl.UInt32,
        "i": pl.UInt32,
        "other_l": pl.UInt32,
        "tier": pl.Int16,
        "rule": pl.String,
        "amount": pl.Int64,
        "item_amount": pl.Int64,
        "role": pl.String,
        "token": pl.String,
        "field": pl.String,
        "account_code": pl.String,
    }
)
"""One row per allocation found; l names its match, since every match has one first line."""
REFUSED = pl.Schema({"l": pl.UInt32, "i": pl.UInt32, "other_l": pl.UInt32, "why": pl.String})
"""One row per line and item (or other line) that fit, but not alone."""
RECORDED = ("recorded_receipt", "recorded_payment")
"""Kinds of items that are payments recorded in the accounting system, waiting for their bank line."""
AGAIN = "feed_duplicate"
"""The rule of a line that tells what another told already; the other is free to be matched."""
SEVERAL, DIFFERS, LATE, SETTLED = "several_solutions", "amount_differs", "long_after_due", "already_settled"
CHANCE, LATE_DISCOUNT, TOO_MANY = "could_be_chance", "discount_late", "too_many_items"


@dataclass(frozen=True)
class Found:
    """What one step found, and what it had to refuse."""

    pairs: pl.DataFrame
    refused: pl.DataFrame


@dataclass(frozen=True)
class Pool:
    """Free lines, open items, and what was found so far. lines, items: as `engine` prepares them."""

    lines: pl.DataFrame
    items: pl.DataFrame
    declined: pl.DataFrame
    """l, i that a person declined."""
    declined_legs: pl.DataFrame
    """l, other_l that a person declined."""
    pairs: pl.DataFrame
    refused: pl.DataFrame
    policy: Policy
    unreached: pl.DataFrame = field(default_factory=pl.DataFrame)
    """Further open items, which no line was found to reach at first (reach)."""
    fetched: pl.Series = field(default_factory=lambda: pl.Series("i", dtype=pl.UInt32))
    """i of those of them that a step reached since."""
    kept: dict[int, _Kept] = field(default_factory=dict, repr=False, compare=False)
    """The candidates last worked out of all hits (`named`), handed on from pool to pool."""

    worked_out: dict[str, tuple[object, pl.DataFrame]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What was worked out of just this pool and something else, by name."""

    def once(self, name: str, of: object, work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """What some work on just this pool and something else gives, done once however many steps ask for it."""
        known = self.worked_out.get(name)
        if known is None or known[0] is not of:
            known = self.worked_out[name] = of, work()
        return known[1]

    def reaching(self, asked: Callable[[pl.DataFrame], pl.Series]) -> Pool:
        """The pool with those of the unreached items among its own for which an answer by row is yes."""
        if self.unreached.is_empty():
            return self
        wanted = asked(self.unreached)
        if len(self.fetched):
            wanted &= ~places.among(self.unreached["i"], self.fetched)
        if not wanted.any():
            return self
        more = self.unreached.filter(wanted)
        items, fetched = pl.concat([self.items, more]).sort("i"), pl.concat([self.fetched, more["i"]])
        return replace(self, items=items, fetched=fetched)

    def take(self, found: Found) -> Pool:
        """The pool without what a step found. Lines that a step refused stay, but no later step may match them."""
        if found.pairs.is_empty():
            return replace(self, refused=pl.concat([self.refused, found.refused])) if found.refused.height else self
        found, items = self._settled(found)
        done = found.pairs[["l"]]
        if found.pairs["other_l"].null_count() < found.pairs.height:
            others = found.pairs.filter(pl.col("rule") != AGAIN).select(l="other_l").drop_nulls()
            done = pl.concat([done, others])
        refused = places.without(found.refused, done, "l")
        return replace(
            self,
            lines=places.without(self.lines, done, "l"),
            items=items,
            pairs=pl.concat([self.pairs, found.pairs]),
            refused=pl.concat([self.refused, refused]) if refused.height else self.refused,
        )

    def _settled(self, found: Found) -> tuple[Found, pl.DataFrame]:
        """What was found, and the items less that. Lines that together would take more of an item than is open are
        refused instead: which of them is meant nobody can tell."""
        settled = found.pairs[["l", "i", "item_amount"]]
        if settled["i"].null_count():
            settled = settled.filter(settled["i"].is_not_null())
        if settled.is_empty():
            return found, self.items
        import numpy as np

        size, at = places.size_of(settled["i"], self.items["i"]), settled["i"].to_numpy()
        left = places.sums(self.items["i"], self.items["amount"], size).to_numpy()
        taken = places.sums(settled["i"], settled["item_amount"], size).to_numpy()
        over = (np.abs(taken) > np.abs(left)) | ((taken != 0) & (np.sign(taken) != np.sign(left)))
        if over.any():
            disputed = settled.filter(pl.Series(over[at]))
            kept = places.without(found.pairs, disputed, "l")
            refused = pl.concat([found.refused, refusal(disputed[["l", "i"]], SEVERAL)])
            return self._settled(Found(kept, refused))
        rest = (left - taken)[self.items["i"].to_numpy()]
        items = self.items.clone().replace_column(self.items.get_column_index("amount"), pl.Series("amount", rest))
        return found, places.filtered(items, pl.Series(rest != 0))

    @cached_property
    def open_lines(self) -> pl.DataFrame:
        """Free lines that no step has refused."""
        return places.without(self.lines, self.refused, "l")

    def candidates(self, hits: pl.DataFrame, early_days: int, *, refused_too: bool = False) -> pl.DataFrame:
        """hits (l, i, ...) that are free, not declined, and not dated after their money, with both sides' facts; of
        lines that no step has refused, or of all.

        Adds exact (the open amount agrees, in the line's currency or the one it was converted from), foreign,
        stranger (the payer is known, and is not the party of the item), and less (what its processor's fee or a
        discount in time leaves of the open amount; null where neither does).
        """
        lines = _line_facts(self.lines) if refused_too else self._line_facts
        joined = places.met(places.met(hits, lines, "l"), self._item_facts, "i")
        if self.declined.height:
            joined = places.without(joined, self.declined, "l", "i")
        if joined.is_empty():
            return joined.hstack(_NO_FACTS)
        in_time = pl.col("kind").is_in(RECORDED) | (early_days >= _EARLIER_DAYS)
        fits = places.kept(joined, in_time & self.eligible()).with_columns(_beside())
        if not fits["foreign"].any():
            return fits
        stated = fits.filter("foreign").with_columns(exact=_converted() | _stated(pl.col("memo")))
        return pl.concat([fits.filter(~pl.col("foreign")), stated])

    def named(self, hits: pl.DataFrame, strength: int, *, refused_too: bool = False) -> pl.DataFrame:
        """candidates of those hits (references.Named.hits) that name so surely at least (references.STRONG ... PART).

        Every step asks this again, and few lines and items have gone since: what was worked out is kept as long as they
        only grow fewer.
        """
        kept = self.kept.get(id(hits))
        frame = kept.left(self) if kept else None
        if frame is None:
            frame = self.candidates(hits, self.policy.early_days, refused_too=True)
        self.kept.clear()
        self.kept[id(hits)] = _Kept(hits, self.lines[["l"]], self.items[["i"]], frame)
        asked = frame["strength"] <= strength
        if not refused_too and self.refused.height:
            asked &= ~places.among(frame["l"], self.refused["l"])
        return places.filtered(frame, asked)

    @cached_property
    def _line_facts(self) -> pl.DataFrame:
        return _line_facts(self.open_lines)

    @cached_property
    def _item_facts(self) -> pl.DataFrame:
        """What candidates are told of their item."""
        return self.items.select(
            "i", "kind", "issued_on", "party", "account", "net", "discount_percent", "discount_until",
            item_amount="amount", item_currency="currency",
        )  # fmt: skip

    def eligible(self) -> pl.Expr:
        """Payouts arrive at banks; a payment recorded elsewhere is met on its account, within its days."""
        is_payout, is_recorded = pl.col("kind") == "payout", pl.col("kind").is_in(RECORDED)
        same_account = (pl.col("account") == pl.col("account_id")).fill_null(True)
        apart = (pl.col("booked_on") - pl.col("issued_on")).dt.total_days().abs()
        recorded_fits = same_account & (apart <= self.policy.recorded_days)
        return ~(is_payout & pl.col("on_processor")) & (~is_recorded | recorded_fits)


@dataclass(frozen=True)
class _Kept:
    """Candidates of some hits, refused ones too, of the lines and items that were there."""

    hits: pl.DataFrame
    lines: pl.DataFrame
    items: pl.DataFrame
    frame: pl.DataFrame

    def left(self, pool: Pool) -> pl.DataFrame | None:
        """Those of a later pool; None where it has lines or items that were not there, or one is paid in part now."""

        if self.lines.height < pool.lines.height or not places.among(pool.lines["l"], self.lines["l"]).all():
            return None
        if self.items.height < pool.items.height or not places.among(pool.items["i"], self.items["i"]).all():
            return None
        size, at = places.size_of(pool.items["i"], self.frame["i"]), self.frame["i"].to_numpy()
        open_now = places.sums(pool.items["i"], pool.items["amount"], size).to_numpy()[at]
        there = places.among(self.frame["l"], pool.lines["l"]).to_numpy() & (open_now != 0)
        if (there & (open_now != self.frame["item_amount"].to_numpy())).any():
            return None
        return places.filtered(self.frame, pl.Series(there))


_NO_FACTS = [
    *(pl.Series(name, [], pl.Boolean) for name in ("foreign", "exact", "stranger")),
    pl.Series("less", [], pl.Int64),
    pl.Series("less_role", [], pl.String),
]
"""What candidates are told besides their sides' facts, where there is none."""


_EARLIER_DAYS = (pl.col("issued_on") - pl.col("booked_on")).dt.total_days()


@cache
def _beside() -> list[pl.Expr]:
    """What candidates are told besides their sides' facts (Pool.candidates); what is stated of foreign ones apart."""
    other = ~pl.col("line_parties").list.contains(pl.col("party"))
    stranger = pl.col("party").is_not_null() & ~pl.col("hides_payer") & other
    role = pl.when(pl.col("net") != pl.col("item_amount")).then(pl.lit("fee")).otherwise(pl.lit("discount"))
    return [
        (pl.col("item_currency") != pl.col("line_currency")).alias("foreign"),
        (pl.col("item_amount") == pl.col("line_amount")).alias("exact"),
        stranger.fill_null(False).alias("stranger"),
        _less().alias("less"),
        role.alias("less_role"),
    ]


def _line_facts(lines: pl.DataFrame) -> pl.DataFrame:
    """What candidates are told of their line."""
    return lines.select(
        "l", "book", "booked_on", "account_id", "memo", "line_party", "line_parties", "on_processor", "hides_payer",
        "original_amount", "original_currency", line_amount="amount", line_currency="currency",
    )  # fmt: skip


def _less() -> pl.Expr:
    off = discount_minor(
        pl.col("item_amount"), pl.col("discount_percent"), pl.col("discount_until"), pl.col("booked_on")
    )
    discounted = pl.when(off != 0).then(pl.col("item_amount") - off)
    return pl.coalesce(pl.when(pl.col("net") != pl.col("item_amount")).then("net"), discounted)


def _converted() -> pl.Expr:
    """The bank states the item's currency and exact amount as those before its own conversion."""
    same_currency = pl.col("item_currency") == pl.col("original_currency")
    return (same_currency & (pl.col("item_amount") == pl.col("original_amount"))).fill_null(False)


def _stated(memo: pl.Expr) -> pl.Expr:
    """The memo states the item's currency and exact amount: 'EUR 1,234.56', '1.234,56 EUR'."""
    plain = " " + folded(memo).str.replace_all("([0-9])[.,']([0-9])", "$1$2").str.replace_all("[^A-Z0-9]+", " ") + " "
    number = pl.col("item_amount").abs().cast(pl.String)
    said = [" " + pl.col("item_currency") + gap + number + " " for gap in (pl.lit(" "), pl.lit(""))]
    said.append(" " + number + " " + pl.col("item_currency") + " ")
    same_sign = pl.col("item_amount").sign() == pl.col("line_amount").sign()
    return pl.any_horizontal(plain.str.contains(text, literal=True) for text in said).fill_null(False) & same_sign


def pairs_of(frame: pl.DataFrame, **values: object) -> pl.DataFrame:
    """Rows of PAIRS from a frame; given values (expressions or literals) override, the rest is null."""
    if frame.is_empty():
        return NOTHING.pairs
    given = {name: value if isinstance(value, pl.Expr) else pl.lit(value) for name, value in values.items()}
    return frame.select(
        given.get(name, pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in PAIRS.items()
    )


def refusal(frame: pl.DataFrame, why: str) -> pl.DataFrame:
    """Rows of REFUSED from l and i, or l and other_l."""
    if frame.is_empty():
        return NOTHING.refused
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(why if name == "why" else None)).cast(dtype).alias(name)
        for name, dtype in REFUSED.items()
    ).unique(maintain_order=True)


NOTHING = Found(pl.DataFrame(schema=PAIRS), pl.DataFrame(schema=REFUSED))
