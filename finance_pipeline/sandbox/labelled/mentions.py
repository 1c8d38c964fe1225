"""How payers write the numbers of what they pay: in full, joined, with blanks, without the prefix, in short, mistyped.

Here: the text by which each part is named, and the list of a whole line. Not here: the words around it.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.draft import MENTION, NONE, Ints, happens, stream

_SEPARATORS = (", ", " ", ",", "; ", " + ", "/", " & ", "; ")
_TAIL_DIGITS = 4


def mentioned(parts: dict[str, Ints], numbers: pl.DataFrame, items: dict[str, Ints], seed: int) -> pl.DataFrame:
    """One row a named (line, item), in the order in which the line lists them.

    Columns: line, item (of the part), shown (item whose number it is), mention, text, running, place (0 first).
    """
    rng = stream(seed, "mentions")
    named = np.flatnonzero((parts["mention"] != MENTION["none"]) & (parts["item"] != NONE))
    frame = pl.DataFrame({name: parts[name][named] for name in ("line", "item", "mention", "named")})
    frame = frame.unique(["line", "item"], keep="first", maintain_order=True)
    count = frame.height
    shown = np.where(frame["named"].to_numpy() != NONE, frame["named"].to_numpy(), frame["item"].to_numpy())
    frame = frame.with_columns(
        shown=shown,
        number=numbers["number"].gather(shown),
        running=numbers["running"].gather(shown),
        structured=numbers["structured"].gather(shown),
        order=pl.Series(items["order"][shown]),
        at=pl.Series(rng.random(count)),
        how=pl.Series(rng.random(count)),
        shuffled=pl.Series(rng.random(count)),
    )
    tidy = happens(rng, int(parts["line"].max()) + 1, 0.7)
    frame = frame.with_columns(tidy=pl.Series(tidy).gather(frame["line"]))
    rank = pl.when("tidy").then(pl.col("number")).otherwise(pl.lit(""))
    frame = frame.sort("line", rank, "shuffled").with_columns(place=pl.int_range(pl.len()).over("line"))
    frame = frame.drop_nulls("number").with_columns(mention=_possible())
    frame = frame.with_columns(text=_text())
    harmless = (pl.col("mention") == MENTION["typo"]) & (pl.col("text") == pl.col("number"))
    frame = frame.with_columns(mention=pl.when(harmless).then(MENTION["full"]).otherwise("mention").cast(pl.Int64))
    return frame.select("line", "item", "shown", "mention", "number", "running", "structured", "order", "text", "place")


def _possible() -> pl.Expr:
    """The same habit where the document allows it: who was given no structured number writes the printed one."""
    mention, full = pl.col("mention"), pl.lit(MENTION["full"])
    lacks = (mention == MENTION["structured"]) & pl.col("structured").is_null()
    lacks |= (mention == MENTION["order"]) & (pl.col("order") == NONE)
    lacks |= (mention == MENTION["shorthand"]) & (pl.col("place") == 0)
    return pl.when(lacks).then(full).otherwise(mention).cast(pl.Int64)


def _text() -> pl.Expr:
    number, how = pl.col("number"), pl.col("how")
    squeezed = number.str.replace_all(r"[^A-Za-z0-9]", "")
    apart = number.str.replace_all(r"[-/._]", " ").str.replace_all(r"([A-Za-z])(\d)", "$1 $2")
    bare = number.str.replace(r"^[A-Za-z]+[-/. ]?", "")
    digits = number.str.replace_all(r"\D", "")
    stripped = pl.col("running").str.strip_chars_start("0")
    tail = pl.when(how < 0.6).then(pl.col("running")).otherwise(stripped)
    short = pl.col("running").str.tail(_TAIL_DIGITS)
    letter_o = number.str.replace("0", "O")
    order = pl.when(how < 0.6).then(pl.format("PO {}", "order")).otherwise(pl.col("order").cast(pl.String))
    made = {
        **{"squeezed": squeezed, "spaced": apart, "no_prefix": bare, "digits": digits, "tail": tail},
        **{"shorthand": short, "typo": _mistyped(), "letter_o": letter_o, "order": order},
        **{"structured": pl.col("structured"), "advice": pl.lit("")},
    }
    text = number
    for name, written in made.items():
        text = pl.when(pl.col("mention") == MENTION[name]).then(written).otherwise(text)
    return text


def _mistyped() -> pl.Expr:
    """One slip among the digits: two exchanged, a zero lost, a digit lost, another digit, a digit doubled."""
    number, how = pl.col("number"), pl.col("how")
    length = number.str.len_chars().cast(pl.Int64)
    at = length - 2 - (pl.col("at") * pl.min_horizontal(pl.lit(5), length - 3)).cast(pl.Int64)
    before, one, two, after = (
        number.str.slice(0, at),
        number.str.slice(at, 1),
        number.str.slice(at + 1, 1),
        number.str.slice(at + 2),
    )
    other = (pl.col("shuffled") * 10).floor().cast(pl.Int64).cast(pl.String)
    plain = one.str.contains(r"\d")
    return (
        pl.when(how < 0.35)
        .then(before + two + one + after)
        .when((how < 0.55) & number.str.contains("0"))
        .then(number.str.replace("0", ""))
        .when(how < 0.7)
        .then(before + two + after)
        .when((how < 0.9) & plain)
        .then(before + other + two + after)
        .otherwise(before + one + two + two + after)
    )


def listed(mentions: pl.DataFrame, line_count: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row a line, in order: list (the numbers as they stand in a memo, or null). One row a number in it: line, item
    and end (where it ends in the list).

    Structured numbers and advices stand elsewhere and are left out.
    """
    rng = stream(seed, "lists")
    separator = np.array(_SEPARATORS)[rng.integers(0, len(_SEPARATORS), line_count)]
    separator = np.where(happens(rng, line_count, 0.02), "", separator)
    apart = pl.DataFrame({"line": np.arange(line_count), "separator": separator})
    inline = mentions.filter(~pl.col("mention").is_in([MENTION["structured"], MENTION["advice"]]))
    inline = inline.join(apart, on="line", maintain_order="left")
    # Short forms need something between them, or nobody could read them.
    short = pl.col("mention") == MENTION["shorthand"]
    inline = inline.with_columns(
        separator=pl.when(short & (pl.col("separator") == "")).then(pl.lit(",")).otherwise("separator")
    )
    glued = pl.when(pl.col("place") == 0).then(pl.col("text")).otherwise(pl.col("separator") + pl.col("text"))
    inline = inline.with_columns(glued=glued)
    inline = inline.with_columns(end=pl.col("glued").str.len_chars().cum_sum().over("line"))
    whole = inline.group_by("line", maintain_order=True).agg(list=pl.col("glued").str.join(""))
    return apart.select("line").join(whole, on="line", how="left", maintain_order="left"), inline.select(
        "line", "item", "end"
    )


