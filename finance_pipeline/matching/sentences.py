"""What each rule says of a match, as a good bookkeeper would note it.

Here: one sentence a rule, over the columns that explain joins. Not here: when a rule may be used.
"""

from __future__ import annotations

from functools import cache

import polars as pl

_WHERE = {
    "memo": "The memo",
    "end_to_end_id": "The end-to-end id",
    "bank_reference": "The bank's reference",
    "counterparty_name": "The printed name",
}
_KEPT = {
    "fee": "a charge",
    "discount": "an early-payment discount",
    "write_off": "written off",
    "residual": "on account",
}


@cache
def sentence(rule: str) -> pl.Expr:
    """The sentence of a rule; of one that names documents and has none of its own, what those have in common."""
    own = _by_rule().get(rule)
    return own if own is not None else pl.when(pl.col("count") > 1).then(_together()).otherwise(_one())


@cache
def _by_rule() -> dict[str, pl.Expr]:
    return _of_ids() | _of_references() | _of_parties() | _of_lines()


def _names() -> pl.Expr:
    where = pl.col("field").replace_strict(_WHERE, default="The text", return_dtype=pl.String)
    return pl.format("{} names {}", where, "labels")


def _one() -> pl.Expr:
    return pl.format("{}: its open amount, {}, agrees to the cent{}.", _names(), "open_money", "paid_as")


def _together() -> pl.Expr:
    return pl.format("{}: together they are open at exactly {}.", _names(), "money")


def _aside() -> pl.Expr:
    kind = pl.col("aside_role").replace_strict(_KEPT, default="apart", return_dtype=pl.String)
    return pl.when(pl.col("aside") != "").then(pl.format("; {} is {}", "aside", kind)).otherwise(pl.lit(""))


def _party() -> pl.Expr:
    return pl.format(
        "{}, known by {}", pl.col("counterparty_name").fill_null("The party"), pl.col("field").fill_null("its name")
    )


def _of_ids() -> dict[str, pl.Expr]:
    kept = pl.when(pl.col("aside") != "").then(pl.format("; kept as fees: {}", "aside")).otherwise(pl.lit(""))
    return {
        "confirmed": pl.format(
            "A person confirmed that this {}{}.",
            pl.when(pl.col("account_code").is_not_null()).then(pl.format("belongs on account {}", "account_code"))
            .when(pl.col("other_l").is_not_null()).then(pl.format("belongs with line {}", "other_line_id"))
            .otherwise(pl.format("settles {}", "labels")),
            _aside(),
        ),
        "structured_id": pl.format(
            "{} is that of {}, open at {}: the same to the cent{}.",
            pl.col("field").replace_strict(_WHERE, default="The text", return_dtype=pl.String),
            *("labels", "open_money"), "paid_as",
        ),
        "payout_by_amount": pl.format(
            "The text names a card processor, and {}, expected in these days, is its only payout of {}.",
            *("labels", "money"),
        ),
        "payout_breakdown": pl.format(
            "The nets of the {} items of payout {} add to exactly {}{}.", "count", "tokens", "money", kept
        ),
        "payout_of_days": pl.format(
            "The nets of all {} items of {} on some days in a row add to exactly {}, and no other days' do{}.",
            *("count", "tokens", "money"), kept,
        ),
        "acquirer_batch": pl.format(
            "The {} items of batch {}, less what the processor keeps, come to {}{}.", "count", "tokens", "money", kept
        ),
        "payment_run": pl.format("The {} items of payment run {} add to exactly {}.", "count", "tokens", "money"),
        "deposit_of_receipts": pl.format(
            "The {} receipts of {}, in the ledger already, add to exactly {}.", "count", "tokens", "money"
        ),
        "recorded_payment": pl.format("{}, a payment recorded on this account: the same to the cent.", _names()),
    }  # fmt: skip


