"""Tier 0: two lines that tell of one event: a line a feed delivered twice, a pending one that was posted, a payment
that came back.

Here: lines against lines of one account. Not here: money between two accounts of ours (transfers).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import polars as pl

from finance_pipeline.matching import identity, places, proposals
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.pool import AGAIN, NOTHING, Found, Pool, pairs_of
from finance_pipeline.matching.references import BARE, STRONG
from finance_pipeline.matching.text import phrase_pattern, squeezed, words

_SAID_NOTHING = ("NOTPROVIDED", "NONREF", "NOREF", "NONE", "NA")
_LEAST_ID_CHARS = 6
_LONG_WORD_CHARS = 8
"""Words so long are no part of others: they say what they say with other words glued to them too."""
_PENDING_DAYS = 10
_TWICE_DAYS = 3
_EVENT = ["account_id", "currency", "amount"]
_FEE_PART = 10
_FEE_STEP_MINOR = 50
"""Where nothing but the party is the same, the fee is at most such a part of the payment, and in such steps."""
_BOTH_NAME = "the document that both name"
_BACK_BY = {1: "end_to_end_id", 2: _BOTH_NAME, 3: "party and amount", 4: _BOTH_NAME, 5: "party"}


def duplicates(pool: Pool, every: pl.DataFrame) -> Found:
    """Lines that a feed delivered twice: the same account, amount and id of the bank, the same days, and nothing in
    their texts that differs.

    every: booked lines, also those that stand matched. Two payments of one customer on one day look alike too, but a
    bank gives each an id of its own.
    """
    with_id = every.filter(pl.col("bank_reference").is_not_null() | pl.col("end_to_end_id").is_not_null())
    told = with_id.filter(pl.struct(_EVENT).is_duplicated())
    if told.is_empty():
        return NOTHING
    by_id = [_told_twice(told.filter(_is_id(name)), name) for name in ("bank_reference", "end_to_end_id")]
    both = pl.concat(by_id).unique(["l", "other_l"]).join(pool.declined_legs, on=["l", "other_l"], how="anti")
    first = both.join(both.select(other_l="l"), on="other_l", how="anti")
    again = first.sort("l", "other_l").unique("l", keep="first", maintain_order=True)
    free = places.having(again, pool.lines, "l")
    return Found(pairs_of(free, tier=0, rule=AGAIN, role="principal", field="the bank's id"), NOTHING.refused)


def _told_twice(told: pl.DataFrame, by: str) -> pl.DataFrame:
    """l, other_l, amount of lines that share an id with an earlier one (or one that stands matched) and differ in
    nothing that both say."""
    said = ["memo", "counterparty_name", "counterparty_account", "bank_reference", "end_to_end_id"]
    each = told.select("l", "held", "line_id", "booked_on", *_EVENT, *said, by_id=squeezed(by))
    twice = each.filter(pl.struct(*_EVENT, "by_id").is_duplicated())
    both = twice.join(twice, on=[*_EVENT, "by_id"], suffix="_first").filter(pl.col("l") != pl.col("l_first"))
    days = (pl.col("booked_on") - pl.col("booked_on_first")).dt.total_days().abs()
    near = both.filter(days <= _TWICE_DAYS, _later())
    if near.height:  # Texts are read of the few that are left.
        near = near.filter(_agree(name) for name in said)
    return near.select("l", "amount", other_l="l_first")


def _later() -> pl.Expr:
    """Of two lines the one that stands matched was first, then the one booked first, then the one of the lesser id."""
    later = pl.col("line_id") > pl.col("line_id_first")
    day, first_day = pl.col("booked_on"), pl.col("booked_on_first")
    later = (day > first_day) | ((day == first_day) & later)
    return (~pl.col("held") & pl.col("held_first")) | ((pl.col("held") == pl.col("held_first")) & later)


def _agree(name: str) -> pl.Expr:
    """Two texts are the same, or one begins with the other, or one is missing."""
    one, other = squeezed(name), squeezed(pl.col(f"{name}_first"))
    return (one.str.starts_with(other) | other.str.starts_with(one)).fill_null(True)


def _is_id(column: str) -> pl.Expr:
    squeezed_id = squeezed(column)
    return ((squeezed_id.str.len_chars() >= _LEAST_ID_CHARS) & ~squeezed_id.is_in(_SAID_NOTHING)).fill_null(False)


def posted(pending: pl.DataFrame, booked: pl.DataFrame, declined: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """l, other_l of pending lines and the booked line that each became: same account and amount, the next days, and
    nothing in their texts or ids that differs. Alone both ways, else none.

    pending, booked: l, account_id, currency, amount, booked_on, name, words, end_to_end_id, bank_reference.
    declined: l, other_l that a person declined.
    """
    columns = ["l", *_EVENT, "booked_on", "name", "words", "end_to_end_id", "bank_reference", "counterparty_account"]
    waits = phrase_pattern(policy.pending_words)
    pending = pending.with_columns(pl.col("words").str.replace(waits, " ").str.strip_chars())
    both = pending.select(columns).join(booked.select(columns), on=_EVENT, suffix="_posted")
    days = (pl.col("booked_on_posted") - pl.col("booked_on")).dt.total_days()
    near = both.filter(days.is_between(0, _PENDING_DAYS))
    near = places.without(near, declined.rename({"other_l": "l_posted"}), "l", "l_posted")
    same_id = pl.any_horizontal(
        _is_id(name) & (pl.col(name) == pl.col(f"{name}_posted")) for name in ("end_to_end_id", "bank_reference")
    ).fill_null(False)
    here, there = pl.col("words").fill_null(""), pl.col("words_posted").fill_null("")
    same_words = (here.str.len_chars() >= 4) & (here == there)
    begins = (here.str.len_chars() >= 8) & (there.str.starts_with(here) | here.str.starts_with(there)) & (there != "")
    same_name = (pl.col("name") == pl.col("name_posted")).fill_null(False)
    inside = (pl.col("name").str.len_chars() >= 4) & there.str.contains(pl.col("name"), literal=True)
    told = near.with_columns(
        sure=pl.when(same_id)
        .then(3)
        .when(same_words)
        .then(2)
        .when(begins | same_name | inside.fill_null(False))
        .then(1)
    ).filter(pl.col("sure").is_not_null())
    best = told.filter(pl.col("sure") == pl.col("sure").max().over("l")).with_columns(
        days=(pl.col("booked_on_posted") - pl.col("booked_on")).dt.total_days()
    )
    nearest = best.filter(pl.col("days") == pl.col("days").min().over("l"))
    alone = (pl.len().over("l") == 1) & (pl.len().over("l_posted") == 1)
    return nearest.filter(alone).select("l", other_l="l_posted")


def returning(lines: pl.DataFrame, every: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """l of free lines that may give a payment back: their text says so, or shows the id of an earlier one."""
    came_back = _same_id_back(lines, every, policy)
    coded = lines["transaction_code"].null_count() < lines.height
    says = _says_returned(policy, coded=coded) | pl.lit(places.among(lines["l"], came_back))
    return lines.filter(~pl.col("on_processor"), says)[["l"]]


def returns(pool: Pool, every: pl.DataFrame, documents: pl.DataFrame, may_be: pl.DataFrame) -> Found:
    """Payments that came back: a line whose text says so, and the earlier line of opposite amount that it gives back.

    Known by its end-to-end id, a document that both name, or its party; of several ways the first counts, and the same
    amount before one that a fee makes. What the bank keeps for it is a fee. The two lines make one event,
    and what the first was to settle stays open. every: booked lines, also those that stand matched. documents: l, i of
    what lines name or have settled. may_be: l of lines that may be a return.
    """
    policy, said = pool.policy, places.having(pool.lines, may_be, "l")
    if said.is_empty():
        return NOTHING
    both = places.without(_candidates(pool, said, every, documents), pool.declined_legs, "l", "other_l")
    if both.is_empty():
        return NOTHING
    both = both.with_columns(fee=-(pl.col("amount") + pl.col("amount_first")))
    fits = both.with_columns(way=_way(policy, documents, _exactly_named(pool, documents))).drop_nulls("way")
    if fits.is_empty():
        return NOTHING
    best = fits.filter(pl.col("way") == pl.col("way").min().over("l")).unique(["l", "other_l"]).sort("l", "other_l")
    won = places.alone(best, "l", "other_l")[0].with_columns(
        field=pl.col("way").replace_strict(_BACK_BY, return_dtype=pl.String),
        rest=pl.col("amount") + pl.col("amount_first"),
    )
    common = {"tier": 0, "rule": "returned_payment", "field": pl.col("field"), "token": pl.col("id")}
    principal = pairs_of(won, amount=-pl.col("amount_first"), role="principal", **common)
    fees = pairs_of(won.filter(pl.col("rest") != 0), amount=pl.col("rest"), role="fee", **common)
    return Found(pl.concat([principal, fees]), NOTHING.refused)


def _exactly_named(pool: Pool, documents: pl.DataFrame) -> pl.Series:
    """l of lines that name an open document of exactly their amount: they pay that, and no bank kept anything."""
    items, lines = pool.items[["i", "amount"]], pool.lines[["l", "amount"]]
    return documents.join(items, on="i").join(lines, on=["l", "amount"], how="semi")["l"]


def _way(policy: Policy, documents: pl.DataFrame, exact: pl.Series) -> pl.Expr:
    """How a return is known to give back a payment (_BACK_BY), the surest first; null: it is not."""
    fee, by = pl.col("fee"), pl.col("by")
    small = fee.is_between(0, policy.return_fee_limit_minor)
    # Charges are round, and a text that names a document speaks of another payment, or of a credit note.
    mute = ~pl.col("l").is_in(documents["l"].implode()) & (fee % _FEE_STEP_MINOR == 0)
    at_cost = (pl.col("surely") | (fee % _FEE_STEP_MINOR == 0)) & ~pl.col("l").is_in(exact.implode())
    of_party = small & mute & (fee * _FEE_PART <= pl.col("amount_first").abs())
    return (
        pl.when((by == "id") & (small | (fee == 0))).then(1)
        .when((by == "document") & (fee == 0)).then(2)
        .when((by == "party") & (fee == 0) & ~_of_another_document(documents)).then(3)
        .when((by == "document") & small & at_cost).then(4)
        .when((by == "party") & of_party).then(5)
    )  # fmt: skip


def _of_another_document(documents: pl.DataFrame) -> pl.Expr:
    """Both lines name documents; that these are not the same ones is known where this is asked."""
    named = documents["l"].implode()
    return pl.col("l").is_in(named) & pl.col("other_l").is_in(named)


def documents(hits: pl.DataFrame, standing: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """l, i, surely (by the whole number) of what lines name (references.Named.hits), and of what those that stand
    matched settle."""
    said = hits.filter(pl.col("strength") <= BARE).select("l", "i", surely=pl.col("strength") == STRONG)
    if standing.is_empty():
        return said  # A line names an item once, however often its text does.
    settled = standing.join(lines[["l", "line_id"]], on="line_id").join(items[["i", "item_id"]], on="item_id")
    if settled.is_empty():
        return said
    return pl.concat([said, settled.select("l", "i", surely=pl.lit(True))]).unique()


def settled_before(pool: Pool, lines: pl.DataFrame, hits: pl.DataFrame) -> Pool:
    """The pool with what payments that came back in this run had paid, where they name it and nobody paid it since.

    lines: all that were free at first. Only ids and whole references tell that: tiers 0 and 1.
    """
    given_back = pool.pairs["rule"] == "returned_payment"
    if not given_back.any():
        return pool
    first = lines.filter(places.among(lines["l"], pool.pairs["other_l"].filter(given_back)))
    if first.is_empty():
        return pool
    theirs = replace(pool, lines=first, refused=pool.refused.clear())
    if 0 in pool.policy.tiers:
        theirs = identity.match(theirs, hits)
    if 1 in pool.policy.tiers:
        named = theirs.candidates(hits.filter(pl.col("strength") <= BARE), pool.policy.early_days)
        theirs = theirs.take(proposals.exact(named.filter(~pl.col("stranger")), 1, "reference", "references_sum"))
    return replace(pool, items=theirs.items, pairs=theirs.pairs)


def _same_id_back(lines: pl.DataFrame, every: pl.DataFrame, policy: Policy) -> pl.Series:
    """l of lines that show the end-to-end id of an earlier line of just the opposite amount on their account: whatever
    else they say may be glued together or cut.
    """
    keys = ["account_id", "currency", "amount"]
    if every["end_to_end_id"].null_count() == every.height:
        return lines["l"].clear()
    ids = every.drop_nulls("end_to_end_id")
    first = ids.select("account_id", "currency", "end_to_end_id", first_on="booked_on", amount=-pl.col("amount"))
    asked = lines.filter(~pl.col("on_processor")).select("l", "booked_on", "memo", *keys, own_id="end_to_end_id")
    days = (pl.col("booked_on") - pl.col("first_on")).dt.total_days()
    both = asked.join(first, on=keys).filter(days.is_between(0, policy.return_days)).filter(
        _is_id("end_to_end_id")
    )  # fmt: skip
    shown = squeezed(pl.concat_str("own_id", "memo", separator=" ", ignore_nulls=True))
    known = squeezed("end_to_end_id")
    return both.filter(shown.str.contains(known, literal=True).fill_null(False))["l"]


def _says_returned(policy: Policy, *, coded: bool) -> pl.Expr:
    """Whether a line's words say that it gives a payment back, or its code does. coded: some lines have codes."""
    long = tuple(word for word in policy.return_words if len(word) >= _LONG_WORD_CHARS)
    pattern = f"{phrase_pattern(policy.return_words)}|{_anywhere(long)}"
    said = pl.col("words").str.contains(pattern).fill_null(False)
    code = pl.col("transaction_code").str.to_uppercase().str.contains("RRTN|RTRN|UPDD|UPCT|RETURN|NRTI")
    return said | code.fill_null(False) if coded else said


