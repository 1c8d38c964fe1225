"""Document numbers: which open items a line's text names, and how surely.

Here: an index of every way to write an item's numbers, and the search for them in structured fields and memos.
Not here: whether the amount agrees (proposals, by_reference).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import polars as pl

from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.text import folded, is_digits, runs, squeezed, without_zeros

STRONG, SHORTHAND, BARE = 1, 2, 3
"""How surely a text names an item: by its whole number; by an ending in a list after a whole one; by digits alone."""
FIELDS = ("end_to_end_id", "bank_reference", "memo")
STRUCTURED = FIELDS[:2]
_LONGEST_RUNS = 4
_OPAQUE = "?"
"""Shape of an id of more runs than that: not a number that people type, and found as one word only."""
_SURE_DIGITS = 6
_INVOICE_WORDS = (
    *("INVOICE", "INVOICES", "INV", "BILL", "RECHNUNG", "RECHNUNGSNR", "RG", "RGNR", "RNR", "RE", "FACTURE", "FACT"),
    *("FACTUUR", "FAKTURA", "FAKTURANR", "FATTURA", "FACTURA", "LASKU", "RECHNR"),
)
_NUMBER_WORDS = ("NO", "NR", "NUM", "NUMBER", "NUMMER", "N")
_CONNECTORS = ("AND", "UND", "ET", "EN", "OG", "OCH", "U", "PLUS", "Y", "E")


@dataclass(frozen=True)
class Named:
    """What the lines' texts name.

    hits: one row per line and item: l, i, strength, field, token (as found), whole (the structured field is nothing
    else). tokens: one row per number-like text: l, text (squeezed), known (names an open item), formed (looks like
    one of the house's own numbers). runs_at: internal positions.
    """

    hits: pl.DataFrame
    tokens: pl.DataFrame


def find(lines: pl.DataFrame, items: pl.DataFrame, policy: Policy) -> Named:
    """Every open item that each line's text names. lines: l, book, FIELDS; items: i, book, number, references."""
    index = _index(items, policy)
    houses = _houses(items)
    texts = _texts(lines)
    found = runs(texts, "text").with_columns(digits=is_digits(pl.col("run")), plain=without_zeros(pl.col("run")))
    grams = _grams(found, index)
    exact = grams.join(index, on=["book", "key"]).with_columns(end=pl.col("at") + pl.col("size") - 1)
    strong = exact.filter(pl.col("strength") == STRONG)
    bare = _bare(exact.filter(pl.col("strength") == BARE), strong, found, houses)
    listed = _shorthand(found, strong, index)
    opaque = _opaque(texts, index)
    columns = ["l", "i", "strength", "field", "token", "whole"]
    hits = (
        pl.concat([frame.select(columns) for frame in (strong, listed, bare, opaque)])
        .with_columns(whole=pl.col("whole") & pl.col("field").is_in(STRUCTURED))
        .sort("l", "i", "strength", "whole", "field", "token", descending=[False, False, False, True, False, False])
        .unique(["l", "i"], keep="first", maintain_order=True)
    )
    return Named(hits, _tokens(found, strong, houses))


def _index(items: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """One row per item and way to write one of its numbers: book, key, shape, i, strength, compact.

    A key is the runs of letters and digits without leading zeros, joined by '-': INV-2024-000183 is found as
    INV-2024-183, as INV-2024000183 (no separators), and by its digits alone.
    """
    named = (
        items.select("i", "book", text=pl.concat_list(pl.concat_list("number"), pl.col("references").fill_null([])))
        .explode("text")
        .filter(pl.col("text").str.contains("[0-9]"))
        .unique()
    )
    counted = named.with_columns(f=folded(pl.col("text"))).with_columns(
        parts=pl.col("f").str.extract_all("[A-Z]+|[0-9]+")
    )
    is_few = pl.col("parts").list.len() <= _LONGEST_RUNS
    few = counted.filter(is_few).select("i", "book", parts=pl.col("parts").list.join("-"))
    many = counted.filter(~is_few).select("i", "book", parts=pl.col("parts").list.join(""))
    digits = few.with_columns(parts=pl.col("parts").str.replace_all("[A-Z]+", "").str.strip_chars("-"))
    ways = [
        few.with_columns(way=pl.lit("full")),
        few.filter(_GAP).with_columns(parts=_merged(), way=pl.lit("full")),
        digits.with_columns(way=pl.lit("digits")),
        digits.filter(_GAP).with_columns(parts=_merged(), way=pl.lit("digits")),
    ]
    joined = pl.concat(ways).with_columns(
        key=pl.col("parts").str.replace_all(r"(^|-)0+([0-9])", "$1$2"),
        compact=pl.col("parts").str.replace_all("-", ""),
        shape=pl.col("parts").str.replace_all("[A-Z]+", "L").str.replace_all("[0-9]+", "D").str.replace_all("-", ""),
    )
    digit_count = pl.col("key").str.replace_all("[^0-9]", "").str.len_chars()
    sure = pl.col("shape").str.contains("L") & (pl.col("compact").str.len_chars() >= 4)
    is_whole = pl.col("way") != "digits"
    strength = (
        pl.when(is_whole & (sure | (digit_count >= _SURE_DIGITS)))
        .then(STRONG)
        .when(~pl.col("shape").str.contains("L") & (digit_count >= policy.bare_number_min_digits))
        .then(BARE)
    )
    ranked = joined.with_columns(strength=strength).filter(pl.col("strength").is_not_null())
    opaque = many.select("i", "book", key="parts", strength=STRONG, shape=pl.lit(_OPAQUE), compact="parts")
    return (
        pl.concat([ranked.select(opaque.columns), opaque])
        .group_by("i", "key")
        .agg(pl.col("book").first(), pl.col("strength", "shape", "compact").min())
    )


_GAP = pl.col("parts").str.contains("[0-9]-[0-9]")


def _merged() -> pl.Expr:
    """Neighbouring runs of digits as one, as a bank writes them that drops separators."""
    once = pl.col("parts").str.replace_all("([0-9])-([0-9])", "$1$2")
    return once.str.replace_all("([0-9])-([0-9])", "$1$2")


def _houses(items: pl.DataFrame) -> pl.DataFrame:
    """How each book's own numbers begin: book, head (letters, two at least), digit_runs, widths (of the last run)."""
    numbered = items.filter(pl.col("number").is_not_null()).select("book", text="number", digit_runs=0)
    parts = numbered.select(
        "book",
        head=folded(pl.col("text")).str.extract("^([A-Z]{2,})[^A-Z0-9]*[0-9]"),
        digit_runs=pl.col("text").str.count_matches("[0-9]+").cast(pl.Int32),
        width=pl.col("text").str.extract("([0-9]+)[^0-9]*$").str.len_chars().cast(pl.Int32),
    ).filter(pl.col("head").is_not_null())
    return parts.group_by("book", "head").agg(pl.col("digit_runs").max(), widths=pl.col("width").unique())


def _texts(lines: pl.DataFrame) -> pl.DataFrame:
    """One row per line and filled field: t, l, book, field, text."""
    tall = [
        lines.filter(pl.col(field).str.contains("[0-9]")).select("l", "book", field=pl.lit(field), text=field)
        for field in FIELDS
    ]
    return pl.concat(tall).with_row_index("t")


def _grams(found: pl.DataFrame, index: pl.DataFrame) -> pl.DataFrame:
    """Every sequence of runs that has the shape of some key: t, l, book, field, at, size, key, token, whole, last."""
    shapes = index.filter(pl.col("shape") != _OPAQUE)["shape"].unique().to_list()
    total = pl.len().over("t")
    counted = found.with_columns(total=total)
    frames = [_grams_of(counted, shape, shape) for shape in sorted(shapes)]
    if "LD" in shapes:
        frames.append(_grams_of(counted, "LDD", "LD"))
    empty = _grams_of(counted.clear(), "D", "D")
    return pl.concat([empty, *frames])


def _grams_of(found: pl.DataFrame, shape: str, into: str) -> pl.DataFrame:
    """Sequences of one shape; read as `into`, which may write neighbouring runs of digits as one."""
    size = len(shape)
    fits = [pl.col("digits").shift(-k) == (letter == "D") for k, letter in enumerate(shape)]
    same_text = pl.col("t").shift(1 - size) == pl.col("t")
    first = found.select(pl.arg_where(reduce(lambda a, b: a & b, fits, same_text))).to_series()
    # Texts are put together for the sequences that fit alone, which are few of all.
    written = [found["run"].gather(first + k) for k in range(size)]
    merged = size != len(into)
    plain = [found["plain"].gather(first + k) if k < 2 or not merged else written[k] for k in range(size)]
    key = [plain[0], pl.concat_str(plain[1:])] if merged else plain
    return found[first].select(
        "t", "l", "book", "field", "at",
        size=pl.lit(size, pl.Int32),
        key=pl.concat_str(key, separator="-"),
        token=pl.concat_str(written, separator="-"),
        whole=pl.col("total") == size,
        last=written[-1],
    )  # fmt: skip


def _bare(bare: pl.DataFrame, strong: pl.DataFrame, found: pl.DataFrame, houses: pl.DataFrame) -> pl.DataFrame:
    """Digits alone: not those inside a whole number found, nor those after the letters of another house number.

    A word for invoice before them makes them as sure as the whole number.
    """
    inside = strong.select("t", at=pl.int_ranges("at", pl.col("at") + pl.col("size"), dtype=pl.Int32)).explode("at")
    one, two = pl.col("run").shift(1), pl.col("run").shift(2)
    one_here, two_here = pl.col("t").shift(1) == pl.col("t"), pl.col("t").shift(2) == pl.col("t")
    before = found.select(
        "t", "at",
        before=pl.when(one_here).then(one).fill_null(""),
        said=(one_here & one.is_in(_INVOICE_WORDS))
        | (two_here & one.is_in(_NUMBER_WORDS) & two.is_in(_INVOICE_WORDS)).fill_null(False),
    )  # fmt: skip
    kept = bare.join(inside, on=["t", "at"], how="anti").join(before, on=["t", "at"])
    kept = kept.join(houses.select("book", before="head"), on=["book", "before"], how="anti")
    return kept.with_columns(strength=pl.when("said").then(STRONG).otherwise(BARE).cast(pl.Int32))


def _shorthand(found: pl.DataFrame, strong: pl.DataFrame, index: pl.DataFrame) -> pl.DataFrame:
    """Endings in a list after a whole number: INV-2024-000183,0239,0086 names 000239 and 000086 too."""
    bases = (
        strong.filter(is_digits(pl.col("last")), pl.col("key").str.count_matches("-") == pl.col("size") - 1)
        .select("t", at="end", head=pl.col("key").str.replace("[0-9]+$", ""), base="last")
        .unique(["t", "at"], keep="first", maintain_order=True)
    )
    listed = found.join(bases.select("t").unique(), on="t", how="semi")
    marked = listed.join(bases, on=["t", "at"], how="left", maintain_order="left").with_columns(
        here=pl.col("head").is_null()
    )
    broken = pl.col("here") & ~pl.col("digits") & ~pl.col("run").is_in(_CONNECTORS)
    carried = marked.with_columns(
        head=pl.when(broken).then(pl.lit("")).otherwise("head").forward_fill().over("t"),
        base=pl.col("base").forward_fill().over("t"),
    )
    length = pl.col("run").str.len_chars().cast(pl.Int32)
    kept = pl.col("base").str.len_chars().cast(pl.Int32) - length
    endings = carried.filter("here", "digits", pl.col("head").str.len_chars() > 0, length >= 2, kept >= 0)
    number = pl.col("base").str.slice(0, kept) + pl.col("run")
    return (
        endings.with_columns(key=pl.col("head") + without_zeros(number), token=pl.col("run"), whole=pl.lit(False))
        .join(index.filter(pl.col("strength") == STRONG), on=["book", "key"])
        .with_columns(strength=pl.lit(SHORTHAND, pl.Int32))
    )


def _opaque(texts: pl.DataFrame, index: pl.DataFrame) -> pl.DataFrame:
    """Ids of many runs (po_1NxK3f...), found as one word of the text."""
    ids = index.filter(pl.col("shape") == _OPAQUE).select("book", "i", "strength", key="compact")
    if ids.is_empty():
        return texts.clear().select(
            "l", "field", i=pl.lit(0, pl.UInt32), strength=pl.lit(1, pl.Int32), token="text", whole=pl.lit(True)
        )
    each = texts.with_columns(token=pl.col("text").str.extract_all(r"[^\s,;|]+")).explode("token")
    return each.with_columns(
        key=squeezed(pl.col("token")), whole=pl.col("token").str.len_bytes() == pl.col("text").str.len_bytes()
    ).join(ids.unique(["book", "i", "key"]), on=["book", "key"])


def _tokens(found: pl.DataFrame, strong: pl.DataFrame, houses: pl.DataFrame) -> pl.DataFrame:
    """Number-like texts of each line, for typos and for what contradicts: l, t, at, text, known, formed."""
    begins = found.join(houses, left_on=["book", "run"], right_on=["book", "head"], maintain_order="left").select(
        "t", "at", "digit_runs", "widths", head="run", l="l"
    )
    digits = found.filter("digits").select("t", "at", "run")
    rows = begins
    for k in (1, 2, 3):
        nth = digits.select("t", at=pl.col("at") - k, **{f"d{k}": pl.col("run")})
        rows = rows.join(nth, on=["t", "at"], how="left", maintain_order="left")
    second = pl.when(pl.col("digit_runs") >= 2).then("d2")
    third = pl.when((pl.col("digit_runs") >= 3) & pl.col("d2").is_not_null()).then("d3")
    last_width = pl.coalesce(third, second, "d1").str.len_chars().cast(pl.Int32)
    said = rows.filter(pl.col("d1").str.len_chars() + second.str.len_chars().fill_null(0) >= 3).select(
        "l", "t", "at",
        text=pl.concat_str(["head", "d1", second, third], ignore_nulls=True),
        formed=pl.col("widths").list.contains(last_width),
    )  # fmt: skip
    known = strong.select("t", "at", known=pl.lit(True)).unique()
    marked = said.join(known, on=["t", "at"], how="left").with_columns(pl.col("known").fill_null(False))
    return marked.select("l", "text", "known", "formed").unique().sort("l", "text", "known")
