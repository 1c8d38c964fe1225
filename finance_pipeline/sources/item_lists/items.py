"""A list's rows as open items: exact amounts, days, kinds and signs; a row that cannot be read is kept out and said.

Here: cells to items. Not here: which column is what (headers), how figures are written (figures), any matching.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from finance_pipeline.sources.item_lists.child import sheets_in
from finance_pipeline.sources.item_lists.figures import (
    NotReadable,
    amount_of,
    currency_beside,
    date_format_of,
    day_of,
    decimal_mark_of,
)
from finance_pipeline.sources.item_lists.headers import Columns, columns_of
from finance_pipeline.sources.item_lists.model import BadList, Item, ItemList, Reading, Refused, Row, Said, Sheet, Twice
from finance_pipeline.sources.item_lists.words import (
    BILL_WORDS,
    CREDIT_WORDS,
    INVOICE_WORDS,
    SUPPLIER_CREDIT_WORDS,
    SYMBOLS,
    TOTAL_WORDS,
    plain,
)
from finance_pipeline.sources.statements.figures import is_currency

_DATES = ("issued", "due", "discount-until")
_SHOWN_CHARS = 80
_LARGEST_FRACTION = Decimal("0.2")
"""A discount is no smaller than a fifth of a per cent and no larger than a fifth: what is less is a fraction."""


def read_list(file: Path, said: Said, currencies: Iterable[str]) -> ItemList:
    """The items of a file. currencies: of the statements; the only one stands where the list names none.

    Raises BadList, with the option that settles it, where the list can be read in several ways.
    """
    try:
        return items_of(sheets_in(file), said, currencies)
    except BadList as problem:
        if problem.where:
            raise
        kept = problem.kept or "Nothing was written."
        raise BadList(problem.what, where=file.name, kept=kept, todo=problem.todo) from problem


def items_of(sheets: list[Sheet], said: Said, currencies: Iterable[str]) -> ItemList:
    """The items of some sheets, of which one is the list. Raises BadList."""
    columns = columns_of(sheets, said)
    body, totals = _without_totals(columns)
    remarks: list[str] = []
    habits = _habits(columns, body, said, sorted(set(currencies)), remarks)
    items: list[Item] = []
    refused: list[Refused] = []
    for row in body:
        try:
            items.append(_item(columns, row, habits))
        except NotReadable as cause:
            refused.append(Refused(row.number, f"{cause}.", _shown(row)))
    reading = Reading(
        sheet=columns.sheet.name,
        header_row=columns.header.number,
        columns={field: tuple(columns.title(i) for i in places) for field, places in columns.places.items()},
        ignored=tuple(columns.title(i) for i in columns.ignored),
        date_format=habits.date_format,
        decimal_mark=habits.decimal_mark,
        remarks=tuple(remarks),
    )
    return ItemList(tuple(items), tuple(refused), tuple(totals), tuple(_twice(items)), reading)


@dataclass(frozen=True)
class _Habits:
    """How a list writes things, all rows alike."""

    decimal_mark: str | None
    date_format: str | None
    currency: str | None
    """Of rows that name none."""
    payables: bool
    all_negative: bool
    """A list of bills whose sign says that we owe them."""
    discount_mark: str | None
    discount_factor: int
    """100 where discounts are fractions (0.02), 1 where they are per cent; 0 where nothing says that they are."""


def _habits(columns: Columns, body: list[Row], said: Said, currencies: list[str], remarks: list[str]) -> _Habits:
    """What is asked of all rows at once. Raises BadList."""
    amounts = [cell for row in body if (cell := columns.cell(row, "amount"))]
    dates = [
        (columns.title(columns.places[field][0]), [columns.cell(row, field) for row in body])
        for field in _DATES
        if field in columns.places
    ]
    title = columns.title(columns.places["amount"][0])
    discounts = [cell for row in body if (cell := columns.cell(row, "discount"))]
    mark = decimal_mark_of(amounts, title, said.decimal_mark)
    # A whole percentage or 2.5: three decimals are no habit of discounts, so the column itself tells.
    discount_mark = next((c for cell in discounts for c in cell if c in ",."), mark)
    factor = _discount_factor(columns, discounts, discount_mark, remarks)
    return _Habits(
        decimal_mark=mark,
        date_format=date_format_of(dates, said.date_format),
        currency=_usual_currency(columns, body, said, currencies, remarks),
        payables=said.payables,
        all_negative=_all_negative(columns, body, amounts, said),
        discount_mark=discount_mark,
        discount_factor=factor,
    )


def _usual_currency(
    columns: Columns, body: list[Row], said: Said, currencies: list[str], remarks: list[str]
) -> str | None:
    """The currency of rows that name none. Raises BadList where some do and nothing says which it is."""
    if said.currency is not None:
        if not is_currency(said.currency):
            raise BadList(f"{said.currency!r} is not an ISO 4217 currency.", todo="Give --currency like EUR.")
        return said.currency
    if columns.currency is not None:
        return columns.currency
    if "currency" in columns.places or all(
        currency_beside(cell) for row in body if (cell := columns.cell(row, "amount"))
    ):
        return None
    if len(currencies) == 1:
        remarks.append(f"no column names a currency: all amounts are {currencies[0]}, as all statements are.")
        return currencies[0]
    has = f"the statements are in {', '.join(currencies)}" if currencies else "no statement says one either"
    raise BadList(f"no column names a currency, and {has}.", todo="Say which it is: --currency EUR.")


def _all_negative(columns: Columns, body: list[Row], amounts: list[str], said: Said) -> bool:
    """Whether nothing but the sign of every amount says that it is owed by us. Raises BadList where nobody says so."""
    negative = bool(amounts) and all(
        cell.strip().startswith(("-", "(", "\u2212")) or cell.endswith("-") for cell in amounts
    )
    if negative and not said.payables and not any(columns.cell(row, "kind") for row in body):
        raise BadList(
            f"every amount in column {columns.title(columns.places['amount'][0])!r} is negative.",
            todo="If these are suppliers' bills, say --payables; if they are credit notes, name a column of kinds: "
            '--column kind="HEADER".',
        )
    return negative


def _discount_factor(columns: Columns, cells: list[str], mark: str | None, remarks: list[str]) -> int:
    if not cells:
        return 1
    title = columns.title(columns.places["discount"][0])
    if not columns.discount_in_percent and not all(cell.endswith("%") for cell in cells):
        remarks.append(
            f"column {title!r} does not say whether it is per cent, and was not used; if it is: "
            f'--column discount="{title}".'
        )
        return 0
    values = [value for cell in cells if (value := _number(cell, mark)) is not None]
    if values and not any(cell.endswith("%") for cell in cells) and 0 < max(values) < _LARGEST_FRACTION:
        remarks.append(f"discounts are written as fractions: {cells[0]} was read as {_percent(cells[0], mark, 100)} %.")
        return 100
    return 1


def _number(cell: str, mark: str | None) -> Decimal | None:
    text = cell.rstrip("% \u00a0").replace(mark or ".", ".")
    return Decimal(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else None


def _percent(cell: str, mark: str | None, factor: int) -> Decimal:
    """A percentage of at most four decimals. Raises NotReadable."""
    value = _number(cell, mark)
    if value is None or not 0 <= value * factor < 100 or round(value * factor, 4) != value * factor:
        raise NotReadable(f"{cell[:40]!r} is no discount in per cent")
    return (value * factor).normalize() + 0


def _without_totals(columns: Columns) -> tuple[list[Row], list[Refused]]:
    """The rows, and those that only add others up: without a number, and with a word that says so."""
    kept, totals = [], []
    for row in columns.body:
        words = (plain(cell).rstrip() for cell in row.cells if cell)
        if any(word in TOTAL_WORDS or word.startswith(("total ", "summe ", "gesamt ")) for word in words) and not (
            columns.cell(row, "number") and plain(columns.cell(row, "number")) not in TOTAL_WORDS
        ):
            totals.append(Refused(row.number, "a total, no item", _shown(row)))
        else:
            kept.append(row)
    return kept, totals


def _item(columns: Columns, row: Row, habits: _Habits) -> Item:
    """One row as an item. Raises NotReadable saying what is wrong."""
    said = {field: columns.cell(row, field) for field in columns.places}
    for field, cell in said.items():
        if cell.startswith("#") and cell.endswith(("!", "?", "/A")):
            raise NotReadable(f"column {columns.title(columns.places[field][0])!r} holds the error {cell}")
    number, party = said.get("number") or None, said.get("party") or None
    if number is None and party is None and not said.get("party-id"):
        raise NotReadable("it has neither a number nor a party")
    currency = _currency(said, habits)
    if not said["amount"]:
        raise NotReadable("it has no amount")
    shown_minor = amount_of(said["amount"], currency, habits.decimal_mark)
    kind, amount_minor = _signed(said.get("kind", ""), shown_minor, habits)
    discount = said.get("discount")
    return Item(
        row=row.number,
        number=number,
        party_id=said.get("party-id") or None,
        party=party,
        kind=kind,
        currency=currency,
        amount_minor=amount_minor,
        issued_on=_day(said.get("issued"), habits),
        due_on=_day(said.get("due"), habits),
        account=said.get("account") or None,
        references=tuple(
            row.cells[i] for i in columns.places.get("reference", ()) if i < len(row.cells) and row.cells[i]
        ),
        discount_percent=_percent(discount, habits.discount_mark, habits.discount_factor)
        if discount and habits.discount_factor
        else None,
        discount_until=_day(said.get("discount-until"), habits),
    )


def _currency(said: dict[str, str], habits: _Habits) -> str:
    """A row's own currency, else that of all. Raises NotReadable."""
    cell = said.get("currency", "")
    beside = currency_beside(said["amount"])
    named = SYMBOLS.get(cell.casefold()) or cell.upper() or beside or habits.currency
    if not named:
        raise NotReadable("it names no currency")
    if not is_currency(named):
        raise NotReadable(f"{cell[:40]!r} is no currency of ISO 4217")
    if cell and beside and beside != named:
        raise NotReadable(f"it is of {named} by one column and of {beside} by another")
    return named


