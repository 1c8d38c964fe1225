"""Whether what one pass over the tiers found can matter to a line that is left.

A pass finds nothing that the one before did not find, unless something has gone from where it looks: an item that a
line names or its party has, an amount that two had in common, another line that wanted the same. Where nothing of the
kind has, another pass is spared.

Here: what two lines, or a line and an item, have in common wherever any step looks. Too much is harmless, a pass for
nothing; too little would leave found what the next run finds. Not here: any rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.pool import Pool
from finance_pipeline.matching.references import SHORTHAND, Named

_FEW_PARTS = 4
"""More lines than such a part of those left always leave some that they have something in common with."""


@dataclass(frozen=True)
class Passed:
    """One pass: the pool before and after, what was refused after each step, what its lines name."""

    before: Pool
    after: Pool
    refused: Iterable[pl.DataFrame]
    named: Named

    def gone(self) -> pl.DataFrame:
        """Lines that were matched."""
        return places.without(self.before.lines, self.after.lines, "l")

    def changed(self) -> pl.DataFrame:
        """Items of which something was settled, as they were, with what is `left` of them; 0 for nothing."""
        size = places.size_of(self.before.items["i"], self.after.items["i"])
        now = places.sums(self.after.items["i"], self.after.items["amount"], size).to_numpy()
        left = pl.Series("left", now[self.before.items["i"].to_numpy()])
        return self.before.items.with_columns(left).filter(left != self.before.items["amount"])


@dataclass(frozen=True)
class Special:
    """What is compared by more than names, parties and amounts."""

    transfers: pl.DataFrame
    """l of lines that say they are transfers."""
    returning: pl.DataFrame
    """l of lines that may give a payment back: they show the ids of others."""
    advised: pl.DataFrame
    """l of lines of an advice's total: it names documents that the line does not."""
    members: pl.DataFrame
    """groups.GROUPS."""
    named_groups: pl.DataFrame
    """l, g of groups that lines name."""


def matters(passed: Passed, specially: Callable[[], Special]) -> bool:
    """Whether a line that is left may be matched now, or refused, as it was not in this pass. specially: gives what is
    compared by more than names, which is only worked out where most lines are left."""
    after = passed.after
    if (passed.before.lines.height - after.lines.height) * _FEW_PARTS > after.lines.height:
        return True
    gone, special = passed.gone(), specially()
    if places.having(gone, special.transfers, "l").height:
        return True
    with_id = gone["end_to_end_id"].null_count() < gone.height or places.having(gone, special.returning, "l").height
    if with_id and places.having(after.lines, special.returning, "l").height:
        return True
    changed = passed.changed()
    grouped = (
        places.having(special.members, changed, "i").height
        or places.having(special.named_groups, gone, "l").height
        or places.having(after.lines, special.advised, "l").height
    )
    processed = changed["processor_account"].null_count() < changed.height or (changed["kind"] == "payout").any()
    if grouped or processed or len(after.fetched) != len(passed.before.fetched):
        return True
    return _contested(passed, gone, changed) or _named(passed, gone, changed) or _alike(passed, gone, changed)


def _contested(passed: Passed, gone: pl.DataFrame, changed: pl.DataFrame) -> bool:
    """Something that has gone was refused to a line, or took part in a choice that was; or an item was settled in more
    than one step, and stood at an amount in between."""
    if any(places.having(refused, gone, "l").height for refused in passed.refused):
        return True
    refused = passed.after.refused
    others = refused.select(l="other_l").drop_nulls()
    found = passed.after.pairs.slice(passed.before.pairs.height)
    settled = found.filter(pl.col("item_amount") != 0).drop_nulls("i")
    by_item = places.having(refused.drop_nulls("i"), changed, "i").height
    return bool(by_item or places.having(others, gone, "l").height or places.contested(settled).height)


def _named(passed: Passed, gone: pl.DataFrame, changed: pl.DataFrame) -> bool:
    """A line that is left names what has changed, or what a line names that has gone."""
    hits = passed.named.hits
    touched = pl.concat([changed[["i"]], places.having(hits, gone, "l")[["i"]]])
    return places.having(places.having(hits, passed.after.lines, "l"), touched, "i").height > 0


def _alike(passed: Passed, gone: pl.DataFrame, changed: pl.DataFrame) -> bool:
    """A line that is left, or a document that it names, is of the party, name or amount of what has gone."""
    after, lines = passed.after, passed.after.lines
    whose = [changed["party"], changed["party_key"], gone["name"], gone["line_parties"].explode()]
    parties = pl.concat([column.cast(pl.String) for column in whose]).drop_nulls().unique().implode()
    sizes = [changed["amount"], changed["left"], gone["amount"], gone["original_amount"]]
    amounts = pl.concat(sizes).drop_nulls().abs().unique()
    amounts = amounts.filter(amounts != 0).implode()
    sure = after.named(passed.named.hits, SHORTHAND, refused_too=True).filter(~pl.col("stranger") & ~pl.col("foreign"))
    said = places.sums(sure["l"], sure["item_amount"], places.size_of(sure["l"], lines["l"])).to_numpy()
    missing = lines["amount"] - pl.Series(said[lines["l"].to_numpy()])
    own = pl.concat([lines["name"].cast(pl.String), lines["line_parties"].explode().cast(pl.String)])
    theirs = pl.concat([lines["amount"], lines["original_amount"], missing]).drop_nulls().abs()
    if own.drop_nulls().is_in(parties).any() or theirs.is_in(amounts).any():
        return True
    facts = after.items[["i", "party", "party_key", "amount"]]
    named = places.met(places.having(passed.named.hits, lines, "l")[["l", "i"]], facts, "i")
    of_items = pl.concat([named["party"].cast(pl.String), named["party_key"].cast(pl.String)]).drop_nulls()
    return bool(of_items.is_in(parties).any() or named["amount"].abs().is_in(amounts).any())
