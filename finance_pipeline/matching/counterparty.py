"""Who is on the other side of a line: one party, or none where the text fits two.

Here: resolution by account number, name, word order, a cut name, a name inside the memo. Not here: what is then open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from finance_pipeline.matching import places, wording
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.text import phrase_pattern, squeezed, words

_BY_ACCOUNT, _BY_NAME = 1, 2
SURE_WAYS = ("its account number", "its name")
_HOW = {
    _BY_ACCOUNT: "its account number",
    _BY_NAME: "its name",
    3: "the words of its name",
    4: "the beginning of its name",
    5: "its name in the text",
    6: "the beginning of its name in the text",
}


_NO_NAMES = pl.DataFrame(schema={"book": pl.String, "name": pl.String, "party": pl.String})
_NOBODY = pl.DataFrame(schema={"l": pl.UInt32, "party": pl.String, "level": pl.Int64})


def names_of(books: pl.Series, parties: pl.DataFrame) -> pl.DataFrame:
    """One row per book, name key and party, of the parties and their aliases: book, name, party. books: of the items,
    in each of which a party of no book is known."""
    if parties.is_empty():
        return _NO_NAMES
    said = parties.select(
        "book", party="party_id", text=pl.concat_list(pl.concat_list("name"), pl.col("aliases").fill_null([]))
    ).explode("text")
    anywhere = said["book"].is_null()
    everywhere = said.filter(anywhere).drop("book").join(pl.DataFrame({"book": books.unique()}), how="cross")
    every = pl.concat([said.filter(~anywhere), everywhere.select(said.columns)])
    return every.select("book", "party", name=wording.name_keys(every["text"])).select("book", "name", "party")


def party_keys(items: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """items with `party`: its party_id; for a name alone, the one party of that name, or the name itself; and
    `party_key`, the key of its name.

    Of several parties of one name (a customer who supplies us too) it is the one that has documents of this direction.
    names: as `names_of` has them.
    """
    printed = items[["party_name"]].unique().drop_nulls()
    keys = printed.with_columns(party_key=wording.name_keys(printed["party_name"]))
    keyed = items.join(keys, on="party_name", how="left", maintain_order="left")
    unknown = keyed.filter(pl.col("party_id").is_null() & pl.col("party_key").is_not_null())
    if unknown.is_empty():
        return keyed.with_columns(party=pl.col("party_id"))
    sided = keyed.drop_nulls("party_id").select("book", "party_id", "way", name="party_key")
    by_side = _only(sided, ["book", "name", "way"], "party_id", "of_side")
    every = _names(keyed[["book", "party_key", "party_id"]].rename({"party_id": "party"}), names)
    by_name = _only(every, ["book", "name"], "party", "of_name")
    named = unknown.select("i", "book", "way", name="party_key")
    found = named.join(by_side, on=["book", "name", "way"], how="left").join(by_name, on=["book", "name"], how="left")
    chosen = found.select("i", found=pl.coalesce("of_name", "of_side", "name:" + pl.col("name")))
    return places.with_met(keyed, chosen, "i").with_columns(party=pl.coalesce("party_id", "found")).drop("found")


def _only(frame: pl.DataFrame, keys: list[str], party: str, into: str) -> pl.DataFrame:
    """keys and the one party that they have; none of keys that have several."""
    distinct = frame.select(*keys, pl.col(party).alias(into)).unique()
    return distinct.filter(pl.len().over(keys) == 1)


def with_words(lines: pl.DataFrame) -> pl.DataFrame:
    """lines with what is compared of their text: `words` of the printed name and memo, and `name`, its name key."""
    text = lines.select(pl.concat_str("counterparty_name", "memo", separator=" ", ignore_nulls=True)).to_series()
    return lines.with_columns(
        words=wording.as_column(wording.comparable(text)), name=wording.name_keys(lines["counterparty_name"])
    )


def resolve(
    lines: pl.DataFrame, items: pl.DataFrame, parties: pl.DataFrame, names: pl.DataFrame, policy: Policy
) -> pl.DataFrame:
    """One row per line whose counterparty is known: l, parties (whom it may be), party (null unless one), how
    (words), clash (the account number says one and the name another).

    lines: l (row by row 0, 1, ...), book, counterparty_account, name, words; items: book, party, party_name; names:
    `names_of`. Ways are tried in order of sureness; the first that finds anything decides, and two parties on it are
    none.
    """
    names = _names(items, names)
    by_name = _by_name(lines, names, policy)
    by_account = _by_account(lines, parties, names)
    if by_account.height:
        later = places.filtered(by_name, ~places.among(by_name["l"], by_account["l"]))
        by_name = pl.concat([later, _contradicting(by_account, by_name)])
    found = _payers(lines, items, _also_by_name(pl.concat([by_account, by_name]), lines, items, names))
    found = _of_the_whole_name(found, lines, items, parties)
    one = places.lone(found["l"])
    columns = ["l", "parties", "party", "level", "clash"]
    known = (
        places.filtered(found, one).with_columns(parties=pl.concat_list("party"), clash=pl.lit(False)).select(columns)
    )
    if known.height < found.height:
        known = pl.concat([known, _of_several(places.filtered(found, ~one)).select(columns)])
    return known.with_columns(how=pl.col("level").replace_strict(_HOW, return_dtype=pl.String)).drop("level")


def _of_several(found: pl.DataFrame) -> pl.DataFrame:
    """One row per line of those found to be of several parties, or of one party in several ways."""
    several = found.group_by("l").agg(
        parties=pl.col("party").unique().sort(), level=pl.col("level").min(), clash=pl.col("level").n_unique() > 1
    )
    return several.with_columns(party=pl.when(pl.col("parties").list.len() == 1).then(pl.col("parties").list.first()))


def _also_by_name(found: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """found with what stands under the party's name alone: documents that give no id, where several have that name."""
    nameless = items.filter(pl.col("party").str.starts_with("name:")).select("book", other="party").unique()
    if nameless.is_empty():
        return found
    aliases = names.with_columns(other="name:" + pl.col("name")).join(nameless, on=["book", "other"])
    aliases = aliases.filter(pl.col("party") != pl.col("other"))[["book", "party", "other"]]
    more = found.join(lines[["l", "book"]], on="l").join(aliases, on=["book", "party"])
    both = pl.concat([found, more.select("l", party="other", level="level")])
    return both.group_by("l", "party").agg(pl.col("level").min())