def _signed(word: str, shown_minor: int, habits: _Habits) -> tuple[str, int]:
    """Kind, and the amount as we count it. Raises NotReadable for a kind that is no document.

    A list shows its own documents positive (suppliers' bills perhaps all negative), and what reduces them negative, or
    positive beside a word that says so.
    """
    words = plain(word)
    ours = habits.payables or words in BILL_WORDS or words in SUPPLIER_CREDIT_WORDS
    is_credit = words in CREDIT_WORDS
    if words and not (is_credit or words in INVOICE_WORDS or words in BILL_WORDS):
        raise NotReadable(f"{word[:40]!r} is no kind of document that is open (invoice, bill, credit note)")
    if shown_minor < 0 and not (habits.all_negative and ours):
        is_credit = is_credit or words not in BILL_WORDS or habits.payables
    size = abs(shown_minor)
    if ours:
        return ("supplier_credit", size) if is_credit else ("bill", -size)
    return ("credit_note", -size) if is_credit else ("invoice", size)


def _day(cell: str | None, habits: _Habits) -> date | None:
    return day_of(cell, habits.date_format) if cell else None


def _twice(items: list[Item]) -> Iterator[Twice]:
    """Numbers that stand in several rows of one party."""
    rows: dict[tuple[str, str, str], list[Item]] = defaultdict(list)
    for item in items:
        if item.number is not None:
            rows[plain(item.number), plain(item.party or ""), item.party_id or ""].append(item)
    for found in rows.values():
        if len(found) > 1:
            yield Twice(found[0].number or "", found[0].party, tuple(item.row for item in found))


def _shown(row: Row) -> str:
    return " | ".join(cell for cell in row.cells if cell)[:_SHOWN_CHARS]
