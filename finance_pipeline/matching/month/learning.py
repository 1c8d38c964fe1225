"""What people's confirmations taught about how parties appear on statements.

A person who says that a line settles a party's invoice also says how that party prints its name and which account it
uses. That counts only where it was not known whose name or account it is: a parent that pays for a subsidiary stays
the parent.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from finance_pipeline.matching.text import name_key, phrase_pattern, squeezed

TAUGHT = pl.Schema(
    {"party_id": pl.String, "line_id": pl.String, "counterparty_name": pl.String, "counterparty_account": pl.String}
)
"""One row per confirmed line: whose it is, and how the other party is printed."""


def with_learnt(
    parties: pl.DataFrame, taught: pl.DataFrame, processor_names: tuple[str, ...], own_names: Iterable[str]
) -> pl.DataFrame:
    """parties (schemas.PARTIES) with the names and account numbers that confirmations taught (TAUGHT).

    A name teaches nothing where it is that of a known party, of a processor that hides the payer, or of ours; an
    account number where it is that of a known party or of ours. One taught for two parties is nobody's.
    """
    if taught.is_empty():
        return parties
    ours = pl.DataFrame({"own": list(own_names)}, schema={"own": pl.String})
    hidden = phrase_pattern(processor_names)
    names = taught.select("party_id", alias="counterparty_name", key=name_key(pl.col("counterparty_name"))).filter(
        ~pl.col("key").str.contains(hidden)
    )
    known_names = pl.concat(
        [parties.select(key=name_key(pl.col("name"))), ours.select(key=name_key(pl.col("own")))]
    ).drop_nulls()
    accounts = taught.select(
        "party_id", number="counterparty_account", key=squeezed(pl.col("counterparty_account"))
    ).filter(pl.col("key").str.len_chars() > 0)
    numbers = parties.select(number="account_numbers").explode("number").select(key=squeezed(pl.col("number")))
    known_numbers = pl.concat([numbers, ours.select(key=squeezed(pl.col("own")))]).drop_nulls()
    learnt_names = _nobodys(names, known_names).group_by("party_id").agg(pl.col("alias").unique().sort())
    learnt_numbers = _nobodys(accounts, known_numbers).group_by("party_id").agg(pl.col("number").unique().sort())
    joined = parties.join(learnt_names, on="party_id", how="left", maintain_order="left").join(
        learnt_numbers, on="party_id", how="left", maintain_order="left"
    )
    return joined.with_columns(
        aliases=_both("aliases", "alias"), account_numbers=_both("account_numbers", "number")
    ).drop("alias", "number")


def _nobodys(taught: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Rows whose key no party is known by, taught for one party only."""
    return taught.drop_nulls().join(known, on="key", how="anti").filter(pl.col("party_id").n_unique().over("key") == 1)


def _both(known: str, learnt: str) -> pl.Expr:
    return pl.concat_list(pl.col(known).fill_null([]), pl.col(learnt).fill_null([]))