def _of_the_whole_name(
    found: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame, parties: pl.DataFrame
) -> pl.DataFrame:
    """found without namesakes of other legal forms, where the printed name is a party's with its own: a line of
    Acme Ltd is none of Acme LLC's. What stands under a name alone may still be either's."""
    # A line of one party keeps it, whatever its name: only the others are looked at.
    one = places.lone(found["l"])
    only, several = places.filtered(found, one), places.filtered(found, ~one)
    if several.is_empty():
        return found
    printed = places.having(lines.select("l", whole="counterparty_name"), several, "l").drop_nulls()
    asked = places.met(several[["l", "party"]], lines[["l", "book"]], "l")
    listed = parties.select("book", party="party_id", whole="name").join(asked, on="party", how="semi")
    everywhere = listed.filter(pl.col("book").is_null()).select(pl.exclude("book"))
    of_books = pl.concat([items.select("book", "party", whole="party_name"), listed])
    in_books = of_books.join(asked, on=["book", "party"], how="semi").drop_nulls().unique()
    # One name is printed on many lines: what is left of it without its spaces is worked out once.
    names = pl.concat([printed[["whole"]], in_books[["whole"]], everywhere[["whole"]]]).unique()
    bare = names.with_columns(bare=words(pl.col("whole")).str.replace_all(" ", "", literal=True))
    in_books, everywhere, printed = (
        frame.join(bare, on="whole", how="left").drop("whole") for frame in (in_books, everywhere.unique(), printed)
    )
    named = pl.concat([asked.join(in_books, on=["book", "party"]), asked.join(everywhere, on="party")])
    its_own = named.join(printed, on=["l", "bare"])
    known = places.among(several["l"], its_own["l"])
    mine = several.join(its_own, on=["l", "party"], how="semi")
    nobodys = several.filter(known, pl.col("party").str.starts_with("name:"))
    return pl.concat([only, pl.concat([several.filter(~known), mine, nobodys]).unique()])


