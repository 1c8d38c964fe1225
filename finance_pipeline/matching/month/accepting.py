"""What the engine found, as the database and the ledger need it: both sides' facts, how two lines are related.

Not here: what matches (engine), what stood before (standing), what a match opens (opening).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.identity import ON_ACCOUNT_SUFFIX
from finance_pipeline.core.period import Month
from finance_pipeline.matching.month.frames import (
    ACCEPTED_ALLOCATION,
    ACCEPTED_MATCH_COLUMNS,
    DUPLICATE,
    HOLDING_RELATIONS,
    NETTED,
    ON_ACCOUNT,
    RETURNED,
    TRANSFER,
    Accepted,
    Kept,
    Opening,
    Standing,
    decline,
)
from finance_pipeline.matching.month.settling import (
    claims,
    proportion,
    settle,
    settled_by,
    with_carrying_amounts,
)
from finance_pipeline.matching.outcomes import Outcome

OF_CUSTOMERS = ("invoice", "credit_note", "customer_on_account")
OF_SUPPLIERS = ("bill", "supplier_credit", "supplier_on_account")
_SAID = [
    *("item_id", "item_kind", "item_currency", "item_total_minor", "item_tax_minor", "item_amount_minor"),
    *("item_functional_minor", "account_code", "role", "amount_minor"),
]
"""What a line's match says of it, and a payment that came back says again with the other sign."""


def accept(
    outcome: Outcome, opening: Opening, kept: Kept, new: Accepted, standing: Standing, month: Month
) -> tuple[Accepted, pl.DataFrame]:
    """The engine's matches with the facts of both sides; and pairs that cannot be (schemas.DECISIONS, declined).

    new: what was accepted in this fold before. Where there is such a pair nothing is accepted: the engine is asked
    again without it.
    """
    before = pl.concat([kept.here, new.standing, standing.past])
    rows = _with_items(_with_lines(outcome.allocations, opening), opening, kept, new)
    columns = ["line_id", "relation", "other_line_id", *_SAID]
    said = pl.concat([before.select(columns), rows.filter(~_is(RETURNED)).select(columns)])
    rows = _netted(rows, said)
    unfit = pl.concat([_unrelated(rows), _not_returnable(rows, said, before, opening)])
    if unfit.height:
        return Accepted.none(), unfit.unique().sort("line_id", "item_id")
    rows = _numbered(_given_back(rows, said))
    days = rows.group_by("match_id").agg(day=pl.max_horizontal("line_on", "other_line_on", "item_on").max())
    matches = (
        outcome.matches.join(outcome.explanations, on="match_id")
        .join(days, on="match_id")
        .with_columns(month=pl.lit(str(month)), matched_on=pl.max_horizontal(pl.col("day"), pl.lit(month.first_day)))
        .select(ACCEPTED_MATCH_COLUMNS)
        .sort("match_id")
    )
    return Accepted(matches, rows.select(ACCEPTED_ALLOCATION.names())), unfit


def _is(*relations: str) -> pl.Expr:
    return pl.col("relation").is_in(relations).fill_null(False)


def _with_lines(allocations: pl.DataFrame, opening: Opening) -> pl.DataFrame:
    """Allocations beside the facts of their line and other line, and how the two are related.

    Two lines of one account are one told twice where they have one sign, else money that came back; lines of two
    accounts are a transfer.
    """
    lines = opening.lines.select(
        "line_id", "book", "evidence_hash", line_kind="kind", line_account="account_id", line_on="booked_on",
        line_currency="currency", line_amount_minor="amount_minor", line_functional_minor="functional_minor",
    )  # fmt: skip
    others = pl.concat([opening.lines, opening.past]).select(
        other_line_id="line_id", other_line_account="account_id", other_line_on="booked_on",
        other_line_currency="currency", other_line_amount_minor="amount_minor", other_evidence_hash="evidence_hash",
    )  # fmt: skip
    same_account = pl.col("line_account") == pl.col("other_line_account")
    same_sign = pl.col("line_amount_minor").sign() == pl.col("other_line_amount_minor").sign()
    beyond = (pl.col("role") == "residual") & pl.col("item_id").is_not_null()
    relation = (
        pl.when(pl.col("other_line_id").is_null())
        .then(pl.when(beyond).then(pl.lit(ON_ACCOUNT)))
        .when(same_sign)
        .then(pl.lit(DUPLICATE))
        .when(same_account)
        .then(pl.lit(RETURNED))
        .otherwise(pl.lit(TRANSFER))
    )
    # What the bank kept of a transfer is part of the leg, and says of which.
    kept = (pl.col("role") == "fee") & pl.col("item_id").is_null()
    of_leg = pl.when(kept).then(pl.col("other_line_id").max().over("match_id", "line_id"))
    allocations = allocations.with_columns(pl.coalesce("other_line_id", of_leg).alias("other_line_id"))
    joined = allocations.drop("currency").join(lines, on="line_id")
    joined = joined.join(others, on="other_line_id", how="left").with_columns(relation=relation)
    opposite = pl.when(pl.col("role") == "principal").then(-pl.col("amount_minor")).otherwise(0)
    has_item = pl.col("item_id").is_not_null()
    return _numbered(
        joined.with_columns(
            other_amount_minor=pl.when(_is(TRANSFER, RETURNED)).then(pl.coalesce("item_amount_minor", opposite)),
            item_amount_minor=pl.when(has_item).then("item_amount_minor"),
            item_currency=pl.when(has_item).then("item_currency"),
        )
    )


