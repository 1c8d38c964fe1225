"""Text as banks mangle it, made comparable: whole-column expressions.

Here: folding, names without their legal form, runs of letters and digits, one-edit neighbours, amounts as words.
Not here: what any of it proves.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from finance_pipeline.core.money import exponent

_LEGAL_FORMS = (
    *("GMBH", "MBH", "AG", "KG", "OHG", "UG", "EK", "EV", "KGAA", "SE", "LTD", "LIMITED", "PLC", "LLP", "LP", "LLC"),
    *("INC", "INCORPORATED", "CORP", "CORPORATION", "COMPANY", "CO", "SA", "SAS", "SARL", "SRL", "SPA", "SL", "BV"),
    *("NV", "VOF", "AB", "AS", "ASA", "APS", "OY", "OYJ", "HB", "PTY", "PTE", "HAFTUNGSBESCHRANKT"),
    *("GESELLSCHAFT MIT BESCHRANKTER HAFTUNG", "AKTIENGESELLSCHAFT"),
)
_CONNECTIVES = ("AND", "UND", "ET", "EN", "OG", "OCH", "Y")
_TRAILING_FORMS = rf"(?: (?:{'|'.join(_LEGAL_FORMS)}))+$"


def folded(text: pl.Expr | str) -> pl.Expr:
    """An expression, or the column of a name, in upper case without accents: Müller -> MULLER, ß -> SS."""
    return _column_folded(text) if isinstance(text, str) else _folded(text)


@cache
def _column_folded(name: str) -> pl.Expr:
    return _folded(pl.col(name))


def _folded(text: pl.Expr) -> pl.Expr:
    plain = text.str.to_uppercase().str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    return plain.str.replace_many(["ß", "Ø", "Æ", "Œ", "Ł", "’"], ["SS", "O", "AE", "OE", "L", "'"])


def words(text: pl.Expr) -> pl.Expr:
    """Folded words, one space apart; MUELLER and MULLER, which a bank prints for one Müller, become equal."""
    one_way = folded(text).str.replace_all("([AOU])E", "$1").str.replace_all("AA", "A")
    initials_joined = one_way.str.replace_all(r"\b([A-Z])\.", "$1").str.replace_all("'", "")
    return initials_joined.str.replace_all("[^A-Z0-9]+", " ").str.strip_chars()


def name_key(name: pl.Expr) -> pl.Expr:
    """A party's name without legal form, null where nothing is left: 'Müller & Söhne GmbH' -> 'MULLER SOHNE'."""
    plain = without_connectives(words(name))
    short = plain.str.replace(_TRAILING_FORMS, "")
    kept = pl.when(short.str.len_chars() > 0).then(short).otherwise(plain)
    return pl.when(kept.str.len_chars() > 0).then(kept)


def without_connectives(folded_words: pl.Expr) -> pl.Expr:
    """Folded words without those that join two names: MULLER UND SOHNE -> MULLER SOHNE."""
    return folded_words.str.replace_all(rf" (?:{'|'.join(_CONNECTIVES)}) ", " ")


def squeezed(text: pl.Expr | str) -> pl.Expr:
    """Folded letters and digits alone: INV-2024/0183 -> INV20240183."""
    return _column_squeezed(text) if isinstance(text, str) else _folded(text).str.replace_all("[^A-Z0-9]+", "")


@cache
def _column_squeezed(name: str) -> pl.Expr:
    return folded(name).str.replace_all("[^A-Z0-9]+", "")


@cache
def phrase_pattern(phrases: tuple[str, ...]) -> str:
    """A pattern that finds any of the phrases as whole words in a text folded by `words`."""
    plain = pl.DataFrame({"p": phrases}, schema={"p": pl.String}).select(words(pl.col("p")))["p"]
    listed = "|".join(sorted({phrase for phrase in plain.to_list() if phrase}))
    return rf"(?:^| )(?:{listed})(?: |$)" if listed else r"[^\s\S]"


