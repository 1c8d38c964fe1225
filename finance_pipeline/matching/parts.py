"""Tier 1, other than the whole: a reference whose money falls short, is a part, or is more than it names.

Not here: what such a line may be instead (otherwise); parts without a reference, which only a person may allocate.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import crosswise, otherwise, places
from finance_pipeline.matching.pool import (
    DIFFERS,
    LATE_DISCOUNT,
    NOTHING,
    RECORDED,
    SEVERAL,
    Found,
    Pool,
    pairs_of,
    refusal,
)
from finance_pipeline.matching.references import BARE, MORE_WORDS, STRONG, Named
from finance_pipeline.matching.terms import discount_minor
from finance_pipeline.matching.text import folded, squeezed

_ALWAYS_WHOLE = ("payout", "receipt_in_ledger", "charge", "refund", "dispute", "fee", *RECORDED)
_SETTLED = {"tier": 1, "role": "principal"}
_DAY = (
    r"^(?:20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])|(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])20[0-9]{2})$"
)
"""Digits that are a day: 20260520, 20052026."""
_MONTH = "^20[0-9]{2}(?:0[1-9]|1[0-2])$"
_JOINT = "\x01"
"""Stands for a mark that joins digits to others before them; a control character, which no bank prints."""
_FEW_DOCUMENTS = 4
"""Digits that more documents than this have are a year, a month or a series, and name none of them."""


def match(pool: Pool, named: Named) -> Found:
    """What several lines pay of what they name crosswise; then short payments, part payments and overpayments."""
    across = crosswise.match(pool, meant(pool, named))
    alone = _of_one(pool.take(across), named)
    return Found(pl.concat([across.pairs, alone.pairs]), alone.refused)


def _of_one(pool: Pool, named: Named) -> Found:
    """Short payments, part payments and overpayments, each of a line that names exactly one item."""
    single = _single(pool, named)
    if single.is_empty():
        return NOTHING
    doubtful, netted = otherwise.doubts(pool, single)
    late = single.filter(_discounted_late())
    told = pl.concat([doubtful[["l"]], late[["l"]], netted])
    refused = [refusal(doubtful, SEVERAL), refusal(late, LATE_DISCOUNT)]
    clear = places.without(single, told, "l")
    if clear.is_empty():
        return Found(NOTHING.pairs, pl.concat(refused))
    clear = clear.with_columns(rivals=pl.len().over("i"))
    greater = clear.filter(pl.col("item_amount").abs() < pl.col("line_amount").abs())
    lesser = clear.filter(pl.col("item_amount").abs() > pl.col("line_amount").abs()) if greater.height else clear
    short, partial, together = _short_or_part(pool, places.without(lesser, greater, "i"))
    over = _over(pool, greater)
    pairs = pl.concat([short, partial, over])
    return Found(pairs, pl.concat([refused[0], refusal(together, DIFFERS), refused[1]]))


def _short_or_part(pool: Pool, lesser: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Allocations of short payments and of parts; and lines that together pay more than their item."""
    if lesser.is_empty():
        return NOTHING.pairs, NOTHING.pairs, lesser
    limit = pool.policy.short_payment_limit_minor
    alone = pl.len().over("i") == 1
    gap = (pl.col("item_amount") - pl.col("line_amount")).abs()
    role = pl.when(gap <= limit).then(pl.lit("write_off")).when(_is_fee(pool)).then(pl.lit("fee"))
    marked = lesser.with_columns(off_role=pl.when(alone).then(role))
    short = marked.filter(pl.col("off_role").is_not_null())
    rest = marked.filter(pl.col("off_role").is_null())
    paid = pl.col("line_amount").sum().over("i")
    left = (pl.col("item_amount") - paid) * pl.col("item_amount").sign()
    least = pl.col("item_amount").abs() * pool.policy.partial_least_rest_percent
    partial = rest.filter((~alone & (left == 0)) | ((left > limit) & (left * 100 >= least)))
    rule = pl.when(pl.col("off_role") == "fee").then(pl.lit("short_by_fee")).otherwise(pl.lit("short_payment"))
    in_full = pairs_of(short, **_SETTLED, rule=rule, amount=pl.col("item_amount"))
    off = pairs_of(
        short, tier=1, rule=rule, role=pl.col("off_role"), item_amount=0,
        amount=pl.col("line_amount") - pl.col("item_amount"),
    )  # fmt: skip
    in_part = pairs_of(
        partial, **_SETTLED, rule="partial_payment", amount=pl.col("line_amount"), item_amount=pl.col("line_amount")
    )
    return pl.concat([in_full, off]), in_part, rest.filter(~alone & (left < 0))


