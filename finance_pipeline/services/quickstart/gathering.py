"""The statement files of a folder as evidence in memory, by the rules of the landing: what repeats is one.

Here: which files are read, held or passed over, and what of them counts. Not here: formats (sources), figures of
accounts (accounts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.problems import BadInput
from finance_pipeline.sources.base import EVIDENCE, Page, Update
from finance_pipeline.sources.statement_files import files_below, update_of
from finance_pipeline.sources.statements.child import Told
from finance_pipeline.sources.statements.reading import LARGEST_FILE_BYTES

Tell = Callable[[str, bool], None]
"""What to call at the beginning (False) and the end (True) of each step."""
_RECORD = ["kind", "source_id", "currency"]
_READ_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""Of pages that are kept nowhere: when they were read is nobody's question."""


@dataclass(frozen=True)
class FileRead:
    """One statement file."""

    name: str
    reason: str | None
    """Why nothing of it is used; None for one that is."""
    statements: int
    lines: int
    repeated: int
    """Lines that a file before it told already."""


@dataclass(frozen=True)
class Gathered:
    """What the files of a folder say."""

    files: tuple[FileRead, ...]
    evidence: pl.DataFrame
    """EVIDENCE, each record once, with `currency` and `file` (its name)."""
    repeated: dict[tuple[str, str], int]
    """Account and currency -> lines that several files told."""


class _Days(NamedTuple):
    """Days of an account that a statement with lines tells of."""

    account: str
    family: str
    first_on: date
    last_on: date


def gather(folder: Path, told: Told, aside: Iterable[Path], tell: Tell) -> Gathered:
    """Read every file below a folder, in the order of their names. aside: files in it that are none of the bank's.

    Raises BadInput for a folder that is none, or holds no file.
    """
    paths = _paths(folder, {path.resolve() for path in aside})
    files: list[FileRead] = []
    frames: list[pl.DataFrame] = []
    known: list[_Days] = []
    for number, path in enumerate(paths, start=1):
        tell(f"reading statements, {number} of {len(paths)}", False)
        name = path.relative_to(folder).as_posix()
        update = update_of(Page(name, _bounded_bytes(path), _READ_AT), {}, told)
        reason = _reason(update, name, known)
        rows = update.evidence.clear() if reason else update.evidence
        lines = rows.filter(pl.col("kind") == "entry").height
        files.append(FileRead(name, reason, rows.height - lines, lines, 0))
        frames.append(rows.with_columns(file=pl.lit(name)))
    tell(f"statement files read: {len(paths)}", True)
    once, repeats = _once(pl.concat(frames))
    by_file = dict(repeats.group_by("file").agg(pl.col("len").sum()).iter_rows())
    by_account = repeats.group_by("account", "currency").agg(pl.col("len").sum())
    return Gathered(
        files=tuple(replace(file, repeated=by_file.get(file.name, 0)) for file in files),
        evidence=once,
        repeated={(account, currency): count for account, currency, count in by_account.iter_rows()},
    )


def _paths(folder: Path, aside: set[Path]) -> list[Path]:
    """Files in the order of their names; hidden ones are somebody's housekeeping."""
    if not folder.is_dir():
        raise BadInput(f"there is no folder {folder}.", kept="Nothing was written.", todo="Check --statements.")
    paths = [path for path in files_below(folder) if path.resolve() not in aside]
    if not paths:
        raise BadInput(
            f"the folder {folder} holds no file.",
            kept="Nothing was written.",
            todo="Put the bank's files there (camt, MT940, BAI2, OFX, QIF, CODA, CSV; archives too).",
        )
    return paths


def _bounded_bytes(path: Path) -> bytes:
    """A file's bytes; of one that is too large only so many that the reader refuses it."""
    with path.open("rb") as file:
        return file.read(LARGEST_FILE_BYTES + 1)


def _reason(update: Update, name: str, known: list[_Days]) -> str | None:
    """Why a file is not used: it cannot be read or does not foot, or tells of known days in another format."""
    if update.dead_letters:
        return update.dead_letters[0].reason.removeprefix(f"{name}: ").removeprefix(f"{name}, ")
    payloads = update.evidence.filter(pl.col("kind") == "statement")["payload"]
    new = [days for each in payloads if (days := _days(parse_json(each))) is not None]
    other = next((old for each in new for old in known if _collide(each, old)), None)
    if other is None:
        known += new
        return None
    return (
        f"its days ({other.first_on} to {other.last_on}) were told as {other.family} by another file already, and "
        "whether lines in two formats are the same cannot be told. Give one format of each day."
    )


def _days(said: dict[str, Any]) -> _Days | None:
    from finance_pipeline.services.intake.statement_overlaps import family_of

    if not said["entry_count"]:
        return None
    first, last = date.fromisoformat(said["opening_on"]), date.fromisoformat(said["closing_on"])
    return _Days(said["account"], family_of(said["format"]), first, last)


def _collide(new: _Days, old: _Days) -> bool:
    is_other = new.account == old.account and new.family != old.family
    return is_other and new.first_on <= old.last_on and old.first_on <= new.last_on


def _once(told: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each record in its last version; and how many lines were told before word for word (file, account, currency)."""
    rows = told.with_columns(currency=pl.col("payload").str.json_path_match("$.currency"))
    is_repeat = ~pl.struct(*_RECORD, "content_hash").is_first_distinct() & (pl.col("kind") == "entry")
    repeats = rows.filter(is_repeat).group_by("file", "account", "currency").len()
    once = rows.unique(_RECORD, keep="last", maintain_order=True)
    return once.select(*EVIDENCE.names, "currency", "file"), repeats
