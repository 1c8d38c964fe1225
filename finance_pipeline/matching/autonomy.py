"""Earned autonomy: what may be accepted without a person, by tier, party and amount, and what widens it.

Here: which matches are beyond the policy's limits, where one policy allows more than another, whether people's
decisions bear that out. Not here: finding matches (engine), and who may save a policy (services).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finance_pipeline.core.money import format_money
from finance_pipeline.matching.text import money_words, name_key

if TYPE_CHECKING:
    from finance_pipeline.matching.policy import Policy

LIMITED_ROLES = ("write_off", "fee", "discount", "fx")
"""Kinds of differences that a month has limits for."""
AUTOMATIC_TIERS = (0, 1, 2, 3, 4, 5, 6)
"""Tiers that can ever be accepted without a person."""
LEAST_CONFIRMED_COUNT = 20
"""Confirmed decisions, none declined since, that a wider limit rests on. With 20 of 20 right the chance of being wrong
is under 14 % at 95 % confidence: little, and each of them was beyond the limit, where a person looked."""
BEYOND = pl.Schema({"l": pl.UInt32, "words": pl.String, "suggestions": pl.String})
"""One row per line that needs a person. suggestions: JSON, as in schemas.EXCEPTIONS, of what was found: items (items,
other lines or account codes), why, tier, rule, and what the difference is, if it is one of confirmed.DIFFERENCES."""
DECIDED = pl.Schema(
    {
        "seq": pl.Int64,
        "verdict": pl.String,
        "tier": pl.Int16,
        "party_id": pl.String,
        "party_name": pl.String,
        "currency": pl.String,
    }
)
"""One row per decision about what the engine had found, in recorded order (seq)."""


@dataclass(frozen=True)
class Limit:
    """What it fits is accepted without a person up to an amount; of a list, the first limit that fits counts.

    What no limit fits is accepted whatever its amount.
    """

    up_to_minor: int
    """Greatest size of the lines of a match together; 0: never without a person."""
    tier: int | None = None
    """Evidence that it is about; None: all."""
    party: str | None = None
    """Id or name of a party; None: all."""
    currency: str | None = None
    """Currency of the line and of up_to_minor; None, for 0 only: all."""


@dataclass(frozen=True)
class MonthlyLimit:
    """What matches of one kind of difference may come to in a month without a person, by currency of the line."""

    role: str
    """One of LIMITED_ROLES."""
    up_to_minor: int
    """Greatest sum of a month, whatever its signs."""
    currency: str | None = None
    """None: each currency by itself, where no other limit names it."""


def beyond(
    pairs: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame, policy: Policy, match: str = "l"
) -> pl.DataFrame:
    """Lines whose match the policy does not accept without a person (BEYOND), sorted by l.

    pairs: pool.PAIRS (account_code may be missing), every allocation that was found. lines: l, line_id, currency,
    counterparty_name. items: i, item_id, party_id, party_name. match: the column of `pairs` that its allocations share.
    What a person confirmed (rule confirmed) is never beyond. One allocation beyond its limit takes its whole match
    along, which is as one judged by the size of its lines together.
    """
    if not policy.autonomy or pairs.is_empty():
        return pl.DataFrame(schema=BEYOND)
    judged = _judged(pairs.with_columns(match=pl.col(match)), lines, items)
    limited = judged.with_columns(limit=_limit_of(policy.autonomy)).filter(
        pl.col("rule") != "confirmed", pl.col("size") > pl.col("limit")
    )
    if limited.is_empty():
        return pl.DataFrame(schema=BEYOND)
    limits = limited.group_by("match").agg(pl.col("limit").min())
    whole = judged.join(limits, on="match").sort("match", "l", "label")
    found = whole.group_by("match", maintain_order=True).agg(
        pl.col("tier", "rule", "currency", "size", "limit").first(),
        items=pl.col("label").drop_nulls().unique(maintain_order=True),
        difference=pl.col("role").filter(pl.col("role").is_in(("discount", "fee", "write_off"))).first(),
    )
    priced = found.with_columns(
        money=money_words("size", "currency", found), most=money_words("limit", "currency", found)
    )
    why = pl.lit("found, but beyond what is accepted without a person")
    worded = priced.with_columns(words=_words(), why=why).select("match", "words", suggestions=_suggestion())
    return whole[["match", "l"]].unique().join(worded, on="match").select(BEYOND.names()).sort("l")


def _judged(pairs: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Allocations with what limits ask: size is that of the match; label names what it settles."""
    code = pl.col("account_code") if "account_code" in pairs.columns else pl.lit(None, pl.String)
    facts = lines.select("l", "line_id", "currency", printed="counterparty_name")
    joined = (
        pairs.with_columns(account_code=code)
        .join(facts, on="l", how="left", maintain_order="left")
        .join(facts.select(other_l="l", other_id="line_id"), on="other_l", how="left", maintain_order="left")
        .join(items[["i", "item_id", "party_id", "party_name"]], on="i", how="left", maintain_order="left")
    )
    return joined.select(
        "match", "l", "tier", "rule", "role", "currency",
        size=pl.col("amount").sum().over("match", "currency").abs(),
        party_id="party_id",
        party_name=pl.coalesce("party_name", "printed"),
        label=pl.coalesce("item_id", "other_id", "account_code"),
    )  # fmt: skip


