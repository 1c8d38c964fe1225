"""Why a match was made, for a bookkeeper, and as data.

Here: what a match says of its line and items, joined. Not here: the sentence of each rule (sentences), why something
was not matched (exceptions).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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
    matches = (
        rows.join(also, on="l", how="left", maintain_order="left")
        if also.height
        else rows.with_columns(also=pl.lit(None, pl.String))
    )
    words, evidence = places.at_once(
        lambda: _words(matches, lines), lambda: matches.select(evidence=_evidence(matches, policy, version))
    )
    return words.hstack(evidence)


def _words(matches: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The sentence of each match, in their order."""
    rules = matches["rule"].unique().to_list()
    if matches.height < _MANY_MATCHES:
        return _words_of_few(matches, lines, rules)
    at = [(matches["rule"] == rule).arg_true() for rule in rules]
    said = [_sentences(rule, matches, some, lines) for rule, some in zip(rules, at, strict=True)]
    words = pl.concat([pl.Series([], dtype=pl.String), *said])
    if len(said) > 1:
        words = words.gather(pl.concat(at).arg_sort())
    return pl.DataFrame({"words": words})


def _words_of_few(matches: pl.DataFrame, lines: pl.DataFrame, rules: list[str]) -> pl.DataFrame:
    """The same of few matches: all that any sentence speaks of is looked up at once, and not for each rule."""
    asked = {name for rule in rules for name in sentence(rule).meta.root_names()}.difference(matches.columns)
    told = matches.with_columns(_spoken_of(matches, lines, asked)).with_row_index("at")
    parts = told.partition_by("rule")
    said = [part.select("at", words=_with_also(part["rule"][0], part["also"])) for part in parts]
    return pl.concat([pl.DataFrame(schema={"at": pl.UInt32, "words": pl.String}), *said]).sort("at")[["words"]]


_OF_OTHERS = ("references_shared", "feed_duplicate", "pending_posted", "returned_payment", "confirmed")
"""Rules that leave what else a line names to another line."""
_OF_LINES = {
    **{name: ("l", name) for name in ("account_id", "booked_on", "counterparty_name")},
    **{"other_account": ("other_l", "account_id"), "other_on": ("other_l", "booked_on")},
}
"""What sentences say of a match's lines: which of the two it is of, and its column there."""
_MANY_MATCHES = 10_000
"""So many are told of rule by rule, each with what its sentence speaks of alone."""


def _sentences(rule: str, matches: pl.DataFrame, at: pl.Series, lines: pl.DataFrame) -> pl.Series:
    """The sentence of each match of a rule, which stand at some places. Only what it speaks of is looked up."""
    asked = set(sentence(rule).meta.root_names())
    told = {"l", "other_l", "open", "open_currency", "foreign", "also", *asked}
    part = matches[[name for name in matches.columns if name in told]]
    part = part if len(at) == part.height else part.select(pl.all().gather(at))
    part = part.with_columns(_spoken_of(part, lines, asked))
    return part.select(words=_with_also(rule, part["also"])).to_series()


def _with_also(rule: str, named: pl.Series) -> pl.Expr:
    """The sentence of a rule, with what else lines name (also), if any of its matches' does."""
    words = sentence(rule)
    if named.null_count() == len(named) or rule in _OF_OTHERS:
        return words
    also = pl.format(" It also names {}, whose amount does not agree.", "also")
    return words + pl.when(pl.col("also").is_not_null()).then(also).otherwise(pl.lit(""))


def _spoken_of(part: pl.DataFrame, lines: pl.DataFrame, asked: set[str]) -> list[pl.Expr]:
    """Those of the columns asked for that are of the lines of some matches, or amounts in words."""
    columns = [
        pl.lit(places.at(lines.select(column), part[line]).to_series()).alias(name)
        for name, (line, column) in _OF_LINES.items()
        if name in asked
    ]
    if "open_money" in asked:
        columns.append(money_words("open", "open_currency", part).alias("open_money"))
    for name, line in (("money", "l"), ("other_money", "other_l")):
        if name in asked:
            of_line = places.at(lines.select("amount", "currency"), part[line])
            columns.append(money_words("amount", "currency", of_line).alias(name))
    if "paid_as" in asked:
        columns.append(_paid_as(part, lines).alias("paid_as"))
    return columns


def _paid_as(part: pl.DataFrame, lines: pl.DataFrame) -> pl.Expr:
    """What matches of items in another currency say of the line's; nothing where there are none."""
    if not part["foreign"].any():
        return pl.lit("")
    money = money_words("amount", "currency", places.at(lines.select("amount", "currency"), part["l"]))
    return pl.when("foreign").then(pl.format(", paid as {}", money)).otherwise(pl.lit(""))


