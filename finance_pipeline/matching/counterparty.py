"""Who is on the other side of a line: one party, or none where the text fits two.

Here: resolution by account number, name, word order, a cut name, a name inside the memo. Not here: what is then open.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.text import (
    name_key,
    phrase_pattern,
    squeezed,
    with_name_key,
    without_connectives,
    without_cut_connective,
    word_set,
    words,
)

_LONGEST_NAME_WORDS = 6
_LEAST_WORD_CHARS = 5
_HOW = {
    1: "its account number",
    2: "its name",
    3: "the words of its name",
    4: "the beginning of its name",
    5: "its name in the text",
}


def party_keys(items: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """items with `party`: its party_id; for a name alone, the one party of that name, or the name itself."""
    named = with_name_key(items, "party_name", "name")
    by_name = (
        _names(named.with_columns(party=pl.col("party_id")), parties)
        .group_by("book", "name")
        .agg(one=pl.col("party").unique().sort())
        .filter(pl.col("one").list.len() == 1)
        .select("book", "name", one=pl.col("one").list.first())
    )
    found = named.join(by_name, on=["book", "name"], how="left", maintain_order="left")
    return found.with_columns(party=pl.coalesce("party_id", "one", "name:" + pl.col("name"))).drop("name", "one")


def with_words(lines: pl.DataFrame) -> pl.DataFrame:
    """lines with what is compared of their text: `words` of the printed name and memo, and `name`, its name key."""
    text = pl.concat_str("counterparty_name", "memo", separator=" ", ignore_nulls=True)
    return with_name_key(lines, "counterparty_name", "name").with_columns(words=words(text))


def resolve(lines: pl.DataFrame, items: pl.DataFrame, parties: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """One row per line whose counterparty is known: l, parties (whom it may be), party (null unless one), how (words).

    lines: l, book, counterparty_name, counterparty_account, name, words; items: book, party, party_name. Levels are
    tried in order of sureness; the first that finds anything decides, and two parties on it are none.
    """
    names = _names(with_name_key(items.select("book", "party", "party_name"), "party_name", "name"), parties)
    hidden = phrase_pattern(policy.processor_names)
    printed = lines.select("l", "book", "counterparty_name", "counterparty_account", "name", "words")
    visible = printed.filter(~pl.col("name").fill_null("").str.contains(hidden))
    levels = [
        _by_account(printed, parties, names),
        printed.join(names, on=["book", "name"]).select("l", "party", level=2),
        _by_word_set(visible, names),
        _by_beginning(visible, names, policy),
        _in_text(visible, names),
    ]
    found = pl.concat([level.with_columns(pl.col("level").cast(pl.Int8)) for level in levels])
    by_level = found.group_by("l", "level").agg(pl.col("party").unique())
    first = by_level.sort("l", "level").unique("l", keep="first", maintain_order=True)
    known = pl.concat([first, by_level.join(_contradicted(by_level), on="l", how="semi").filter(pl.col("level") <= 2)])
    return (
        known.group_by("l")
        .agg(
            parties=pl.col("party").explode().unique().sort(),
            how=pl.col("level").first().replace_strict(_HOW, return_dtype=pl.String),
        )
        .with_columns(party=pl.when(pl.col("parties").list.len() == 1).then(pl.col("parties").list.first()))
    )


def _names(items: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """One row per book, name key and party: from the documents, from the parties and their aliases."""
    books = items.select("book").unique()
    said = parties.select(
        "book", party="party_id", name=pl.concat_list(pl.concat_list("name"), pl.col("aliases").fill_null([]))
    ).explode("name")
    everywhere = said.filter(pl.col("book").is_null()).drop("book").join(books, how="cross")
    listed = pl.concat([said.filter(pl.col("book").is_not_null()), everywhere.select(said.columns)])
    listed = listed.with_columns(name=name_key(pl.col("name")))
    from_items = items.filter(pl.col("party").is_not_null()).select("book", "party", "name")
    return pl.concat([listed, from_items]).drop_nulls().unique()


def _by_account(printed: pl.DataFrame, parties: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    accounts = (
        parties.select("book", party="party_id", account="account_numbers")
        .explode("account")
        .with_columns(account=squeezed(pl.col("account")))
        .filter(pl.col("account").str.len_chars() > 0)
        .unique()
    )
    here = printed.select("l", line_book="book", account=squeezed(pl.col("counterparty_account")))
    joined = here.join(accounts, on="account")
    own = joined.filter(pl.col("book").is_null() | (pl.col("book") == pl.col("line_book")))
    known = names.select(line_book="book", party="party").unique()
    narrowed = own.join(known, on=["line_book", "party"], how="semi")
    return narrowed.select("l", "party", level=1)


def _by_word_set(visible: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    several = pl.col("name").str.contains(" ", literal=True)
    sets = names.filter(several).select("book", "party", words=word_set(pl.col("name")))
    here = visible.filter(several).select("l", "book", words=word_set(pl.col("name")))
    return here.join(sets, on=["book", "words"]).select("l", "party", level=3)


def _by_beginning(visible: pl.DataFrame, names: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """A printed name that is the beginning of a longer one."""
    plain = without_connectives(words(pl.col("counterparty_name")))
    cut = pl.concat(
        visible.select("l", "book", start=start.str.replace_all(" ", ""))
        for start in (plain, without_cut_connective(plain))
    )
    cut = (
        cut.unique()
        .with_columns(size=pl.col("start").str.len_chars())
        .filter(pl.col("size") >= policy.name_prefix_min_chars)
    )
    sizes = cut.select("book", "size").unique()
    full = names.select("book", "party", squeezed=pl.col("name").str.replace_all(" ", ""))
    longer = full.join(sizes, on="book").filter(pl.col("squeezed").str.len_chars() > pl.col("size"))
    starts = longer.select("book", "party", start=pl.col("squeezed").str.slice(0, pl.col("size")))
    return cut.join(starts.unique(), on=["book", "start"]).select("l", "party", level=4)


def _in_text(visible: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """A whole name among the words of the printed name or memo; of several the longest counts."""
    sized = names.with_columns(count=pl.col("name").str.count_matches(" ") + 1).filter(
        (pl.col("name").str.len_chars() >= _LEAST_WORD_CHARS) & pl.col("name").str.contains("[A-Z]{3}")
    )
    firsts = sized.select("book", word=pl.col("name").str.extract("^([^ ]+)")).unique()
    each = (
        visible.select("l", "book", word=without_connectives(pl.col("words")).str.split(" "))
        .filter(pl.col("word").list.len() > 0)
        .explode("word")
    )
    frames = []
    for count in sorted(set(sized["count"].to_list()) & set(range(1, _LONGEST_NAME_WORDS + 1))):
        gram = each.with_columns(
            name=pl.concat_str([pl.col("word").shift(-k) for k in range(count)], separator=" "),
            same=pl.col("l").shift(1 - count) == pl.col("l"),
        )
        starts = gram.filter("same").join(firsts, on=["book", "word"], how="semi")
        frames.append(
            starts.join(sized.filter(pl.col("count") == count), on=["book", "name"]).select("l", "party", "count")
        )
    if not frames:
        return visible.select("l", party="name", level=5).clear()
    found = pl.concat(frames)
    longest = found.filter(pl.col("count") == pl.col("count").max().over("l"))
    return longest.select("l", "party", level=5)


def _contradicted(by_level: pl.DataFrame) -> pl.DataFrame:
    """Lines whose account number says one party and whose name another."""
    single = by_level.filter(pl.col("party").list.len() == 1).select("l", "level", party=pl.col("party").list.first())
    both = single.filter(pl.col("level") == 1).join(single.filter(pl.col("level") == 2), on="l")
    return both.filter(pl.col("party") != pl.col("party_right")).select("l")
