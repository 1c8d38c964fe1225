"""Tier 0: what a person said that a line is; and, where the amounts differ, what they said of the difference.

Here: from confirmed decisions to allocations. Not here: declined ones, and who may decide
(services.reconciliation.decide).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching.pool import PAIRS

SAID = pl.Schema(
    {"l": pl.UInt32, "i": pl.UInt32, "other_l": pl.UInt32, "account_code": pl.String, "difference": pl.String}
)
"""One row per line and item, other line or account that a person confirmed."""
_OPEN = "open"
DIFFERENCES = (_OPEN, "discount", "fee", "write_off")
"""What a person may say that a line is more or less than its items."""
_ALWAYS_WHOLE = ("payout", "recorded_receipt", "recorded_payment")


def said(decisions: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Confirmed decisions (schemas.DECISIONS) in working numbers (SAID). lines: l, line_id; items: i, item_id.

    Of a line of which something that was confirmed is not here nothing is: the rest of it was not meant alone.
    """
    words = decisions.filter(pl.col("verdict") == "confirm") if decisions.height else decisions
    if words.is_empty():
        return pl.DataFrame(schema=SAID)
    confirmed = words.join(lines.select("l", "line_id"), on="line_id")
    named = (
        confirmed.join(items.select("i", "item_id"), on="item_id", how="left")
        .join(lines.select("l", "line_id").rename({"l": "other_l", "line_id": "item_id"}), on="item_id", how="left")
        .select(pl.col(name).cast(dtype) for name, dtype in SAID.items())
    )
    missing = named.filter(pl.all_horizontal(pl.col("i", "other_l", "account_code").is_null()))
    return named.join(missing, on="l", how="anti").unique().sort("l", "i", "other_l", "account_code")


