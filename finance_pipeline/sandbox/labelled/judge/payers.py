"""Whom a line shows: the party that its account number or its name is, if it is one only."""

from __future__ import annotations

import polars as pl

from finance_pipeline.sandbox.labelled.companies import Companies
from finance_pipeline.sandbox.labelled.draft import NAME, NONE
from finance_pipeline.sandbox.labelled.words import FORMS

_FOLDED = {
    **{"Ä": "A", "Ö": "O", "Ü": "U", "ẞ": "SS", "Å": "A", "Ø": "O", "Æ": "A", "É": "E", "È": "E", "Ê": "E"},
    **{"À": "A", "Â": "A", "Î": "I", "Ô": "O", "Ç": "C", "Ë": "E", "Ï": "I"},
}
_PAIRS = {"AE": "A", "OE": "O", "UE": "U", "AA": "A"}
_LEAST_PREFIX_CHARS = 10
_LEAST_WORD_CHARS = 4
_CUT_LENGTHS = (17, 18, 26, 27, 34, 35)
"""A name of this length may have been cut; a blank at the end is gone."""


def folded(text: pl.Expr) -> pl.Expr:
    """A name in capitals without accents, points and doubled vowels, so that spellings of it are equal."""
    upper = text.str.to_uppercase().str.replace_all("ß", "SS").str.replace_many(_FOLDED)
    plain = upper.str.replace_all(r"[.,()']", "").str.replace_all(r"[^A-Z0-9]+", " ").str.strip_chars()
    return plain.str.replace_many(_PAIRS)


def _form_words() -> list[str]:
    forms = pl.Series([form for entries in FORMS.values() for form in entries])
    words = forms.to_frame("f").select(folded(pl.col("f"))).to_series().str.split(" ").explode().unique()
    return sorted(words.drop_nulls().to_list(), key=lambda word: (-len(word), word))


def stem(text: pl.Expr) -> pl.Expr:
    """A folded name without the legal form at its end."""
    return text.str.replace(rf"(?: (?:{'|'.join(_form_words())}))+$", "")


def seen_parties(lines: pl.DataFrame, who: Companies, party_accounts: pl.Series) -> pl.DataFrame:
    """For each line, in order: seen (the one party that it shows, or NONE), payer (one, several, conflict, none) and
    begins (the first word of the name that it shows)."""
    parties = pl.DataFrame(
        {
            "book": who.party_book,
            "party": pl.int_range(len(who.party_book), eager=True),
            "name": who.party_name,
            "alias": who.party_alias,
            "account": party_accounts,
            "has_alias": pl.Series(who.listed_alias & who.in_table),
            "has_account": pl.Series(who.listed_account & who.in_table),
        }
    ).with_columns(whole=folded(pl.col("name")))
    shown = lines.select("line", "book", "counterparty_account", "name_text", "memo", "name", "counterparty_name")
    shown = shown.with_columns(printed=folded(pl.col("name_text")))
    in_memo = pl.col("name") == NAME["in_memo"]
    # A bank that breaks a text into lines of so many characters leaves blanks inside of words.
    memo, printed = (text.str.replace_all(" ", "") for text in (folded(pl.col("memo")), pl.col("printed")))
    survives = memo.str.contains(printed, literal=True)
    shown = shown.with_columns(printed=pl.when(in_memo & ~survives).then(None).otherwise("printed"))
    by_account = _by_account(shown, parties)
    by_name = _by_name(shown, parties)
    found = shown.select("line").join(by_account, on="line", how="left", maintain_order="left")
    found = found.join(by_name, on="line", how="left", maintain_order="left")
    agrees = pl.col("names").list.contains(pl.col("account_party"))
    known, one = pl.col("account_party").is_not_null(), pl.col("names").list.len() == 1
    named = pl.col("names").is_not_null()
    payer = (
        pl.when(known & named & ~agrees)
        .then(pl.lit("conflict"))
        .when(known | (named & one))
        .then(pl.lit("one"))
        .when(named)
        .then(pl.lit("several"))
        .otherwise(pl.lit("none"))
    )
    seen = pl.coalesce("account_party", pl.col("names").list.first())
    return found.with_columns(payer=payer, begins=shown.select(first_word(pl.col("printed"))).to_series()).select(
        pl.when(pl.col("payer") == "one").then(seen).otherwise(NONE).cast(pl.Int64).alias("seen"), "payer", "begins"
    )


def first_word(text: pl.Expr) -> pl.Expr:
    """The first word of a folded name; null where it is short."""
    word = text.str.extract(r"^(\S+)")
    return pl.when(word.str.len_chars() >= _LEAST_WORD_CHARS).then(word)


def _by_account(shown: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """line, account_party: the party whose account number stands on the line."""
    compact = shown.select("line", "book", account=pl.col("counterparty_account").str.replace_all(" ", ""))
    known = parties.filter("has_account").select("book", "account", account_party="party")
    return compact.drop_nulls().join(known, on=["book", "account"]).select("line", "account_party").unique("line")


def _by_name(shown: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """line, names: the parties whose name or alias is the printed one or, where that may be cut, begins so."""
    printed = shown.select("line", "book", "printed", "name_text").drop_nulls("printed")
    printed = printed.filter(pl.col("printed") != "").with_columns(short=stem(pl.col("printed")))
    keys = pl.concat(
        [
            parties.select("book", "party", key=stem(pl.col("whole"))),
            parties.filter("has_alias").select("book", "party", key=stem(folded(pl.col("alias")))),
        ]
    )
    equal = printed.join(keys, left_on=["book", "short"], right_on=["book", "key"]).select("line", "party")
    # With its legal form a name can be one party's where the name alone is several's.
    whole = parties.select("book", "party", key="whole")
    full = printed.join(whole, left_on=["book", "printed"], right_on=["book", "key"]).select("line", "party")
    equal = pl.concat([full, equal.join(full, on="line", how="anti")])
    cut = printed.filter(pl.col("name_text").str.len_chars().is_in(_CUT_LENGTHS))
    cut = cut.with_columns(chars=pl.col("printed").str.len_chars()).filter(pl.col("chars") >= _LEAST_PREFIX_CHARS)
    begins = [equal]
    for (chars,), part in cut.partition_by("chars", as_dict=True).items():
        heads = parties.select("book", "party", head=pl.col("whole").str.slice(0, int(str(chars))))
        fits = part.join(heads, left_on=["book", "printed"], right_on=["book", "head"])
        begins.append(fits.select("line", "party"))
    return pl.concat(begins).unique().group_by("line").agg(names=pl.col("party").sort())
