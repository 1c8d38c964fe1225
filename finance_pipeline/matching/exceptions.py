"""What stays unmatched: one reason for each line, in words, with what a person might look at first.

Not here: matching. Suggestions are never applied by themselves.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from finance_pipeline.matching import places, schemas
from finance_pipeline.matching.pool import SETTLED, Pool
from finance_pipeline.matching.references import SHORTHAND, Said
from finance_pipeline.matching.text import money_words

_SUGGESTED_COUNT = 3
_NEAREST, _SAME_AMOUNT = 2, 3
"""Ranks of suggestions that are no evidence."""
_LISTED = pl.Schema({"l": pl.UInt32, "rank": pl.Int32, "item": pl.String, "why": pl.String})


def explain(
    pool: Pool, named: Said, all_items: pl.DataFrame, needed: pl.DataFrame, every: pl.DataFrame
) -> pl.DataFrame:
    """One row per free line: line_id, reason, words, suggestions (schemas.EXCEPTIONS), sorted by line.

    all_items: items as before any match, each at its place, so that what is settled by now is still known. needed:
    autonomy.BEYOND. every: all lines, of which those still pending stay open too.
    """
    pending = every.filter("pending", ~pl.col("held"))
    free = pl.concat([pool.lines, places.filtered(pending, ~places.among(pending["l"], pool.pairs["l"]))]).sort("l")
    if free.is_empty():
        return schemas.EXCEPTIONS.empty()
    hits = places.filtered(named.hits, places.among(named.hits["l"], free["l"]))
    left = places.sums(pool.items["i"], pool.items["amount"], all_items.height)
    told = pl.concat([pool.items["i"], pool.refused["i"].drop_nulls(), hits["i"]])
    items = all_items.with_columns(left=left).filter(places.among(all_items["i"], told))
    lines = free.with_columns(money=money_words("amount", "currency", free))
    facts = _facts(lines, pool, named)
    reasoned = facts.with_columns(reason=_reason())
    worded = _worded(reasoned, _labelled(_listed(reasoned, pool, named, items), items))
    return _with_needed(worded, needed, lines)


def _facts(lines: pl.DataFrame, pool: Pool, named: Said) -> pl.DataFrame:
    """Lines with what decides the reason: what a step refused, what is surely named, settled, or unknown."""
    named = replace(
        named,
        hits=places.filtered(named.hits, places.among(named.hits["l"], lines["l"])),
        tokens=places.filtered(named.tokens, places.among(named.tokens["l"], lines["l"])),
    )
    refused = pool.refused.sort("l", "why", descending=[False, True]).unique("l", keep="first", maintain_order=True)
    sure = named.hits.filter(pl.col("strength") <= SHORTHAND)[["l"]].unique().with_columns(sure=pl.lit(True))
    unknown = named.tokens.filter(~pl.col("known")).group_by("l").agg(unknown=pl.col("text").sort().first())
    return (
        lines.join(refused.select("l", refused="why"), on="l", how="left", maintain_order="left")
        .join(sure, on="l", how="left", maintain_order="left")
        .join(unknown, on="l", how="left", maintain_order="left")
    )


def _reason() -> pl.Expr:
    return (
        pl.when("pending").then(pl.lit("pending"))
        .when(pl.col("amount") == 0).then(pl.lit("amount_zero"))
        .when(pl.col("refused").is_not_null()).then("refused")
        .when("sure").then(pl.lit("amount_differs"))
        .when(pl.col("nature").is_not_null()).then(pl.lit("no_document_expected"))
        .when(pl.col("unknown").is_not_null()).then(pl.lit("reference_unknown"))
        .when(pl.col("line_party").is_not_null()).then(pl.lit("party_known_no_item"))
        .otherwise(pl.lit("nothing_found"))
    )  # fmt: skip


def _with_needed(worded: pl.DataFrame, needed: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Exceptions with those of matches that a person has to accept in place of their lines' own."""
    if needed.is_empty():
        return worded
    beyond = needed.join(lines[["l", "line_id"]], on="l").select(
        "line_id", reason=pl.lit("beyond_autonomy"), words="words", suggestions="suggestions"
    )
    rest = worded.join(beyond, on="line_id", how="anti", maintain_order="left")
    return pl.concat([rest, beyond]).sort("line_id")


