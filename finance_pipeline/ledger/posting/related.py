"""Matches of two lines of ours: money that only changed accounts, and a line that a feed told twice.

Their entries bear the days of their lines, not the day on which both were known: what left an account on the last day
of a month was in transit at its end, whenever the other leg arrived.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.bank import unidentified
from finance_pipeline.ledger.posting.entries import (
    Postings,
    assembled,
    first_reason,
    leg,
    no_rate,
    not_before,
    nothing,
    parted,
    share,
    together,
)
from finance_pipeline.ledger.rates import functional


def transfers(book: Book, rows: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    """Out of one account: Dr transfers in transit and the fee. Into the other: Cr transit, through exchange where the
    currency changed.

    rows: SETTLEMENTS, relation transfer; the parts of a match name its other leg, fees apart. Each leg is carried at
    the rate of its own day. Where both are of one currency, what differs is a gain or loss on exchange; where the bank
    changed it, what the rates did between the two days is that, and the rest is what the conversion cost.
    """
    if rows.is_empty():
        return nothing()
    legs = _legs(book, rows, rates)
    out, into = (legs.filter(pl.col("amount_minor").sign() == sign) for sign in (-1, 1))
    out_heads = _heads(book, out, "transfer out", "transfer out")
    in_heads = _heads(book, into.join(_sent(out), on="match_id"), "transfer in", "transfer in")
    apart = (pl.col("sent_currency") == pl.col("currency")) & (pl.col("sent_minor") != pl.col("part_minor"))
    differs = (apart, "does_not_add_up", pl.lit("what left one account is not what reached the other"))
    out_heads = out_heads.with_columns(_reasons(book))
    in_heads = _with_spot(book, in_heads, rates).with_columns(_reasons(book, differs))
    return together([_out(book, out_heads), _into(book, in_heads)])


def duplicates(book: Book, rows: pl.DataFrame) -> Postings:
    """Back out of the bank account, on the line's own day: the line's entry stays, this one says why it is none."""
    if rows.is_empty():
        return nothing()
    codes = {account.id: account.gl_account for account in book.bank_accounts}
    facts = rows.with_columns(
        currency="line_currency",
        effective_on="line_on",
        code=pl.col("line_account").replace_strict(codes, default=None, return_dtype=pl.String),
    )
    heads = _heads(book, facts, "duplicate", "told twice").with_columns(
        description=pl.format("Taken back: repeats {}", "other_line_id")
    )
    unknown = pl.lit("only a bank account's line can be told twice by its feed")
    heads, held = parted(
        heads.with_columns(
            first_reason(
                (pl.col("code").is_null(), "account_unknown", unknown),
                (pl.col("line_functional_minor").is_null(), "no_rate", no_rate("line_on", book)),
            )
        )
    )
    amount, carried = pl.col("amount_minor"), pl.col("line_functional_minor")
    legs = [
        leg(heads, 0, unidentified(book, amount), amount, carried),
        leg(heads, 1, pl.col("code"), -amount, -carried),
    ]
    posted = assembled(book, heads, legs)
    return together([posted, Postings(posted.entries.clear(), held)])


def _legs(book: Book, rows: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Two rows a match, its legs: the whole line, the part that changed accounts (part_minor), and what each is carried
    at (carried, part_carried; null without a rate)."""
    principal = pl.col("role") == "principal"
    totals = rows.group_by("match_id", maintain_order=True).agg(
        pl.exclude("amount_minor", "other_amount_minor", "role").first(),
        part_minor=pl.col("amount_minor").filter(principal).sum(),
        other_part_minor=pl.col("other_amount_minor").filter(principal).sum(),
    )
    one = totals.select(
        "match_id", "rule", "line_id", "evidence_hash", "part_minor", effective_on="line_on",
        currency="line_currency", amount_minor="line_amount_minor",
    )  # fmt: skip
    other = totals.select(
        "match_id", "rule", line_id="other_line_id",
        evidence_hash=pl.coalesce("other_evidence_hash", "evidence_hash"), part_minor="other_part_minor",
        effective_on="other_line_on", currency="other_line_currency", amount_minor="other_line_amount_minor",
    )  # fmt: skip
    both = functional(pl.concat([one, other.select(one.columns)]), rates, book, on="effective_on", into="carried")
    return both.with_columns(part_carried=share(pl.col("carried"), pl.col("part_minor"), pl.col("amount_minor")))