def runs(texts: pl.DataFrame, text: str) -> pl.DataFrame:
    """One row per run of letters or of digits, in order: the other columns, `at` (0, 1, ...) and `run`."""
    split = texts.with_columns(run=folded(pl.col(text)).str.extract_all("[A-Z]+|[0-9]+"))
    filled = split.filter(pl.col("run").list.len() > 0).with_columns(
        at=pl.int_ranges(0, pl.col("run").list.len(), dtype=pl.Int32)
    )
    return filled.drop(text).explode("run", "at")


def is_digits(run: pl.Expr) -> pl.Expr:
    """A run of digits, not of letters: '9' is the greatest first byte of one."""
    return run < ":"


def one_edit_pairs(left: pl.DataFrame, right: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Pairs of texts that one edit makes equal: a character lost, added or replaced, or two neighbours swapped.

    left, right: `text` and the columns `on` which have to be equal, plus others that are carried. Two texts within one
    edit share a text from which each lost at most one character (a join instead of all against all).
    """
    asked = left.join(right, on=on, how="semi") if left.height and right.height else left.clear()
    if asked.is_empty():
        return asked.join(right.clear(), on=on, suffix="_right")
    near = _shortened(asked).join(_shortened(right.join(asked, on=on, how="semi")), on=[*on, "short"], suffix="_right")
    same_place = pl.col("gap") == pl.col("gap_right")
    swapped = ((pl.col("gap") - pl.col("gap_right")).abs() == 1) & (pl.col("lost") == pl.col("lost_right"))
    one_lost = (pl.col("gap") < 0) | (pl.col("gap_right") < 0)
    found = near.filter((same_place | swapped | one_lost) & (pl.col("text") != pl.col("text_right")))
    return found.drop("short", "gap", "gap_right", "lost", "lost_right").unique(maintain_order=True)


def _shortened(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per text and lost character: short (what is left), gap (where; -1: nothing lost), lost (what)."""
    length = pl.col("text").str.len_chars().cast(pl.Int32)
    each = frame.with_columns(gap=pl.int_ranges(-1, length, dtype=pl.Int32)).explode("gap")
    gap = pl.col("gap")
    cut = pl.col("text").str.slice(0, gap.clip(0)) + pl.col("text").str.slice(gap + 1)
    return each.with_columns(
        short=pl.when(gap < 0).then("text").otherwise(cut),
        lost=pl.when(gap >= 0).then(pl.col("text").str.slice(gap.clip(0), 1)),
    )


def money_words(amount_minor: str, currency: str, frame: pl.DataFrame) -> pl.Expr:
    """An amount as a bookkeeper writes it: EUR 1,234.50; null without one. Raises UnknownCurrency for what is none."""
    import numpy as np

    from finance_pipeline.matching.kernels import amounts
    from finance_pipeline.matching.kernels.buffers import pieces

    minors, currencies = frame[amount_minor], frame[currency]
    known = None
    if minors.null_count() or currencies.null_count():
        known = minors.is_not_null() & currencies.is_not_null()
    codes = sorted((currencies if known is None else currencies.filter(known)).unique().to_list())
    if not codes:
        return pl.lit(None, pl.String)
    decimals = np.array([exponent(code) for code in codes], np.int64)
    letters = np.array([list(code.encode()) for code in codes], np.uint8)
    kinds = np.zeros(frame.height, np.int64)
    for kind, code in enumerate(codes[1:], 1):
        kinds[(currencies == code if known is None else (currencies == code) & known).to_numpy()] = kind
    out, sizes = np.empty(frame.height * amounts.WIDEST, np.uint8), np.empty(frame.height, np.int64)
    amounts.written(
        (minors.fill_null(0) if known is not None else minors).to_numpy(), kinds, letters, decimals, out, sizes
    )
    texts = pieces(out, np.arange(frame.height, dtype=np.int64) * amounts.WIDEST, sizes)
    return pl.lit(texts if known is None else texts.set(~known, None))
