"""The engine: one call from open lines and items to matches, exceptions and explanations.

Here: preparing the inputs, the order of the tiers, the outputs. Not here: any rule about what matches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from finance_pipeline.core.identity import digest
from finance_pipeline.matching import (
    advices,
    by_party,
    by_reference,
    by_subset,
    counterparty,
    exceptions,
    explain,
    groups,
    identity,
    references,
    same_event,
    schemas,
    tolerant,
    transfers,
)
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.pool import PAIRS, REFUSED, Pool, pairs_of
from finance_pipeline.matching.text import phrase_pattern
from finance_pipeline.matching.transfers import OwnAccount

ENGINE_VERSION = "1"
"""Version of the rules: raise it with every change that can change a match."""
_CONFIDENCE = {0: "certain", 1: "documented", 2: "inferred", 3: "proven", 4: "inferred", 5: "inferred", 6: "by rule"}
_PROCESSOR_KINDS = ("charge", "refund")
_STRONG_TIERS = 1


@dataclass(frozen=True)
class Inputs:
    """What the engine works on, each frame as schemas says; optional columns may be missing."""

    bank_lines: pl.DataFrame
    open_items: pl.DataFrame
    parties: pl.DataFrame = field(default_factory=schemas.PARTIES.empty)
    standing: pl.DataFrame = field(default_factory=schemas.STANDING.empty)
    """Matches that stand. Their lines are left alone, what they hold of items is not free, except that tiers 0 and 1
    may take an item from a lower tier, which retracts that match."""
    decisions: pl.DataFrame = field(default_factory=schemas.DECISIONS.empty)
    own_accounts: Sequence[OwnAccount] = ()
    remittances: pl.DataFrame = field(default_factory=schemas.REMITTANCES.empty)
    """Advices that came apart from the money."""
    fx_rates: pl.DataFrame = field(default_factory=schemas.FX_RATES.empty)


@dataclass(frozen=True)
class Outcome:
    """What the engine found; frames as schemas says, sorted, the same for the same input in any order."""

    matches: pl.DataFrame
    allocations: pl.DataFrame
    retractions: pl.DataFrame
    exceptions: pl.DataFrame
    explanations: pl.DataFrame


def reconcile(inputs: Inputs, policy: Policy) -> Outcome:
    """Match open lines with open items, as far as the evidence goes and no further.

    Raises DoesNotFit for inputs that break their schema and UnknownCurrency for a currency that is none.
    """
    given = Inputs(
        schemas.conformed(schemas.BANK_LINES, inputs.bank_lines),
        schemas.conformed(schemas.OPEN_ITEMS, inputs.open_items),
        schemas.conformed(schemas.PARTIES, inputs.parties),
        schemas.conformed(schemas.STANDING, inputs.standing),
        schemas.conformed(schemas.DECISIONS, inputs.decisions),
        inputs.own_accounts,
        schemas.conformed(schemas.REMITTANCES, inputs.remittances),
        schemas.conformed(schemas.FX_RATES, inputs.fx_rates),
    )
    retracted = schemas.RETRACTIONS.empty()
    while True:
        outcome = _once(given, policy)
        lost = _contradicted(given.standing, outcome)
        if lost.is_empty():
            return replace(outcome, retractions=retracted.sort("match_id"))
        # A retracted match frees its lines and its other items, which may change what the rest of the evidence says.
        retracted = pl.concat([retracted, lost])
        given = replace(given, standing=given.standing.join(lost, on="match_id", how="anti"))


def _once(given: Inputs, policy: Policy) -> Outcome:
    """One pass over all tiers, with the matches that stand now."""
    all_items = counterparty.party_keys(_items(given), given.parties)
    items = all_items.filter(~pl.col("closed"))
    prepared = exceptions.with_nature(counterparty.with_words(_lines(given, items)), policy)
    resolved = counterparty.resolve(prepared, all_items, given.parties, policy)
    every = prepared.join(
        resolved.select("l", "clash", line_party="party", line_parties="parties", line_party_how="how"),
        on="l",
        how="left",
        maintain_order="left",
    ).with_columns(
        pl.col("clash").fill_null(False),
        hides_payer=pl.col("words").str.contains(phrase_pattern(policy.processor_names)).fill_null(False),
    )
    lines = every.filter(~pl.col("pending"))
    members, sets = groups.group(items)
    named, named_groups = _named(lines, all_items, sets)
    declined, legs, confirmed = _decided(given.decisions, lines, items)
    pool = Pool(
        lines, items.filter(pl.col("amount") != 0), declined, legs,
        pl.DataFrame(schema=PAIRS), pl.DataFrame(schema=REFUSED), policy,
    )  # fmt: skip
    search = _Search(given, named, members, sets, named_groups, confirmed)
    pool = _with_pending(_until_nothing_new(pool, search), every)
    return _outcome(pool, named, every, items)


@dataclass(frozen=True)
class _Search:
    """What the tiers search with, besides the pool."""

    given: Inputs
    named: references.Named
    members: pl.DataFrame
    sets: pl.DataFrame
    named_groups: pl.DataFrame
    confirmed: pl.DataFrame


def _named(lines: pl.DataFrame, items: pl.DataFrame, sets: pl.DataFrame) -> tuple[references.Named, pl.DataFrame]:
    """What the lines' texts name: items; and groups of items (l, g, field, token)."""
    count = items.height
    numbered = items.select("i", "book", "number", "references", "closed")
    of_groups = groups.named_texts(sets).select(
        i=(pl.col("g") + count).cast(pl.UInt32), book="book", number="number",
        references=pl.lit(None, pl.List(pl.String)), closed=pl.lit(False),
    )  # fmt: skip
    named = references.find(lines, pl.concat([numbered, of_groups]))
    in_groups = named.hits.filter(pl.col("i") >= count, pl.col("strength") <= references.SHORTHAND)
    hits = in_groups.select("l", "field", "token", g=(pl.col("i") - count).cast(pl.UInt32))
    return replace(named, hits=named.hits.filter(pl.col("i") < count)), hits


