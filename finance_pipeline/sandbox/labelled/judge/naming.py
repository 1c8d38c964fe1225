"""Which open item a number on a line can be: whether the text survived, and whether it is one item's only.

One row a mention in and out. Not here: whether the line's amount agrees.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.sandbox.labelled.draft import MENTION, NONE
from finance_pipeline.sandbox.labelled.judge import slips, together

_LEAST_DIGITS = 4
_LEAST_CUT_DIGITS = 3
_EARLY_DAYS = 5
"""A document that a line names may be dated so many days after it."""
_WITH_LETTERS = [MENTION[name] for name in ("full", "squeezed", "spaced", "letter_o", "advice", "other_document")]
_PRINTED = [MENTION[name] for name in ("full", "squeezed", "spaced", "letter_o")]
_BARE = [MENTION[name] for name in ("no_prefix", "digits", "tail")]


def keyed_items(items: pl.DataFrame) -> pl.DataFrame:
    """The items that can be named, with keys: whole (letters and digits, O as 0), digits, counted (running number)."""
    squeezed = pl.col("number").str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    return items.filter(pl.col("number").is_not_null()).with_columns(
        whole=squeezed.str.replace_all("O", "0"),
        digits=pl.col("number").str.replace_all(r"\D", ""),
        counted=pl.col("running").cast(pl.Int64),
    )


def judged_mentions(mentions: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Mentions with: survives, unique (in the book), unique_party (within the seen party or the list's), unique_amount
    (among items of the line's amount), slip (a typing error), contradicts (another open item bears the text),
    unique_together (with the line's other numbers it makes the line's amount in one way only).

    lines: line, book, amount, seen, listed_apart, kept, list_at (where the list begins in the memo).
    """
    facts = lines.select("line", "book", "booked", "seen", "listed_apart", "kept", "list_at", line_amount="amount")
    frame = mentions.join(facts, on="line", how="left", maintain_order="left")
    owner = items.select("item", owner="party", item_amount="amount", item_currency="currency")
    frame = frame.join(owner, on="item", how="left", maintain_order="left").with_row_index("mention_row")
    apart = pl.col("mention").is_in([MENTION["structured"], MENTION["advice"]]) | pl.col("listed_apart")
    survives = (apart | (pl.col("list_at") + pl.col("end") <= pl.col("kept"))).fill_null(False)
    left = pl.col("text").str.len_chars() - (pl.col("list_at") + pl.col("end") - pl.col("kept"))
    frame = frame.with_columns(survives=survives, left_chars=pl.when(~survives).then(left).fill_null(0))
    frame = frame.with_columns(group=_family())
    known = keyed_items(items)
    typed = pl.when(pl.col("mention") == MENTION["advice"]).then("number").otherwise("text")
    frame = frame.with_columns(
        whole=typed.str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "").str.replace_all("O", "0"),
        digits=typed.str.replace_all(r"\D", ""),
    )
    frame = frame.with_columns(bare=pl.col("whole") == pl.col("digits"))
    frame = _with_list_family(frame, known)
    pairs = [
        _by_whole(frame, known),
        _by_digits(frame, known),
        _by_column(frame, items, "structured", "structured_text"),
        _by_column(frame, items, "order", "order"),
    ]
    counts = pl.concat([_counted(each) for each in pairs]).group_by("mention_row").agg(pl.all().max())
    frame = frame.join(counts, on="mention_row", how="left", maintain_order="left")
    frame = slips.with_slips(frame, known)
    frame = _with_beginnings(frame, known)
    long_enough = (pl.col("digits").str.len_chars() >= _LEAST_DIGITS) | ~pl.col("bare")
    frame = together.with_unique_together(
        frame.with_columns(readable=pl.col("survives") & long_enough), pl.concat(pairs)
    )
    return frame.with_columns(
        unique=pl.col("survives") & long_enough & (pl.col("in_book") == 1),
        unique_party=pl.col("survives") & long_enough & (pl.col("in_party") == 1),
        unique_amount=pl.col("survives") & long_enough & (pl.col("in_amount") == 1),
    )


