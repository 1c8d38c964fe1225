"""Read the files, one call into the engine, and what it found beside what was read.

Here: the order of it, and the engine's frames as the result's. Not here: any rule about what matches, printing, Excel.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import polars as pl

from finance_pipeline.core.money import format_money
from finance_pipeline.core.settings import home_folder
from finance_pipeline.matching.engine import Inputs, Outcome, reconcile
from finance_pipeline.matching.month.frames import BY_BALANCE, decline
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.schemas import OPEN_ITEMS, PARTIES
from finance_pipeline.services.quickstart.accounts import BOOK, Banked, bank
from finance_pipeline.services.quickstart.gathering import Tell, gather
from finance_pipeline.services.quickstart.result import (
    EXPECTED,
    ITEMS,
    LINES,
    MATCHED,
    OPEN,
    PARTLY,
    PENDING,
    SETTLED,
    TO_DO,
    Listed,
    Result,
)
from finance_pipeline.sources.item_lists.items import read_list
from finance_pipeline.sources.item_lists.model import Item, ItemList
from finance_pipeline.sources.item_lists.model import Said as Said
from finance_pipeline.sources.item_lists.words import plain
from finance_pipeline.sources.statements.child import Told
from finance_pipeline.sources.statements.figures import masked
from finance_pipeline.sources.statements.profiles import profiles_of

_LONG_AGO = date(1970, 1, 1)


@dataclass(frozen=True)
class Asked:
    """What somebody asks to have reconciled, and what they say about files that do not say it themselves."""

    statements: Path
    items: Path
    said: Said = field(default_factory=Said)
    """About the list."""
    account: str | None = None
    """Of statements that name none."""
    profile: Path | None = None
    """Of bank CSV."""


def quickstart(asked: Asked, aside: Sequence[Path], tell: Tell) -> Result:
    """Reconcile statement files with a list of open items. aside: files below the statements that are none.

    Raises BadInput for a folder or list that cannot be read at all, or can be read in several ways.
    """
    told = Told(profiles_of(home_folder(), asked.profile), asked.account, asked.said.currency)
    gathered = gather(asked.statements, told, [asked.items, *aside, *([asked.profile] if asked.profile else [])], tell)
    banked = bank(gathered)
    listed = read_list(asked.items, asked.said, {account.currency for account in banked.accounts})
    tell(f"{asked.items.name}: {len(listed.items):,} items", True)
    tell("matching (the first time on a machine compiles for some 20 s)", False)
    outcome = _outcome(banked, listed)
    tell(f"matched: {outcome.matches.height:,} matches, {outcome.exceptions.height:,} lines left", True)
    names = {f"row {item.row}": _name(item) for item in listed.items}
    return Result(
        files=gathered.files,
        accounts=banked.accounts,
        statements=banked.statements,
        unfit=banked.unfit,
        lines=_lines(banked.lines, outcome, names),
        items=_items(listed.items, outcome.allocations, banked.lines),
        listed=Listed(
            file=asked.items.name,
            reading=listed.reading,
            refused=listed.refused,
            totals=listed.totals,
            twice=listed.twice,
            settled_before=sum(item.amount_minor == 0 for item in listed.items),
        ),
    )


def _name(item: Item) -> str:
    return item.number or f"row {item.row} ({item.party or item.party_id})"


def _outcome(banked: Banked, listed: ItemList) -> Outcome:
    """The engine's one call. A document without a date is as old as what it is compared with."""
    first = banked.lines["booked_on"].min()
    began = first if isinstance(first, date) else _LONG_AGO
    items = OPEN_ITEMS.frame([_open_item(item, began) for item in listed.items])
    inputs = Inputs(banked.lines, items, PARTIES.frame(_parties(listed.items)), own_accounts=banked.own)
    outcome = reconcile(inputs, Policy())
    # A line that was equal to two others may be taken for the second once it is refuted to be the first.
    pair = ["line_id", "item_id"]
    while (refuted := _refuted(outcome, banked).join(inputs.decisions, on=pair, how="anti")).height:
        inputs = replace(inputs, decisions=pl.concat([inputs.decisions, refuted]))
        outcome = reconcile(inputs, Policy())
    return outcome


def _refuted(outcome: Outcome, banked: Banked) -> pl.DataFrame:
    """Lines taken for repetitions although the bank's balances need them, as declined (matching.schemas.DECISIONS).

    Where opening balance and lines are the closing balance, every line moved money, however equal two of them are.
    """
    proven = [each.label for each in banked.accounts if each.difference_minor == 0 and not each.gaps]
    of_proven = banked.lines.filter(pl.col("account_id").is_in(proven)).select("line_id")
    repeats = outcome.matches.filter(pl.col("rule") == "feed_duplicate").select("match_id")
    parts = outcome.allocations.join(repeats, on="match_id", how="semi").join(of_proven, on="line_id", how="semi")
    return parts.select(decline(pl.col("line_id"), pl.col("other_line_id"), BY_BALANCE))


def _open_item(item: Item, began: date) -> dict[str, object]:
    return {
        "item_id": f"row {item.row}",
        "book": BOOK,
        "kind": item.kind,
        "currency": item.currency,
        "amount_minor": item.amount_minor,
        "issued_on": item.issued_on or min(item.due_on or began, began),
        "due_on": item.due_on,
        "party_id": _party_id(item),
        "party_name": item.party,
        "number": item.number,
        "references": list(item.references) or None,
        "discount_percent": item.discount_percent,
        "discount_until": item.discount_until,
        "status": "open" if item.amount_minor else "settled",
    }


