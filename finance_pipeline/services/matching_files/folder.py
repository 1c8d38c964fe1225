"""A folder of files as the engine's tables. All that is wrong is found before anything is said, and said at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.tables import Table
from finance_pipeline.matching import schemas
from finance_pipeline.services.matching_files import checks
from finance_pipeline.services.matching_files.csv_text import read_texts
from finance_pipeline.services.matching_files.fitting import Fitted, WrongType, fit

TABLES = (
    schemas.BANK_LINES,
    schemas.OPEN_ITEMS,
    schemas.PARTIES,
    schemas.REMITTANCES,
    schemas.FX_RATES,
    schemas.DECISIONS,
)
REQUIRED = (schemas.BANK_LINES.name, schemas.OPEN_ITEMS.name)
FORMATS = ("parquet", "csv")
_TOLD_COUNT = 20
Tell = Callable[[str, bool], None]
"""What to call at the beginning (False) and the end (True) of each step."""


@dataclass
class Given:
    """What a folder holds: frames by table name, with the table's columns that the file has; what was passed over."""

    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def handed_over(self) -> dict[str, pl.DataFrame]:
        """The frames, which this forgets, so that the engine may let go of what it has taken in."""
        frames, self.frames = self.frames, {}
        return frames


def read_folder(folder: Path, tell: Tell, aside: Path | None = None) -> Given:
    """Read every table of a folder. aside: a file that may lie there too. Raises BadInput listing what does not fit."""
    if not folder.is_dir():
        there = "is no folder" if folder.exists() else "does not exist"
        raise BadInput(f"{folder} {there}.", kept="Nothing was written.", todo="Check --in.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise BadInput(f"{folder} is not ours to read.", kept="Nothing was written.", todo="Check --in.")
    files, problems, notices = _files(folder, aside)
    given = Given(notices=notices)
    for table in TABLES:
        if table.name in files:
            name = files[table.name].name
            tell(f"reading {name}", False)
            frame = _read(table, files[table.name], problems, notices)
            given.frames[table.name] = frame
            tell(f"{name}: {frame.height:,} rows", True)
    if problems:
        raise _refusal(problems)
    return given


def _files(folder: Path, aside: Path | None) -> tuple[dict[str, Path], list[str], list[str]]:
    """Table name -> its file; what is wrong about which files are there; what is passed over."""
    there = {path.name: path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")}
    files: dict[str, Path] = {}
    problems: list[str] = []
    for table in TABLES:
        found = [f"{table.name}.{ending}" for ending in FORMATS if f"{table.name}.{ending}" in there]
        if len(found) > 1:
            problems.append(f"{found[0]} and {found[1]} are both there, and only one can be right: take one away.")
        elif found:
            files[table.name] = there[found[0]]
    missing = " and no ".join(name for name in REQUIRED if not any(f"{name}.{ending}" in there for ending in FORMATS))
    if missing:
        held = _listed(list(there)) or "no files"
        problems.append(f"there is no {missing} (.parquet or .csv) in {folder}, which holds {held}.")
    known = {f"{table.name}.{ending}" for table in TABLES for ending in FORMATS}
    known |= {name for name, path in there.items() if aside and path.resolve() == aside.resolve()}
    return (
        files,
        problems,
        [f"{name} is none of the engine's files: passed over." for name in there if name not in known],
    )


def _read(table: Table, path: Path, problems: list[str], notices: list[str]) -> pl.DataFrame:
    """One file as its table, as far as it goes; what does not fit is added to the problems."""
    try:
        names, found = _opened(table, path)
    except BadInput as cause:
        problems.append(str(cause))
        return table.empty()
    missing = [column.name for column in table.columns if not column.nullable and column.name not in names]
    unknown = [name for name in names if name not in table.names]
    if missing:
        others = f" It has others: {_listed(unknown)}." if unknown else ""
        problems.append(f"{path.name}: required columns are missing: {_listed(missing)}.{others}")
    elif unknown:
        notices.append(f"{path.name}: columns that the engine does not know were passed over: {_listed(unknown)}.")
    fitted = list(_fitted(table, path, found, problems))
    notices += [f"{path.name}: column {each.values.name} {each.notice}." for each in fitted if each.notice]
    frame = pl.DataFrame([each.values for each in fitted])
    problems += checks.findings(table, path.name, frame)
    # Rows of these have no id to be sorted by later; the same rows in any order are the same table.
    return frame if table.key else frame.sort(frame.columns)


def _opened(table: Table, path: Path) -> tuple[list[str], pl.DataFrame]:
    """Names of all columns of a file, and those of the table as the file has them."""
    try:
        if path.suffix == ".csv":
            texts = read_texts(path)
            return texts.columns, texts.select(name for name in table.names if name in texts.columns)
        return _opened_parquet(table, path)
    except OSError as cause:
        raise BadInput(f"it cannot be read: {cause.strerror or cause}.", where=path.name) from cause


def _opened_parquet(table: Table, path: Path) -> tuple[list[str], pl.DataFrame]:
    try:
        names = pl.scan_parquet(path, glob=False).collect_schema().names()
        return names, pl.read_parquet(path, columns=[name for name in table.names if name in names], glob=False)
    except pl.exceptions.PolarsError as cause:
        said = str(cause).splitlines()[0]
        raise BadInput(f"it is no whole Parquet file ({said}).", where=path.name) from cause


def _fitted(table: Table, path: Path, found: pl.DataFrame, problems: list[str]) -> Iterator[Fitted]:
    """The file's columns with the types of the table; what does not fit is added to the problems."""
    for column in table.columns:
        if column.name not in found.columns:
            continue
        try:
            fitted = fit(column, found[column.name], from_text=path.suffix == ".csv")
        except WrongType as wrong:
            problems.append(f"{path.name}: column {column.name} {wrong}.")
            continue
        bad = fitted.given.is_not_null() & fitted.values.is_null()
        if bad.any():
            problems.append(checks.finding(path.name, column.name, bad, fitted.given, fitted.wanted))
        elif not column.nullable and fitted.given.null_count():
            problems.append(checks.empty(path.name, column.name, fitted.given))
        yield fitted


def _refusal(problems: list[str]) -> BadInput:
    """All problems as one, the first ones in full."""
    told = problems[:_TOLD_COUNT]
    if len(problems) > len(told):
        told.append(f"{len(problems) - len(told)} more of the kind.")
    what = (
        told[0] if len(told) == 1 else "\n".join([f"{len(problems)} things do not fit.", *(f"- {p}" for p in told), ""])
    )
    return BadInput(
        what,
        kept="Nothing was written.",
        todo="Correct the files and run it again; `finance-pipeline match --schema` says what each column holds.",
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _TOLD_COUNT} more" if len(names) > _TOLD_COUNT else ""
    return ", ".join(names[:_TOLD_COUNT]) + more