def _with_items(beside: pl.DataFrame, opening: Opening, kept: Kept, new: Accepted) -> pl.DataFrame:
    """Allocations with the facts of their item and the carrying amount that each takes.

    What goes on account names the item that it opens; `named` is the one that it is beyond.
    """
    held = pl.concat([kept.here, claims(kept.later), new.standing])
    items = settle(opening.items, settled_by(held)).select(
        "item_id", "open_minor", "open_functional_minor", item_kind="kind", item_total_minor="total_minor",
        item_tax_minor="tax_minor", item_on="issued_on",
    )  # fmt: skip
    joined = beside.join(items, on="item_id", how="left", maintain_order="left")
    rows = joined.with_columns(named="item_id", item_functional_minor=pl.lit(None, pl.Int64))
    settling = with_carrying_amounts(rows.filter(pl.col("relation").is_null()))
    related = rows.filter(pl.col("relation").is_not_null())
    parts = [settling, related.filter(~_is(ON_ACCOUNT)), _on_account(related.filter(_is(ON_ACCOUNT)))]
    return pl.concat([part.select(rows.columns) for part in parts]).drop("open_minor", "open_functional_minor")


def _on_account(beyond: pl.DataFrame) -> pl.DataFrame:
    """What a line brought beyond its items opens an item of its own, owed to who paid too much."""
    is_customers = pl.col("item_kind").is_in(OF_CUSTOMERS)
    is_suppliers = pl.col("item_kind").is_in(OF_SUPPLIERS)
    carried = proportion(pl.col("line_functional_minor"), pl.col("amount_minor"), pl.col("line_amount_minor"))
    return beyond.with_columns(
        item_id=pl.format(f"{{}}{ON_ACCOUNT_SUFFIX}", "line_id"),
        item_kind=pl.when(is_customers).then(pl.lit("customer_on_account"))
        .when(is_suppliers).then(pl.lit("supplier_on_account")),
        item_currency="line_currency",
        item_total_minor=-pl.col("amount_minor").sum().over("line_id"),
        item_tax_minor=pl.lit(None, pl.Int64),
        item_amount_minor="amount_minor",
        item_functional_minor=carried,
    )  # fmt: skip


def _netted(rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """The same; what gives back a payment that settles nothing by itself cancels it."""
    settling = pl.col("other_line_id").is_in(said["line_id"].unique().implode())
    relation = pl.when(_is(RETURNED) & ~settling).then(pl.lit(NETTED)).otherwise("relation")
    marked = rows.with_columns(relation=relation)
    return marked.with_columns(other_amount_minor=pl.when(_is(*HOLDING_RELATIONS)).then("other_amount_minor"))


def _given_back(rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """The same; a payment that came back says what its original says, with the other sign. Its own fees stay."""
    whole = _is(RETURNED) & (pl.col("role") == "principal")
    taken = said.select(pl.col("line_id").alias("other_line_id"), *_SAID).with_columns(
        -pl.col("amount_minor", "item_amount_minor", "item_functional_minor")
    )
    expanded = rows.filter(whole).drop(_SAID).join(taken, on="other_line_id", maintain_order="left")
    return pl.concat([rows.filter(~whole), expanded.select(rows.columns)])


def _unrelated(rows: pl.DataFrame) -> pl.DataFrame:
    """Pairs of lines that are in no relation, and items on whose account nothing can be."""
    same_account = pl.col("line_account") == pl.col("other_line_account")
    alike = same_account & (pl.col("line_amount_minor") == pl.col("other_line_amount_minor"))
    unlike = rows.filter(_is(DUPLICATE) & ~alike)
    nobodys = rows.filter(_is(ON_ACCOUNT) & pl.col("item_kind").is_null())
    return pl.concat(
        [
            unlike.select(decline(pl.col("line_id"), pl.col("other_line_id"))),
            nobodys.select(decline(pl.col("line_id"), pl.col("named"))),
        ]
    )


def _not_returnable(rows: pl.DataFrame, said: pl.DataFrame, before: pl.DataFrame, opening: Opening) -> pl.DataFrame:
    """Pairs of which the first cannot give back the second: not the whole, given back before, or not of items alone."""
    known = pl.concat([opening.items["item_id"], opening.closed["item_id"]]).unique().implode()
    is_known = pl.col("item_id").is_null() | pl.col("item_id").is_in(known)
    others = said.filter(pl.col("relation").is_not_null() | ~is_known)["line_id"]
    taken = [before.filter(_is(RETURNED, *HOLDING_RELATIONS)), rows.filter(_is(TRANSFER))]
    others = pl.concat([others, *(frame["other_line_id"] for frame in taken)]).unique().implode()
    part = pl.col("amount_minor").sum().over("line_id", "other_line_id") != -pl.col("other_line_amount_minor")
    second = pl.col("line_id") != pl.col("line_id").min().over("other_line_id")
    back = rows.filter(_is(RETURNED, NETTED), pl.col("role") == "principal")
    wrong = back.filter(part | second | pl.col("other_line_id").is_in(others))
    return wrong.select(decline(pl.col("line_id"), pl.col("other_line_id")))


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with their ordinal within their match, by what they say."""
    order = ["match_id", "line_id", "item_id", "other_line_id", "account_code", "role", "amount_minor"]
    ordinal = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("match_id")
    return rows.sort(order).with_columns(ordinal=ordinal)
