"""The first sheet of the workbook: figures as live formulas over the other sheets, and tie-outs that must be zero.

Here: what is added up from where. Not here: the sheets that it adds up (workbook), which lists their columns.
Each formula carries the value that it comes to, for programs that show a workbook without computing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cached_property
from typing import Any

from finance_pipeline.core.money import exponent, to_decimal
from finance_pipeline.core.workbook import Formats, fit_header, print_page_wide
from finance_pipeline.services.quickstart.figures import Figures, ItemsOf, LinesOf, figures_of
from finance_pipeline.services.quickstart.result import EXPECTED, MATCHED, PENDING, TO_DO, Result

_WIDTHS = (26, 16, 16, 16, 16, 16, 16, 16)
_LINES, _ITEMS = "'Bank lines'", "'Open items'"


@dataclass
class _Page:
    """The sheet as it is written from top to bottom."""

    book: Any
    sheet: Any
    result: Result
    row: int = 0
    checks: list[str] = field(default_factory=list)
    """Cells that must be zero."""

    @cached_property
    def formats(self) -> Formats:
        return Formats(self.book)

    def format(self, **said: object) -> Any:
        return self.formats.of(**said)

    def title(self, words: str, headings: Sequence[str]) -> None:
        """A section's name and the headings of its table."""
        self.row += 1
        self.sheet.write_string(self.row, 0, words, self.format(bold=True, font_size=12))
        head = self.formats.header()
        for place, heading in enumerate(headings):
            self.sheet.write_string(self.row + 1, place, heading, head)
        fit_header(self.sheet, self.row + 1, headings, _WIDTHS)
        self.row += 2

    def text(self, place: int, words: str) -> None:
        self.sheet.write_string(self.row, place, words)

    def money(self, place: int, value: int | None, currency: str, formula: str = "") -> None:
        """An amount, or the formula that comes to it; what is not stated says so."""
        if value is None:
            self.sheet.write_string(self.row, place, "not stated")
            return
        shown = self.formats.money(currency)
        if formula:
            self.sheet.write_formula(self.row, place, formula, shown, to_decimal(value, currency))
        else:
            self.sheet.write_number(self.row, place, to_decimal(value, currency), shown)

    def count(self, place: int, value: int, formula: str) -> None:
        self.sheet.write_formula(self.row, place, formula, self.format(num_format="#,##0"), value)

    def check(self, place: int, value: int | None, currency: str, formula: str) -> None:
        """A tie-out: red unless it is zero."""
        self.money(place, value, currency, formula)
        if value is not None:
            self.checks.append(self.at(place))

    def at(self, place: int) -> str:
        """The name of a cell in this row."""
        return f"{chr(ord('A') + place)}{self.row + 1}"


def write_summary(book: Any, sheet: Any, result: Result) -> None:
    """Write the summary of a result into a sheet of a workbook that has the other sheets."""
    page, figures = _Page(book, sheet, result), figures_of(result)
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    words = f"{result.listed.file} against {len(result.files) - len(result.held)} statement files"
    sheet.write_string(0, 0, f"Reconciliation of {words}", page.format(bold=True, font_size=14))
    page.row = 2
    _accounts(page)
    _amounts(page, figures)
    _counts(page, figures)
    _evidence(page, figures)
    _open_items(page, figures)
    _reasons(page, figures)
    _verdict(page)
    sheet.freeze_panes(2, 0)
    print_page_wide(sheet)


def _rows_of(count: int, column: str) -> str:
    """The cells of a column below the header, at least one."""
    return f"${column}$2:${column}${max(count, 1) + 1}"


def _in_lines(page: _Page, column: str) -> str:
    return f"{_LINES}!{_rows_of(page.result.lines.height, column)}"


def _in_items(page: _Page, column: str) -> str:
    return f"{_ITEMS}!{_rows_of(page.result.items.height, column)}"


def _accounts(page: _Page) -> None:
    headings = ("Account", "From", "To", "Opening", "Lines", "Closing", "Opening + lines - closing", "Lines (number)")
    page.title("Accounts: what the bank states, and what its lines add up to", headings)
    day = page.format(num_format="yyyy-mm-dd", align="left")
    for account in page.result.accounts:
        page.text(0, account.label)
        page.sheet.write_datetime(page.row, 1, datetime.combine(account.first_on, time()), day)
        page.sheet.write_datetime(page.row, 2, datetime.combine(account.last_on, time()), day)
        where = f'{_in_lines(page, "B")},{page.at(0)},{_in_lines(page, "J")},"<>{PENDING}"'
        digits = exponent(account.currency)
        page.money(3, account.opening_minor, account.currency)
        lines = f"=ROUND(SUMIFS({_in_lines(page, 'D')},{where}),{digits})"
        page.money(4, account.booked_minor, account.currency, lines)
        page.money(5, account.closing_minor, account.currency)
        difference = f"=ROUND({page.at(3)}+{page.at(4)}-{page.at(5)},{digits})"
        page.check(6, account.difference_minor, account.currency, difference)
        page.count(7, account.lines, f"=COUNTIFS({where})")
        page.row += 1


