"""Which column of a list is what, by its header: proposed, shown, and never assumed where two columns fit.

Here: headers to columns. Not here: the words (words), what the cells hold (items).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finance_pipeline.sources.item_lists.model import BadList, Row, Said, Sheet
from finance_pipeline.sources.item_lists.words import FIELDS, GENERIC, IGNORED, plain
from finance_pipeline.sources.statements.figures import is_currency

ASKED = (*(name for name in FIELDS if name not in ("open", "total")), "amount")
"""Fields that --column may name."""
_MOST_ROWS_BEFORE = 40
_LEAST_FIELDS = 2
_SEVERAL = "reference"
"""A list may name a document in several columns; each is read."""
_CODE = re.compile(r"(?:\bin\s+)?[(\[]?\b([A-Z]{3})\b[)\]]?\s*$|([€£])")
_PERCENT = re.compile(r"%|percent|prozent|procent|pour ?cent|por ?ciento|per ?cento|\b(?:satz|rate|taux)\b|skontosatz")


@dataclass(frozen=True)
class Columns:
    """Where everything stands in a sheet."""

    sheet: Sheet
    header: Row
    places: Mapping[str, tuple[int, ...]]
    """Field (`amount` for the one that was chosen) -> columns; all but `reference` have one."""
    ignored: tuple[int, ...]
    currency: str | None
    """That the header of the amount names."""
    discount_in_percent: bool

    def title(self, place: int) -> str:
        return self.header.cells[place]

    @property
    def body(self) -> list[Row]:
        return [row for row in self.sheet.rows if row.number > self.header.number]

    def cell(self, row: Row, field: str) -> str:
        """What a row says in a field; empty where the list has no such column."""
        places = self.places.get(field, ())
        return row.cells[places[0]] if places and places[0] < len(row.cells) else ""


def columns_of(sheets: Sequence[Sheet], said: Said) -> Columns:
    """The one table of items in some sheets, and its columns. Raises BadList naming the option that settles it."""
    if said.sheet is not None:
        sheets = [each for each in sheets if each.name == said.sheet] or _no_sheet(sheets, said.sheet)
    found = [(sheet, header) for sheet in sheets if (header := _header(sheet, said)) is not None]
    if not found:
        raise BadList(_nothing_found(sheets), todo=_name_them(said))
    if len(found) > 1:
        names = ", ".join(repr(sheet.name) for sheet, _ in found)
        raise BadList(f"several sheets look like a list of open items: {names}.", todo='Say which: --sheet "NAME".')
    sheet, header = found[0]
    return _columns(sheet, header, said)


def _no_sheet(sheets: Sequence[Sheet], name: str) -> list[Sheet]:
    names = ", ".join(repr(each.name) for each in sheets)
    raise BadList(f"there is no visible sheet {name!r}.", todo=f"It has {names}.")


def _nothing_found(sheets: Sequence[Sheet]) -> str:
    if not any(sheet.rows for sheet in sheets):
        return "it holds nothing."
    first = next(sheet.rows[0] for sheet in sheets if sheet.rows)
    shown = ", ".join(repr(cell[:30]) for cell in first.cells[:12] if cell)
    return f"no row names a column of amounts and one of numbers or parties; the first row says {shown}."


def _name_them(said: Said) -> str:
    named = " of exactly these headers" if said.columns else ""
    return f'Say which columns they are{named}: --column number="HEADER" --column amount="HEADER".'


def _header(sheet: Sheet, said: Said) -> Row | None:
    """The first of the rows that name the most fields, amounts and numbers or parties among them."""
    best: tuple[int, Row] | None = None
    for row in sheet.rows[:_MOST_ROWS_BEFORE]:
        fields = {field for field in _fields(row, said) if field}
        enough = fields & {"open", "total", "amount"} and fields & {"number", "party", "party-id"}
        if enough and len(fields) >= _LEAST_FIELDS and (best is None or len(fields) > best[0]):
            best = (len(fields), row)
    return best[1] if best else None


def _fields(header: Row, said: Said) -> list[str | None]:
    """The field of each column, None where its header says nothing that we know."""
    chosen = {plain(title): field for field, title in said.columns.items()}
    return [chosen.get(plain(cell)) or _field_of(cell) for cell in header.cells]


def _field_of(title: str) -> str | None:
    """The field that a header names: whole, or by the longest phrase in it. What is open is asked before totals."""
    words = _bare(title)
    for field, phrases in FIELDS.items():
        if words in phrases:
            return field
    padded = f" {words} "
    if any(f" {word} " in padded for word in IGNORED):
        return None
    within = [
        (len(phrase), field)
        for field, phrases in FIELDS.items()
        for phrase in phrases
        if phrase not in GENERIC and f" {phrase} " in padded
    ]
    if any(field == "open" for _, field in within) and any(field == "total" for _, field in within):
        within = [each for each in within if each[1] != "total"]
    return max(within)[1] if within else None


def _bare(title: str) -> str:
    """A header's words without the currency at its end."""
    return plain(_CODE.sub("", title)) if _currency_in(title) else plain(title)