def _party_id(item: Item) -> str | None:
    """The party's own number, else its name as words."""
    return item.party_id or (plain(item.party) or item.party if item.party else None)


def _parties(items: Sequence[Item]) -> list[dict[str, object]]:
    """Customers and suppliers of a list: one row each, with every name and account number that it gives."""
    names: dict[str, list[str]] = {}
    accounts: dict[str, list[str]] = {}
    for item in items:
        party = _party_id(item)
        if party is not None:
            names.setdefault(party, []).append(item.party or party)
            accounts.setdefault(party, []).extend([item.account] if item.account else [])
    return [
        {
            "party_id": party,
            "name": found[0],
            "aliases": list(dict.fromkeys(found))[1:] or None,
            "account_numbers": list(dict.fromkeys(accounts[party])) or None,
        }
        for party, found in names.items()
    ]


def _lines(lines: pl.DataFrame, outcome: Outcome, names: dict[str, str]) -> pl.DataFrame:
    """Bank lines beside what became of them (LINES)."""
    left = outcome.exceptions.join(lines.select("line_id", "status"), on="line_id").select(
        "line_id",
        "reason",
        words="words",
        suggestions=pl.col("suggestions").map_elements(lambda s: _suggested(s, names), return_dtype=pl.String),
    )
    joined = lines.join(_found(outcome, names), on="line_id", how="left").join(left, on="line_id", how="left")
    state = (
        pl.when(pl.col("status") == "pending").then(pl.lit(PENDING))
        .when(pl.col("tier").is_not_null()).then(pl.lit(MATCHED))
        .when(pl.col("reason") == "no_document_expected").then(pl.lit(EXPECTED))
        .otherwise(pl.lit(TO_DO))
    )  # fmt: skip
    said = joined.with_columns(
        account="account_id",
        counterparty="counterparty_name",
        counterparty_account=pl.col("counterparty_account").map_elements(masked, return_dtype=pl.String),
        reference=pl.coalesce("end_to_end_id", "bank_reference"),
        state=state,
        why=pl.coalesce("matched_words", "words", pl.lit("")),
    )
    ordered = said.with_columns(place=pl.col("line_id").str.slice(1).cast(pl.Int64)).sort("place")
    return LINES.checked(ordered.select(LINES.names))


def _found(outcome: Outcome, names: dict[str, str]) -> pl.DataFrame:
    """Per matched line: the strongest tier, what it settles, and why.

    The other line of a match is matched too, but for one that is merely repeated, and waits for what it is itself.
    """
    parts = outcome.allocations.join(outcome.matches.select("match_id", "tier"), on="match_id").join(
        outcome.explanations.select("match_id", "words"), on="match_id"
    )
    named = pl.coalesce(
        pl.col("item_id").replace(names),
        pl.format("line {}", "other_line_id"),
        pl.format("account {}", "account_code"),
    )
    own = parts.select("line_id", "tier", "words", "match_id", settles=named)
    others = (
        parts.drop_nulls("other_line_id")
        .select("tier", "words", "match_id", line_id="other_line_id", settles=pl.format("line {}", "line_id"))
        .join(own, on="line_id", how="anti")
        .join(outcome.exceptions, on="line_id", how="anti")
    )
    both = pl.concat([own, others.select(own.columns)]).sort("line_id", "tier", "match_id", maintain_order=True)
    return both.group_by("line_id", maintain_order=True).agg(
        pl.col("tier").min(),
        pl.col("settles").drop_nulls().unique(maintain_order=True).str.join(", "),
        matched_words=pl.col("words").unique(maintain_order=True).str.join(" "),
    )


def _suggested(encoded: str, names: dict[str, str]) -> str:
    """Suggestions as a person reads them: 'INV-7 (the same amount is open); INV-9 (...)'."""
    found = json.loads(encoded)
    return "; ".join(
        f"{' + '.join(names.get(item, f'line {item}') for item in each['items'])} ({each['why']})" for each in found
    )


def _items(items: Sequence[Item], allocations: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The list's open items beside what settled them (ITEMS)."""
    by_line = lines.select("line_id", "booked_on")
    parts = allocations.drop_nulls("item_id").join(by_line, on="line_id").sort("booked_on", "line_id")
    settled: dict[str, int] = {}
    words: dict[str, list[str]] = {}
    for item, line, on, minor, currency, role in parts.select(
        "item_id", "line_id", "booked_on", "item_amount_minor", "item_currency", "role"
    ).iter_rows():
        settled[item] = settled.get(item, 0) + (minor or 0)
        as_what = "" if role == "principal" else f" {role.replace('_', '-')}"
        shown = format_money(abs(minor or 0), currency)
        words.setdefault(item, []).append(f"{line} {on} {shown}{as_what}")
    rows: list[dict[str, object]] = []
    for item in items:
        if item.amount_minor == 0:
            continue
        part = settled.get(f"row {item.row}", 0)
        rows.append(
            item._asdict()
            | {
                "settled_minor": part,
                "left_minor": item.amount_minor - part,
                "state": SETTLED if part == item.amount_minor else PARTLY if part else OPEN,
                "settled_by": "; ".join(words.get(f"row {item.row}", [])) or None,
            }
        )
    return ITEMS.checked(ITEMS.frame([{name: row[name] for name in ITEMS.names} for row in rows]))
