"""Tier 6: coding rules. Lines that no document wants, to an account, by the first rule of a list that fits.

Here: what a rule may ask of a line, which lines each rule wants, in which words that is said. Not here: which lines are
free to be coded (engine), and what the account is (ledger.chart).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from finance_pipeline.core.money import format_money
from finance_pipeline.matching.text import name_key, phrase_pattern

if TYPE_CHECKING:
    from finance_pipeline.matching.policy import Nature

IN, OUT = "in", "out"
CODED = pl.Schema({"l": pl.UInt32, "rule": pl.String, "account_code": pl.String, "condition": pl.String})
"""One row per coded line; condition: what the line meets, as a phrase ('its text has "WIRE FEE", money out')."""
WANTED = pl.Schema([*CODED.items(), ("rank", pl.Int32)])
"""One row per line and rule that wants it; the lowest rank is the rule that counts."""


@dataclass(frozen=True)
class CodingRule:
    """Lines that meet every condition given go to the account. Conditions left empty ask nothing."""

    name: str
    account_code: str
    """Ledger account, as the book's chart has it."""
    words: tuple[str, ...] = ()
    """Words or phrases of the printed name or text, any of them, whole words, case and accents aside."""
    counterparty_names: tuple[str, ...] = ()
    """Printed names, any of them, or a name that begins with one; case, accents and legal form aside."""
    transaction_codes: tuple[str, ...] = ()
    """Beginnings of the bank's transaction code, any of them."""
    natures: tuple[str, ...] = ()
    """Names of natures (policy.natures), any of them."""
    account_ids: tuple[str, ...] = ()
    """Accounts of ours, any of them."""
    direction: str = ""
    """in: money into the account; out: money out of it; empty: both."""
    currency: str | None = None
    amount_min_minor: int | None = None
    """Least size of the amount, whatever its direction; needs a currency."""
    amount_max_minor: int | None = None
    """Greatest size of the amount, whatever its direction; needs a currency."""

    @property
    def singles_out(self) -> bool:
        """Whether it asks something of what a line says. One that does not would be a default account."""
        return bool(self.words or self.counterparty_names or self.transaction_codes or self.natures)


def code(lines: pl.DataFrame, rules: Sequence[CodingRule], natures: Sequence[Nature]) -> pl.DataFrame:
    """One row per line that a rule codes (CODED), sorted by l: the book's own rules in order, then the natures.

    lines: l, account_id, currency, amount, words (text.words), name (text.name_key of the printed name), nature,
    transaction_code, counterparty_name.
    """
    return (
        wanted(lines, rules, natures)
        .sort("l", "rank")
        .unique("l", keep="first", maintain_order=True)
        .select(CODED.names())
    )


def wanted(lines: pl.DataFrame, rules: Sequence[CodingRule], natures: Sequence[Nature]) -> pl.DataFrame:
    """One row per line and rule that wants it (WANTED): what `code` chooses from. lines: as in `code`."""
    listed = [*rules, *of_natures(natures)]
    return pl.concat(
        [pl.DataFrame(schema=WANTED), *(_wanted_by(rule, rank, lines) for rank, rule in enumerate(listed))]
    )


def of_natures(natures: Iterable[Nature]) -> list[CodingRule]:
    """The rules that follow the book's own: a nature that names an account codes its lines there."""
    return [
        CodingRule(nature.name, nature.account_code, natures=(nature.name,), direction=nature.direction)
        for nature in natures
        if nature.account_code is not None
    ]


def _wanted_by(rule: CodingRule, rank: int, lines: pl.DataFrame) -> pl.DataFrame:
    conditions = _conditions(rule)
    met = lines.filter(*(condition.fill_null(False) for condition, _ in conditions))
    said = pl.concat_str([words for _, words in conditions], separator=", ")
    return met.select(
        pl.col("l").cast(pl.UInt32),
        rule=pl.lit(rule.name),
        account_code=pl.lit(rule.account_code),
        condition=said,
        rank=pl.lit(rank, pl.Int32),
    )


def _conditions(rule: CodingRule) -> list[tuple[pl.Expr, pl.Expr]]:
    """What a line has to meet, each with the words that say so of a line that does."""
    found = []
    if rule.natures:
        found.append((pl.col("nature").is_in(rule.natures), pl.format("by its text or code a {}", "nature")))
    if rule.words:
        pattern = phrase_pattern(rule.words)
        text = pl.col("words").str.extract(f"({pattern})").str.strip_chars()
        found.append((pl.col("words").str.contains(pattern), pl.format('its text has "{}"', text)))
    if rule.counterparty_names:
        found.append((_is_named(rule.counterparty_names), pl.format("its counterparty is {}", "counterparty_name")))
    if rule.transaction_codes:
        code = pl.col("transaction_code").str.to_uppercase()
        begins = pl.any_horizontal(code.str.starts_with(begin.upper()) for begin in rule.transaction_codes)
        found.append((begins, pl.format("the bank's code is {}", "transaction_code")))
    if rule.account_ids:
        found.append((pl.col("account_id").is_in(rule.account_ids), pl.format("on account {}", "account_id")))
    if rule.direction:
        sign = 1 if rule.direction == IN else -1
        found.append((pl.col("amount").sign() == sign, pl.lit(f"money {rule.direction}")))
    return found + _of_amount(rule)


def _is_named(names: tuple[str, ...]) -> pl.Expr:
    keys = pl.DataFrame({"name": names}).select(name_key(pl.col("name"))).to_series().drop_nulls().unique().sort()
    name = pl.col("name")
    return pl.any_horizontal(pl.lit(False), *((name == key) | name.str.starts_with(f"{key} ") for key in keys))


def _of_amount(rule: CodingRule) -> list[tuple[pl.Expr, pl.Expr]]:
    found = []
    size = pl.col("amount").abs()
    if rule.currency is not None:
        found.append((pl.col("currency") == rule.currency, pl.lit(f"in {rule.currency}")))
        if rule.amount_min_minor is not None:
            least = format_money(rule.amount_min_minor, rule.currency)
            found.append((size >= rule.amount_min_minor, pl.lit(f"at least {least}")))
        if rule.amount_max_minor is not None:
            most = format_money(rule.amount_max_minor, rule.currency)
            found.append((size <= rule.amount_max_minor, pl.lit(f"at most {most}")))
    return found
