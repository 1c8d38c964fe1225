"""The engine: one call from open lines and items to matches, exceptions and explanations.

Here: preparing the inputs, the order of the tiers, the outputs. Not here: any rule about what matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import polars as pl

from finance_pipeline.matching import (
    advices,
    autonomy,
    by_balance,
    by_books,
    by_party,
    by_reference,
    by_subset,
    coding,
    confirmed,
    counterparty,
    groups,
    identity,
    natures,
    outcomes,
    places,
    preparing,
    reach,
    references,
    same_event,
    schemas,
    terms,
    tolerant,
    touching,
    transfers,
)
from finance_pipeline.matching.outcomes import Outcome as Outcome
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.pool import NOTHING, PAIRS, REFUSED, Found, Pool, pairs_of
from finance_pipeline.matching.transfers import OwnAccount

ENGINE_VERSION = "8"
"""Version of the rules: raise it with every change that can change a match."""


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


def reconcile(inputs: Inputs, policy: Policy) -> Outcome:
    """Match open lines with open items, as far as the evidence goes and no further.

    Raises DoesNotFit for inputs that break their schema and UnknownCurrency for a currency that is none.
    """
    if by_books.many(inputs.bank_lines) and inputs.standing.is_empty():
        slices = by_books.slices(_shaped(inputs))
        del inputs
        return by_books.together(by_books.each(slices, lambda part: _once(_conformed(part.pop(), policy), policy)))
    given = _conformed(inputs, policy)
    del inputs
    if _none_is_free(given):
        return outcomes.nothing_but(schemas.EXCEPTIONS.empty())
    retracted = schemas.RETRACTIONS.empty()
    while True:
        outcome = _once(given, policy)
        lost = _contradicted(given.standing, outcome)
        if lost.is_empty():
            return replace(outcome, retractions=retracted.sort("match_id"))
        # A retracted match frees its lines and its other items, which may change what the rest of the evidence says.
        retracted = pl.concat([retracted, lost])
        given = replace(given, standing=given.standing.join(lost, on="match_id", how="anti"))


def _none_is_free(given: Inputs) -> bool:
    """Whether there are no lines, or standing matches hold them all: those only ever go for a line that is free."""
    if given.standing.is_empty() or given.bank_lines.is_empty():
        return given.bank_lines.is_empty()
    return bool(given.bank_lines["line_id"].is_in(preparing.held(given.standing).implode()).all())


def _shaped(inputs: Inputs) -> Inputs:
    """The inputs with lines and items, which are many, as they stand, and what tells books apart conformed."""
    return replace(
        inputs,
        bank_lines=schemas.shaped(schemas.BANK_LINES, inputs.bank_lines),
        open_items=schemas.shaped(schemas.OPEN_ITEMS, inputs.open_items),
        parties=schemas.conformed(schemas.PARTIES, inputs.parties),
        decisions=schemas.conformed(schemas.DECISIONS, inputs.decisions),
    )


def _conformed(inputs: Inputs, policy: Policy) -> Inputs:
    """The inputs as their schemas have them, with the policy's terms; raises what the schemas raise."""
    return Inputs(
        schemas.conformed(schemas.BANK_LINES, inputs.bank_lines),
        terms.with_terms(schemas.conformed(schemas.OPEN_ITEMS, inputs.open_items), policy.discount_terms),
        schemas.conformed(schemas.PARTIES, inputs.parties),
        schemas.conformed(schemas.STANDING, inputs.standing),
        schemas.conformed(schemas.DECISIONS, inputs.decisions),
        inputs.own_accounts,
        schemas.conformed(schemas.REMITTANCES, inputs.remittances),
        schemas.conformed(schemas.FX_RATES, inputs.fx_rates),
    )


def _once(given: Inputs, policy: Policy) -> Outcome:
    """One pass over all tiers, with the matches that stand now. What only the tiers needed is let go of before what
    they found is told: that takes most memory."""
    pool, said, lines, all_items, needed = _matched(given, policy)
    del given
    return outcomes.outcome(pool, said, lines, all_items, needed, ENGINE_VERSION)


