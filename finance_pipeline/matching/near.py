"""Tier 1: a number that is nearly right, where the amount leaves no doubt which one was meant.

Here: which pairs of line and item are worth comparing (those whose amounts agree), and when nearness is enough. Not
here: the comparison (kernels.nearness).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places, wording
from finance_pipeline.matching.pool import SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import LABELS, SHORTHAND, Named
from finance_pipeline.matching.text import folded

_CROWD = 50
"""More items than this of one amount in a book are not told apart by a number that is only nearly right."""
_FIELDS = ("memo", "end_to_end_id", "bank_reference", "counterparty_name")
_CUT = 3
_RULES = {1: "reference_typo", 2: "reference_typo", _CUT: "reference_cut"}


def match(pool: Pool, named: Named) -> Pool:
    """The pool after lines with one number nearly right: mistyped by one keystroke, short of zeros, or cut by the bank.

    What its other numbers name is taken off the line first: the rest has to be exactly one item's open amount. The
    corrected number is the only one so near of that amount. If what stands there is a good number of the house, or the
    amount is a common one, the payer has to be that item's party too.
    """
    rightly = pool.named(named.hits, SHORTHAND)
    rightly = places.filtered(rightly, ~(rightly["stranger"] | rightly["foreign"]))
    said = places.sums(rightly["l"], rightly["item_amount"], places.size_of(rightly["l"], pool.lines["l"]))
    open_lines = pool.open_lines
    missing = (open_lines["amount"] - pl.Series(said.to_numpy()[open_lines["l"].to_numpy()])).alias("missing")
    short = missing != 0
    if not short.any():
        return pool
    lines = places.filtered(open_lines[["l", "book", "currency", *_FIELDS]].hstack([missing]), short)
    pool = pool.reaching(lambda items: items["amount"].is_in(lines["missing"].unique().implode()))
    near = _near(pool.items, lines)
    if near.is_empty():
        return pool
    return pool.take(_found(pool, named, near, rightly, lines))


def _found(pool: Pool, named: Named, near: pl.DataFrame, rightly: pl.DataFrame, lines: pl.DataFrame) -> Found:
    """Near pairs that leave no doubt, with what else their lines name (rightly), and those that do."""
    hits = places.without(near, rightly, "l", "i")
    found = pool.candidates(hits, pool.policy.early_days).with_columns(
        agrees=(pl.col("party") == pl.col("line_party")).fill_null(False)
    )
    fits = _believed(pool, _not_meant_otherwise(found, named), named)
    best = fits.filter(pl.col("way") == pl.col("way").min().over("l"))
    best = pl.concat([best, _settled_as_near(best, named, lines)], how="diagonal")
    alone = (pl.col("i").n_unique().over("l") == 1) & (pl.col("l").n_unique().over("i") == 1)
    won = best.filter(alone)
    others = places.having(rightly, won, "l")
    doubled = places.contested(others)
    rules = won.select("l", rule=pl.col("way").replace_strict(_RULES, return_dtype=pl.String))
    columns = ["l", "i", "item_amount", "token", "field"]
    clear = places.without(pl.concat([won.select(columns), others.select(columns)]), doubled, "l")
    pairs = pairs_of(
        clear.join(rules, on="l"), tier=1, rule=pl.col("rule"), amount=pl.col("item_amount"), role="principal"
    )
    return Found(pairs, refusal(best.filter(~alone), SEVERAL))


def _settled_as_near(best: pl.DataFrame, named: Named, lines: pl.DataFrame) -> pl.DataFrame:
    """l, i of settled items to whose numbers the text is as near, of the same amount and of whom else it may be: the
    line may pay one of them a second time."""
    asked = places.having(lines, best, "l") if named.settled.height and best.height else lines.clear()
    near = _near(named.settled, asked).join(named.settled[["i", "party"]], on="i")
    owner = best.group_by("l").agg(pl.col("way").first(), pl.col("agrees").first(), owner=pl.col("party").first())
    theirs = ~pl.col("agrees") | (pl.col("party") == pl.col("owner")).fill_null(False)
    return near.join(owner, on="l", suffix="_open").filter(pl.col("way") <= pl.col("way_open"), theirs)[["l", "i"]]


def _not_meant_otherwise(found: pl.DataFrame, named: Named) -> pl.DataFrame:
    """Near pairs without those of a number that is right as it stands: of an item that is open or settled already. Only
    where it is a stranger's, and the near one the payer's own, may it have been mistyped into that.
    """
    right = pl.concat([named.hits[["l", "i", "token"]], named.closed[["l", "i", "token"]]])
    facts = right.select("l", "i", squeezed_token=_squeezed("token")).join(found[["l", "line_party"]].unique(), on="l")
    parties = named.every_item[["i", "party"]]
    placed = facts.join(parties, on="i", how="left")
    strangers = ((pl.col("party") != pl.col("line_party")).fill_null(False)).all()
    by_token = placed.group_by("l", "squeezed_token").agg(strangers=strangers)
    marked = found.with_columns(squeezed_token=_squeezed("token")).join(
        by_token, on=["l", "squeezed_token"], how="left", maintain_order="left"
    )
    return marked.filter(pl.col("strangers").is_null() | (pl.col("strangers") & pl.col("agrees"))).drop(
        "strangers", "squeezed_token"
    )


def _squeezed(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all("[^A-Z0-9]+", "")


def _believed(pool: Pool, found: pl.DataFrame, named: Named) -> pl.DataFrame:
    """Near pairs that may be meant: of the payer's, or of nobody else's and by an amount that is no coincidence."""
    amounts = pool.items.group_by("book", "currency", "amount").agg(same=pl.len())
    tokens = named.tokens.filter("formed").select("l", token_text="text")
    keyed = found.join(
        amounts, left_on=["book", "item_currency", "item_amount"], right_on=["book", "currency", "amount"], how="left"
    )
    formed = (
        keyed.select("l", "i", token_text=_squeezed("token"))
        .join(tokens, on=["l", "token_text"], how="semi")
        .select("l", "i", formed=pl.lit(True))
        .unique()
    )
    marked = keyed.join(formed, on=["l", "i"], how="left").with_columns(pl.col("formed").fill_null(False))
    marked = marked.filter((pl.col("way") < _CUT) | ~_labelled())
    common = (pl.col("same") > 1) | (pl.col("item_amount") % 10_000 == 0)
    nobody_elses = ~pl.col("stranger") & ~common & (pl.col("way") != 2)
    plain = ~pl.col("stranger") & ~pl.col("formed") & (pl.col("way") < 3)
    sure = marked.filter("agrees")
    others = marked.filter(~pl.col("agrees") & (nobody_elses | plain))
    return pl.concat([sure, _without_neighbours(others, named)])


def _labelled() -> pl.Expr:
    """The memo says that the text is another number: a customer's, an order's."""
    before = folded("memo").str.splitn(pl.col("token"), 2).struct.field("field_0")
    return before.str.extract(r"([A-Z]+)[^A-Z0-9]*$").is_in(LABELS).fill_null(False)


def _without_neighbours(found: pl.DataFrame, named: Named) -> pl.DataFrame:
    """Near pairs of lines of no known payer whose text is one keystroke from no other number of the book."""
    if found.is_empty():
        return found
    import numpy as np

    from finance_pipeline.matching.kernels.buffers import folded_texts
    from finance_pipeline.matching.kernels.nearness import neighbour_counts

    tokens = folded_texts(found["token"])
    counts = np.empty(found.height, np.int64)
    neighbour_counts(
        tokens.data, tokens.starts, tokens.sizes, wording.salts(found["book"]), named.index.squeezed_keys, counts
    )  # fmt: skip
    return found.filter(pl.Series(counts) <= 1)


def _near(of_items: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """l, i, way, token, field of lines whose text nearly has the number of an item of the missing amount."""
    keys = ["book", "currency", "amount"]
    asked = lines.select("l", "book", "currency", amount="missing")
    alike = of_items[["i", *keys, "number", "references"]].join(asked, on=keys, how="semi", maintain_order="left")
    items = alike.filter(pl.col("number").is_not_null()) if alike.height else alike
    items = items.filter(pl.len().over(keys) <= _CROWD) if items.height > _CROWD else items
    if items.is_empty():
        return _NOTHING_NEAR
    texts = items.select("i", *keys, text="number")
    if items["references"].null_count() < items.height:
        listed = items.select("i", *keys, text="references").filter(pl.col("text").list.len() > 0)
        texts = pl.concat([texts, listed.explode("text").drop_nulls("text")])
    pairs = asked.join(texts, on=keys)[["l", "i", "text"]]
    compared = places.having(lines, pairs, "l")
    near = pl.concat([_NOTHING_NEAR, *(_compared(compared, pairs, field) for field in _FIELDS)])
    return (
        near
        if near.is_empty()
        else near.sort("l", "i", "way", "field", "token").unique(["l", "i"], keep="first", maintain_order=True)
    )


_NOTHING_NEAR = pl.DataFrame(
    schema={"l": pl.UInt32, "i": pl.UInt32, "way": pl.Int64, "token": pl.String, "field": pl.String}
)


def _compared(lines: pl.DataFrame, pairs: pl.DataFrame, field: str) -> pl.DataFrame:
    """Pairs whose line's field nearly has the number."""
    import numpy as np

    from finance_pipeline.matching.kernels.buffers import folded_texts, pieces
    from finance_pipeline.matching.kernels.nearness import near_numbers

    if lines[field].null_count() == lines.height:
        return _NOTHING_NEAR
    filled = lines.filter(pl.col(field).str.contains("[0-9]")).with_row_index("row")
    if filled.is_empty():
        return _NOTHING_NEAR
    here = places.met(pairs, filled[["l", "row"]], "l").sort("row", "i")
    texts, numbers = folded_texts(filled[field]), folded_texts(here["text"])
    rows = here["row"].cast(pl.Int64).to_numpy(writable=True)
    ways, found_at = np.zeros(here.height, np.int64), np.zeros((here.height, 2), np.int64)
    near_numbers(
        texts.data, texts.starts, texts.sizes, numbers.data, numbers.starts, numbers.sizes,
        rows, np.arange(here.height), ways, found_at,
    )  # fmt: skip
    if not ways.any():
        return _NOTHING_NEAR
    token = pieces(texts.data, found_at[:, 0], found_at[:, 1] - found_at[:, 0])
    found = here[["l", "i"]].hstack([pl.Series("way", ways), token.alias("token")]).filter(pl.Series(ways > 0))
    return found.with_columns(field=pl.lit(field))