@cache
def _anywhere(long: tuple[str, ...]) -> str:
    """A pattern that finds any of the words in a text folded by `words`, inside of others too."""
    return "|".join(pl.DataFrame({"p": long}, schema={"p": pl.String}).select(words(pl.col("p")))["p"]) or r"[^\s\S]"


def _candidates(pool: Pool, said: pl.DataFrame, every: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """Lines that say they are a return beside earlier ones of the other direction on their account: l, other_l, amount,
    amount_first, id, by (id, party or document: what both show), surely (both show the document's whole number).
    """
    text = pl.concat_str("memo", "end_to_end_id", "bank_reference", separator=" ", ignore_nulls=True)
    here = said.select(
        "l", "account_id", "currency", "amount", "booked_on", "name", "line_party",
        said=squeezed(text).fill_null(""), sign=pl.col("amount").sign(),
    )  # fmt: skip
    here_still = pl.col("held") | pl.lit(places.among(every["l"], pool.lines["l"]))
    earlier = places.without(every.filter(here_still), pool.pairs.select(l=pl.coalesce("other_l", "l")), "l")
    accounts = said[["account_id", "currency"]]
    earlier = earlier.join(accounts, on=["account_id", "currency"], how="semi")
    if earlier.is_empty():
        return _NO_CANDIDATES
    first = earlier.select(
        "account_id", "currency", "end_to_end_id", other_l="l", amount_first="amount", booked_first="booked_on",
        name_first="name", party_first="line_party", sign=-pl.col("amount").sign(),
    )  # fmt: skip
    keys = ["account_id", "currency", "sign"]
    within = (pl.col("booked_on") - pl.col("booked_first")).dt.total_days().is_between(0, pool.policy.return_days)
    both = pl.col("l") != pl.col("other_l")
    # Of amounts that a fee may make of each other: the same step, or the one beside it.
    step = pool.policy.return_fee_limit_minor + 1
    near = pl.col("amount").abs() // step
    frames = {}
    if first["end_to_end_id"].null_count() < first.height:
        here_near = here.with_columns(near=pl.concat_list(near - 1, near, near + 1)).explode("near")
        sized = first.drop_nulls("end_to_end_id").with_columns(near=pl.col("amount_first").abs() // step)
        by_id = here_near.join(sized, on=[*keys, "near"]).filter(within & both, _is_id("end_to_end_id"))
        shown = by_id.with_columns(id=squeezed("end_to_end_id"), surely=True)
        frames["id"] = shown.filter(pl.col("said").str.contains(pl.col("id"), literal=True))
    others = first.filter(~places.among(first["other_l"], said["l"])).with_columns(id=pl.lit(None, pl.String))
    of_party = pl.concat(
        [
            here.join(others, left_on=[*keys, one], right_on=[*keys, other]).filter(within)[["l", "other_l"]]
            for one, other in (("line_party", "party_first"), ("name", "name_first"))
        ]
    ).unique()
    if of_party.height:
        party = here.join(of_party, on="l").join(others, on=[*keys, "other_l"])
        frames["party"] = party.with_columns(surely=False)
    mine = places.having(documents, said, "l")
    if mine.height:
        shared = places.having(documents, mine, "i").rename({"l": "other_l"})
        same = mine.join(shared, on="i", suffix="_first")
        told = same.group_by("l", "other_l").agg(surely=(pl.col("surely") & pl.col("surely_first")).any())
        frames["document"] = here.join(told, on="l").join(others, on=[*keys, "other_l"]).filter(within)
    found = [frame.with_columns(by=pl.lit(by)) for by, frame in frames.items() if frame.height]
    return pl.concat([_NO_CANDIDATES, *(frame.select(_NO_CANDIDATES.columns) for frame in found)])


_NO_CANDIDATES = pl.DataFrame(
    schema={
        **{"l": pl.UInt32, "other_l": pl.UInt32, "amount": pl.Int64, "amount_first": pl.Int64},
        **{"id": pl.String, "by": pl.String, "surely": pl.Boolean},
    }
)