def _matched(given: Inputs, policy: Policy) -> tuple[Pool, references.Said, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The pool after all tiers; what lines name; all lines and items, each at its place; autonomy.BEYOND."""
    names = counterparty.names_of(given.open_items["book"], given.parties)
    all_items = counterparty.party_keys(preparing.items(given), names)
    items = places.kept(all_items, ~pl.col("closed"))
    plain = preparing.lines(given, items)
    members, sets = groups.group(items)
    (named, named_groups), (lines, returning) = places.at_once(
        lambda: _named(places.kept(plain, _IS_FREE), all_items, sets),
        lambda: _known(plain, all_items, given.parties, names, policy),
    )
    free = places.kept(lines, _IS_FREE)
    declined, legs = preparing.declined(given.decisions, lines, items)
    confirmed_ = confirmed.said(given.decisions, lines, items)
    some = pl.concat([members["i"], confirmed_["i"].drop_nulls()])
    within = reach.reached(all_items, lines, named, some)
    open_ = ~pl.col("closed") & (pl.col("amount") != 0)
    pool = Pool(
        free, places.kept(all_items, open_ & within), declined, legs,
        pl.DataFrame(schema=PAIRS), pl.DataFrame(schema=REFUSED), policy, all_items.filter(open_ & ~within),
    )  # fmt: skip
    named = named.within(within)
    documents = same_event.documents(named.hits, given.standing, lines, items)
    told = places.kept(lines, _IS_BOOKED)
    search = _Search(given, named, members, sets, named_groups, confirmed_, told, returning, documents)
    pool = same_event.settled_before(_until_nothing_new(pool, search), free, named.hits)
    pool = _with_pending(pool, lines)
    pool = _coded(pool, named) if 6 in policy.tiers else pool
    needed = autonomy.beyond(pool.pairs, lines, items, policy)
    pool = _without(pool, needed, lines)
    told_pool = replace(pool, lines=pool.lines.select(outcomes.OF_LINES), items=pool.items[["i", "amount"]], kept={})
    return told_pool, named.said, lines.select(outcomes.OF_LINES), all_items.select(outcomes.OF_ITEMS), needed


_IS_BOOKED = ~pl.col("pending")
_IS_FREE = _IS_BOOKED & ~pl.col("held")


def _known(
    lines: pl.DataFrame, items: pl.DataFrame, parties: pl.DataFrame, names: pl.DataFrame, policy: Policy
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines with what their text says of them: words, nature, whose they may be, whether a name hides the payer. And l
    of free lines that may give a payment back."""
    prepared = natures.with_nature(counterparty.with_words(lines), policy)
    resolved = counterparty.resolve(prepared, items, parties, names, policy)
    whose = resolved.select("l", "clash", line_party="party", line_parties="parties", line_party_how="how")
    known = places.with_met(prepared, whose, "l").with_columns(pl.col("clash").fill_null(False))
    return known, same_event.returning(places.kept(known, _IS_FREE), places.kept(known, _IS_BOOKED), policy)


def _coded(pool: Pool, named: references.Named) -> Pool:
    """The pool after the book's coding rules, for lines that no open item wants: no refusal, no sure name, no match."""
    wanted = pl.concat([named.hits.filter(pl.col("strength") <= references.SHORTHAND)["l"], pool.refused["l"]])
    lines = pool.lines.filter(~places.among(pool.lines["l"], wanted), pl.col("amount") != 0)
    if lines.is_empty():
        return pool
    coded = coding.code(lines, pool.policy.coding_rules, pool.policy.natures)
    facts = coded.join(pool.lines[["l", "amount"]], on="l")
    pairs = pairs_of(
        facts, tier=6, rule="coding_rule", role="principal", token=pl.col("rule"), field=pl.col("condition")
    )
    return pool.take(Found(pairs, NOTHING.refused))


def _without(pool: Pool, needed: pl.DataFrame, lines: pl.DataFrame) -> Pool:
    """The pool without the matches that a person has to accept, and with their lines free again."""
    if needed.is_empty():
        return pool
    back = pool.pairs.join(needed, on="l", how="semi")
    freed = pl.concat([back["l"], back["other_l"].drop_nulls()]).unique()
    again = lines.filter(pl.col("l").is_in(freed.implode()), ~pl.col("pending") & ~pl.col("held"))
    kept = pool.lines.filter(~pl.col("l").is_in(freed.implode()))
    return replace(
        pool,
        pairs=pool.pairs.join(needed, on="l", how="anti", maintain_order="left"),
        lines=pl.concat([kept, again]).sort("l"),
    )


@dataclass(frozen=True)
class _Search:
    """What the tiers search with, besides the pool."""

    given: Inputs
    named: references.Named
    members: pl.DataFrame
    sets: pl.DataFrame
    named_groups: pl.DataFrame
    confirmed: pl.DataFrame
    """confirmed.SAID."""
    told: pl.DataFrame
    """All booked lines, those that stand matched too: what a line may repeat or give back."""
    returning: pl.DataFrame
    """l of free lines that may give a payment back."""
    documents: pl.DataFrame
    """l, i of what lines name, and of what those that stand matched settle."""
    tried: list[by_subset.Tried] = field(default_factory=lambda: [by_subset.UNTRIED])
    """The last of it is what was searched for sums in vain."""


def _named(lines: pl.DataFrame, items: pl.DataFrame, sets: pl.DataFrame) -> tuple[references.Named, pl.DataFrame]:
    """What the lines' texts name: items; and groups of items (l, g, field, token)."""
    count = items.height
    numbered = items[["i", "book", "currency", "amount", "party", "number", "references", "closed"]]
    of_groups = groups.named_texts(sets).select(
        i=(pl.col("g") + count).cast(pl.UInt32), book="book", number="number", closed=pl.lit(False)
    )
    named = references.find(lines, pl.concat([numbered, of_groups], how="diagonal"))
    in_groups = named.hits.filter(pl.col("i") >= count, pl.col("strength") <= references.SHORTHAND)
    hits = in_groups.select("l", "field", "token", g=(pl.col("i") - count).cast(pl.UInt32))
    return replace(named, hits=named.hits.filter(pl.col("i") < count)), hits


def _until_nothing_new(pool: Pool, search: _Search) -> Pool:
    """The pool after all tiers, again until they find nothing more.

    What one line leaves may make another clear; without the second pass the next run would find it, and running
    twice would not be the same as running once.
    """
    named, tiers = search.named, pool.policy.tiers
    if 0 in tiers:
        pool = _confirmed(pool, search.confirmed)
        pool = pool.take(same_event.duplicates(pool, search.told))
    last, before = pool, list[_Left]()
    while True:
        begun, left, named = replace(pool, refused=pool.refused.clear()), list[_Left](), named.of(pool.lines)
        for step, after in enumerate(_in_order(begun, named, search)):
            pool = after
            if pool.lines.is_empty():
                return pool
            left.append(_Left.of(pool))
            if before and before[step] == left[step]:
                # Nothing was found since the same step of the time before, and all that follow it were tried then.
                return last
        if pool.pairs.height == begun.pairs.height:
            return pool
        if (begun.items["weakly_held"] != 0).any():
            last, before = pool, []  # The surest steps saw more of these items than they will the next time.
            continue
        passed = touching.Passed(begun, pool, (each.refused for each in left), named)
        if not search.confirmed.height and not touching.matters(passed, partial(_special, begun, search)):
            return pool
        last, before = pool, left


def _special(pool: Pool, search: _Search) -> touching.Special:
    """What steps compare by more than names, parties and amounts."""
    lines, totals = pool.lines, search.given.remittances["total_minor"]
    says = transfers.says(pool.policy, search.given.own_accounts)
    said = lines.select(pl.col("l").filter(says))
    advised = lines.filter(pl.col("amount").is_in(totals.implode()))[["l"]] if len(totals) else lines[:0, ["l"]]
    return touching.Special(said, search.returning, advised, search.members, search.named_groups)


@dataclass(frozen=True, eq=False)
class _Left:
    """What a step left, as far as it tells two times apart: lines and items only go where something is found."""

    found: int
    items: int
    refused: pl.DataFrame

    @classmethod
    def of(cls, pool: Pool) -> _Left:
        return cls(pool.pairs.height, pool.items.height, pool.refused)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Left) or (self.found, self.items) != (other.found, other.items):
            return False
        return self.refused.equals(other.refused)