def with_noise(
    lists: pl.DataFrame, lines: dict[str, Ints], numbers: pl.DataFrame, items: dict[str, Ints], seed: int
) -> pl.DataFrame:
    """The lists, with numbers of documents that a line names without paying them, or that nobody knows."""
    rng, count = stream(seed, "noise"), lists.height
    known = pl.Series(np.where(lines["noise_item"] != NONE, lines["noise_item"], 0))
    by_book = np.argsort(items["book"], kind="stable")
    bounds = np.searchsorted(items["book"][by_book], np.arange(int(items["book"].max()) + 2))
    low, high = bounds[lines["book"]], bounds[lines["book"] + 1]
    like = by_book[low + (rng.random(count) * (high - low)).astype(np.int64)]
    facts = pl.DataFrame(
        {
            "list": lists["list"],
            "named": numbers["number"].gather(known),
            "like": numbers["number"].gather(like),
            "running": numbers["running"].gather(like),
            "strange": pl.Series(rng.integers(0, 10**9, count)).cast(pl.String).str.zfill(9),
            "is_named": lines["noise_item"] != NONE,
            "is_noise": lines["noise"] == 1,
        }
    )
    strange = pl.col("strange").str.tail(pl.col("running").str.len_chars())
    at, width = pl.col("like").str.find(pl.col("running"), literal=True), pl.col("running").str.len_chars()
    unknown = pl.col("like").str.slice(0, at) + strange + pl.col("like").str.slice(at + width)
    text = pl.when("is_named").then("named").when("is_noise").then(unknown).otherwise("list")
    return lists.with_columns(list=facts.select(text.alias("list"))["list"])
