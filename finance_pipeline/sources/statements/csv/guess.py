"""A guesser of CSV profiles: it proposes what columns are by their words and cells, and says what it cannot know.

A proposal is for a person to read, correct and save; nothing is imported by it. Where two readings are possible (is
03/04 in March or April, which of two columns is money in) it says so and does not choose.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from finance_pipeline.sources.statements.csv.parse import read_csv, table_of
from finance_pipeline.sources.statements.csv.profile import Profile, strptime_format
from finance_pipeline.sources.statements.figures import is_currency
from finance_pipeline.sources.statements.model import Head, MalformedStatement, Reading, Unread

_DELIMITERS = (";", "\t", ",", "|")
_SAMPLE_ROWS = 300
"""Rows by which columns are known; how dates are written is asked of all."""
_MOST_LINES_BEFORE = 40
_LEAST_COLUMNS = 2
_LEAST_LINES = 2
_FEW_ROWS = 2
"""So many lines may all be money in."""
_EXACT_AMOUNTS = frozenset({"amount", "betrag", "montant", "bedrag", "importe", "importo", "kwota", "belopp"})
_LONGEST_DATE_CHARS = 30
_FORMATS = (
    "yyyy-mm-dd", "dd.mm.yyyy", "mm.dd.yyyy", "dd/mm/yyyy", "mm/dd/yyyy", "dd-mm-yyyy", "mm-dd-yyyy", "yyyy/mm/dd",
    "yyyy.mm.dd", "yyyymmdd", "dd.mm.yy", "dd/mm/yy", "mm/dd/yy", "dd-mm-yy", "dd mon yyyy", "dd-mon-yyyy", "dd-mon-yy",
)  # fmt: skip
_AMOUNT = re.compile(
    r"\(?[-+\u2212]?\s*(?:[A-Z]{3}|[€$£])?\s*[-+\u2212]?\d[\d.,' \u00a0]*\s*(?:[-+\u2212]|[A-Z]{3}|[€$£]|CR|DR)?\)?"
)
_OUT = re.compile(r"[-(\u2212]|DR$")
"""What says that an amount is money out."""
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9 ]{11,36}")
_WORDS = {
    "booked": r"book|posting|posted|transaction.?date|^date$|datum|buchung|fecha|data|date.op|date.compta|bokf|^date",
    "value": r"valut|value|wert|valeur|valor\b|interest",
    "money_out": r"debit|soll\b|withdraw|paid.?out|money.?out|outflow|ausgang|d[ée]bit|charge|uitgave|belast|cargo",
    "money_in": r"credit|haben|deposit|paid.?in|money.?in|inflow|eingang|cr[ée]dit|gutschrift|abono|received",
    "amount": r"amount|betrag|umsatz|montant|importe|importo|kwota|bedrag|belopp|bel[øo]b|summa|sum\b|inflow|value",
    "balance": r"balance|saldo|solde|kontostand|stand|\bbal\b",
    "currency": r"curr|ccy|w[äa]hrung|devise|divisa|waluta|munt|valuta",
    "direction": r"soll.?/?.?haben|debit.?/.?credit|dr.?/?.?cr|cr.?/?.?dr|af.?bij|s/h|direction|sens",
    "name": r"payee|name|empf[äa]nger|auftraggeber|beneficiary|counterpart|naam|nom\b|merchant|beg[üu]nstigt|partner",
    "counterparty_account": r"iban|tegenrekening|konto.?n|counter.*account|kontonummer",
    "account": r"own.?account|^account|rekening$|auftragskonto|^konto$",
    "memo": r"memo|descr|verwendung|text|detail|narrat|libell|mededel|concept|omschrijving|particular|purpose|title",
    "bank_reference": r"reference|referenz|ref\b|transaction.?id|unique",
}
_DIRECTIONS = {"c": "in", "cr": "in", "credit": "in", "h": "in", "bij": "in", "haben": "in", "+": "in"} | {
    "d": "out", "dr": "out", "debit": "out", "s": "out", "af": "out", "soll": "out", "-": "out"
}  # fmt: skip


@dataclass
class Proposal:
    """What a table seems to be. profile: None while something has to be decided; open_questions then say what."""

    row_count: int
    profile: Profile | None = None
    open_questions: list[str] = field(default_factory=list)


def proposal_for(text: str, name: str) -> Proposal:
    """A proposal for a table. Raises MalformedStatement for a text that is no table of days and amounts."""
    delimiter, skip_lines, rows = _table(text)
    header, body = _header(rows)
    width = max(len(row) for row in body)
    columns = [[row[place].strip() if place < len(row) else "" for row in body] for place in range(width)]
    seen = _Seen(header, columns)
    if not seen.dates or not seen.amounts:
        raise MalformedStatement("it is no table of a bank's lines: there is no column of days, or none of amounts.")
    questions: list[str] = []
    declared: dict[str, Any] = {"name": name, "header": header, "delimiter": delimiter, "skip_lines": skip_lines}
    said = _dates(seen, declared, questions) | _amounts(seen, declared, questions) | _texts(seen)
    columns_said: dict[str, Any] = {key: _called(place, header) for key, place in said.items()}
    memo = [_called(place, header) for place in seen.called("memo") if place in seen.free]
    declared["order"] = _order(columns[seen.dates[0]], declared.get("date_format"))
    if questions:
        return Proposal(len(body), None, questions)
    return Proposal(len(body), Profile.model_validate(declared | {"columns": columns_said | {"memo": memo}}))


def _table(text: str) -> tuple[str, int, list[list[str]]]:
    """Delimiter, lines before the table, and its rows: the delimiter by which most lines have equally many cells."""
    lines = text.split("\n")
    best: tuple[int, str, int] | None = None
    for delimiter in _DELIMITERS:
        counts = [_cells(line, delimiter) - 1 for line in lines[:_SAMPLE_ROWS] if line.strip()]
        # By cells, not by lines: what stands before a table has few cells, and may have more lines.
        usual = max(set(counts), key=lambda n: (counts.count(n) * n, n), default=0)
        fitting = sum(1 for count in counts if count == usual)
        if usual >= _LEAST_COLUMNS - 1 and fitting >= _LEAST_LINES and (best is None or fitting * usual > best[0]):
            best = (fitting * usual, delimiter, usual)
    if best is None:
        raise MalformedStatement("nothing in the file says that it is a bank statement.")
    _, delimiter, usual = best
    before = next((i for i, line in enumerate(lines[:_MOST_LINES_BEFORE]) if _cells(line, delimiter) > usual), 0)
    if before and _is_short_header(lines[before - 1], lines[before], delimiter):
        before -= 1
    rows = table_of(text, delimiter, before)
    if not rows:
        raise MalformedStatement("the table has no rows.")
    return delimiter, before, rows


def _is_short_header(above: str, first: str, delimiter: str) -> bool:
    """Whether a line names the columns of a table each of whose lines ends in one more delimiter."""
    names, cells = (next(csv.reader([line], delimiter=delimiter), []) for line in (above, first))
    return len(names) == len(cells) - 1 and not any(map(_is_date, names)) and any(map(_is_date, cells))


def _cells(line: str, delimiter: str) -> int:
    """How many cells a line has; one that a quote keeps open counts as far as it goes."""
    return len(next(csv.reader([line], delimiter=delimiter), []))


def _header(rows: list[list[str]]) -> tuple[tuple[str, ...], list[list[str]]]:
    """The header, empty where the first row is a line already, and the rows below."""
    first = [cell.strip() for cell in rows[0]]
    is_line = any(_is_date(cell) for cell in first)
    if is_line:
        return (), rows
    if len(rows) < 2:
        raise MalformedStatement("the table has no rows.")
    while first and not first[-1]:
        first.pop()
    return tuple(first), rows[1:]


class _Seen:
    """What the columns hold: their places by the kind of their cells, and by the words of their header."""

    def __init__(self, header: Sequence[str], columns: list[list[str]]) -> None:
        self._header = [cell.casefold() for cell in header]
        self.columns = columns
        self.row_count = len(columns[0])
        filled = [[cell for cell in column[:_SAMPLE_ROWS] if cell] for column in columns]
        self.dates = [i for i, cells in enumerate(filled) if _mostly(cells, _is_date)]
        numbers = [i for i, cells in enumerate(filled) if i not in self.dates and _mostly(cells, _is_amount)]
        # Whole numbers alone are references, codes, accounts; an amount has decimals, or a name that says so.
        self.amounts = [i for i in numbers if any(re.search(r"[.,]\d", c) for c in filled[i]) or self._named_amount(i)]
        self.currencies = [i for i, cells in enumerate(filled) if _mostly(cells, _is_code)]
        self.ibans = [i for i, cells in enumerate(filled) if _mostly(cells, lambda cell: bool(_IBAN.fullmatch(cell)))]
        taken = {*self.dates, *self.amounts, *self.currencies}
        self.free = [i for i in range(len(columns)) if i not in taken]

    def _named_amount(self, place: int) -> bool:
        return any(place in self.called(key) for key in ("amount", "money_in", "money_out", "balance"))

    def exactly(self, place: int, names: frozenset[str]) -> bool:
        """Whether a column's header is one of some names, and nothing more."""
        return place < len(self._header) and self._header[place] in names

    def called(self, key: str) -> list[int]:
        """Columns whose header has one of the words for a key; the more exact header first."""
        return [i for i, cell in enumerate(self._header) if cell and re.search(_WORDS[key], cell)]