def _in_order(pool: Pool, named: references.Named, search: _Search) -> Iterator[Pool]:
    """The pool after each step of all tiers, the surest evidence first."""
    surely = pool
    for surely in _surely(pool, named, search):
        yield surely
    yield from _by_inference(_without_weakly_held(surely), named, search)


def _surely(pool: Pool, named: references.Named, search: _Search) -> Iterator[Pool]:
    """The pool after each step of tiers 0 and 1: what a line's own words and ids say."""
    if 0 in pool.policy.tiers:
        pool = _confirmed(pool, search.confirmed)
        yield (pool := pool.take(same_event.returns(pool, search.told, search.documents, search.returning)))
        yield (pool := identity.match(pool, named.hits))
        found = groups.match(pool, search.members, search.sets, search.named_groups, named.at_all)
        yield (pool := pool.take(found))
        yield (pool := pool.take(groups.match_days(pool)))
    if 1 in pool.policy.tiers:
        yield (pool := advices.match(pool, named, search.given.remittances))
        pool = by_reference.match(pool, named)
    yield pool


def _by_inference(pool: Pool, named: references.Named, search: _Search) -> Iterator[Pool]:
    """The pool after each step of tiers 2 to 5: parties, sums, tolerances, own accounts."""
    tiers, rates = pool.policy.tiers, search.given.fx_rates
    if 2 in tiers:
        yield (pool := pool.take(by_party.match(pool, named)))
    if 3 in tiers:
        found, search.tried[0] = by_subset.match(pool, named, search.tried[0])
        yield (pool := pool.take(found))
        yield (pool := pool.take(by_subset.match_lines(pool, named)))
        yield (pool := pool.take(by_balance.by_lines(pool, named)))
        yield (pool := pool.take(by_balance.by_list(pool, named)))
    if 4 in tiers:
        yield (pool := tolerant.match(pool, named, rates))
    yield transfers.match(pool, named, search.given.own_accounts, rates) if 5 in tiers else pool