def _columns(sheet: Sheet, header: Row, said: Said) -> Columns:
    fields = _fields(header, said)
    _check_named(header, said)
    by_field: dict[str, list[int]] = {}
    for place, field in enumerate(fields):
        if field:
            by_field.setdefault(field, []).append(place)
    body = [row for row in sheet.rows if row.number > header.number]
    _numbered_parties(by_field, body)
    places = {
        field: tuple(found) if field == _SEVERAL else (_one(field, found, header, said),)
        for field, found in by_field.items()
        if field not in ("open", "total", "amount")
    }
    amount = next(field for field in ("amount", "open", "total") if field in by_field)
    places["amount"] = (_one(amount, by_field[amount], header, said),)
    used = {place for found in places.values() for place in found}
    others = tuple(i for i, cell in enumerate(header.cells) if cell and i not in used)
    discount = header.cells[places["discount"][0]] if "discount" in places else ""
    return Columns(
        sheet=sheet,
        header=header,
        places=places,
        ignored=others,
        currency=_currency_in(header.cells[places["amount"][0]]),
        discount_in_percent="discount" in said.columns or bool(_PERCENT.search(discount.casefold())),
    )


def _check_named(header: Row, said: Said) -> None:
    """Raises BadList where --column names a field or a header that there is not."""
    titles = [plain(cell) for cell in header.cells]
    for field, title in said.columns.items():
        if field not in ASKED:
            raise BadList(f"there is no field {field!r}.", todo=f"Fields are {', '.join(ASKED)}.")
        if titles.count(plain(title)) != 1:
            how = "several columns are" if plain(title) in titles else "no column is"
            names = ", ".join(repr(cell) for cell in header.cells if cell)
            raise BadList(f"{how} called {title!r}.", todo=f"The list has {names}.")


def _numbered_parties(by_field: dict[str, list[int]], body: Sequence[Row]) -> None:
    """A column called customer that holds whole numbers beside another with names is the customer's number."""
    found = by_field.get("party", [])
    numbered = [i for i in found if all(r.cells[i].isdecimal() for r in body if i < len(r.cells) and r.cells[i])]
    if numbered and len(numbered) < len(found) and "party-id" not in by_field:
        by_field["party"] = [i for i in found if i not in numbered]
        by_field["party-id"] = numbered


def _one(field: str, found: Sequence[int], header: Row, said: Said) -> int:
    """The column of a field: the one that was named, else the only one that is not just generic. Raises BadList."""
    asked = "amount" if field in ("open", "total") else field
    if asked in said.columns:
        named = plain(said.columns[asked])
        return next(i for i in found if plain(header.cells[i]) == named)
    if len(found) > 1:
        fuller = [i for i in found if _bare(header.cells[i]) not in GENERIC]
        found = fuller if len(fuller) == 1 else found
    if len(found) > 1:
        names = " and ".join(repr(header.cells[i]) for i in found)
        first = header.cells[found[0]]
        raise BadList(
            f"several columns may be the {_CALLED.get(field, field)}: {names}.",
            kept="Nothing was written.",
            todo=f'Say which: --column {asked}="{first}".',
        )
    return found[0]


_CALLED = {
    "open": "open amount",
    "total": "amount",
    "issued": "document date",
    "due": "due date",
    "party-id": "party's id",
}


def _currency_in(title: str) -> str | None:
    """The currency that a header says its amounts are in: 'Balance (USD)', 'Betrag in EUR', 'Montant €'."""
    found = _CODE.search(title)
    if not found:
        return None
    if found[2]:
        return {"€": "EUR", "£": "GBP"}[found[2]]
    return found[1] if is_currency(found[1]) else None