def _until_nothing_new(pool: Pool, search: _Search) -> Pool:
    """The pool after all tiers, again until they find nothing more.

    What one line leaves may make another clear; without the second pass the next run would find it, and running
    twice would not be the same as running once.
    """
    named, rates, tiers = search.named, search.given.fx_rates, pool.policy.tiers
    while True:
        found_before = pool.pairs.height
        pool = replace(pool, refused=pool.refused.clear())
        if 0 in tiers:
            pool = identity.confirmed(pool, search.confirmed)
            pool = pool.take(same_event.duplicates(pool))
            pool = pool.take(same_event.returns(pool))
            pool = identity.match(pool, named.hits)
            pool = pool.take(groups.match(pool, search.members, search.sets, search.named_groups))
            pool = pool.take(groups.match_days(pool))
        if 1 in tiers:
            pool = pool.take(advices.match(pool, search.given.remittances))
            pool = by_reference.match(pool, named)
        pool = _without_weakly_held(pool)
        pool = pool.take(by_party.match(pool, named)) if 2 in tiers else pool
        if 3 in tiers:
            pool = pool.take(by_subset.match(pool, named))
            pool = pool.take(by_subset.match_lines(pool, named))
            pool = pool.take(by_subset.match_balance(pool, named))
        pool = tolerant.match(pool, named, rates) if 4 in tiers else pool
        pool = transfers.match(pool, named, search.given.own_accounts, rates) if 5 in tiers else pool
        if pool.pairs.height == found_before or pool.refused.is_empty():
            return pool


def _with_pending(pool: Pool, every: pl.DataFrame) -> Pool:
    """The pool with pending lines that were posted: they say what their booked line says, and settle nothing."""
    pending = every.filter("pending")
    if pending.is_empty() or 0 not in pool.policy.tiers:
        return pool
    posted = same_event.posted(pending, every.filter(~pl.col("pending")))
    became = pending.join(posted, on="l")
    pairs = pairs_of(became, tier=0, rule="pending_posted", role="principal", field="the same event")
    return replace(pool, pairs=pl.concat([pool.pairs, pairs]))


def _items(given: Inputs) -> pl.DataFrame:
    """Open items as the pool has them: `amount` is what tiers 0 and 1 see, `weakly_held` what lower tiers hold."""
    held = (
        given.standing.filter(pl.col("item_id").is_not_null())
        .group_by("item_id")
        .agg(
            strong=pl.col("item_amount_minor").filter(pl.col("tier") <= _STRONG_TIERS).sum(),
            weakly_held=pl.col("item_amount_minor").filter(pl.col("tier") > _STRONG_TIERS).sum(),
        )
    )
    return (
        given.open_items.with_columns(closed=pl.col("status").fill_null("open") == "settled")
        .with_row_index("i")
        .join(held, on="item_id", how="left", maintain_order="left")
        .with_columns(
            amount=pl.col("amount_minor") - pl.col("strong").fill_null(0),
            net=pl.col("net_minor"),
            weakly_held=pl.col("weakly_held").fill_null(0),
        )
        .drop("amount_minor", "net_minor", "strong")
    )


def _lines(given: Inputs, items: pl.DataFrame) -> pl.DataFrame:
    """Lines that no standing match holds, as the pool has them; pending ones are marked."""
    held = pl.concat([given.standing["line_id"], given.standing["other_line_id"].drop_nulls()]).unique()
    processors = [account.account_id for account in given.own_accounts if account.processor]
    on_processor = (
        pl.col("kind").is_in(_PROCESSOR_KINDS).fill_null(False)
        | pl.col("account_id").is_in(processors)
        | pl.col("account_id").is_in(items["processor_account"].drop_nulls().unique().implode())
    )
    original = pl.col("original_amount_minor").abs() * pl.col("amount_minor").sign()
    return (
        given.bank_lines.filter(~pl.col("line_id").is_in(held.implode()))
        .with_row_index("l")
        .with_columns(
            amount=pl.col("amount_minor"),
            original_amount=original,
            on_processor=on_processor,
            pending=pl.col("status").fill_null("booked") != "booked",
        )
        .drop("amount_minor", "original_amount_minor", "kind", "status")
    )


