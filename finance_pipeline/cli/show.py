"""How figures look on a terminal: aligned, with their currency, and as JSON when asked."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import polars as pl
from rich import box
from rich.console import Console
from rich.control import Control
from rich.markup import escape
from rich.segment import ControlType
from rich.table import Table

from finance_pipeline.core.money import format_money

_WIDTH_CHARS = 160
"""Of what is written to a file or a pipe; a terminal has its own."""
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and marks that turn the direction of what follows."""
console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_CHARS)
progress_console = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Shown:
    """One column of a printed table: heading, how a row's value reads, and whether it is a figure."""

    heading: str
    value: Callable[[dict[str, Any]], str]
    is_figure: bool = False


def text(heading: str, name: str) -> Shown:
    """A column of words; null is empty. Whoever writes a payment's text must not steer the terminal with it."""
    return Shown(heading, lambda row: "" if row[name] is None else escape(_STEERING.sub("\ufffd", str(row[name]))))


def count(heading: str, name: str) -> Shown:
    """A column of counts, with thousands separators."""
    return Shown(heading, lambda row: "" if row[name] is None else f"{row[name]:,}", is_figure=True)


def money(heading: str, name: str, currency: str = "currency") -> Shown:
    """A column of amounts in the currency of another column; null is a dash."""
    return Shown(
        heading, lambda row: "-" if row[name] is None else format_money(row[name], row[currency]), is_figure=True
    )


def days(number: int) -> str:
    """A number of days in words."""
    return f"{number} day" if number == 1 else f"{number} days"


def show_table(title: str, rows: Iterable[dict[str, Any]], columns: Sequence[Shown], *, empty: str = "none") -> None:
    """Print rows as a table; say `empty` where there are none."""
    printed = list(rows)
    if not printed:
        console.print(f"[bold]{escape(title)}[/]: {empty}")
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.is_figure else "left"
        table.add_column(column.heading, justify=justify, overflow="fold", no_wrap=column.is_figure)
    for row in printed:
        table.add_row(*(column.value(row) for column in columns))
    console.print(table)


def show_json(value: object) -> None:
    """Print figures for machines: amounts stay integer minor units, dates are ISO."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False, indent=2) + "\n")


def show_frame(
    title: str, frame: pl.DataFrame, columns: Sequence[Shown], *, as_json: bool, empty: str = "none"
) -> None:
    """A frame for people or, as a list of objects, for machines."""
    if as_json:
        show_json(frame.to_dicts())
    else:
        show_table(title, frame.iter_rows(named=True), columns, empty=empty)


def say(words: str) -> None:
    """Progress, on standard error, so that figures on standard output stay clean."""
    progress_console.print(words, soft_wrap=True)


def progress(indent: str = "") -> Callable[[str, bool], None]:
    """What to call at the beginning and the end of each step: its beginning shows on a terminal only, until it ends."""

    def tell(words: str, ended: bool) -> None:
        if progress_console.is_terminal:
            progress_console.control(Control((ControlType.ERASE_IN_LINE, 2)))
        if ended:
            progress_console.print(f"{indent}{words}", soft_wrap=True)
        elif progress_console.is_terminal:
            progress_console.print(f"{indent}{words}", end="\r")

    return tell


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
