"""A list as an Excel workbook: the values that its cells show, every one a text; formulas are what they came to.

Here: bounds on the archive, sheets to rows. Not here: what a column means.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from finance_pipeline.sources.item_lists.model import BadList, Row, Sheet

_MOST_MEMBER_BYTES = 200_000_000
_MOST_BYTES = 400_000_000
_GREATEST_RATIO = 200
"""Sheets shrink to a tenth, rarely to a fiftieth; bombs to a thousandth and less."""
_SMALL_BYTES = 1_000_000
_MOST_SHEETS = 100
_WORKBOOK = "xl/workbook.xml"


def read_workbook(raw: bytes, most_rows: int) -> list[Sheet]:
    """The visible sheets that hold anything, to one row more than may be. Raises BadList for what is no workbook."""
    _check_archive(raw)
    import fastexcel

    try:
        book = fastexcel.read_excel(raw)
        names = book.sheet_names[:_MOST_SHEETS]
        return [sheet for name in names if (sheet := _sheet(book, name, most_rows)) is not None]
    except fastexcel.FastExcelError as cause:
        raise BadList(f"the workbook cannot be read: {str(cause).splitlines()[0]}.") from cause


def _sheet(book: object, name: str, most_rows: int) -> Sheet | None:
    """One sheet's rows; None for one that is hidden or empty. What Excel shows as an error is told as `#REF!`."""
    import fastexcel

    assert isinstance(book, fastexcel.ExcelReader)
    loaded = book.load_sheet(name, header_row=None, skip_rows=0, n_rows=most_rows + 1, dtypes="string")
    if loaded.visible != "visible" or not loaded.width:
        return None
    batch, errors = loaded.to_arrow_with_errors()
    columns = [["" if cell is None else cell.strip() for cell in column.to_pylist()] for column in batch.columns]
    for error in errors.errors if errors else ():
        row, place = error.offset_position
        columns[place][row] = _error_of(error.detail)
    rows = tuple(Row(i + 1, cells) for i, cells in enumerate(zip(*columns, strict=True)) if any(cells))
    return Sheet(name, rows) if rows else None


_ERRORS = {
    "Ref": "#REF!",
    "NA": "#N/A",
    "Div0": "#DIV/0!",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Value": "#VALUE!",
}


def _error_of(detail: str) -> str:
    """Excel's own word for an error that the reader says as Error(Ref)."""
    said = detail.rpartition("Error(")[2].partition(")")[0]
    return _ERRORS.get(said, "#ERROR!")


def _check_archive(raw: bytes) -> None:
    """Refuse what is no workbook, or unpacks to far more than it is; zipfile reads only the directory for this."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            files = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError) as cause:
        raise BadList(f"the workbook cannot be opened: {cause}.") from cause
    if not any(each.filename == _WORKBOOK for each in files):
        raise BadList("it is an archive and no Excel workbook (.xlsx).")
    for each in files:
        most = max(_SMALL_BYTES, min(_MOST_MEMBER_BYTES, each.compress_size * _GREATEST_RATIO))
        if each.file_size > most:
            raise BadList(f"the workbook unpacks to more than {most:,} bytes in one part, the most we read of it.")
    if sum(each.file_size for each in files) > _MOST_BYTES:
        raise BadList(f"the workbook unpacks to more than {_MOST_BYTES:,} bytes, the most we read.")