def _decided(
    decisions: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Declined pairs of line and item (l, i), declined pairs of lines (l, other_l), confirmed pairs (l, i)."""
    here = decisions.join(lines.select("l", "line_id"), on="line_id")
    with_items = here.join(items.select("i", "item_id"), on="item_id").select("l", "i", "verdict")
    legs = here.join(lines.select(other_l="l", item_id="line_id"), on="item_id").filter(pl.col("verdict") == "decline")
    both_ways = pl.concat([legs.select("l", "other_l"), legs.select(l="other_l", other_l="l")]).unique()
    by_verdict = {
        v: with_items.filter(pl.col("verdict") == v).select("l", "i").unique() for v in ("decline", "confirm")
    }
    declined = by_verdict["decline"]
    return declined, both_ways, by_verdict["confirm"].join(declined, on=["l", "i"], how="anti")


def _without_weakly_held(pool: Pool) -> Pool:
    """Below tier 1 nothing takes what another match of such a tier holds."""
    left = pool.items.with_columns(amount=pl.col("amount") - pl.col("weakly_held"), weakly_held=pl.lit(0, pl.Int64))
    return replace(pool, items=left.filter(pl.col("amount").sign() == pool.items["amount"].sign()))


def _contradicted(standing: pl.DataFrame, outcome: Outcome) -> pl.DataFrame:
    """Standing matches of lower tiers whose item this run took by stronger evidence (schemas.RETRACTIONS)."""
    strong = outcome.matches.filter(pl.col("tier") <= _STRONG_TIERS).select("match_id")
    taken = outcome.allocations.join(strong, on="match_id", how="semi").select("item_id").drop_nulls().unique()
    weak = standing.filter(pl.col("tier") > _STRONG_TIERS).join(taken, on="item_id", how="semi")
    reason = pl.format("stronger evidence names {} for another line", "item_id")
    return (
        weak.group_by("match_id").agg(reason=reason.sort().first()).select(schemas.RETRACTIONS.names).sort("match_id")
    )


def _outcome(pool: Pool, named: references.Named, lines: pl.DataFrame, items: pl.DataFrame) -> Outcome:
    """Working numbers as ids; everything sorted."""
    allocations = (
        pool.pairs.join(lines.select("l", "line_id", "book", "currency"), on="l")
        .join(items.select("i", "item_id", item_currency="currency"), on="i", how="left")
        .join(lines.select(other_l="l", other_line_id="line_id"), on="other_l", how="left")
        .sort("line_id", "item_id", "role", "other_line_id")
    )
    ids = _match_ids(allocations)
    numbered = allocations.join(ids, on="l", maintain_order="left")
    matches = numbered.unique("match_id", keep="first", maintain_order=True).with_columns(
        rule_version=pl.lit(ENGINE_VERSION),
        status=pl.lit("accepted"),
        confidence=pl.when(pl.col("rule") == "confirmed")
        .then(pl.lit("confirmed"))
        .otherwise(pl.col("tier").replace_strict(_CONFIDENCE, return_dtype=pl.String)),
    )
    explained = explain.explain(pool, named, lines, items, ENGINE_VERSION).join(ids, on="l")
    parts = numbered.rename({"amount": "amount_minor", "item_amount": "item_amount_minor"}).with_columns(
        account_code=pl.lit(None, pl.String)
    )
    return Outcome(
        matches=matches.select(schemas.MATCHES.names).sort("match_id"),
        allocations=parts.select(schemas.ALLOCATIONS.names).sort(schemas.ALLOCATIONS.names),
        retractions=schemas.RETRACTIONS.empty(),
        exceptions=exceptions.explain(pool, named, items).select(schemas.EXCEPTIONS.names).sort("line_id"),
        explanations=explained.select(schemas.EXPLANATIONS.names).sort("match_id"),
    )


def _match_ids(allocations: pl.DataFrame) -> pl.DataFrame:
    """l and match_id: the digest of what a match says."""
    part = pl.concat_str(
        "line_id", "item_id", "other_line_id", "role", "amount", "item_amount", separator="\x1f", ignore_nulls=True
    )
    said = allocations.group_by("l", maintain_order=True).agg(
        said=pl.concat_str(
            pl.col("book").first(),
            pl.col("tier").first(),
            pl.col("rule").first(),
            part.str.join("\x1e"),
            separator="\x1e",
        )
    )
    return said.select("l", match_id=pl.Series([digest(text) for text in said["said"].to_list()], dtype=pl.String))