def _over(pool: Pool, greater: pl.DataFrame) -> pl.DataFrame:
    """Allocations of overpayments: cents are written off, more stands on account as a residual."""
    if greater.is_empty():
        return NOTHING.pairs
    over = (pl.col("line_amount") - pl.col("item_amount")).abs()
    alone = (pl.col("rivals") == 1) & (pl.len().over("l") == 1)
    most = pl.col("item_amount").abs() * pool.policy.overpayment_max_percent
    accepted = greater.filter(alone & (over * 100 <= most))
    cents = over <= pool.policy.short_payment_limit_minor
    marked = accepted.with_columns(
        over_role=pl.when(cents).then(pl.lit("write_off")).otherwise(pl.lit("residual")),
        rest=pl.col("line_amount") - pl.col("item_amount"),
    )
    common = {"tier": 1, "rule": "overpayment"}
    principal = pairs_of(marked, **common, role="principal", amount=pl.col("item_amount"))
    written_off = pairs_of(marked, **common, role=pl.col("over_role"), amount=pl.col("rest"), item_amount=0)
    return pl.concat([principal, written_off])


def _single(pool: Pool, named: Named) -> pl.DataFrame:
    """Lines that name one item surely and nothing else, of its direction and currency, for another amount.

    A memo that was cut, or that has another number in it, may have named more; where its payer is the item's party,
    or only cents differ, a cut alone is no reason for doubt, unless it went through another number that begins like the
    first, nor is a number that is not formed like the house's own. Digits joined to others (202510-5196) may be the end
    of another number. Nobody but its party pays a document in part before it is issued. Digits alone of an
    unknown payer may be a customer's number: they are enough only where the difference is one that banks and payers
    make.
    """
    also = named.closed.filter(pl.col("strength") == STRONG) if named.closed.height else named.closed
    single = places.without(meant(pool, named).filter(pl.col("names") == 1), also, "l")
    same_direction = pl.col("item_amount").sign() == pl.col("line_amount").sign()
    # What is cheap to ask comes first: memos are read of the few that are left.
    plain = places.having(pool.named(named.hits, BARE), single, "l", "i").filter(
        ~pl.col("foreign") & ~pl.col("stranger") & same_direction,
        pl.col("item_amount") != pl.col("line_amount"),
        ~pl.col("kind").is_in(_ALWAYS_WHOLE),
    )
    if plain.is_empty():
        return plain
    tokens = places.having(named.tokens, plain, "l")
    unknown = places.filtered(tokens, ~tokens["known"])
    foreign, unknown = places.filtered(unknown, ~unknown["formed"]), places.filtered(unknown, unknown["formed"])
    candidates = places.without(places.without(plain, unknown, "l"), pool.refused, "i")
    if candidates.is_empty():
        return candidates
    candidates = candidates.with_columns(folded=folded("memo"))
    cut = otherwise.was_cut(pool) & ~_list_ended(pl.col("folded"))
    agrees = (pl.col("party") == pl.col("line_party")).fill_null(False) | _gives_account()
    gap = (pl.col("item_amount") - pl.col("line_amount")).abs()
    usual = (gap <= pool.policy.short_payment_limit_minor) | _is_fee(pool)
    return candidates.filter(
        ~cut | (agrees & ~_goes_on(pl.col("folded"))) | usual,
        ~(joined_digits(pl.col("folded")) | pl.col("token").str.contains(_MONTH)) | usual,
        agrees | (pl.col("issued_on") <= pl.col("booked_on")),
        agrees | usual | pl.lit(places.among(candidates["l"], _in_full(pool, named, candidates))),
        agrees | ~pl.lit(places.among(candidates["l"], foreign["l"])),
    ).drop("folded")


def _goes_on(memo: pl.Expr) -> pl.Expr:
    """The (folded) memo's last word begins like the document's number and is less of one: a list that was cut in its
    second. After a sign that goes on (&) that is so however little of it is left."""
    token = pl.col("token").str.replace_all("[0-9]", "9")
    last = memo.str.extract(r"([A-Z0-9][A-Z0-9./-]*)\s*$")
    begins = token.str.starts_with(last.str.replace_all("[0-9]", "9")) & (last != pl.col("token"))
    alike = (last.str.len_chars() > 2) & (last.str.slice(0, 2) == pl.col("token").str.slice(0, 2))
    return (begins & (alike | memo.str.contains(r"[,;+&]\s*[A-Z0-9./-]+\s*$"))).fill_null(False)


def joined_digits(memo: pl.Expr) -> pl.Expr:
    """The digits that name the document stand in the memo (folded) with others joined before them."""
    # Every run of digits with others joined before it is found at once: a pattern for each number is dear to make.
    marked = memo.str.replace_all("([0-9])[-/.]", "$1" + _JOINT)
    joined = marked.str.extract_all(_JOINT + "[0-9]+").list.contains(pl.format(_JOINT + "{}", pl.col("token")))
    return (pl.col("token").str.contains("^[0-9]+$") & joined).fill_null(False)


