"""What a month works on: what is carried, its own records, and what its matches open again.

Not here: which matches those are (standing, accepting).
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from finance_pipeline.matching.month.candidates import ITEM_SCHEMA
from finance_pipeline.matching.month.frames import ON_ACCOUNT, Opening, opens
from finance_pipeline.matching.month.settling import increased, settle


def open_month(
    lines: pl.DataFrame,
    carried_items: pl.DataFrame,
    new_items: pl.DataFrame,
    settled: pl.DataFrame,
    elsewhere: pl.DataFrame,
) -> Opening:
    """Everything a month works on. settled: what the accounting system itself recorded as paid this month.

    elsewhere: of what it settles, items that are not this month's, as they came into being. Of a document of a later
    month the item is, until that month, what was paid in advance, open with the other sign; then the two are one item
    again. Of one that earlier months settled it is what was paid twice, and stays so until it is given back.
    """
    advances = carried_items.select("item_id", more_minor="open_minor", more_functional_minor="open_functional_minor")
    documents = increased(pl.concat([new_items, elsewhere]), advances)
    carried = carried_items.join(documents, on="item_id", how="anti", maintain_order="left")
    items = settle(pl.concat([carried, documents]), settled)
    not_here = elsewhere.select(
        "item_id", more_minor=-pl.col("open_minor"), more_functional_minor=-pl.col("open_functional_minor")
    )
    return Opening(lines, increased(items, not_here).filter(pl.col("open_minor") != 0))


def opened(opening: Opening, standing: pl.DataFrame) -> Opening:
    """The opening with the items that these matches (ALLOCATION_SCHEMA) open: given back, or on account."""
    rows = opens(standing)
    if rows.is_empty():
        return opening
    more = rows.group_by("item_id").agg(
        more_minor=-pl.col("item_amount_minor").sum(), more_functional_minor=-pl.col("item_functional_minor").sum()
    )
    closed = opening.closed.join(opening.items, on="item_id", how="anti").join(rows, on="item_id", how="semi")
    on_account = _on_account(rows.filter(pl.col("relation") == ON_ACCOUNT), standing, opening)
    items = increased(pl.concat([opening.items, closed, on_account]), more)
    return replace(opening, items=items.filter(pl.col("open_minor") != 0).sort("item_id"))


def _on_account(rows: pl.DataFrame, standing: pl.DataFrame, opening: Opening) -> pl.DataFrame:
    """One item per line that brought more than it settles, nothing of it open yet: its party's whose items it settles.

    Without a rate its carrying amount is not known, and it is no item until the rate is.
    """
    settled = standing.filter(pl.col("relation").is_null()).select("match_id", settled="item_id").drop_nulls()
    party = (
        settled.join(opening.items.select("party_id", "party_name", settled="item_id"), on="settled")
        .sort("match_id", "settled")
        .unique("match_id", keep="first", maintain_order=True)
        .drop("settled")
    )
    lines = opening.lines.select("line_id", "book", "evidence_hash", issued_on="booked_on")
    known = (
        rows.filter(pl.col("item_functional_minor").is_not_null())
        .unique("item_id", keep="first", maintain_order=True)
        .join(lines, on="line_id")
        .join(party, on="match_id", how="left")
    )
    given = {
        "kind": pl.col("item_kind"),
        "references": pl.lit([], pl.List(pl.String)),
        "currency": pl.col("item_currency"),
        "total_minor": pl.col("item_total_minor"),
        "open_minor": pl.lit(0),
        "open_functional_minor": pl.lit(0),
    }
    return known.select(
        given.get(name, pl.col(name) if name in known.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in ITEM_SCHEMA.items()
    )