def _payers(lines: pl.DataFrame, items: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """found without parties that cannot be on this side: of several of one name, those who have a document of the
    line's direction stay, where any has one. A document that matches that stand have settled counts too: else a line
    would be another party's once the rest of its month stands.
    """
    one = places.lone(found["l"])
    several = places.filtered(found, ~one)
    if several.is_empty():
        return found
    sides = items[["book", "party", "way"]].join(several, on="party", how="semi").unique()
    ways = lines.select("l", "book", way=pl.col("amount").sign().cast(pl.Int8))
    marked = places.met(several, ways, "l").join(
        sides.with_columns(fits=pl.lit(True)), on=["book", "party", "way"], how="left"
    )
    kept = marked.filter(pl.col("fits").fill_null(False) | ~pl.col("fits").fill_null(False).any().over("l"))
    return pl.concat([places.filtered(found, one), kept.select(found.columns)])


def _names(items: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """One row per book, name key and party: from the documents (book, party, party_key), and as `names_of` has them."""
    printed = items.select("book", name="party_key", party="party")
    return pl.concat([names, printed]).drop_nulls().unique()


def _by_account(lines: pl.DataFrame, parties: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """l, party, level by the account number of the other side."""
    if parties.is_empty() or lines["counterparty_account"].null_count() == lines.height:
        return _NOBODY
    accounts = (
        parties.select("book", party="party_id", account="account_numbers")
        .explode("account")
        .with_columns(account=squeezed("account"))
        .filter(pl.col("account").str.len_chars() > 0)
        .unique()
    )
    stated = lines.filter(pl.col("counterparty_account").is_not_null())
    here = stated.select("l", line_book="book", account=squeezed("counterparty_account"))
    joined = here.join(accounts, on="account")
    own = joined.filter(pl.col("book").is_null() | (pl.col("book") == pl.col("line_book")))
    known = names.select(line_book="book", party="party").unique()
    narrowed = own.join(known, on=["line_book", "party"], how="semi")
    return narrowed.select("l", "party", level=pl.lit(_BY_ACCOUNT, pl.Int64)).unique()


def _by_name(lines: pl.DataFrame, names: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """l, party, level by the first way in which a name fits. A name that hides the payer is only compared whole."""
    import numpy as np

    from finance_pipeline.matching.kernels.buffers import in_parts, plain_texts
    from finance_pipeline.matching.kernels.names import whose

    ids = names["party"].unique().sort()
    if ids.is_empty() or lines.is_empty():
        return _NOBODY
    visible = ~lines["name"].str.contains(phrase_pattern(policy.processor_names)).fill_null(False)
    salts, index = wording.salts(lines["book"]), _NameIndex.of(names, ids)
    ranges, printed, words = index.ranges_of(lines["book"]), plain_texts(lines["name"]), plain_texts(lines["words"])

    def part(first: int, last: int) -> Any:
        out = np.empty(((last - first) * 6, 3), np.int64)
        count = whose(
            printed.data, printed.starts, printed.sizes, words.data, words.starts, words.sizes,
            visible.to_numpy(), salts, ranges,
            *index.whole, *index.sets, index.firsts, *index.ordered, *wording.joining_words(),
            policy.name_prefix_min_chars, first, last, out,
        )  # fmt: skip
        return out[:count]

    found = np.concatenate(in_parts(lines.height, part))
    return pl.DataFrame(
        {"l": lines["l"].gather(found[:, 0]), "party": ids.gather(found[:, 1]), "level": pl.Series(found[:, 2])}
    )


def _contradicting(by_account: pl.DataFrame, by_name: pl.DataFrame) -> pl.DataFrame:
    """The party by name, of lines whose account number says one party and whose name another."""
    one = by_account.filter(pl.col("l").is_unique())
    other = by_name.filter(pl.col("level") == _BY_NAME).filter(pl.col("l").is_unique())
    both = other.join(one.select("l", account_party="party"), on="l")
    return both.filter(pl.col("party") != pl.col("account_party"))[["l", "party", "level"]]


@dataclass(frozen=True)
class _NameIndex:
    """Names as the compiled search asks them."""

    whole: tuple[Any, Any, int]
    sets: tuple[Any, Any, int]
    firsts: Any
    ordered: tuple[Any, Any, Any, Any]
    """Names without spaces, by book and sorted: data, starts, sizes, parties."""
    by_book: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, names: pl.DataFrame, ids: pl.Series) -> _NameIndex:
        """names: book, name, party; ids: sorted parties, whose place is what the search answers."""
        import numpy as np

        from finance_pipeline.matching.kernels.buffers import plain_texts
        from finance_pipeline.matching.kernels.names import name_entries

        numbered = names.join(pl.DataFrame({"party": ids}).with_row_index("p"), on="party")
        placed = numbered.with_columns(squeezed=pl.col("name").str.replace_all(" ", "", literal=True)).sort(
            "book", "squeezed", "p"
        )
        texts, squeezed_texts = plain_texts(placed["name"]), plain_texts(placed["squeezed"])
        parties = placed["p"].cast(pl.Int64).to_numpy()
        whole, sets = np.empty((placed.height, 2), np.uint64), np.empty((placed.height, 2), np.uint64)
        firsts = np.zeros(1 << max(10, placed.height.bit_length() + 3), np.bool_)
        name_entries(
            texts.data, texts.starts, texts.sizes, wording.salts(placed["book"]), parties, whole, sets, firsts
        )  # fmt: skip
        ends = placed.with_row_index("n").group_by("book").agg(first=pl.col("n").min(), last=pl.col("n").max() + 1)
        return cls(
            wording.by_bucket(whole),
            wording.by_bucket(sets[sets[:, 0] != 0]),
            firsts,
            (squeezed_texts.data, squeezed_texts.starts, squeezed_texts.sizes, parties),
            {book: (first, last) for book, first, last in ends.iter_rows()},
        )

    def ranges_of(self, books: pl.Series) -> Any:
        """int64 by row: first and last (exclusive) sorted name of the row's book."""
        import numpy as np

        out = np.zeros((len(books), 2), np.int64)
        one = wording.the_one(books)
        if one is not None:
            out[:] = self.by_book.get(one, (0, 0))
            return out
        for column in (0, 1):
            bounds = {book: bound[column] for book, bound in self.by_book.items()}
            out[:, column] = books.replace_strict(bounds, default=0, return_dtype=pl.Int64).to_numpy()
        return out