def _heads(book: Book, rows: pl.DataFrame, purpose: str, words: str) -> pl.DataFrame:
    return rows.with_columns(
        key=pl.col("match_id"),
        book=pl.lit(book.id),
        source=pl.lit("match"),
        source_id=pl.col("match_id"),
        purpose=pl.lit(purpose),
        accounting_on=not_before(book, "effective_on"),
        evidence_id=pl.col("line_id"),
        description=pl.format(f"Match by {{}}: {words}", pl.col("rule").str.replace_all("_", " ", literal=True)),
    )


def _reasons(book: Book, *more: tuple[pl.Expr, str, pl.Expr]) -> list[pl.Expr]:
    missing = pl.col("carried").is_null()
    return first_reason((missing, "no_rate", no_rate("effective_on", book)), *more)


def _sent(out: pl.DataFrame) -> pl.DataFrame:
    """What is under way after the first leg, positive: in its currency, and at what it is carried."""
    return out.select(
        "match_id",
        sent_currency="currency",
        sent_minor=-pl.col("part_minor"),
        sent_carried=-pl.col("part_carried"),
    )


def _with_spot(book: Book, heads: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """What was sent at the rate of the day on which it arrived; without that rate, as it is carried."""
    priced = functional(
        heads, rates, book, amount="sent_minor", currency="sent_currency", on="effective_on", into="spot"
    )
    return priced.with_columns(spot=pl.coalesce("spot", "sent_carried"))


def _out(book: Book, rows: pl.DataFrame) -> Postings:
    heads, held = parted(rows)
    transit = pl.lit(role_code(book, "transfers_in_transit"))
    posted = assembled(
        book,
        heads,
        [
            leg(heads, 0, transit, -pl.col("part_minor"), -pl.col("part_carried")),
            _fee(book, heads, 1),
            leg(heads, 2, unidentified(book, pl.col("amount_minor")), pl.col("amount_minor"), pl.col("carried")),
        ],
    )
    return together([posted, Postings(posted.entries.clear(), held)])


def _fee(book: Book, heads: pl.DataFrame, order: int) -> pl.DataFrame:
    """What the bank kept of a leg."""
    kept = pl.col("part_minor") - pl.col("amount_minor")
    carried = pl.col("part_carried") - pl.col("carried")
    return leg(heads, order, pl.lit(role_code(book, "bank_charges")), kept, carried)


def _into(book: Book, rows: pl.DataFrame) -> Postings:
    heads, held = parted(rows)
    changed = pl.col("sent_currency") != pl.col("currency")
    same, across = heads.filter(~changed), heads.filter(changed)
    transit, exchange = (pl.lit(role_code(book, role)) for role in ("transfers_in_transit", "exchange"))
    arrived = assembled(
        book,
        heads,
        [
            leg(heads, 0, unidentified(book, pl.col("amount_minor")), pl.col("amount_minor"), pl.col("carried")),
            _fee(book, heads, 1),
            leg(same, 2, transit, -pl.col("part_minor"), -pl.col("sent_carried")),
            leg(across, 2, exchange, -pl.col("part_minor"), -pl.col("part_carried")),
            leg(same, 3, pl.lit(role_code(book, "fx")), pl.lit(0), pl.col("sent_carried") - pl.col("part_carried")),
        ],
    )
    return together([arrived, _changed(book, across), Postings(arrived.entries.clear(), held)])


def _changed(book: Book, across: pl.DataFrame) -> Postings:
    """Out of transit in the currency that was sent, into exchange, with what the change gained or cost."""
    linked = across.with_columns(
        currency="sent_currency", amount_minor="sent_minor", purpose=pl.format("{} {}", "purpose", "sent_currency")
    )
    own = pl.col("currency") == book.currency  # an entry in the book's currency says everything in its amounts
    rate, cost = pl.col("sent_carried") - pl.col("spot"), pl.col("spot") - pl.col("part_carried")
    exchanged = pl.when(own).then("part_carried").otherwise("sent_minor")

    def of_profit(order: int, role: str, carried: pl.Expr) -> pl.DataFrame:
        return leg(linked, order, pl.lit(role_code(book, role)), pl.when(own).then(carried).otherwise(0), carried)

    return assembled(
        book,
        linked,
        [
            leg(linked, 0, pl.lit(role_code(book, "exchange")), exchanged, pl.col("part_carried")),
            of_profit(1, "fx", rate),
            of_profit(2, "conversion_cost", cost),
            leg(
                linked, 3, pl.lit(role_code(book, "transfers_in_transit")), -pl.col("sent_minor"),
                -pl.col("sent_carried"),
            ),
        ],
    )  # fmt: skip
