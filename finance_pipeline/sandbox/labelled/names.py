"""Names of parties, and how banks print them: without the legal form, transliterated, in capitals, cut, misspelt.

Here: whole columns of names. Not here: who pays, or where on a line the name stands.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from finance_pipeline.sandbox.labelled import words
from finance_pipeline.sandbox.labelled.draft import Bools, Ints

LANGUAGES = ("en", "de", "fr", "nl", "sv", "no", "jp")
_PAIRED = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "å": "aa", "ø": "oe", "æ": "ae"}
_PAIRED |= {"Å": "Aa", "Ø": "Oe", "Æ": "Ae"}
_BARE = {"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "Ä": "A", "Ö": "O", "Ü": "U", "å": "a", "ø": "o", "æ": "ae", "Å": "A"}
_BARE |= {"Ø": "O", "Æ": "AE", "é": "e", "è": "e", "ê": "e", "â": "a", "ô": "o", "î": "i", "ç": "c", "É": "E", "à": "a"}
_SHORT = {"International": "Intl", "Services": "Svcs", "Logistics": "Logist.", "Construction": "Constr"}
_ANY_FORM = sorted({form for forms in words.FORMS.values() for form in forms}, key=len, reverse=True)


def _of(lists: dict[str, tuple[str, ...]], language: Ints, drawn: NDArray[np.float64]) -> NDArray[np.str_]:
    """A word of each row's language, by a draw in [0, 1)."""
    found = np.empty(len(language), dtype="U24")
    for code, name in enumerate(LANGUAGES):
        mine = language == code
        if mine.any():
            entries = np.array(lists[name])
            found[mine] = entries[(drawn[mine] * len(entries)).astype(np.int64)]
    return found


def party_names(rng: np.random.Generator, language: Ints, person: Bools, kin_of: Ints) -> pl.Series:
    """One name a row. kin_of: an earlier row whose stem it shares, or the row itself."""
    count = len(language)
    draws = rng.random((6, count))
    stem = pl.DataFrame(
        {
            "head": _of(words.HEADS, language, draws[0]),
            "tail": _of(words.TAILS, language, draws[1]),
            "trade": _of(words.TRADES, language, draws[2]),
            "form": _of(words.FORMS, language, draws[3]),
            "given": _of(words.GIVEN, language, draws[4]),
            "extra": _of(words.HEADS, language, draws[5]),
            "has_extra": rng.random(count) < 0.2,
            "person": person,
            "kin": np.array(words.KIN)[rng.integers(0, len(words.KIN), count)],
            "kin_of": kin_of,
            "is_kin": kin_of != np.arange(count),
            "same_but_form": rng.random(count) < 0.25,
        }
    )
    surname = pl.col("head") + pl.col("tail")
    trading = surname + pl.when("has_extra").then(" " + pl.col("extra")).otherwise(pl.lit("")) + " " + pl.col("trade")
    stems = stem.select(
        pl.when("person").then(pl.col("given") + " " + surname).otherwise(trading).alias("stem"),
        form=pl.when("person").then(pl.lit("")).otherwise(" " + pl.col("form")),
    )
    shared = pl.col("stem").gather(stem["kin_of"])
    apart = pl.when(stem["same_but_form"]).then(pl.lit("")).otherwise(" " + stem["kin"])
    return (
        stems.select(
            pl.when(stem["is_kin"]).then(shared + apart + pl.col("form")).otherwise(pl.col("stem") + pl.col("form"))
        )
        .to_series()
        .alias("name")
    )


def without_form(name: pl.Expr) -> pl.Expr:
    """A name without the legal form at its end."""
    pattern = "|".join(form.replace(".", r"\.").replace("(", r"\(").replace(")", r"\)") for form in _ANY_FORM)
    return name.str.replace(rf" (?:{pattern})$", "")


def as_banks_print(names: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Each name as some bank shows it: legal form, umlauts, case, points and length go their own ways."""
    count = len(names)
    how = rng.random((6, count))
    frame = pl.DataFrame({"name": names, **{f"how{k}": how[k] for k in range(6)}})
    name = pl.col("name")
    name = pl.when(pl.col("how0") < 0.4).then(without_form(name)).otherwise(name)
    name = pl.when(pl.col("how1") < 0.45).then(name.str.replace_many(_PAIRED)).otherwise(name)
    name = pl.when(pl.col("how1").is_between(0.45, 0.75)).then(name.str.replace_many(_BARE)).otherwise(name)
    name = pl.when(pl.col("how2") < 0.08).then(name.str.replace_many(_SHORT)).otherwise(name)
    name = pl.when(pl.col("how3") < 0.75).then(name.str.to_uppercase()).otherwise(name)
    name = pl.when(pl.col("how4") < 0.3).then(name.str.replace_all(r"[.,()]", "")).otherwise(name)
    length = pl.when(pl.col("how5") < 0.06).then(18).when(pl.col("how5") < 0.12).then(27).otherwise(35)
    return frame.select(name.str.slice(0, length).str.strip_chars_end()).to_series()


def transliterated(text: pl.Expr) -> pl.Expr:
    """A text without letters that old systems don't know: ä as ae, ø as oe."""
    return text.str.replace_many(_PAIRED)


def misspelt(names: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Each name with one letter lost or two exchanged."""
    frame = pl.DataFrame({"name": names, "at": rng.random(len(names)), "lost": rng.random(len(names)) < 0.5})
    name = pl.col("name")
    at = (pl.col("at") * (name.str.len_chars() - 3)).floor().cast(pl.Int64).clip(1) + 1
    before, first, second, after = (
        name.str.slice(0, at),
        name.str.slice(at, 1),
        name.str.slice(at + 1, 1),
        name.str.slice(at + 2),
    )
    changed = pl.when("lost").then(before + second + after).otherwise(before + second + first + after)
    return frame.select(changed.alias("name")).to_series()


def aliases(names: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Another name of each party: initials of its words with its trade, or a brand of two syllables."""
    frame = pl.DataFrame({"name": names, "how": rng.random(len(names)), "n": rng.integers(10, 99, len(names))})
    parts = without_form(pl.col("name")).str.split(" ")
    initials = parts.list.eval(pl.element().str.slice(0, 1)).list.join("").str.to_uppercase()
    brand = parts.list.first().str.slice(0, 5) + "ex" + parts.list.last().str.slice(0, 3).str.to_lowercase()
    made = pl.when(pl.col("how") < 0.5).then(initials + " " + parts.list.last() + " " + pl.col("n").cast(pl.String))
    return frame.select(made.otherwise(brand + pl.col("n").cast(pl.String))).to_series()