def _with_beginnings(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """With unique_beginning: the bank cut the number, and of the seen party's items of the line's amount just one
    begins with what it left, which has three digits at least: a number that is not whole counts where the corrected one
    is unique and the amount agrees (matching.md, tier 1)."""
    printed = [*_PRINTED, MENTION["no_prefix"], MENTION["digits"]]
    cut = frame.filter(pl.col("left_chars") > 0, pl.col("mention").is_in(printed), pl.col("group") != NONE)
    begins = pl.col("text").str.slice(0, pl.col("left_chars")).str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    asked = cut.select("mention_row", "book", "booked", "group", "line_amount", begins=begins.str.replace_all("O", "0"))
    asked = asked.filter(pl.col("begins").str.count_matches(r"\d") >= _LEAST_CUT_DIGITS)
    items = known.select("book", "whole", "digits", "issued", group="party", line_amount="amount")
    pairs = asked.join(items, on=["book", "group", "line_amount"]).filter(
        pl.col("issued") <= pl.col("booked") + _EARLY_DAYS
    )
    fits = pl.any_horizontal(pl.col(name).str.starts_with(pl.col("begins")) for name in ("whole", "digits"))
    found = pairs.filter(fits).group_by("mention_row").len()
    one = found.filter(pl.col("len") == 1).select("mention_row", unique_beginning=pl.lit(True))
    joined = frame.join(one, on="mention_row", how="left", maintain_order="left")
    return joined.with_columns(pl.col("unique_beginning").fill_null(False))


def _family() -> pl.Expr:
    """The party within whose numbers a text is read: the one that the line shows, or, in a list, that of the number
    before it."""
    seen = pl.when(pl.col("seen") != NONE).then("seen")
    short = pl.col("mention") == MENTION["shorthand"]
    return pl.coalesce(seen, pl.when(short).then("owner"), pl.lit(NONE)).cast(pl.Int64)


def _with_list_family(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The rest of a list is read within the party with whose number it begins, where the line shows no party and that
    number is one item's only (matching.md, tier 1)."""
    begins = frame.filter(pl.col("place") == 0, pl.col("group") == NONE, pl.col("mention").is_in(_PRINTED))
    one = _counted(_by_whole(begins, known)).filter(pl.col("in_book") == 1).select("mention_row")
    family = begins.join(one, on="mention_row", how="semi").select("line", begun="owner").unique("line")
    joined = frame.join(family, on="line", how="left", maintain_order="left")
    unknown = pl.col("group") == NONE
    return joined.with_columns(group=pl.when(unknown).then(pl.coalesce("begun", "group")).otherwise("group")).drop(
        "begun"
    )


def _counted(pairs: pl.DataFrame) -> pl.DataFrame:
    """mention_row, and how many items the text can be: in_book, in_party, in_amount."""
    mine = pl.col("item_party") == pl.col("group")
    agrees = pl.col("candidate_amount") == pl.col("line_amount")
    return pairs.group_by("mention_row").agg(
        in_book=pl.col("candidate").n_unique(),
        in_party=pl.col("candidate").filter(mine).n_unique(),
        in_amount=pl.col("candidate").filter(agrees).n_unique(),
    )


_CANDIDATE = {"candidate": "item", "item_party": "party", "candidate_amount": "amount"}
_ASKED = ("mention_row", "book", "group", "line_amount")
_PAIR = (*_ASKED, *_CANDIDATE)


def _by_whole(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Pairs of texts with letters and the numbers as printed that they are."""
    asked = frame.filter("survives", pl.col("mention").is_in(_WITH_LETTERS), ~pl.col("bare"))
    items = known.select("book", "whole", **_CANDIDATE)
    return asked.select(*_ASKED, "whole").join(items, on=["book", "whole"]).select(_PAIR)


def _by_digits(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Pairs of digits alone and numbers that end with them, or have them as running number."""
    short = pl.col("mention") == MENTION["shorthand"]
    bare = pl.col("mention").is_in(_BARE) | (pl.col("mention").is_in(_WITH_LETTERS) & pl.col("bare"))
    asked = frame.filter("survives", bare | short).with_columns(chars=pl.col("digits").str.len_chars())
    pairs = []
    for (chars,), part in asked.partition_by("chars", as_dict=True).items():
        width = int(str(chars))
        ending = known.select("book", digits=pl.col("digits").str.tail(width), **_CANDIDATE)
        pairs.append(part.select(*_ASKED, "digits").join(ending, on=["book", "digits"]).drop("digits"))
        cut = part.filter(short).select(*_ASKED, "digits")
        running = known.select("book", digits=pl.col("running").str.tail(width), **_CANDIDATE)
        pairs.append(cut.join(running, on=["book", "digits"]).drop("digits"))
    counting = asked.filter(~short).select(*_ASKED, counted=pl.col("digits").cast(pl.Int64, strict=False)).drop_nulls()
    pairs.append(counting.join(known.select("book", "counted", **_CANDIDATE), on=["book", "counted"]).drop("counted"))
    return pl.concat([each.select(_PAIR) for each in pairs])


def _by_column(frame: pl.DataFrame, items: pl.DataFrame, mention: str, column: str) -> pl.DataFrame:
    """Pairs of a number of its own (structured reference, the customer's order) and the book's items that have it."""
    asked = frame.filter("survives", pl.col("mention") == MENTION[mention])
    wanted = asked.select(*_ASKED, pl.col(mention).alias(column))
    known = items.filter(pl.col(column).is_not_null()).select("book", column, **_CANDIDATE)
    return wanted.join(known, on=["book", column]).select(_PAIR)
