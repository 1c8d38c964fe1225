"""A document of tables in which a figure may follow from others: shown with live formulas in Excel, computed elsewhere.

A Live figure has both: what it comes to, and how a spreadsheet computes it from cells that it names by table, row and
column. So the workbook recalculates, and every other form shows the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from finance_pipeline.core.money import exponent


@dataclass(frozen=True)
class Money:
    """An amount in minor units of its currency."""

    minor: int
    currency: str


@dataclass(frozen=True)
class Live:
    """An amount that follows from other cells."""

    minor: int
    currency: str
    formula: Callable[[Places], str]
    """The formula without its sign of equality; in units of the currency, not minor ones."""
    is_check: bool = False
    """Zero, or something is wrong: red where it is not."""

    def text(self, places: Places) -> str:
        """The formula as a spreadsheet has it, rounded to the currency's decimals: sums of binary fractions are not."""
        return f"=ROUND({self.formula(places)},{exponent(self.currency)})"


@dataclass(frozen=True)
class Verdict:
    """Words that follow from checks: one text where all are zero, another where one is not."""

    tied: str
    apart: str
    is_tied: bool
    checks: Callable[[Places], Sequence[str]]

    @property
    def words(self) -> str:
        return self.tied if self.is_tied else self.apart

    def text(self, places: Places) -> str:
        """The formula. Quotation marks in texts are doubled, as spreadsheets want it."""
        apart = "+".join(f"ABS({cell})" for cell in self.checks(places)) or "0"
        tied, differs = (words.replace('"', '""') for words in (self.tied, self.apart))
        return f'=IF({apart}=0,"{tied}","{differs}")'


Value = str | int | date | datetime | Money | Live | Verdict | None
Row = Mapping[str, Value]


@dataclass(frozen=True)
class Column:
    """One column: the key of its values in a row, its title, its width in characters."""

    key: str
    title: str
    width: int = 14
    is_figure: bool = False
    on_page: bool = True
    """False for what only formulas of the workbook need."""


@dataclass(frozen=True)
class Table:
    """Rows below a title. totals: columns of one currency that are added up below."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    totals: tuple[str, ...] = ()
    note: str = ""
    empty: str = "Nothing."
    currency: str = ""
    """Of the totals."""

    def total_minor(self, key: str) -> int:
        return sum(value.minor for row in self.rows if isinstance(value := row.get(key), Money | Live))

    @property
    def height(self) -> int:
        """Rows that it takes up: title, note, header, rows or the words for none, totals, and an empty one."""
        return 2 + self.header_offset + (len(self.rows) + bool(self.totals) if self.rows else 0)

    @property
    def has_header(self) -> bool:
        return any(column.title for column in self.columns)

    @property
    def header_offset(self) -> int:
        """Of the row above the first one of its rows, from its title: its header's, where it has one."""
        return bool(self.note) + (self.has_header or not self.rows)


@dataclass(frozen=True)
class Sheet:
    """Tables below each other."""

    name: str
    """As the workbook names it, at most 31 characters."""
    title: str
    tables: tuple[Table, ...]


FIRST_ROW = 4
"""Row, from 0, at which a sheet's first table begins: below its title and what it rests on."""


@dataclass(frozen=True)
class Document:
    """Sheets, and what stands above each of them."""

    title: str
    subtitle: str
    """Book, month, as of when and as known when."""
    sheets: tuple[Sheet, ...]


@dataclass
class Places:
    """Where each table's cells are, so that formulas can name them."""

    document: Document
    sheet_of: dict[str, str] = field(default_factory=dict)
    table_of: dict[str, Table] = field(default_factory=dict)
    header_row: dict[str, int] = field(default_factory=dict)
    """Row above a table's first one, from 0: its header's, where it has one."""

    def __post_init__(self) -> None:
        for sheet in self.document.sheets:
            row = FIRST_ROW
            for table in sheet.tables:
                assert table.key not in self.table_of, f"two tables are called {table.key}"
                self.sheet_of[table.key], self.table_of[table.key] = sheet.name, table
                self.header_row[table.key] = row + table.header_offset
                row += table.height

    def cell(self, table: str, row: int, column: str) -> str:
        """One cell; row counts from 0, below the header."""
        return f"{self._sheet(table)}${self._letter(table, column)}${self.header_row[table] + 2 + row}"

    def column(self, table: str, column: str) -> str:
        """All cells of a column below the header; one, empty, where there is no row."""
        letter, first = self._letter(table, column), self.header_row[table] + 2
        last = first + max(len(self.table_of[table].rows), 1) - 1
        return f"{self._sheet(table)}${letter}${first}:${letter}${last}"

    def total(self, table: str, column: str) -> str:
        """The cell with a column's total; 0 where the table has no row."""
        rows = len(self.table_of[table].rows)
        return self.cell(table, rows, column) if rows else "0"

    def _sheet(self, table: str) -> str:
        return f"'{self.sheet_of[table]}'!"

    def _letter(self, table: str, column: str) -> str:
        keys = [each.key for each in self.table_of[table].columns]
        place = keys.index(column)
        return chr(ord("A") + place) if place < 26 else f"A{chr(ord('A') + place - 26)}"