def _listed(reasoned: pl.DataFrame, pool: Pool, named: Said, items: pl.DataFrame) -> pl.DataFrame:
    """One row per line and suggestion, best first: l, rank, item (id), why, alike (how many there were of its rank)."""
    reasons = reasoned[["l", "reason"]]
    names = items.select("i", item="item_id")
    frames = []
    if pool.refused.height:
        fits = pool.refused.drop_nulls("i").join(names, on="i").join(reasons, on="l")
        legs = pool.refused.drop_nulls("other_l").join(pool.lines.select(other_l="l", item="line_id"), on="other_l")
        settled = pl.col("reason") == SETTLED
        frames = [
            (fits.filter(~settled), 0, "fits, but not alone"),
            (fits.filter(settled), 0, "named in the text, and settled already"),
            (legs.join(reasons, on="l"), 0, "fits as the other leg, but not alone"),
        ]
    named_items = named.hits.filter(pl.col("strength") <= SHORTHAND).join(names, on="i")
    differing = reasons.filter(pl.col("reason") == "amount_differs")
    frames += [
        (named_items.join(differing, on="l"), 1, "named in the text"),
        (_nearest(reasoned, items), _NEAREST, "nearest open amount of this party"),
        (_same_amount(reasoned, items), _SAME_AMOUNT, "the same amount is open"),
    ]
    listed = [_ranked(frame, rank, why) for frame, rank, why in frames if frame.height]
    tall = (
        pl.concat([pl.DataFrame(schema=_LISTED), *listed])
        .sort("l", "rank", "item")
        .unique(["l", "item"], keep="first", maintain_order=True)
    )
    counted = tall.with_columns(alike=pl.len().over("l", "rank"))
    return counted.filter(pl.int_range(pl.len()).over("l") < _SUGGESTED_COUNT)


