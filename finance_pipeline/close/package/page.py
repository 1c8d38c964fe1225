"""A document as one page for a browser or for paper: nothing is loaded from elsewhere, and nothing runs in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from html import escape

from finance_pipeline.close.package.document import Column, Document, Live, Money, Sheet, Table, Value, Verdict
from finance_pipeline.core.money import format_money

_STYLE = """
:root { --ink: #1c2530; --soft: #5d6b7a; --line: #d9e0e7; --head: #eef2f6; --bad: #b3261e; --good: #1e6b3a; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff; }
body { font: 14px/1.45 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
header, main { max-width: 1360px; margin: 0 auto; padding: 0 32px; }
header { padding-top: 36px; }
h1 { font-size: 26px; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 20px; margin: 48px 0 4px; padding-top: 12px; border-top: 2px solid var(--ink); }
h3 { font-size: 15px; margin: 22px 0 6px; }
p { margin: 0 0 6px; }
.soft { color: var(--soft); }
.verdict { margin: 20px 0 0; padding: 12px 16px; border-left: 5px solid var(--good); background: #edf6f0; }
.verdict { font-weight: 600; }
.verdict.apart { border-color: var(--bad); background: #fbeeed; color: var(--bad); }
nav { margin: 20px 0 0; display: flex; flex-wrap: wrap; gap: 6px 18px; }
nav a { color: #14539a; text-decoration: none; }
nav a:hover { text-decoration: underline; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0 0 8px; min-width: 40%; }
th { text-align: left; background: var(--head); font-weight: 600; white-space: nowrap; }
th, td { padding: 4px 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
td { max-width: 46ch; overflow-wrap: break-word; }
td.short { white-space: nowrap; }
td.long { overflow-wrap: anywhere; min-width: 16ch; }
.dense { font-size: 12px; }
.dense th, .dense td { padding: 3px 7px; }
.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.check { font-weight: 600; }
.check.zero { color: var(--good); }
.check.apart { background: #f8cbad; color: var(--bad); }
tfoot td { font-weight: 600; border-top: 1.5px solid var(--ink); border-bottom: 0; }
footer { margin: 56px 0 40px; color: var(--soft); }
@media print {
  @page { size: A4 landscape; margin: 12mm; }
  body { font-size: 9.5px; }
  header, main { max-width: none; padding: 0; }
  nav { display: none; }
  .wide { overflow: visible; }
  h2 { break-before: page; border: 0; margin-top: 0; }
  h2.first { break-before: auto; }
  h3 { break-after: avoid; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  th, td { padding: 2px 6px; }
  .verdict, th, .check { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""

_SHORT_CHARS = 24
"""Texts up to here stay on one line; a single word beyond it may be broken."""
_DENSE_COLUMNS = 9
"""Tables of more columns are set smaller, so that they fit on a screen and on paper."""


def page(document: Document) -> str:
    """The page. The same document is the same text."""
    return "".join(_parts(document))


def _parts(document: Document) -> Iterator[str]:
    title = escape(document.title)
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    yield f'<header>\n<h1>{title}</h1>\n<p class="soft">{escape(document.subtitle)}</p>\n'
    for verdict in _verdicts(document):
        yield f'<p class="verdict{"" if verdict.is_tied else " apart"}">{escape(verdict.words)}</p>\n'
    links = (f'<a href="#{_anchor(sheet)}">{escape(sheet.name)}</a>' for sheet in document.sheets)
    yield f"<nav>{' '.join(links)}</nav>\n</header>\n<main>\n"
    for number, sheet in enumerate(document.sheets):
        yield f'<h2 id="{_anchor(sheet)}"{"" if number else " class=first"}>{escape(sheet.title)}</h2>\n'
        for table in sheet.tables:
            yield from _table(table)
    yield f'<footer class="soft">{escape(document.subtitle)}</footer>\n</main>\n</body>\n</html>\n'


def _verdicts(document: Document) -> list[Verdict]:
    values = (v for sheet in document.sheets for table in sheet.tables for row in table.rows for v in row.values())
    return [value for value in values if isinstance(value, Verdict)]


def _anchor(sheet: Sheet) -> str:
    return sheet.name.lower().replace(" ", "-")


def _table(table: Table) -> Iterator[str]:
    if all(isinstance(value, Verdict) for row in table.rows for value in row.values()) and table.rows:
        return  # it stands above everything already
    yield f"<h3>{escape(table.title)}</h3>\n"
    if table.note:
        yield f'<p class="soft">{escape(table.note)}</p>\n'
    if not table.rows:
        yield f"<p>{escape(table.empty)}</p>\n"
        return
    columns = [column for column in table.columns if column.on_page]
    yield f'<div class="wide"><table{" class=dense" if len(columns) > _DENSE_COLUMNS else ""}>\n'
    if any(column.title for column in columns):
        titles = (f"<th{_class(column)}>{escape(column.title)}</th>" for column in columns)
        yield f"<thead><tr>{''.join(titles)}</tr></thead>\n"
    yield "<tbody>\n"
    for row in table.rows:
        yield f"<tr>{''.join(_cell(column, row.get(column.key)) for column in columns)}</tr>\n"
    yield "</tbody>\n"
    if table.totals:
        totals = (_total(table, column, place) for place, column in enumerate(columns))
        yield f"<tfoot><tr>{''.join(totals)}</tr></tfoot>\n"
    yield "</table></div>\n"


def _class(column: Column) -> str:
    return ' class="figure"' if column.is_figure else ""


def _cell(column: Column, value: Value) -> str:
    if isinstance(value, Live) and value.is_check:
        state = "apart" if value.minor else "zero"
        return f'<td class="figure check {state}">{format_money(value.minor, value.currency)}</td>'
    if isinstance(value, Money | Live):
        return f'<td class="figure">{format_money(value.minor, value.currency)}</td>'
    words = _words(value)
    if column.is_figure:
        return f'<td class="figure">{escape(words)}</td>'
    longest = max(map(len, words.split()), default=0)
    wraps = "short" if len(words) <= _SHORT_CHARS else "long" if longest > _SHORT_CHARS else ""
    return f'<td class="{wraps}">{escape(words)}</td>' if wraps else f"<td>{escape(words)}</td>"


def _words(value: Value) -> str:
    """A text, day, moment or count as people read it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:,}" if isinstance(value, int) else str(value)


def _total(table: Table, column: Column, place: int) -> str:
    if column.key in table.totals:
        return f'<td class="figure">{format_money(table.total_minor(column.key), table.currency)}</td>'
    return f"<td>{'' if place else 'Total'}</td>"