def settle(decided: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Allocations of the lines that a person explained (pool.PAIRS: tier 0, rule confirmed).

    decided: SAID. lines: l, account_id, currency, amount; items: i, kind, currency, amount (open). A line that is less
    than its one item pays a part of it, and what it is more than its items is on account, unless the person said that
    the difference is a discount, a fee or written off. What does not come to an allocation by that is left to a person
    again: items of another direction, several items of which a part would be paid, an item that two lines would take.
    """
    facts = decided.join(lines.select("l", "account_id", "currency", "amount"), on="l")
    parts = [_coded(facts), _with_lines(facts, lines), _with_items(facts, items)]
    found = pl.concat(parts)
    taken = found.filter(pl.col("i").is_not_null()).group_by("i").agg(taken=pl.col("item_amount").sum())
    both = taken.join(items.select("i", "amount"), on="i").filter(pl.col("taken").abs() > pl.col("amount").abs())
    contested = found.join(both, on="i", how="semi").select("l")
    return found.join(contested, on="l", how="anti").sort("l", "i", "role")


def _rows(frame: pl.DataFrame, **values: pl.Expr | str) -> pl.DataFrame:
    """Rows of PAIRS; given values override, the rest is null."""
    given = {"tier": pl.lit(0), "rule": pl.lit("confirmed"), "field": pl.lit("decision"), "token": pl.lit("confirmed")}
    given |= {name: value if isinstance(value, pl.Expr) else pl.lit(value) for name, value in values.items()}
    return frame.select(
        given.get(name, pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in PAIRS.items()
    )


def _coded(facts: pl.DataFrame) -> pl.DataFrame:
    alone = facts.filter(pl.len().over("l") == 1, pl.col("account_code").is_not_null())
    return _rows(alone, role="principal")


def _with_lines(facts: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """A line with one other: the other leg, the line that it repeats or the payment that it gives back; fees apart."""
    others = lines.select(other_l="l", other_account="account_id", other_currency="currency", other_amount="amount")
    alone = facts.filter(pl.len().over("l") == 1).join(others, on="other_l").filter(pl.col("l") != pl.col("other_l"))
    same_sign = pl.col("amount").sign() == pl.col("other_amount").sign()
    same_account = pl.col("account_id") == pl.col("other_account")
    repeats = alone.filter(same_sign & same_account & (pl.col("amount") == pl.col("other_amount")))
    opposite = alone.filter(~same_sign)
    abroad = pl.col("currency") != pl.col("other_currency")
    met = pl.when(abroad).then("amount").otherwise(-pl.col("other_amount"))
    kept = opposite.with_columns(rest=pl.col("amount") - met)
    return pl.concat(
        [
            _rows(repeats, role="principal"),
            _rows(kept, role="principal", amount=met, item_amount=pl.col("other_amount")),
            _rows(kept.filter(pl.col("rest") != 0), role="fee", amount=pl.col("rest"), item_amount=pl.lit(0)),
        ]
    )


def _with_items(facts: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    priced = items.select("i", item_kind="kind", item_currency="currency", open="amount")
    named = facts.filter(pl.col("i").is_not_null()).join(priced, on="i").filter(pl.col("open") != 0)
    whole = facts.filter(pl.col("i").is_not_null()).group_by("l").len().rename({"len": "named"})
    complete = (
        named.join(whole, on="l")
        .filter(pl.len().over("l") == pl.col("named"))
        .with_columns(
            total=pl.col("open").sum().over("l"),
            currencies=pl.col("item_currency").n_unique().over("l"),
            count=pl.len().over("l"),
            is_last=pl.int_range(pl.len()).over("l", order_by=[pl.col("open").abs(), "i"]) == pl.len().over("l") - 1,
        )
        .filter(pl.col("currencies") == 1, pl.col("total").sign() == pl.col("amount").sign())
    )
    abroad = pl.col("item_currency") != pl.col("currency")
    return pl.concat([_across(complete.filter(abroad)), _at_home(complete.filter(~abroad))])


def _across(named: pl.DataFrame) -> pl.DataFrame:
    """Items in another currency, whole: the line is shared out in proportion, so that the parts add to it."""
    until = pl.col("open").cum_sum().over("l", order_by="i")

    def shared(part: pl.Expr) -> pl.Expr:
        twice = 2 * pl.col("amount").cast(pl.Int128) * part.cast(pl.Int128) + pl.col("total").cast(pl.Int128)
        return twice // (2 * pl.col("total").cast(pl.Int128))

    one_way = (pl.col("open").sign() == pl.col("total").sign()).all().over("l")
    return _rows(
        named.filter(one_way),
        role="principal",
        amount=shared(until) - shared(until - pl.col("open")),
        item_amount=pl.col("open"),
    )


def _at_home(named: pl.DataFrame) -> pl.DataFrame:
    """Items in the line's currency, and what becomes of a difference."""
    rest = pl.col("amount") - pl.col("total")
    stated = pl.col("difference").max().over("l").fill_null(_OPEN)
    rows = named.with_columns(rest=rest, stated=stated, short=pl.col("amount").abs() < pl.col("total").abs())
    document = ~pl.col("item_kind").is_in(_ALWAYS_WHOLE)
    exact = rows.filter(pl.col("rest") == 0)
    differing = rows.filter(pl.col("rest") != 0, document.all().over("l"))
    partial = differing.filter(pl.col("short"), pl.col("stated") == _OPEN, pl.col("count") == 1)
    beyond = differing.filter(~pl.col("short"), pl.col("stated").is_in((_OPEN, "write_off")))
    kept = differing.filter(pl.col("short"), pl.col("stated") != _OPEN)
    settled = pl.concat([exact, beyond, kept])
    role = pl.when(pl.col("stated") == _OPEN).then(pl.lit("residual")).otherwise("stated")
    aside = pl.concat([beyond, kept]).filter("is_last")
    return pl.concat(
        [
            _rows(settled, role="principal", amount=pl.col("open"), item_amount=pl.col("open")),
            _rows(partial, role="principal", item_amount=pl.col("amount")),
            _rows(aside, role=role, amount=pl.col("rest"), item_amount=pl.lit(0)),
        ]
    )