def _labelled(listed: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Suggestions with a label: 'INV-1041 (USD 100.00 open)', 'INV-1042 (settled)'; another line by its id."""
    facts = items.select("number", "left", "currency", item="item_id")
    joined = listed.join(facts, on="item", how="left", maintain_order="left")
    state = pl.when(pl.col("left") == 0).then(pl.lit("settled")).otherwise(
        money_words("left", "currency", joined) + " open"
    )  # fmt: skip
    return joined.with_columns(label=pl.coalesce(pl.coalesce("number", "item") + " (" + state + ")", "item"))


def _ranked(frame: pl.DataFrame, rank: int, why: str) -> pl.DataFrame:
    return frame.with_columns(rank=pl.lit(rank), why=pl.lit(why)).select(pl.col(n).cast(t) for n, t in _LISTED.items())


def _nearest(reasoned: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """The open item of the line's party, of its currency, that is nearest in amount."""
    without = reasoned.filter(
        pl.col("line_party").is_not_null(), pl.col("reason").is_in(("party_known_no_item", "reference_unknown"))
    )
    lines = without.select("l", "book", "currency", "amount", party="line_party").sort("amount")
    if lines.is_empty():
        return lines
    theirs = items.join(lines[["book", "currency", "party"]], on=["book", "currency", "party"], how="semi")
    open_ = theirs.filter(pl.col("left") != 0).sort("left", "item_id")
    right = open_.select("book", "currency", "party", item="item_id", amount="left")
    return lines.join_asof(
        right, on="amount", by=["book", "currency", "party"], strategy="nearest", check_sortedness=False
    ).drop_nulls("item")


def _same_amount(reasoned: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Open items of the line's amount, a few each; not for what has no document by nature."""
    lines = reasoned.filter(pl.col("reason").is_in(("nothing_found", "reference_unknown", "amount_differs")))
    if lines.is_empty():
        return lines
    amounts = lines.select("book", "currency", left="amount").filter(pl.col("left") != 0)
    few = (
        items.join(amounts, on=["book", "currency", "left"], how="semi")
        .sort("item_id")
        .filter(pl.int_range(pl.len()).over("book", "currency", "left") < _SUGGESTED_COUNT)
    )
    right = few.select("book", "currency", item="item_id", amount="left")
    return lines[["l", "book", "currency", "amount"]].join(right, on=["book", "currency", "amount"])


def _worded(reasoned: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("rank") == pl.col("rank").first()
    more = pl.col("alike").first() - first.sum()
    best = (
        listed.group_by("l", maintain_order=True)
        .agg(
            labels=pl.col("label").filter(first).str.join(", "),
            label_count=pl.col("alike").first(),
            more=pl.when(more > 0).then(pl.format(" and {} more", more)).otherwise(pl.lit("")),
            near=pl.col("label").filter(pl.col("rank") == _NEAREST).first(),
            same=pl.col("label").filter(pl.col("rank") == _SAME_AMOUNT).str.join(", "),
            s=pl.struct(items=pl.concat_list("item"), why="why"),
        )
        .with_columns(labels=pl.col("labels") + pl.col("more"))
    )
    encoded = best.with_columns(suggestions=pl.struct("s").struct.json_encode().str.slice(5).str.head(-1)).drop("s")
    joined = reasoned.join(encoded, on="l", how="left", maintain_order="left").with_columns(
        pl.col("suggestions").fill_null("[]"), pl.col("labels").fill_null("none")
    )
    said = {
        "several_solutions": pl.when(pl.col("label_count") == 1)
        .then(pl.format("{} fits, but so does another line or document: nothing was taken.", "labels"))
        .otherwise(pl.format("More than one solution fits, so none was taken: {}.", "labels")),
        "long_after_due": pl.format(
            "{} fits by party and amount, but the money came long after it was due: not taken without a reference.",
            "labels",
        ),
        "amount_differs": pl.format("It names {}, but the line is of {}.", "labels", "money"),
        "no_document_expected": pl.format("By its text a {}: no document is expected.", pl.col("nature").fill_null("")),
        "reference_unknown": pl.format("It names {}, which is no open item.", pl.col("unknown").fill_null("")),
        "party_known_no_item": pl.format(
            "Of {} ({}), which has no open item of {}.",
            pl.col("counterparty_name").fill_null("a known party"), pl.col("line_party_how").fill_null(""), "money",
        ),
        "already_settled": pl.format("It names a document that is settled already; {} may be paid twice.", "money"),
        "could_be_chance": pl.format(
            "{} add to {}, but so many sums were possible that chance may have made this one: not taken.",
            *("labels", "money"),
        ),
        "too_many_items": pl.format(
            "Of {}, with too many open items to prove which of them add to {}.",
            *(pl.col("counterparty_name").fill_null("a known party"), "money"),
        ),
        "discount_late": pl.format("It is {} less an early-payment discount, taken after its last day.", "labels"),
        "pending": pl.format("Still pending at the bank: {} settles nothing before it is booked.", "money"),
        "amount_zero": pl.lit("The line moves no money."),
        "nothing_found": pl.format("No known reference, party or own transfer explains {}.", "money"),
    }  # fmt: skip
    text = pl.coalesce(*(pl.when(pl.col("reason") == reason).then(words_) for reason, words_ in said.items()))
    near = pl.when(pl.col("near").is_not_null()).then(pl.format(" The nearest is {}.", "near")).otherwise(pl.lit(""))
    same = pl.when(pl.col("same") != "").then(pl.format(" Of just that amount: {}.", "same")).otherwise(pl.lit(""))
    return joined.select("line_id", "reason", words=text + near + same, suggestions="suggestions")
