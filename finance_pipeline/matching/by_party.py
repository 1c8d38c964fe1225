"""Tier 2: one known party, and exactly one open item of its has this amount, and exactly one line fits that item.

Not here: who the party is (counterparty).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import by_age, places
from finance_pipeline.matching.counterparty import SURE_WAYS
from finance_pipeline.matching.pool import LATE, NOTHING, SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import BARE, SHORTHAND, Named
from finance_pipeline.matching.text import one_edit_pairs, phrase_pattern, squeezed

_LEAST_TOKEN_CHARS, _LEAST_DIGITS = 4, 3
_CROWD = 100
"""More equal items than this of one party are not told apart by dates: their lines are refused unjoined."""
_KEYS = ["book", "party", "currency", "amount"]
_NO_PAIRS = pl.DataFrame(schema={"l": pl.UInt32, "i": pl.UInt32})
_UNCLAIMED = pl.DataFrame(schema={"i": pl.UInt32, "surely": pl.Boolean})


def match(pool: Pool, named: Named) -> Found:
    """Lines without a sure reference whose party has one open item of their amount, not long due.

    Lines that a step refused count as rivals; items that a step refused are left to a person. What another line names
    surely is that line's, though its amount is another: no amount competes for it (evidence outranks amount).
    """
    lines = places.without(pool.lines, named.surely, "l").filter(
        pl.col("line_parties").is_not_null() & ~pl.col("clash")
    )
    if lines.is_empty():
        return NOTHING
    fits, crowded = _same_amount(pool, lines)
    if fits.is_empty() and crowded.is_empty():
        return NOTHING
    claimed = _claimed(pool, named)
    fits = places.without(fits, claimed.filter("surely"), "i")
    fits = places.without(fits, _named_another(fits, pool, named), "l", "i")
    fits = places.in_order(places.without(fits, pool.declined, "l", "i"))
    fits = fits.with_columns(alone=places.lone(fits["l"]) & places.lone(fits["i"]))
    contested = pl.concat([pool.refused[["i"]], claimed[["i"]]])
    refused_lines = pool.refused
    free = places.without(fits, refused_lines, "l")
    single = places.without(free.filter("alone"), contested, "i")
    kept, late = single.filter("timely"), single.filter(~pl.col("timely"))
    several = places.without(free, single, "l")
    periodic = places.without(_of_their_period(several, fits, pool), contested, "i")
    unclear = places.without(several, periodic, "l")
    oldest = by_age.oldest_first(unclear, fits, contested, pool, named)
    ambiguous = places.without(unclear, oldest, "l")
    common = {"tier": 2, "amount": pl.col("line_amount"), "role": "principal", "token": pl.col("party")}
    pairs = pl.concat(
        [
            pairs_of(kept, rule="party_and_amount", field=pl.col("line_party_how"), **common),
            pairs_of(periodic, rule="recurring", field=pl.col("line_party_how"), **common),
            pairs_of(oldest, rule="oldest_first", field=pl.col("line_party_how"), **common),
        ]
    )
    refused = pl.concat([ambiguous[["l", "i"]], places.without(crowded, refused_lines, "l")])
    return Found(pairs, pl.concat([refusal(refused, SEVERAL), refusal(late, LATE)]))


def _claimed(pool: Pool, named: Named) -> pl.DataFrame:
    """i, surely: items that a free line of their own party names; surely by a number, where no other document of the
    party has that line's amount (it may have written the wrong one)."""
    claims = pool.named(named.hits, BARE, refused_too=True)
    same_way = pl.col("item_amount").sign() == pl.col("line_amount").sign()
    own = pl.col("party") == pl.col("line_party")
    theirs = claims.filter(own & same_way & ~pl.col("foreign"))
    if theirs.is_empty():
        return _UNCLAIMED
    keys = ["book", "party", "line_currency", "line_amount"]
    amounts = pool.items.select("book", "party", line_currency="currency", line_amount="amount")
    meant = theirs.join(amounts, on=keys, how="anti").filter(pl.col("strength") <= SHORTHAND)[["i"]]
    return theirs[["i"]].unique().with_columns(surely=pl.col("i").is_in(meant["i"].implode()))


