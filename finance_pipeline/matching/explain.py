"""Why a match was made, for a bookkeeper, and as data.

Here: what a match says of its line and items, joined. Not here: the sentence of each rule (sentences), why something
was not matched (exceptions).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.references import SHORTHAND, Said
from finance_pipeline.matching.sentences import sentence
from finance_pipeline.matching.text import money_words


def explain(
    sided: pl.DataFrame, also: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame, policy: Policy, version: str
) -> pl.DataFrame:
    """One row per match, by line: words, evidence. sided: allocations by line, with the ids of their sides; also:
    also_named; lines, items: all, as before any match, each at its place."""
    rows = _rows(sided, items)
    sides = lines[["account_id", "booked_on", "amount", "currency", "counterparty_name"]]
    other = sides.select(
        other_account="account_id", other_on="booked_on", other_amount="amount", other_currency="currency"
    )
    matches = places.beside(places.beside(rows, sides, "l"), other, "other_l")
    matches = (
        matches.join(also, on="l", how="left", maintain_order="left")
        if also.height
        else matches.with_columns(also=pl.lit(None, pl.String))
    )
    matches = matches.with_columns(
        money=money_words("amount", "currency", matches),
        other_money=money_words("other_amount", "other_currency", matches),
    )
    words, evidence = places.at_once(
        lambda: _words(matches), lambda: matches.select(evidence=_evidence(matches, policy, version))
    )
    return words.hstack(evidence)


def _words(matches: pl.DataFrame) -> pl.DataFrame:
    """The sentence of each match, in their order."""
    nothing = pl.DataFrame(schema={"l": pl.UInt32, "words": pl.String})
    besides = _besides()
    said = [part.select("l", words=sentence(part["rule"][0]) + besides) for part in matches.partition_by("rule")]
    return pl.concat([nothing, *said]).sort("l")[["words"]]


_OF_OTHERS = ("references_shared", "feed_duplicate", "pending_posted", "returned_payment", "confirmed")
"""Rules that leave what else a line names to another line."""


def _besides() -> pl.Expr:
    also = pl.format(" It also names {}, whose amount does not agree.", "also")
    told = pl.col("also").is_not_null() & ~pl.col("rule").is_in(_OF_OTHERS)
    return pl.when(told).then(also).otherwise(pl.lit(""))


def _rows(sided: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """One row per match, by line: what its allocations say, joined."""
    full = places.beside(sided, items.select("kind", "issued_on", open="amount", label="number"), "i")
    if full["label"].null_count():
        described = pl.format("the {} of {}", pl.col("kind").str.replace_all("_", " "), "issued_on")
        full = full.with_columns(label=pl.coalesce("label", described))
    priced = full.with_columns(
        open_money=money_words("open", "item_currency", full),
        part_money=money_words("amount", "currency", full),
        said=_part(full),
        foreign=(pl.col("item_currency") != pl.col("currency")).fill_null(False),
    )
    alone = places.lone(priced["l"])
    if alone.all():
        return _single(priced)
    return pl.concat([_single(priced.filter(alone)), _several(priced.filter(~alone))]).sort("l")


def _single(priced: pl.DataFrame) -> pl.DataFrame:
    """Matches of one allocation, which are nearly all, without the cost of grouping."""
    return priced.select(
        "l", "line_id", "tier", "rule", "field", "other_l", "other_line_id", "account_code", "open_money", "foreign",
        tokens=pl.col("token").fill_null(""),
        labels=pl.col("label").fill_null(""),
        count=pl.lit(1, pl.UInt32),
        part_money="part_money",
        aside=pl.lit(""),
        aside_role=pl.lit(""),
        allocations="said",
    )  # fmt: skip


def _several(priced: pl.DataFrame) -> pl.DataFrame:
    main = pl.col("role") == "principal"
    return priced.group_by("l", maintain_order=True).agg(
        pl.col("line_id", "tier", "rule", "field").first(),
        pl.col("other_l", "other_line_id", "account_code").drop_nulls().first(),
        open_money=pl.col("open_money").filter(main).first(),
        foreign=pl.col("foreign").any(),
        tokens=pl.col("token").filter(main).drop_nulls().unique().sort().str.join(", "),
        labels=pl.col("label").filter(main).str.join(", "),
        count=main.sum().cast(pl.UInt32),
        part_money=pl.col("part_money").filter(main).first(),
        aside=pl.col("part_money").filter(~main).str.join(", "),
        aside_role=pl.col("role").filter(~main).first().fill_null(""),
        allocations=pl.col("said").str.join(","),
    )


def also_named(pairs: pl.DataFrame, named: Said, items: pl.DataFrame) -> pl.DataFrame:
    """l and the labels of items that a matched line names too, but that its match leaves out."""
    sure = named.hits[["l", "i"]].filter(named.hits["strength"] <= SHORTHAND)
    matched = sure.filter(places.among(sure["l"], pairs["l"]))
    # Most lines name what they settle and nothing else, which needs no join.
    settled = pairs[["l", "i"]].drop_nulls("i")
    one = places.last_of(settled["l"], settled["i"], matched["l"])
    others = matched.filter(one != matched["i"])
    left_out = places.without(others, pairs, "l", "i")
    labels = items.select(label=pl.coalesce("number", "item_id"))
    return places.beside(left_out, labels, "i").group_by("l").agg(also=pl.col("label").unique().sort().str.join(", "))


def _quoted(frame: pl.DataFrame, column: str) -> pl.Expr:
    """A text as JSON has it, null where there is none. Most columns have nothing to escape, and pay for nothing."""
    texts = frame[column]
    if texts.null_count() == len(texts):
        return pl.lit("null")
    plain = pl.col(column)
    if texts.str.contains(r'[\\"\x00-\x1F]').any():
        plain = plain.str.replace_many(["\\", '"', "\n", "\r", "\t"], ["\\\\", '\\"', " ", " ", " "])
        plain = plain.str.replace_all(r"[\x00-\x1F]", " ")
    return pl.concat_str(pl.lit('"'), plain, pl.lit('"')).fill_null("null")


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).fill_null("null")


def _json(**values: pl.Expr) -> pl.Expr:
    """An object of expressions that are JSON already."""
    parts: list[pl.Expr] = []
    for n, (name, value) in enumerate(values.items()):
        parts += [pl.lit(f'{"," if n else "{"}"{name}":'), value]
    return pl.concat_str(*parts, pl.lit("}"))


def _part(frame: pl.DataFrame) -> pl.Expr:
    """An allocation as JSON."""
    return _json(
        item_id=_quoted(frame, "item_id"),
        role=_quoted(frame, "role"),
        amount_minor=_number("amount"),
        item_amount_minor=_number("item_amount"),
    )


def _evidence(frame: pl.DataFrame, policy: Policy, version: str) -> pl.Expr:
    """What a match rests on, as JSON."""
    return _json(
        tier=_number("tier"),
        rule=_quoted(frame, "rule"),
        field=_quoted(frame, "field"),
        tokens=_quoted(frame, "tokens"),
        line_id=_quoted(frame, "line_id"),
        other_id=_quoted(frame, "other_line_id"),
        account_code=_quoted(frame, "account_code"),
        also=_quoted(frame, "also"),
        allocations=pl.concat_str(pl.lit("["), "allocations", pl.lit("]")),
        rule_version=pl.lit(f'"{version}"'),
        policy=pl.lit(f'"{policy.digest[:16]}"'),
    )
