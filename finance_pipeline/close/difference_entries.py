"""The entries that a closed month would have today against those that were signed, and which record caused what. Pure.

A direct entry follows from the record that it posts, an entry of a match from the records that are matched. What shares
no record with any difference follows from what it shares records with: a late line that takes another's invoice moves
that line's match too.
"""

from __future__ import annotations

import polars as pl

SUBJECT = ["source", "source_id", "purpose"]
CONTENT = ["effective_on", "currency", "accounts", "amounts", "functional_amounts", "match_id"]
"""What an entry says as a business matter, as the ledger's digest has it."""
ADDED, GONE, CHANGED = "added", "removed", "changed"
CHANGES = pl.Schema(
    {
        "source": pl.String(),
        "source_id": pl.String(),
        "purpose": pl.String(),
        "change": pl.String(),
        "effective_on": pl.Date(),
        "currency": pl.String(),
        "description": pl.String(),
        "record_id": pl.String(),
        "accounts_before": pl.List(pl.String()),
        "amounts_before": pl.List(pl.Int64()),
        "functional_before": pl.List(pl.Int64()),
        "accounts": pl.List(pl.String()),
        "amounts": pl.List(pl.Int64()),
        "functional": pl.List(pl.Int64()),
    }
)
"""One row per subject whose entry differs. record_id: the record that proves it."""
EFFECTS = pl.Schema(
    {"difference_id": pl.String, "code": pl.String, "functional_minor": pl.Int64, "postings": pl.UInt32}
)
"""One row per difference and account: by how much its balance would be another, in the book's currency."""
LINKS = pl.Schema({"source_id": pl.String, "record_id": pl.String})
"""One row per match, or recorded payment, and record that it is of."""


def compared(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What differs between two sets of entries (ledger.schemas.ENTRIES), one row per subject (CHANGES)."""
    facts = [*SUBJECT, *CONTENT, "description", "evidence_id"]
    both = after.select(facts).join(
        before.select(facts), on=SUBJECT, how="full", coalesce=True, suffix="_before", maintain_order="left_right"
    )
    equal = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in CONTENT)
    change = (
        pl.when(pl.col("effective_on_before").is_null())
        .then(pl.lit(ADDED))
        .when(pl.col("effective_on").is_null())
        .then(pl.lit(GONE))
        .otherwise(pl.lit(CHANGED))
    )
    either = {
        name: pl.coalesce(name, f"{name}_before") for name in ("effective_on", "currency", "description", "evidence_id")
    }
    differing = both.filter(~equal).with_columns(
        change=change,
        functional=pl.coalesce("functional_amounts", "amounts"),
        functional_before=pl.coalesce("functional_amounts_before", "amounts_before"),
        **either,
    )
    return differing.rename({"evidence_id": "record_id"}).select(CHANGES.names()).cast(CHANGES).sort(SUBJECT)


def attributed(changes: pl.DataFrame, links: pl.DataFrame, causes: pl.DataFrame) -> pl.DataFrame:
    """The changes with the difference that each follows from (difference_id).

    links: LINKS. causes: difference_id, record_id. Of several records that differ the one that the entry posts counts,
    then the first by id. What follows from several at once, sharing nothing with any, goes to the first.
    """
    touches = _touches(changes, links)
    direct = (
        touches.join(causes, on="record_id")
        .sort("key", "rank", "record_id")
        .unique("key", keep="first", maintain_order=True)
        .select("key", "difference_id")
    )
    known = direct
    while True:
        reached = touches.join(known, on="key").sort("record_id", "difference_id").unique("record_id", keep="first")
        further = (
            touches.join(known, on="key", how="anti")
            .join(reached.select("record_id", "difference_id"), on="record_id")
            .sort("key", "difference_id")
            .unique("key", keep="first", maintain_order=True)
            .select("key", "difference_id")
        )
        if further.is_empty():
            break
        known = pl.concat([known, further])
    first = causes["difference_id"].min() if causes.height else None
    keyed = changes.with_columns(_key()).join(known, on="key", how="left", maintain_order="left")
    return keyed.with_columns(pl.col("difference_id").fill_null(pl.lit(first, pl.String))).drop("key")


def _key() -> pl.Expr:
    return pl.concat_str(SUBJECT, separator="\x1f").alias("key")


def _touches(changes: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """key, record_id, rank: the records that each changed entry is of; first the one that it posts."""
    keyed = changes.with_columns(_key())
    parts = [
        keyed.select("key", record_id="source_id", rank=pl.lit(0)),
        keyed.select("key", "record_id", rank=pl.lit(1)),
        keyed.select("key", "source_id").join(links, on="source_id").select("key", "record_id", rank=pl.lit(2)),
    ]
    return pl.concat(parts).drop_nulls("record_id").group_by("key", "record_id").agg(pl.col("rank").min())


def effects(changes: pl.DataFrame) -> pl.DataFrame:
    """By how much each account's balance would be another, by difference (EFFECTS). changes: attributed."""
    sides = [
        changes.select("difference_id", code=pl.col(f"accounts{side}"), functional_minor=pl.col(f"functional{side}"))
        .filter(pl.col("code").is_not_null())
        .explode("code", "functional_minor")
        .with_columns(pl.col("functional_minor") * sign)
        for side, sign in (("", 1), ("_before", -1))
    ]
    summed = pl.concat(sides).group_by("difference_id", "code").agg(pl.col("functional_minor").sum(), postings=pl.len())
    return summed.select(EFFECTS.names()).cast(EFFECTS).sort("difference_id", "code")


def counted(changes: pl.DataFrame) -> pl.DataFrame:
    """Entries added, removed and changed by each difference: difference_id, entries_added, ..."""
    return changes.group_by("difference_id").agg(
        (pl.col("change") == kind).sum().cast(pl.Int64).alias(f"entries_{kind}") for kind in (ADDED, GONE, CHANGED)
    )
