"""Bank statement files: a watched folder, or files that somebody names, in camt.053.

Here: which files are new, and what of them is evidence. Not here: XML and the standard (sources.camt), to which book
an account belongs (settings), or whether a statement continues the one before (services).
A file that cannot be read or does not add up is kept as it came, goes to the dead letters whole, and stops no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from finance_pipeline.core.identity import content_hash, exact_json
from finance_pipeline.core.money import to_decimal
from finance_pipeline.core.problems import BadInput, BadSettings
from finance_pipeline.core.settings import Connection, Settings
from finance_pipeline.sources.base import EVIDENCE, DeadLetter, Page, Update
from finance_pipeline.sources.camt.identity import entry_source_ids, statement_source_id
from finance_pipeline.sources.camt.parse import LARGEST_FILE_BYTES, parse_statement_file
from finance_pipeline.sources.camt.statement import (
    Entry,
    MalformedStatement,
    Statement,
    StatementDoesNotFoot,
    StatementFile,
    check_footing,
)

READER_VERSION = 1
"""Raised when files that were refused may be readable now: every file of the folder is then read again."""
DEFAULT_FOLDER = "inbox"
_MOST_FILES = 64
_MOST_BYTES = 8_000_000


class StatementFiles:
    """The source. Files in the order of their names, several an update.

    cursor: {"reader": version, "files": {content hash: name}}, the files that were read, held ones included.
    """

    def pull(
        self, connection: Connection, settings: Settings, cursor: Mapping[str, Any] | None, now: datetime
    ) -> Iterator[Update]:
        """What the watched folder holds that was not read yet. Raises BadSettings if a folder named in full is gone."""
        folder = settings.home / (connection.folder or DEFAULT_FOLDER)
        if not folder.is_dir():
            if Path(connection.folder).is_absolute():
                raise BadSettings(
                    f"the watched folder {folder} does not exist.",
                    where=f"connection {connection.id}",
                    todo="Create it, or correct `folder`.",
                )
            return
        state = cursor if cursor and cursor.get("reader") == READER_VERSION else {}
        yield from _together(self._new_files(folder, dict(state.get("files", {})), now))

    def _new_files(self, folder: Path, seen: dict[str, str], now: datetime) -> Iterator[Update]:
        for path in _files_below(folder):
            name = path.relative_to(folder).as_posix()
            page = Page(name, _bounded_bytes(path), now)
            if page.hash not in seen:
                seen[page.hash] = name
                yield update_of(page, {"reader": READER_VERSION, "files": dict(seen)})


def read_files(paths: Sequence[Path], now: datetime) -> Iterator[Update]:
    """The updates of files that somebody names, in the order given; no cursor. Raises BadInput before anything else."""
    for path in paths:
        if not path.is_file():
            raise BadInput(f"there is no file {path}.", kept="Nothing was imported.", todo="Check the path.")
    return _together(update_of(Page(path.name, _bounded_bytes(path), now), {}) for path in paths)


def _together(files: Iterable[Update]) -> Iterator[Update]:
    """The updates of several files as one: years of daily files are not as many commits."""
    waiting: list[Update] = []
    for file in files:
        waiting.append(file)
        if len(waiting) == _MOST_FILES or sum(len(each.pages[0].raw) for each in waiting) >= _MOST_BYTES:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(files: Sequence[Update]) -> Update:
    return Update(
        tuple(page for file in files for page in file.pages),
        pl.concat([file.evidence for file in files]),
        files[-1].cursor,
        tuple(letter for file in files for letter in file.dead_letters),
    )


def update_of(page: Page, cursor: Mapping[str, Any]) -> Update:
    """One file's evidence, or its dead letter with the reason."""
    try:
        file = parse_statement_file(page.raw, page.endpoint)
        check_footing(file)
    except (MalformedStatement, StatementDoesNotFoot) as problem:
        letter = DeadLetter("file", page.endpoint, str(problem), "", page.hash)
        return Update((page,), EVIDENCE.empty(), cursor, (letter,))
    return Update((page,), evidence_of(file, page.hash), cursor)


def evidence_of(file: StatementFile, page_hash: str) -> pl.DataFrame:
    """One row per statement and one per entry (EVIDENCE).

    An entry's payload holds nothing of the file or statement it came in, so that an overlapping file repeats it word
    for word; only for one that is dated outside of its statement it says the day on which the balances count it.
    Amounts are decimal texts, signed.
    """
    lines = [
        (statement, entry, exact_json(_entry_payload(statement, entry)))
        for statement in file.statements
        for entry in statement.entries
    ]
    rows: list[tuple[str, str, str, date | None, str]] = [
        ("statement", statement_source_id(each), each.account, each.closing_on, exact_json(_statement_payload(each)))
        for each in file.statements
    ]
    rows += [
        ("entry", source_id, statement.account, statement.counts_on(entry), payload)
        for source_id, (statement, entry, payload) in zip(entry_source_ids(lines), lines, strict=True)
    ]
    return pl.DataFrame(
        [(*row[:4], False, row[4], content_hash(row[4].encode()), page_hash) for row in rows],
        schema=EVIDENCE.schema,
        orient="row",
    )


def _statement_payload(statement: Statement) -> dict[str, object]:
    def decimal(amount_minor: int) -> str:
        return str(to_decimal(amount_minor, statement.currency))

    return {
        "account": statement.account,
        "currency": statement.currency,
        "statement_id": statement.statement_id,
        "created_at": statement.created_at,
        "opening": decimal(statement.opening_minor),
        "opening_on": statement.opening_on.isoformat(),
        "closing": decimal(statement.closing_minor),
        "closing_on": statement.closing_on.isoformat(),
        "booked": decimal(statement.booked_minor),
        "entry_count": len(statement.entries),
    }


def _entry_payload(statement: Statement, entry: Entry) -> dict[str, object]:
    payload: dict[str, object] = entry._asdict()
    del payload["amount_minor"]
    payload["account"] = statement.account
    payload["currency"] = statement.currency
    payload["amount"] = str(to_decimal(entry.amount_minor, statement.currency))
    payload["booked_on"] = entry.booked_on.isoformat() if entry.booked_on else None
    counted_on = statement.counts_on(entry)
    if counted_on is not None and counted_on != entry.booked_on:
        payload["counted_on"] = counted_on.isoformat()
    payload["value_on"] = entry.value_on.isoformat() if entry.value_on else None
    payload["details"] = [detail._asdict() for detail in entry.details]
    return payload


def _files_below(folder: Path) -> list[Path]:
    """Files in the order of their names; hidden ones are somebody's housekeeping."""
    visible = (path for path in folder.rglob("*") if not any(p.startswith(".") for p in path.relative_to(folder).parts))
    return sorted(path for path in visible if path.is_file())


def _bounded_bytes(path: Path) -> bytes:
    """A file's bytes; of one that is too large only so many that the reader refuses it."""
    with path.open("rb") as file:
        return file.read(LARGEST_FILE_BYTES + 1)


SOURCE = StatementFiles()