def _of_their_period(several: pl.DataFrame, fits: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    """Lines that pay the one of several equal items of their party which was due about then: rents, subscriptions.

    The items are due weeks apart, the line lies near one of those days, nothing else of that party does, and no older
    one of them is left without a line of its own: else the line may be for that. A word of the line says that it comes
    again and again, or there are three such items at least.
    """
    near = pool.policy.recurring_days
    keys = ["book", "party", "currency", "item_amount"]
    due = pl.coalesce("due_on", "issued_on")
    if (
        several.is_empty()
        or not several.select(((pl.col("booked_on") - due).dt.total_days().abs() <= near).any()).item()
    ):
        return several.clear()
    fits = places.having(fits, fits.join(several, on=keys, how="semi"), "l")
    apart = (pl.col("booked_on") - due).dt.total_days().abs()
    dated = fits.with_columns(apart=apart, due=due).with_columns(
        here=pl.col("apart") <= near, one_party=pl.col("party").n_unique().over("l") == 1
    )
    own, _ = places.alone(dated.filter("here"), "l", "i")
    chosen = places.having(own.filter("one_party"), several, "l")
    if chosen.is_empty():
        return several.clear()
    equal = dated.select("i", *keys, "due").unique("i").sort("due")
    spaced = equal.with_columns(gap=(pl.col("due") - pl.col("due").shift(1).over(keys)).dt.total_days().fill_null(1000))
    close = spaced.filter(pl.col("gap") < 2 * near - 4)
    series = equal.group_by(keys).len().filter(pl.col("len") >= 3).select(keys)
    asked = places.having(pool.lines[["l", "words"]], chosen, "l")
    said = asked.filter(pl.col("words").str.contains(phrase_pattern(pool.policy.recurring_words)))
    unpaid = places.without(equal, own, "i").group_by(keys).agg(oldest=pl.col("due").min())
    clear = (
        chosen.join(close, on=keys, how="anti")
        .join(unpaid, on=keys, how="left")
        .filter((pl.col("due") < pl.col("oldest")).fill_null(True))
    )
    worded = places.having(clear, said, "l")
    in_series = places.without(clear, said, "l").join(series, on=keys, how="semi")
    return pl.concat([worded.select(several.columns), in_series.select(several.columns)])


def _same_amount(pool: Pool, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines with the items of their party and amount, in the account's currency or that before conversion.

    Second: l and one i of lines whose party has a crowd of equal items.
    """
    values = lines.select("l", currency="currency", amount="amount")
    converted = lines.select("l", currency="original_currency", amount="original_amount").drop_nulls()
    values = pl.concat([values, converted]).unique() if converted.height else values
    facts = lines.select(
        "l", "book", "booked_on", "account_id", "on_processor", "line_party_how", party="line_parties",
        line_amount="amount",
    ).explode("party")  # fmt: skip
    items = pool.items.select(
        "i", "book", "party", "currency", "amount", "kind", "issued_on", "due_on", "account", item_amount="amount"
    )
    asked = values.join(facts, on="l")
    crowded, few = _NO_PAIRS, asked
    if items.height > _CROWD:
        crowds = items.group_by(_KEYS).agg(pl.col("i").min(), pl.len()).filter(pl.col("len") > _CROWD)
        crowded, few = asked.join(crowds, on=_KEYS)[["l", "i"]], asked.join(crowds, on=_KEYS, how="anti")
    both = few.join(items, on=_KEYS)
    days = (pl.col("booked_on") - pl.col("issued_on")).dt.total_days()
    recorded = pl.col("kind").str.starts_with("recorded_")
    in_window = days.is_between(-pool.policy.party_early_days, pool.policy.party_window_days)
    late_days = (pl.col("booked_on") - pl.coalesce("due_on", "issued_on")).dt.total_days()
    fits = both.filter(pool.eligible() & (recorded | in_window), pl.col("kind") != "payout").with_columns(
        timely=recorded | (late_days <= pool.policy.party_late_days)
    )
    return fits, crowded


def _named_another(fits: pl.DataFrame, pool: Pool, named: Named) -> pl.DataFrame:
    """l, i where the text has a number of the house that is not the item's, nor its beginning (with its letters or
    without), nor one edit away.

    Where the payer is known by account number or whole name, a number that is neither another item's, nor the beginning
    of another of the payer's, nor formed like the house's own does not count: it is an order's, or mistyped beyond
    recognition.
    """
    numbers = places.having(named.tokens, fits, "l")
    if numbers.is_empty():
        return _NO_PAIRS
    surely = places.having(pool.lines[["l", "line_party_how"]], numbers, "l").filter(
        pl.col("line_party_how").is_in(SURE_WAYS)
    )
    cut = _cut_short(fits, numbers, named.every_item)
    counts = ~pl.lit(places.among(numbers["l"], surely["l"])) | pl.col("known") | pl.col("formed")
    tokens = pl.concat([numbers.filter(counts)[["l", "text", "known"]], cut]).unique()
    said = fits[["l", "i"]].join(tokens, on="l")
    if said.is_empty():
        return _NO_PAIRS
    pairs = places.met(said, pool.items[["i", "number"]], "i").with_columns(number=squeezed("number"))
    number, text = pl.col("number"), pl.col("text")
    size, digits = text.str.len_chars(), number.str.replace("^[A-Z]+", "")
    begins = number.str.starts_with(text) & (size >= _LEAST_TOKEN_CHARS)
    begins |= digits.str.starts_with(text) & (size >= _LEAST_DIGITS) & ~pl.col("known")
    other = pairs.filter(~(begins | (number == text)).fill_null(False))
    if other.is_empty():
        return _NO_PAIRS
    left = other[["l", "i", "text"]]
    near = one_edit_pairs(left, other.select("l", "i", text="number").drop_nulls(), ["l", "i"])
    return other.join(near, on=["l", "i", "text"], how="anti")[["l", "i"]]


def _cut_short(fits: pl.DataFrame, numbers: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """l, text, known (never) of what lines have of their party's numbers without the end. items: settled ones too."""
    long = numbers.filter(~pl.col("known"), pl.col("text").str.len_chars() >= _LEAST_TOKEN_CHARS + 1)
    if long.is_empty():
        return long[["l", "text", "known"]]
    asked = fits[["l", "book", "party"]].unique().join(long, on="l")
    keys = ["book", "party"]
    theirs = items.join(asked, on=keys, how="semi").drop_nulls("number")
    both = asked.join(theirs.select(*keys, number=squeezed("number")), on=keys)
    return both.filter(pl.col("number").str.starts_with(pl.col("text")))[["l", "text", "known"]]