def _amounts(page: _Page, figures: Figures) -> None:
    headings = ("Currency", "Booked", "Matched", "To do", "No document expected", "Booked - the three")
    page.title("Bank lines by what became of them: amounts", headings)
    for each in figures.lines:
        page.text(0, each.currency)
        digits, amounts = exponent(each.currency), _in_lines(page, "D")
        where = f"{_in_lines(page, 'E')},{page.at(0)},{_in_lines(page, 'J')}"
        booked = f'=ROUND(SUMIFS({amounts},{where},"<>{PENDING}"),{digits})'
        page.money(1, each.booked_minor, each.currency, booked)
        for place, state, minor in _by_state(each):
            page.money(place, minor, each.currency, f'=ROUND(SUMIFS({amounts},{where},"{state}"),{digits})')
        tie = f"=ROUND({page.at(1)}-{page.at(2)}-{page.at(3)}-{page.at(4)},{digits})"
        page.check(5, each.booked_minor - sum(minor for _, _, minor in _by_state(each)), each.currency, tie)
        page.row += 1


def _by_state(each: LinesOf) -> list[tuple[int, str, int]]:
    """Column, state and minor units."""
    return [(2, MATCHED, each.matched_minor), (3, TO_DO, each.to_do_minor), (4, EXPECTED, each.expected_minor)]


def _counts(page: _Page, figures: Figures) -> None:
    headings = ("Currency", "Booked", "Matched", "To do", "No document expected", "Booked - the three", "Matched share")
    page.title("Bank lines by what became of them: number", headings)
    for each in figures.lines:
        page.text(0, each.currency)
        where = f"{_in_lines(page, 'E')},{page.at(0)},{_in_lines(page, 'J')}"
        page.count(1, each.booked, f'=COUNTIFS({where},"<>{PENDING}")')
        numbers = ((2, MATCHED, each.matched), (3, TO_DO, each.to_do), (4, EXPECTED, each.expected))
        for place, state, number in numbers:
            page.count(place, number, f'=COUNTIFS({where},"{state}")')
        page.count(
            5,
            each.booked - each.matched - each.to_do - each.expected,
            f"=ROUND({page.at(1)}-{page.at(2)}-{page.at(3)}-{page.at(4)},0)",
        )
        page.checks.append(page.at(5))
        share = page.format(num_format="0.0 %")
        page.sheet.write_formula(
            page.row, 6, f"=IF({page.at(1)}=0,0,{page.at(2)}/{page.at(1)})", share, each.matched / (each.booked or 1)
        )
        page.row += 1


def _evidence(page: _Page, figures: Figures) -> None:
    page.title("Matched lines by evidence", ("Evidence", "Tier", "Lines", "Share of booked"))
    booked = f'COUNTIFS({_in_lines(page, "J")},"<>{PENDING}")'
    for tier, name, number in figures.tiers:
        page.text(0, name)
        page.sheet.write_number(page.row, 1, tier)
        page.count(2, number, f'=COUNTIFS({_in_lines(page, "K")},{page.at(1)},{_in_lines(page, "J")},"{MATCHED}")')
        share = page.format(num_format="0.0 %")
        page.sheet.write_formula(page.row, 3, f"={page.at(2)}/{booked}", share, number / (figures.booked or 1))
        page.row += 1


def _open_items(page: _Page, figures: Figures) -> None:
    headings = ("Currency", "Amount", "Settled", "Left", "Amount - settled - left", "Settled", "Partly", "Open")
    page.title("Open items: amounts, and number of items (+ owed to us, - owed by us)", headings)
    for each in figures.items:
        page.text(0, each.currency)
        digits, where = exponent(each.currency), f"{_in_items(page, 'E')},{page.at(0)}"
        for place, column, minor in _of_items(each):
            formula = f"=ROUND(SUMIFS({_in_items(page, column)},{where}),{digits})"
            page.money(place, minor, each.currency, formula)
        tie = f"=ROUND({page.at(1)}-{page.at(2)}-{page.at(3)},{digits})"
        page.check(4, each.amount_minor - each.settled_minor - each.left_minor, each.currency, tie)
        states = ((5, "settled", each.settled), (6, "partly settled", each.partly), (7, "open", each.open))
        for place, state, number in states:
            page.count(place, number, f'=COUNTIFS({where},{_in_items(page, "K")},"{state}")')
        page.row += 1


def _of_items(each: ItemsOf) -> list[tuple[int, str, int]]:
    """Column here, column of the items, and minor units."""
    return [(1, "H", each.amount_minor), (2, "I", each.settled_minor), (3, "J", each.left_minor)]


def _reasons(page: _Page, figures: Figures) -> None:
    page.title("To do: lines by reason", ("Reason", "Lines"))
    for reason, number in figures.reasons:
        page.text(0, reason)
        rows = _rows_of(figures.to_do, "H")
        page.count(1, number, f"=COUNTIFS('To do'!{rows},{page.at(0)})")
        page.row += 1


def _verdict(page: _Page) -> None:
    """In one sentence whether everything ties out, and red wherever it does not."""
    red = page.book.add_format({"bg_color": "#F8CBAD", "bold": True})
    for cell in page.checks:
        page.sheet.conditional_format(cell, {"type": "cell", "criteria": "!=", "value": 0, "format": red})
    apart = "+".join(f"ABS({cell})" for cell in page.checks) or "0"
    is_tied = all(not account.difference_minor for account in page.result.accounts)
    ties, differs = "All tie-outs are zero.", "Not everything ties out: look at the red cells."
    page.sheet.write_formula(
        1, 0, f'=IF({apart}=0,"{ties}","{differs}")', page.format(bold=True), ties if is_tied else differs
    )