def _confirmed(pool: Pool, said: pl.DataFrame) -> Pool:
    """The pool after what people confirmed of lines that are still free."""
    free = places.having(said, pool.lines, "l")
    return pool.take(Found(confirmed.settle(free, pool.lines, pool.items), NOTHING.refused)) if free.height else pool


def _with_pending(pool: Pool, every: pl.DataFrame) -> Pool:
    """The pool with pending lines that were posted: they say what their booked line says, and settle nothing."""
    pending = every.filter("pending")
    if pending.is_empty() or 0 not in pool.policy.tiers:
        return pool
    free, booked = pending.filter(~pl.col("held")), every.filter(~pl.col("pending"))
    posted = same_event.posted(free, booked, pool.declined_legs, pool.policy)
    became = pending.join(posted, on="l")
    pairs = pairs_of(became, tier=0, rule="pending_posted", role="principal", field="the same event")
    return replace(pool, pairs=pl.concat([pool.pairs, pairs]))


def _without_weakly_held(pool: Pool) -> Pool:
    """Below tier 1 nothing takes what another match of such a tier holds."""
    if not (pool.items["weakly_held"] != 0).any():
        return pool
    left = pool.items.with_columns(amount=pl.col("amount") - pl.col("weakly_held"), weakly_held=pl.lit(0, pl.Int64))
    return replace(pool, items=left.filter(pl.col("amount").sign() == pool.items["amount"].sign()))


def _contradicted(standing: pl.DataFrame, outcome: Outcome) -> pl.DataFrame:
    """Standing matches of lower tiers whose item this run took by stronger evidence (schemas.RETRACTIONS)."""
    if standing.is_empty():
        return schemas.RETRACTIONS.empty()
    strong = outcome.matches.filter(pl.col("tier") <= preparing.STRONG_TIERS)[["match_id"]]
    taken = outcome.allocations.join(strong, on="match_id", how="semi")[["item_id"]].drop_nulls().unique()
    weak = standing.filter(pl.col("tier") > preparing.STRONG_TIERS).join(taken, on="item_id", how="semi")
    reason = pl.format("stronger evidence names {} for another line", "item_id")
    return (
        weak.group_by("match_id").agg(reason=reason.sort().first()).select(schemas.RETRACTIONS.names).sort("match_id")
    )
