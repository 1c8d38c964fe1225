"""Amounts and days as people write them in lists: which way is asked of a whole column, and never guessed.

Here: the decimal mark and the date format of columns, texts to exact values. Not here: which column (headers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache

from finance_pipeline.core.money import NotMoney, to_minor
from finance_pipeline.sources.item_lists.model import BadList
from finance_pipeline.sources.item_lists.words import SYMBOLS
from finance_pipeline.sources.statements.csv.profile import strptime_format
from finance_pipeline.sources.statements.figures import is_currency

FORMATS = (
    "yyyy-mm-dd", "yyyy/mm/dd", "yyyy.mm.dd", "yyyymmdd", "dd.mm.yyyy", "dd/mm/yyyy", "mm/dd/yyyy", "dd-mm-yyyy",
    "mm-dd-yyyy", "mm.dd.yyyy", "dd.mm.yy", "dd/mm/yy", "mm/dd/yy", "dd-mm-yy", "dd mon yyyy", "dd-mon-yyyy",
    "dd-mon-yy", "mon dd, yyyy", "dd/mon/yyyy",
)  # fmt: skip
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
_SPACES = str.maketrans("", "", " \u00a0\u2009\u202f'\u2019")
_SHAPE = re.compile(r"\d+|\d{1,3}(?:X\d{3})+|\d{1,2}(?:X\d{2})+X\d{3}")
"""Digits, or digits in groups of thousands (or of lakhs) with X between."""
_CODE_BESIDE = re.compile(r"^([A-Z]{3})(?=[\s\d(+-])|(?<=[\s\d)+-])([A-Z]{3})$|([€£$])")


class NotReadable(ValueError):
    """A cell that is no amount, day or percentage: the words say which."""


def decimal_mark_of(cells: Iterable[str], title: str, said: str | None) -> str | None:
    """The decimal mark of a column, None where no cell has one. Raises BadList where it cannot be told."""
    if said is not None:
        if said not in (".", ","):
            raise BadList(f"{said!r} is no decimal mark.", todo="Give --decimal . or --decimal ,")
        return said
    marks: set[str] = set()
    open_ = ""
    for cell in cells:
        found = re.sub(r"[^\d.,]", "", cell).strip(".,")
        if not found or not (set(found) & {".", ","}):
            continue
        mark = _mark_in(found)
        marks |= {mark} if mark else set()
        open_ = open_ or ("" if mark else cell)
    if len(marks) > 1:
        raise BadList(f"column {title!r} writes decimals with a comma and with a point.", todo=_MARK_TODO)
    if not marks and open_:
        raise BadList(f"in column {title!r}, {open_!r} may be thousands or decimals.", todo=_MARK_TODO)
    return marks.pop() if marks else None


_MARK_TODO = "Say which is the decimal mark: --decimal . or --decimal ,"


def _mark_in(text: str) -> str:
    """The decimal mark that a figure shows: the last of two kinds, one not followed by just three digits; else ''."""
    last = max(text.rfind("."), text.rfind(","))
    mark, other = text[last], "." if text[last] == "," else ","
    if other in text:
        return mark if text.count(mark) == 1 else ""
    if text.count(mark) > 1:
        return other
    return mark if len(text) - last - 1 != 3 or text.startswith("0") else ""


def currency_beside(cell: str) -> str | None:
    """The currency that stands beside an amount: '12.50 USD', '€ 12.50'."""
    found = _CODE_BESIDE.search(cell.strip())
    if not found:
        return None
    code = found[1] or found[2]
    return code if code and is_currency(code) else SYMBOLS.get(found[3] or "")


def amount_of(cell: str, currency: str, mark: str | None) -> int:
    """Minor units, exact. Brackets and a minus before or after are negative. Raises NotReadable."""
    bare = _CODE_BESIDE.sub("", cell.strip()).translate(_SPACES)
    bracketed = bare.startswith("(") and bare.endswith(")")
    bare = bare.strip("()") if bracketed else bare
    signs = [bare[:1], bare[-1:]]
    digits = bare.strip("+-\u2212")
    decimal = mark or "."
    whole, _, fraction = digits.partition(decimal)
    thousands = "," if decimal == "." else "."
    if not _SHAPE.fullmatch(whole.replace(thousands, "X") or "0") or not (fraction.isdecimal() or not fraction):
        raise NotReadable(f"{_shown(cell)} is no amount")
    if len(bare) - len(digits) > 1 or (bracketed and bare != digits) or not (whole + fraction).isascii():
        raise NotReadable(f"{_shown(cell)} is no amount")
    if not whole + fraction:
        raise NotReadable(f"{_shown(cell)} is no amount")
    try:
        minor = to_minor(f"{whole.replace(thousands, '') or '0'}.{fraction or '0'}", currency)
    except NotMoney as cause:
        raise NotReadable(f"{_shown(cell)} is not an exact amount of {currency}") from cause
    return -minor if bracketed or "-" in signs or "\u2212" in signs else minor


def date_format_of(columns: Sequence[tuple[str, Sequence[str]]], said: str | None) -> str | None:
    """The format that reads the most cells of the date columns, None where all are ISO. Raises BadList for a tie.

    columns: title and cells. Two formats that read all they read alike are no tie.
    """
    if said is not None:
        try:
            strptime_format(said)
        except ValueError as cause:
            raise BadList(str(cause) + ".", todo="Give --date-format like dd.mm.yyyy or mm/dd/yyyy.") from cause
        return said
    cells = sorted({cell for _, found in columns for cell in found if cell and not _ISO.fullmatch(cell)})
    if not cells:
        return None
    read = {form: [_read(cell, form) for cell in cells] for form in FORMATS}
    counts = {form: sum(day is not None for day in days) for form, days in read.items()}
    most = max(counts.values())
    best = [form for form in FORMATS if counts[form] == most] if most else []
    differing = [form for form in best if read[form] != read[best[0]]]
    if differing:
        place = next(i for i, day in enumerate(read[best[0]]) if day != read[differing[0]][i])
        title = next(title for title, found in columns if cells[place] in found)
        raise BadList(
            f"in column {title!r}, {cells[place]!r} may be {best[0]} or {differing[0]}.",
            todo=f"Say which: --date-format {best[0]} or --date-format {differing[0]}.",
        )
    return best[0] if best else None


def day_of(cell: str, form: str | None) -> date:
    """The day of a cell, ISO whatever the format. Raises NotReadable."""
    iso = _ISO.fullmatch(cell)
    day = _read(iso[1], "yyyy-mm-dd") if iso else _read(cell, form) if form else None
    if day is None:
        raise NotReadable(f"{_shown(cell)} is no day" + (f" ({form})" if form else ""))
    return day


@lru_cache(maxsize=50_000)
def _read(cell: str, form: str) -> date | None:
    """A day in a format; a time behind it does not matter."""
    for text in (cell, re.split("[ T]", cell)[0] if " " not in form else cell):
        try:
            day = datetime.strptime(text, strptime_format(form)).date()
        except ValueError:
            continue
        if 1950 <= day.year <= 2199:
            return day
    return None


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else f"{cell[:40]}...")