def _rows(sided: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """One row per match, by line: what its allocations say, joined."""
    full = places.beside(sided, items.select(open="amount", label="number"), "i")
    if full["label"].null_count():
        described = pl.format("the {} of {}", pl.col("kind").str.replace_all("_", " "), "issued_on")
        without = places.at(items.select("kind", "issued_on"), full["i"]).select(described).to_series()
        full = full.with_columns(label=pl.coalesce("label", without))
    told = full.with_columns(said=_part(full), foreign=(pl.col("item_currency") != pl.col("currency")).fill_null(False))
    alone = places.lone(told["l"])
    if alone.all():
        return _single(told)
    return pl.concat([_single(places.filtered(told, alone)), _several(places.filtered(told, ~alone))]).sort("l")


def _single(told: pl.DataFrame) -> pl.DataFrame:
    """Matches of one allocation, which are nearly all, without the cost of grouping."""
    return told.select(
        "l", "line_id", "tier", "rule", "field", "other_l", "other_line_id", "account_code", "open", "foreign",
        open_currency="item_currency",
        tokens=pl.col("token").fill_null(""),
        labels=pl.col("label").fill_null(""),
        count=pl.lit(1, pl.UInt32),
        aside=pl.lit(""),
        aside_role=pl.lit(""),
        allocations="said",
    )  # fmt: skip


def _several(told: pl.DataFrame) -> pl.DataFrame:
    main = pl.col("role") == "principal"
    priced = told.with_columns(part_money=money_words("amount", "currency", told))
    return priced.group_by("l", maintain_order=True).agg(
        pl.col("line_id", "tier", "rule", "field").first(),
        pl.col("other_l", "other_line_id", "account_code").drop_nulls().first(),
        open=pl.col("open").filter(main).first(),
        foreign=pl.col("foreign").any(),
        open_currency=pl.col("item_currency").filter(main).first(),
        tokens=pl.col("token").filter(main).drop_nulls().unique().sort().str.join(", "),
        labels=pl.col("label").filter(main).str.join(", "),
        count=main.sum().cast(pl.UInt32),
        aside=pl.col("part_money").filter(~main).str.join(", "),
        aside_role=pl.col("role").filter(~main).first().fill_null(""),
        allocations=pl.col("said").str.join(","),
    )


_NONE_ALSO = pl.DataFrame(schema={"l": pl.UInt32, "also": pl.String})


def also_named(pairs: pl.DataFrame, named: Said, items: pl.DataFrame) -> pl.DataFrame:
    """l and the labels of items that a matched line names too, but that its match leaves out."""
    sure = named.hits[["l", "i"]].filter(named.hits["strength"] <= SHORTHAND)
    matched = places.filtered(sure, places.among(sure["l"], pairs["l"]))
    # Most lines name what they settle and nothing else, which needs no join.
    settled = pairs[["l", "i"]].drop_nulls("i")
    one = places.last_of(settled["l"], settled["i"], matched["l"])
    others = matched.filter(one != matched["i"])
    left_out = places.without(others, pairs, "l", "i")
    if left_out.is_empty():
        return _NONE_ALSO
    labels = items.select(label=pl.coalesce("number", "item_id"))
    return places.beside(left_out, labels, "i").group_by("l").agg(also=pl.col("label").unique().sort().str.join(", "))


_Json = Sequence[str | pl.Expr]
"""JSON in pieces: what is the same for all rows as it is, what differs as expressions; each costs time per row."""


def _quoted(frame: pl.DataFrame, column: str) -> _Json:
    """A text as JSON has it, null where there is none. Most columns have nothing to escape, and pay for nothing."""
    texts = frame[column]
    if texts.null_count() == len(texts):
        return ("null",)
    plain = pl.col(column)
    if _any_to_escape(texts):
        plain = plain.str.replace_many(["\\", '"', "\n", "\r", "\t"], ["\\\\", '\\"', " ", " ", " "])
        plain = plain.str.replace_all(r"[\x00-\x1F]", " ")
    if not texts.null_count():
        return ('"', plain, '"')
    return (pl.concat_str(pl.lit('"'), plain, pl.lit('"')).fill_null("null"),)


_TO_ESCAPE = re.compile(r'[\\"\x00-\x1F]')
_FEW_TEXTS = 5_000
"""So many are read sooner than a query is made ready."""


def _any_to_escape(texts: pl.Series) -> bool:
    if len(texts) > _FEW_TEXTS:
        return bool(texts.str.contains(_TO_ESCAPE.pattern).any())
    return _TO_ESCAPE.search("".join(filter(None, texts.to_list()))) is not None


def _number(frame: pl.DataFrame, column: str) -> _Json:
    if frame[column].null_count():
        return (pl.col(column).cast(pl.String).fill_null("null"),)
    return (pl.col(column),)


def _json(**values: _Json) -> pl.Expr:
    """An object of values that are JSON already."""
    parts: list[str | pl.Expr] = []
    for n, (name, value) in enumerate(values.items()):
        for part in (f'{"," if n else "{"}"{name}":', *value):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
    return pl.concat_str(*(pl.lit(part) if isinstance(part, str) else part for part in parts), pl.lit("}"))


def _part(frame: pl.DataFrame) -> pl.Expr:
    """An allocation as JSON."""
    return _json(
        item_id=_quoted(frame, "item_id"),
        role=_quoted(frame, "role"),
        amount_minor=_number(frame, "amount"),
        item_amount_minor=_number(frame, "item_amount"),
    )


def _evidence(frame: pl.DataFrame, policy: Policy, version: str) -> pl.Expr:
    """What a match rests on, as JSON."""
    return _json(
        tier=_number(frame, "tier"),
        rule=_quoted(frame, "rule"),
        field=_quoted(frame, "field"),
        tokens=_quoted(frame, "tokens"),
        line_id=_quoted(frame, "line_id"),
        other_id=_quoted(frame, "other_line_id"),
        account_code=_quoted(frame, "account_code"),
        also=_quoted(frame, "also"),
        allocations=("[", pl.col("allocations"), "]"),
        rule_version=(f'"{version}"',),
        policy=(f'"{policy.digest[:16]}"',),
    )
