"""Why a match was made, for a bookkeeper, and as data.

Not here: why something was not matched (exceptions).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.pool import Pool
from finance_pipeline.matching.references import SHORTHAND, Named
from finance_pipeline.matching.text import money_words

_WHERE = {
    "memo": "The memo",
    "end_to_end_id": "The end-to-end id",
    "bank_reference": "The bank's reference",
}


def explain(pool: Pool, named: Named, lines: pl.DataFrame, items: pl.DataFrame, version: str) -> pl.DataFrame:
    """One row per match: l, words, evidence. lines, items: all, as before any match."""
    rows = _rows(pool.pairs, lines, items)
    also = _also_named(pool.pairs, named, items)
    sides = lines.select("l", "line_id", "account_id", "booked_on", "amount", "currency", "counterparty_name")
    other = sides.select(other_l="l", other_id="line_id", other_account="account_id", other_on="booked_on")
    matches = (
        rows.join(sides, on="l", maintain_order="left")
        .join(other, on="other_l", how="left", maintain_order="left")
        .join(also, on="l", how="left", maintain_order="left")
    )
    matches = matches.with_columns(money=money_words("amount", "currency", matches))
    nothing = pl.DataFrame(schema={"l": pl.UInt32, "words": pl.String, "evidence": pl.String})
    said = [
        part.select("l", words=_sentence(part["rule"][0]) + _besides(), evidence=_evidence(pool.policy, version))
        for part in matches.partition_by("rule")
    ]
    return pl.concat([nothing, *said])


def _besides() -> pl.Expr:
    also = pl.format(" It also names {}, whose amount does not agree.", "also")
    return pl.when(pl.col("also").is_not_null()).then(also).otherwise(pl.lit(""))


def _rows(pairs: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """One row per match: what its allocations say, joined."""
    facts = items.select(
        "i", "item_id", open="amount", label=pl.coalesce("number", "item_id"), item_currency="currency"
    )
    full = (
        pairs.join(facts, on="i", how="left", maintain_order="left")
        .join(lines.select("l", line_currency="currency"), on="l", maintain_order="left")
        .sort("l", "item_id", "role", nulls_last=True)
    )
    priced = full.with_columns(
        open_money=money_words("open", "item_currency", full),
        part_money=money_words("amount", "line_currency", full),
    )
    priced = priced.with_columns(
        allocation=pl.struct("item_id", "role", amount_minor="amount", item_amount_minor="item_amount"),
        foreign=(pl.col("item_currency") != pl.col("line_currency")).fill_null(False),
    )
    alone = ~pl.col("l").is_duplicated()
    return pl.concat([_single(priced.filter(alone)), _several(priced.filter(~alone))])


def _single(priced: pl.DataFrame) -> pl.DataFrame:
    """Matches of one allocation, which are nearly all, without the cost of grouping."""
    return priced.select(
        "l", "tier", "rule", "field", "other_l",
        tokens=pl.col("token").fill_null(""),
        labels=pl.col("label").fill_null(""),
        count=pl.lit(1, pl.UInt32),
        open_money="open_money",
        aside=pl.lit(""),
        foreign="foreign",
        allocations=pl.concat_list("allocation"),
    )  # fmt: skip


def _several(priced: pl.DataFrame) -> pl.DataFrame:
    main = pl.col("role") == "principal"
    return priced.group_by("l", maintain_order=True).agg(
        pl.col("tier", "rule", "field", "other_l").first(),
        tokens=pl.col("token").filter(main).unique().sort().str.join(", "),
        labels=pl.col("label").filter(main).str.join(", "),
        count=main.sum().cast(pl.UInt32),
        open_money=pl.col("open_money").filter(main).first(),
        aside=pl.col("part_money").filter(~main).str.join(", "),
        foreign=pl.col("foreign").any(),
        allocations=pl.col("allocation"),
    )


def _also_named(pairs: pl.DataFrame, named: Named, items: pl.DataFrame) -> pl.DataFrame:
    """l and the labels of items that a matched line names too, but that its match leaves out."""
    matched = named.hits.filter(pl.col("strength") <= SHORTHAND).join(pairs.select("l").unique(), on="l", how="semi")
    left_out = matched.join(pairs.select("l", "i"), on=["l", "i"], how="anti")
    labels = items.select("i", label=pl.coalesce("number", "item_id"))
    return left_out.join(labels, on="i").group_by("l").agg(also=pl.col("label").unique().sort().str.join(", "))


def _sentence(rule: str) -> pl.Expr:
    """What a rule says of a match."""
    where = pl.col("field").replace_strict(_WHERE, default="The text", return_dtype=pl.String)
    names = pl.format("{} names {}", where, "labels")
    abroad = pl.when("foreign").then(pl.format(", paid as {}", "money")).otherwise(pl.lit(""))
    one = pl.format("{}: its open amount, {}, agrees to the cent{}.", names, "open_money", abroad)
    total = pl.format("{}: together they are open at exactly {}.", names, "money")
    kept = pl.when(pl.col("aside") != "").then(pl.format("; kept as fees: {}", "aside")).otherwise(pl.lit(""))
    said_by = pl.when(pl.col("field") == "name").then(pl.lit("our name on both")).otherwise(pl.lit("the text"))
    there = (pl.col("other_account").fill_null(""), pl.col("other_on").cast(pl.String).fill_null(""))
    party = pl.col("counterparty_name").fill_null("The party")
    by_rule = {
        "confirmed": pl.format("A person confirmed that this settles {}.", "labels"),
        "structured_id": pl.format(
            "{} is that of {}, open at {}: the same to the cent{}.", where, "labels", "open_money", abroad
        ),
        "payout_by_amount": pl.format(
            "The text names a card processor, and {}, expected in these days, is its only payout of {}.",
            *("labels", "money"),
        ),
        "payout_breakdown": pl.format(
            "The nets of the {} items of payout {} add to exactly {}{}.", "count", "tokens", "money", kept
        ),
        "recorded_payment": pl.format("{}, a payment recorded on this account: the same to the cent.", names),
        "reference_typo": pl.format(
            "The text has {}; one keystroke corrected, it names {}, the only one of exactly the missing amount.",
            *("tokens", "labels"),
        ),
        "short_payment": pl.format(
            "{}, open at {}; {} came. The difference, {}, is within the limit and written off.",
            *(names, "open_money", "money", "aside"),
        ),
        "partial_payment": pl.format(
            "{}, open at {}; {} pays a part of it, and the rest stays open.", names, "open_money", "money"
        ),
        "party_and_amount": pl.format(
            "{}, known by {}, has one open item of {}: {}, and no other line fits that.",
            *(party, "field", "open_money", "labels"),
        ),
        "transfer": pl.format(
            "{} left {} on {} and reached {} on {}; no other line fits either, and {} says that it is a transfer.",
            *(pl.col("money").str.replace("-", ""), "account_id", pl.col("booked_on").cast(pl.String), *there, said_by),
        ),
    }
    return by_rule.get(rule, pl.when(pl.col("count") > 1).then(total).otherwise(one))


def _evidence(policy: Policy, version: str) -> pl.Expr:
    return pl.struct(
        "tier",
        "rule",
        "field",
        "tokens",
        "line_id",
        "other_id",
        "also",
        "allocations",
        rule_version=pl.lit(version),
        policy=pl.lit(policy.digest[:16]),
    ).struct.json_encode()
