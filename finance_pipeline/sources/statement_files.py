"""Bank statement files: a watched folder, or files that somebody names, in any format that statements are read in.

Here: which files are new, and that they become evidence. Not here: formats (sources.statements), to which book an
account belongs (settings), or whether a statement continues the one before (services).
A file that cannot be read or does not add up is kept as it came, goes to the dead letters whole, and stops no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from finance_pipeline.core.identity import content_hash, digest
from finance_pipeline.core.problems import BadSettings
from finance_pipeline.core.settings import Connection, Settings
from finance_pipeline.sources.base import EVIDENCE, DeadLetter, Page, Update
from finance_pipeline.sources.statements.child import Told, shared_reader
from finance_pipeline.sources.statements.model import MalformedStatement, StatementDoesNotFoot
from finance_pipeline.sources.statements.profiles import profiles_of
from finance_pipeline.sources.statements.reading import LARGEST_FILE_BYTES

READER_VERSION = 4
"""Raised when files that were refused may be readable now: every file of the folder is then read again, as it is when
a CSV profile is saved."""
DEFAULT_FOLDER = "inbox"
_MOST_FILES = 64
_MOST_BYTES = 8_000_000
_MOST_TOLD = 5


class FilesNotRead(BadSettings):
    """Files of the watched folder cannot be opened, or are links that lead out of it. All others were read."""


class StatementFiles:
    """The source. Files in the order of their names, several an update.

    cursor: {"reader": version and profiles, "files": {content hash: name}}, the files that were read, held ones too.
    """

    def pull(
        self, connection: Connection, settings: Settings, cursor: Mapping[str, Any] | None, now: datetime
    ) -> Iterator[Update]:
        """What the watched folder holds that was not read yet.

        Raises BadSettings if a folder named in full is gone; FilesNotRead, last, for files that cannot be read.
        """
        folder = settings.home / (connection.folder or DEFAULT_FOLDER)
        if not folder.is_dir():
            if Path(connection.folder).is_absolute():
                raise BadSettings(
                    f"the watched folder {folder} does not exist.",
                    where=f"connection {connection.id}",
                    todo="Create it, or correct `folder`.",
                )
            return
        told = Told(profiles_of(settings.home))
        reader = f"{READER_VERSION} {digest(*told.profiles)[:12]}"
        state = cursor if cursor and cursor.get("reader") == reader else {}
        unread: list[str] = []
        pages = _pages_below(folder, now, unread)
        yield from _together(self._new_files(pages, dict(state.get("files", {})), told, reader))
        if unread:
            raise FilesNotRead(
                f"{len(unread)} files of the watched folder cannot be read: {'; '.join(unread[:_MOST_TOLD])}.",
                where=f"connection {connection.id}, {folder}",
                kept="All others were read.",
                todo="Correct their permissions; put a copy in the place of a link.",
            )

    def _new_files(self, pages: Iterable[Page], seen: dict[str, str], told: Told, reader: str) -> Iterator[Update]:
        for page in pages:
            name = page.endpoint
            if page.hash not in seen:
                seen[page.hash] = name
                yield update_of(page, {"reader": reader, "files": dict(seen)}, told)


def read_files(paths: Sequence[Path], now: datetime, told: Told | None = None) -> Iterator[Update]:
    """The updates of files that somebody names and that are there, in the order given; no cursor.

    told: what is declared about files that do not say it themselves.
    """
    return _together(update_of(Page(path.name, _bounded_bytes(path), now), {}, told) for path in paths)


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


def update_of(page: Page, cursor: Mapping[str, Any], told: Told | None = None) -> Update:
    """One file's evidence, or its dead letter with the reason."""
    try:
        rows = shared_reader().rows(page.raw, page.endpoint, told)
    except MalformedStatement as problem:
        return _held(page, cursor, str(_whole_words(problem, page.endpoint)))
    except StatementDoesNotFoot as problem:
        return _held(page, cursor, str(problem))
    return Update((page,), _frame(rows, page.hash), cursor)


def _held(page: Page, cursor: Mapping[str, Any], reason: str) -> Update:
    letter = DeadLetter("file", page.endpoint, reason, "", page.hash)
    return Update((page,), EVIDENCE.empty(), cursor, (letter,))


def _whole_words(problem: MalformedStatement, name: str) -> MalformedStatement:
    return MalformedStatement(
        problem.what,
        where=name,
        kept="The file is kept as it came and nothing of it is used.",
        todo="Ask the bank for a corrected file, or for another format, and import that.",
    )


def _frame(rows: Sequence[tuple[str, str, str, str | None, str]], page_hash: str) -> pl.DataFrame:
    """Rows of evidence.Row as EVIDENCE."""
    return pl.DataFrame(
        [
            (*names, day and date.fromisoformat(day), False, said, content_hash(said.encode()), page_hash)
            for *names, day, said in rows
        ],
        schema=EVIDENCE.schema,
        orient="row",
    )


def _pages_below(folder: Path, now: datetime, unread: list[str]) -> Iterator[Page]:
    """The bytes of each file. One that was taken away meanwhile is none; of the others it is added why they stay.

    What is read is kept for ever, so that a link into other folders is not followed: whoever may put a file here could
    else have any file kept that we may read.
    """
    for path in files_below(folder):
        name = path.relative_to(folder).as_posix()
        if not path.resolve().is_relative_to(folder.resolve()):
            unread.append(f"{name} (a link out of the folder)")
            continue
        try:
            yield Page(name, _bounded_bytes(path), now)
        except FileNotFoundError:
            continue
        except OSError as refused:
            unread.append(f"{name} ({refused.strerror})")


def files_below(folder: Path) -> list[Path]:
    """Files in the order of their names; hidden ones are somebody's housekeeping."""
    visible = (path for path in folder.rglob("*") if not any(p.startswith(".") for p in path.relative_to(folder).parts))
    return sorted(path for path in visible if path.is_file())


def _bounded_bytes(path: Path) -> bytes:
    """A file's bytes; of one that is too large only so many that the reader refuses it."""
    with path.open("rb") as file:
        return file.read(LARGEST_FILE_BYTES + 1)


SOURCE = StatementFiles()