def _mostly(cells: list[str], fits: Any) -> bool:
    """Nearly all cells, since tables end with totals and remarks."""
    others = sum(1 for cell in cells if not fits(cell))
    return others * 2 < len(cells) and others <= max(1, len(cells) // 10)


def _is_date(cell: str) -> bool:
    return cell[:1].isdecimal() and len(cell) <= _LONGEST_DATE_CHARS and any(_reads(cell, form) for form in _FORMATS)


@lru_cache(maxsize=50_000)
def _reads(cell: str, form: str) -> bool:
    for text in (cell, cell.split(" ")[0], cell.split("T")[0]):
        try:
            return 1950 <= datetime.strptime(text, strptime_format(form)).year <= 2199
        except ValueError:
            continue
    return False


def _is_amount(cell: str) -> bool:
    return bool(_AMOUNT.fullmatch(cell))


def _is_code(cell: str) -> bool:
    return len(cell) == 3 and is_currency(cell.upper())


def _called(place: int, header: tuple[str, ...]) -> str | int:
    """A column by its name where that is unique, else by its number."""
    if place < len(header) and header[place] and header.count(header[place]) == 1:
        return header[place]
    return place + 1


def _dates(seen: _Seen, declared: dict[str, Any], questions: list[str]) -> dict[str, int]:
    """booked and value, and the format that reads every date, if it is one."""
    named = [i for i in seen.called("value") if i in seen.dates]
    booked = [i for i in seen.called("booked") if i in seen.dates and i not in named] or [
        i for i in seen.dates if i not in named
    ]
    booked = booked or seen.dates
    cells = sorted({cell for cell in seen.columns[booked[0]] if _is_date(cell)})
    fitting = [form for form in _FORMATS if all(_reads(cell, form) for cell in cells)]
    if "dd.mm.yyyy" in fitting:
        fitting = ["dd.mm.yyyy"]  # Whoever puts points into a date puts the day first.
    if len(fitting) == 1:
        declared["date_format"] = fitting[0]
    else:
        questions.append(f"which way dates are written has to be declared ({' or '.join(fitting) or cells[0]})")
    value = [i for i in named if i != booked[0]]
    return {"booked": booked[0]} | ({"value": value[0]} if value else {})


def _amounts(seen: _Seen, declared: dict[str, Any], questions: list[str]) -> dict[str, int]:
    """The columns of money, and the decimal mark."""
    said: dict[str, int] = {}
    balance = [i for i in seen.called("balance") if i in seen.amounts]
    if balance and len(seen.amounts) > 1:
        said["balance"] = balance[0]
    money = [i for i in seen.amounts if i != said.get("balance")]
    declared["decimal_mark"] = _mark([cell for i in seen.amounts for cell in seen.columns[i] if cell], questions)
    ins = [i for i in seen.called("money_in") if i in money]
    outs = [i for i in seen.called("money_out") if i in money]
    directions = [
        i for i in seen.free if _mostly([c for c in seen.columns[i] if c], lambda c: c.casefold() in _DIRECTIONS)
    ]
    named = [i for i in seen.called("amount") if i in money]
    named = [i for i in named if seen.exactly(i, _EXACT_AMOUNTS)] or named
    if len(money) > 1 and ins and outs and ins[0] != outs[0]:
        return said | {"money_in": ins[0], "money_out": outs[0]}
    if len(money) == 1 or len(named) == 1:
        said["amount"] = (named or money)[0] if len(named) == 1 else money[0]
        if directions:
            said["direction"] = directions[0]
            words = sorted({cell for cell in seen.columns[directions[0]] if cell})
            declared["credit_words"] = [word for word in words if _DIRECTIONS.get(word.casefold()) == "in"]
            declared["debit_words"] = [word for word in words if _DIRECTIONS.get(word.casefold()) == "out"]
            if not (declared["credit_words"] and declared["debit_words"]):
                questions.append(f"which words in column {directions[0] + 1} say money in and money out")
        elif not any(map(_OUT.search, seen.columns[said["amount"]])) and seen.row_count > _FEW_ROWS:
            questions.append("no amount has a sign: which are money in and which money out has to be declared")
        return said
    shown = ", ".join(str(i + 1) for i in money)
    questions.append(f"which of the columns {shown} is the amount, or money in and money out, has to be declared")
    return said


def _mark(cells: list[str], questions: list[str]) -> str:
    """The decimal mark: the last mark where two stand, the one that is not followed by three digits."""
    marks = {mark for cell in cells for mark in re.findall(r"([.,])\d{1,2}(?!\d)", cell)}
    if len(marks) == 1:
        return str(marks.pop())
    if not marks and not any(re.search(r"[.,]", cell) for cell in cells):
        return "."
    questions.append("which of comma and point is the decimal mark has to be declared")
    return "."


def _texts(seen: _Seen) -> dict[str, int]:
    """The columns of words, each at most once."""
    said: dict[str, int] = {}
    if seen.currencies:
        said["currency"] = seen.currencies[0]
    for key in ("name", "bank_reference"):
        found = [i for i in seen.called(key) if i in seen.free and i not in seen.ibans and i not in seen.called("memo")]
        if found:
            said[key] = found[0]
            seen.free.remove(found[0])
    counterparty = [i for i in seen.ibans if i in seen.called("counterparty_account")]
    own = [i for i in seen.ibans if i in seen.called("account") and len(set(filter(None, seen.columns[i]))) == 1]
    if own:
        said["account"] = own[0]
    if counterparty and counterparty[0] != said.get("account"):
        said["counterparty_account"] = counterparty[0]
    return said


def _order(cells: list[str], form: str | None) -> str:
    """Which end of the table is the older: by its first and last day."""
    if form is None:
        return "oldest_first"
    strptime = strptime_format(form)
    readable = [cell for cell in cells if _reads(cell, form)]
    # A time of day may stand behind; of a date written with blanks all is the date.
    parts = [cell if " " in form else re.split("[ T]", cell)[0] for cell in (*readable[:1], *readable[-1:])]
    days = [datetime.strptime(part, strptime) for part in parts]
    return "newest_first" if days and days[0] > days[-1] else "oldest_first"


def proposed(text: str, proposal: Proposal) -> Reading:
    """A table as a proposal reads it, for a person to look at; rows whose columns nobody can know are Unread."""
    words = "no profile declares its columns; this is how a proposed one reads it"
    if proposal.profile is None:
        yield from [Unread("")] * proposal.row_count
        yield Head(format="CSV", problems=(*proposal.open_questions,))
        return
    for event in read_csv(text, proposal.profile):
        yield replace(event, problems=(words, *event.problems)) if isinstance(event, Head) else event