def _of_references() -> dict[str, pl.Expr]:
    parts = pl.format("{}, open at {}; {} came", _names(), "open_money", "money")
    return {
        "reference_typo": pl.format(
            "The text has {}; one keystroke corrected, it names {}, the only one of exactly the missing amount.",
            *("tokens", "labels"),
        ),
        "reference_cut": pl.format(
            "The text was cut at {}, the beginning of {}, the only one of exactly the missing amount.",
            *("tokens", "labels"),
        ),
        "reference_end": pl.format(
            "{}, by a part of its number; its open amount, {}, agrees to the cent and is nobody else's.",
            *(_names(), "open_money"),
        ),
        "reference_less": pl.format("{}: what is open comes to exactly {}{}.", _names(), "money", _aside()),
        "references_short": pl.format(
            "The text writes {} short, as {}; together they make exactly {}{}, and no other reading does.",
            *("labels", "tokens", "money"), _aside(),
        ),
        "references_some": pl.format(
            "Of the documents that the text names, only {} add to {}{}.", "labels", "money", _aside()
        ),
        "references_shared": pl.format(
            "This and other lines name the same documents and no others, and together pay them in full; "
            "in order of dates this one pays {}.",
            "labels",
        ),
        "references_across": pl.format(
            "This and other lines name documents in common and together pay all that they name; this one pays {}.",
            "labels",
        ),
        "remittance_advice": pl.format(
            "Advice {} lists {}, and adds to exactly {}{}.", "tokens", "labels", "money", _aside()
        ),
        "short_payment": pl.format(
            "{}. The difference, {}, is within the limit and written off.", parts, "aside"
        ),
        "short_by_fee": pl.format("{}. The difference, {}, is what banks on the way charge.", parts, "aside"),
        "overpayment": pl.format(
            "{}. What is over, {}, is {}.", parts, "aside",
            pl.when(pl.col("aside_role") == "residual").then(pl.lit("on account: no other document explains it"))
            .otherwise(pl.lit("within the limit and written off")),
        ),
        "partial_payment": pl.format(
            "{}, open at {}; {} pays a part of it, and the rest stays open.", _names(), "open_money", "money"
        ),
        "reference_at_rate": pl.format(
            "{}, open at {}; at the day's reference rate {} is within the band.", _names(), "open_money", "money"
        ),
    }  # fmt: skip


def _of_parties() -> dict[str, pl.Expr]:
    only = pl.lit("no other sum of its open items is that, and chance would hardly make one")
    return {
        "party_and_amount": pl.format(
            "{}, has one open item of {}: {}, and no other line fits that.", _party(), "open_money", "labels"
        ),
        "recurring": pl.format(
            "{}, has several open items of {}; {} was due about that day, and each older one has a line of its own.",
            *(_party(), "open_money", "labels"),
        ),
        "oldest_first": pl.format(
            "{}, has several items of {} that differ in nothing but their dates, and the text names none: by the "
            "book's policy the oldest is settled first, {}.",
            *(_party(), "open_money", "labels"),
        ),
        "party_and_discount": pl.format(
            "{}, has one open item that is {} after its early-payment discount: {}{}.",
            *(_party(), "money", "labels"), _aside(),
        ),
        "party_at_rate": pl.format(
            "{}, has one open item that is {} at the day's reference rate: {}, open at {}.",
            *(_party(), "money", "labels", "open_money"),
        ),
        "whole_balance": pl.format(
            "{} is all that this party has open, {} items: {}{}.", "money", "count", "labels", _aside()
        ),
        "balance_by_lines": pl.format(
            "This and other lines of the party add to all that it has open; in order of dates this one pays {}.",
            "labels",
        ),
        "proven_sum": pl.format("{} is exactly {}{}; {}.", "money", "labels", _aside(), only),
        "references_and_sum": pl.format(
            "The text names a part of {}; with what else the party has open that is exactly {}{}, and nothing else is.",
            *("labels", "money"), _aside(),
        ),
        "lines_together": pl.format(
            "This and other lines of the party add to exactly {}, open at {}; no others do.", "labels", "open_money"
        ),
    }  # fmt: skip


def _of_lines() -> dict[str, pl.Expr]:
    said_by = pl.when(pl.col("field") == "name").then(pl.lit("our name on both")).otherwise(pl.lit("the text"))
    there = (pl.col("other_account").fill_null(""), pl.col("other_on").cast(pl.String).fill_null(""))
    left = pl.format("{} left {} on {}", pl.col("money").str.replace("-", ""), "account_id", "booked_on")
    return {
        "transfer": pl.format(
            "{} and reached {} on {}; no other line fits either, and {} says that it is a transfer.",
            left, *there, said_by,
        ),
        "transfer_less_fee": pl.format(
            "{} and {} reached {} on {}; the difference, {}, is a charge on the way.",
            *(left, "other_money"), *there, "aside",
        ),
        "transfer_at_rate": pl.format(
            "{} and reached {} on {} as {}, which is the day's reference rate within the band.",
            left, *there, "other_money",
        ),
        "feed_duplicate": pl.format(
            "Line {} of the same day says the same, to the bank's own id: the feed delivered it twice.", "other_line_id"
        ),
        "pending_posted": pl.format("The pending line became line {}, booked on {}.", "other_line_id", "other_on"),
        "returned_payment": pl.format(
            "The payment of {} on {} came back{}; what it was to settle is open again.",
            pl.col("other_money").str.replace("-", ""), there[1], _aside(),
        ),
        "coding_rule": pl.format('Rule "{}" codes it to account {}: {}.', "tokens", "account_code", "field"),
    }  # fmt: skip