def _list_ended(memo: pl.Expr) -> pl.Expr:
    """After the document's number the memo (folded) goes on with a word that begins nothing more to pay: a date's, a
    customer number's. Where the bank cut it after that, no number was lost. Of a party that only a name stands for it
    is not known what else it has that the payment may be short by.
    """
    after = memo.str.splitn(pl.col("token"), 2).struct.field("field_1")
    word = after.str.extract(r"^[\s.,;:]*([A-Z]{3,})(?:[^A-Z0-9]|$)")
    plain = ~word.is_in([word for words in MORE_WORDS for word in words])
    known = ~pl.col("party").str.starts_with("name:").fill_null(True)
    return known & ((word.is_not_null() & plain) | after.str.contains(r"^\s*(?:DU |D\.? ?D?\.|FP |A/C )")).fill_null(
        False
    )


def _gives_account() -> pl.Expr:
    """The memo gives the party's own number with us beside the document's, which says whose it is: KDNR 17520."""
    digits = pl.col("party").str.extract("([0-9]{4,})$")
    apart = pl.format(" {} ", pl.col("memo").str.replace_all("[^0-9]+", " "))
    beside = ~pl.col("token").str.contains(digits, literal=True)
    return (beside & apart.str.contains(pl.format(" {} ", digits), literal=True)).fill_null(False)


def _in_full(pool: Pool, named: Named, single: pl.DataFrame) -> pl.Series:
    """l of some lines that name their one item by its whole number, letters and marks and all, and nothing else that
    this could be: where neither payer nor amount agree, digits alone are somebody else's too easily, and a day's are a
    day.
    """
    strong = single.filter((pl.col("strength") == STRONG) | pl.col("token").str.contains("[0-9][-/.][0-9]"))
    strong = strong.filter(~pl.col("token").str.contains(_DAY))
    if strong.is_empty():
        return strong["l"]
    alike = places.having(named.hits, strong, "l").join(strong[["l", "token"]], on=["l", "token"], how="semi")
    only = places.without(strong, alike.filter(pl.len().over("l") > 1), "l").with_columns(text=squeezed("token"))
    numbers = places.having(pool.items[["i", "number", "references"]], only, "i")
    texts = pl.concat(
        [
            numbers.select("i", text="number"),
            numbers.select("i", text="references").explode("text"),
        ]
    ).drop_nulls()
    whole = only.join(texts.select("i", text=squeezed("text")), on=["i", "text"])
    return whole["l"]


def _is_fee(pool: Pool) -> pl.Expr:
    """Short by just what banks on the way charge, or from the whole that the bank says was sent."""
    gap = (pl.col("item_amount") - pl.col("line_amount")) * pl.col("item_amount").sign()
    usual = gap.is_in(pool.policy.fee_amounts_minor) & (gap * 10 <= pl.col("item_amount").abs())
    sent = (pl.col("original_amount") == pl.col("item_amount")) & (
        pl.col("original_currency") == pl.col("line_currency")
    )
    return usual | ((gap > 0) & sent).fill_null(False)


def meant(pool: Pool, named: Named) -> pl.DataFrame:
    """What lines can mean, as _meant has it; worked out once for all steps that ask for it."""
    return pool.once("meant", named.hits, lambda: _meant(pool, named))


def _meant(pool: Pool, named: Named) -> pl.DataFrame:
    """named.hits that open lines can mean, and names: how many these are of the line.

    A number that a few documents have is the payer's own one, or else that which it is in full. The line's own amount,
    printed beside, names nothing by its digits.
    """
    with_line = places.met(named.at_all, pool.open_lines[["l", "line_party", "amount"]], "l")
    sure = places.with_met(with_line, named.every_item[["i", "party"]], "i")
    own = (pl.col("party") == pl.col("line_party")).fill_null(False)
    is_amount = pl.col("token").str.replace_all("[^0-9]", "") == pl.col("amount").abs().cast(pl.String)
    few = pl.len().over("l", "token") <= _FEW_DOCUMENTS
    says = (pl.col("strength") == STRONG) | (few & (own | ~is_amount))
    said = sure.filter(says).with_columns(own=own)
    elsewhere = (pl.col("strength") == STRONG) & ~pl.col("own").any().over("l", "token")
    in_full = pl.col("strength") == pl.col("strength").min().over("l", "token")
    believed = said.filter(pl.when(pl.col("own").any().over("l")).then(pl.col("own") | elsewhere).otherwise(in_full))
    return believed.select(*named.hits.columns, names=pl.len().over("l"))


def _discounted_late() -> pl.Expr:
    """The line is the item less its discount, and came after its last day."""
    off = discount_minor(
        pl.col("item_amount"), pl.col("discount_percent"), pl.col("discount_until"), pl.col("discount_until")
    )
    is_late = (pl.col("booked_on") > pl.col("discount_until")).fill_null(False)
    return is_late & (off != 0) & ((pl.col("item_amount") - off - pl.col("line_amount")).abs() <= 1)
