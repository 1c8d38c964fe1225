"""Coding rules on trial: what a list of rules would do to a book's lines that no document settles. Nothing is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.matching.coding import CodingRule, of_natures, wanted
from finance_pipeline.matching.counterparty import with_words
from finance_pipeline.matching.natures import with_nature
from finance_pipeline.matching.policy import Policy
from finance_pipeline.services.reconciliation.policies import checked, policy_of, policy_with
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

FREE_REASONS = ("no_document_expected", "nothing_found", "reference_unknown", "party_known_no_item")
"""Reasons of lines that no item wants: those alone a rule may code."""
_LINES = pl.Schema(
    {
        "line_id": pl.String(),
        "book": pl.String(),
        "account_id": pl.String(),
        "currency": pl.String(),
        "amount_minor": pl.Int64(),
        "booked_on": pl.Date(),
        "counterparty_name": pl.String(),
        "memo": pl.String(),
        "transaction_code": pl.String(),
        "coded_by": pl.String(),
        "coded_to": pl.String(),
        "reason": pl.String(),
    }
)


@dataclass(frozen=True)
class Trial:
    """What rules would do."""

    lines: pl.DataFrame
    """One row per line that a rule would code: line_id, booked_on, currency, amount_minor, text, rule, account_code,
    condition, coded_by and coded_to (what codes it now), change (new, other account, same)."""
    overlaps: pl.DataFrame
    """One row per line and later rule that wants it too: line_id, rule, later_rule, account_code, later_account."""
    lost: pl.DataFrame
    """One row per line that is coded now and would not be: line_id, coded_by, coded_to."""
    by_rule: pl.DataFrame
    """One row per rule, in order: rule, account_code, lines, new, other_account, overlaps."""


def rules_of(workspace: Workspace, book_id: str) -> list[CodingRule]:
    """The rules of a book in the order in which they count: its own, then the natures that name an account."""
    policy = policy_of(workspace.settings.book(book_id))
    return [*policy.coding_rules, *of_natures(policy.natures)]


def try_rules(
    workspace: Workspace, book_id: str, first: str | None, last: str | None, file: Path | None = None
) -> Trial:
    """What the rules of a file would do, or those of the settings without one.

    file: YAML, a list of rules, or a mapping with coding_rules and natures. first, last: months of the lines, all
    without them. Raises BadInput and BadSettings for what is no list of rules.
    """
    book = workspace.settings.book(book_id)
    policy = policy_of(book) if file is None else _policy_with(book, file)
    days = {
        "first_day": Month.parse(first).first_day if first else date.min,
        "last_day": Month.parse(last).last_day if last else date.max,
    }
    with workspace.database.transaction(role="reader") as conn:
        lines = copy_out(conn, query("codable_lines"), {"book": book_id} | days, _LINES)
    return trial(lines, policy)


def trial(lines: pl.DataFrame, policy: Policy) -> Trial:
    """The same of lines (_LINES), pure."""
    numbered = lines.with_row_index("l").with_columns(amount=pl.col("amount_minor"))
    prepared = with_nature(with_words(numbered), policy)
    free = prepared.filter(pl.col("coded_to").is_not_null() | pl.col("reason").is_in(FREE_REASONS))
    wants = wanted(free, policy.coding_rules, policy.natures).sort("l", "rank")
    first = wants.unique("l", keep="first", maintain_order=True)
    facts = free.select(
        "l", "line_id", "booked_on", "currency", "amount_minor", "coded_by", "coded_to",
        text=pl.coalesce("memo", "counterparty_name"),
    )  # fmt: skip
    same = pl.col("coded_to") == pl.col("account_code")
    change = (
        pl.when(pl.col("coded_to").is_null())
        .then(pl.lit("new"))
        .otherwise(pl.when(same).then(pl.lit("same")).otherwise(pl.lit("other account")))
    )
    coded = facts.join(first, on="l", maintain_order="left").with_columns(change=change)
    later = wants.join(first.select("l", first_rank="rank"), on="l").filter(pl.col("rank") > pl.col("first_rank"))
    overlaps = coded.select("l", "line_id", "rule", "account_code").join(
        later.select("l", later_rule="rule", later_account="account_code"), on="l", maintain_order="left"
    )
    lost = facts.join(first, on="l", how="anti", maintain_order="left").drop_nulls("coded_to")
    return Trial(
        coded.drop("l", "rank"),
        overlaps.drop("l"),
        lost.select("line_id", "coded_by", "coded_to"),
        _by_rule([*policy.coding_rules, *of_natures(policy.natures)], coded, overlaps),
    )


def _by_rule(rules: Sequence[CodingRule], coded: pl.DataFrame, overlaps: pl.DataFrame) -> pl.DataFrame:
    listed = pl.DataFrame(
        [(rule.name, rule.account_code) for rule in rules],
        schema={"rule": pl.String, "account_code": pl.String},
        orient="row",
    )
    counts = coded.group_by("rule").agg(
        lines=pl.len(), new=(pl.col("change") == "new").sum(), other_account=(pl.col("change") == "other account").sum()
    )
    lapped = overlaps.group_by("rule").agg(overlaps=pl.col("line_id").n_unique())
    joined = listed.join(counts, on="rule", how="left", maintain_order="left").join(
        lapped, on="rule", how="left", maintain_order="left"
    )
    return joined.with_columns(pl.col("lines", "new", "other_account", "overlaps").fill_null(0).cast(pl.Int64))


def _policy_with(book: Book, file: Path) -> Policy:
    """The book's policy with the rules of a file instead of its own."""
    given = read_yaml(file)
    overrides: Mapping[str, Any] = {"coding_rules": given} if isinstance(given, list) else given
    unknown = sorted(set(overrides) - {"coding_rules", "natures"})
    if unknown:
        raise BadInput(
            f"{unknown[0]!r} is not about coding.", where=str(file), todo="Give a list of rules, or coding_rules."
        )
    return checked(policy_with({**book.policy, **overrides}), book)


def read_yaml(file: Path) -> Any:
    """What a YAML file says. Raises BadInput for one that is not there or says nothing."""
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise BadInput(f"there is no file {file}.", todo="Check the path.") from cause
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as cause:
        raise BadInput(f"not readable as YAML: {cause}", where=str(file)) from cause
    if not isinstance(given, list | dict):
        raise BadInput("it holds neither a list nor a mapping.", where=str(file))
    return given