def _limit_of(limits: Sequence[Limit]) -> pl.Expr:
    """The first limit that fits an allocation, null for none."""
    found = pl.lit(None, pl.Int64)
    for limit in reversed(limits):
        fits = pl.lit(True)
        if limit.tier is not None:
            fits &= pl.col("tier") == limit.tier
        if limit.party is not None:
            fits &= _is_of(limit.party)
        if limit.currency is not None:
            fits &= pl.col("currency") == limit.currency
        found = pl.when(fits).then(pl.lit(limit.up_to_minor, pl.Int64)).otherwise(found)
    return found


def _is_of(party: str) -> pl.Expr:
    """Whether party_id or party_name is what a limit calls a party."""
    same_name = name_key(pl.col("party_name")) == name_key(pl.lit(party))
    return (pl.col("party_id") == party).fill_null(False) | same_name.fill_null(False)


def _words() -> pl.Expr:
    what = pl.col("items").list.join(", ")
    how = pl.col("rule").str.replace_all("_", " ", literal=True)
    never = pl.format("{} fits (tier {}, {}), but such a match needs a person.", what, "tier", how)
    much = pl.format(
        "{} fits (tier {}, {}), but {} is more than the {} that is accepted without a person.",
        *(what, "tier", how, "money", "most"),
    )
    return pl.when(pl.col("limit") == 0).then(never).otherwise(much)


def _suggestion() -> pl.Expr:
    one = pl.struct("items", "why", "tier", "rule", "difference")
    return "[" + one.struct.json_encode() + "]"


@dataclass(frozen=True)
class Widening:
    """Where a policy accepts more than another without a person."""

    tier: int
    party: str | None
    """None: any that the limits don't name."""
    currency: str | None
    """None: any that the limits don't name."""
    before_minor: int | None
    """Greatest amount that was accepted; None: whatever it was."""
    after_minor: int | None

    def __str__(self) -> str:
        whose = f" of {self.party}" if self.party else ""
        return f"tier {self.tier}{whose}: {self._said(self.before_minor)} before, {self._said(self.after_minor)} after"

    def _said(self, minor: int | None) -> str:
        if minor is None:
            return "any amount"
        return f"up to {format_money(minor, self.currency)} {self.currency}" if minor and self.currency else "nothing"


def accepted_up_to(policy: Policy, tier: int, party: str | None, currency: str | None) -> int | None:
    """Greatest amount that a policy accepts without a person, 0 for none, None for any.

    party, currency: as a limit names it; None for one that no limit names.
    """
    if tier not in policy.tiers:
        return 0
    for limit in policy.autonomy:
        if limit.tier in (None, tier) and limit.party in (None, party) and limit.currency in (None, currency):
            return limit.up_to_minor
    return None


def widened(old: Policy, new: Policy) -> list[Widening]:
    """Where the new policy accepts more than the old. What holds for all parties or currencies is said once."""
    limits = (*old.autonomy, *new.autonomy)
    parties = _named(limit.party for limit in limits)
    currencies = _named(limit.currency for limit in limits)
    found: list[Widening] = []
    for tier in AUTOMATIC_TIERS:
        for party in parties:
            for currency in currencies:
                before, after = (accepted_up_to(policy, tier, party, currency) for policy in (old, new))
                wider = before is not None and (after is None or after > before)
                if wider and not any(_covers(known, tier, party, currency, before, after) for known in found):
                    found.append(Widening(tier, party, currency, before, after))
    return found


def _named(values: Iterable[str | None]) -> list[str | None]:
    return [None, *sorted({value for value in values if value is not None})]


def _covers(
    known: Widening, tier: int, party: str | None, currency: str | None, before: int | None, after: int | None
) -> bool:
    return (
        known.tier == tier
        and known.party in (None, party)
        and known.currency in (None, currency)
        and (known.before_minor, known.after_minor) == (before, after)
    )


def lacking(widenings: Sequence[Widening], decided: pl.DataFrame, least: int = LEAST_CONFIRMED_COUNT) -> list[str]:
    """What each widening lacks, in words; empty where people's decisions bear out all of them.

    decided: DECIDED. A widening rests on confirmed decisions of its tier (of its party and currency, where it names
    one), as many as `least`, counted since the last one that was declined.
    """
    said = []
    for each in widenings:
        mine = decided.filter(
            pl.col("tier") == each.tier,
            pl.lit(True) if each.party is None else _is_of(each.party),
            pl.lit(True) if each.currency is None else pl.col("currency") == each.currency,
        )
        declined = mine.filter(pl.col("verdict") == "decline")["seq"].max()
        since = mine.filter(pl.col("verdict") == "confirm", pl.col("seq") > (-1 if declined is None else declined))
        if since.height < least:
            after = " since the last one that was declined" if declined is not None else ""
            said.append(f"{each}: it takes {least} confirmed decisions{after}, and there are {since.height}")
    return said
