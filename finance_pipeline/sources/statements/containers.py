"""Archives of statement files: zip and gzip, opened within bounds of members, size and ratio.

A file that is no archive is its own only member, and so is an Excel workbook, which is an archive of XML. Here: what is
inside, as streams. Not here: reading it.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, NamedTuple

from finance_pipeline.sources.statements.documents import documents
from finance_pipeline.sources.statements.excel import WORKBOOK, first_sheet_as_csv
from finance_pipeline.sources.statements.model import MalformedStatement

_MOST_MEMBERS = 2_000
_MOST_MEMBER_BYTES = 200_000_000
_MOST_BYTES = 400_000_000
_GREATEST_RATIO = 200
"""Statements shrink to a thirtieth, rarely to a hundredth; bombs to a thousandth and less."""
_SMALL_BYTES = 1_000_000
"""What is no larger unpacked than this is harmless at any ratio."""
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"


class Member(NamedTuple):
    """One file: its name within the archive (empty for a file that is none), its bytes, and how many they are."""

    name: str
    stream: IO[bytes]
    size_bytes: int
    table: str = ""
    """XLSX for a sheet of a workbook, whose bytes are CSV then."""


def members(stream: IO[bytes], size_bytes: int) -> Iterator[Member]:
    """What is to be read of a file, each XML document by itself.

    Raises MalformedStatement for an archive beyond bounds, broken, or in another.
    """
    for each in _unpacked(stream, size_bytes):
        for document, document_bytes in documents(each.stream, each.size_bytes):
            yield each._replace(stream=document, size_bytes=document_bytes)


def _unpacked(stream: IO[bytes], size_bytes: int) -> Iterator[Member]:
    start = stream.read(4)
    stream.seek(0)
    if start.startswith(_GZIP):
        content = _gunzipped(stream, size_bytes)
        _refuse_nested(content)
        yield Member("", io.BytesIO(content), len(content))
    elif start == _ZIP:
        yield from _zipped(stream)
    else:
        yield Member("", stream, size_bytes)


def _gunzipped(stream: IO[bytes], size_bytes: int) -> bytes:
    most = max(_SMALL_BYTES, min(_MOST_MEMBER_BYTES, size_bytes * _GREATEST_RATIO))
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            content = unpacked.read(most + 1)
    except (OSError, EOFError, zlib.error) as cause:
        raise MalformedStatement(f"the gzip archive is broken: {cause}.") from cause
    if len(content) > most:
        raise MalformedStatement(f"the archive unpacks to more than {most:,} bytes, the most we read of it.")
    return content


def _zipped(stream: IO[bytes]) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(stream) as archive:
            files = _bounded(archive)
            if any(each.filename == WORKBOOK for each in files):
                sheet = first_sheet_as_csv(archive)
                yield Member("", io.BytesIO(sheet), len(sheet), table="XLSX")
                return
            for info in files:
                content = archive.read(info)
                _refuse_nested(content)
                yield Member(info.filename, io.BytesIO(content), len(content))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as cause:
        raise MalformedStatement(f"the zip archive cannot be opened: {cause}.") from cause


def _bounded(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive that may be unpacked; zipfile reads no more of a member than its directory declares."""
    files = [each for each in archive.infolist() if not each.is_dir() and not _is_housekeeping(each.filename)]
    if len(files) > _MOST_MEMBERS:
        raise MalformedStatement(f"the archive holds {len(files):,} files, more than {_MOST_MEMBERS:,}.")
    if not files:
        raise MalformedStatement("the archive holds no file.")
    for each in files:
        most = max(_SMALL_BYTES, min(_MOST_MEMBER_BYTES, each.compress_size * _GREATEST_RATIO))
        if each.file_size > most:
            raise MalformedStatement(f"the archive unpacks to more than {most:,} bytes, the most we read of it.")
        if each.flag_bits & 1:
            raise MalformedStatement("the archive is encrypted.")
    if sum(each.file_size for each in files) > _MOST_BYTES:
        raise MalformedStatement(f"the archive unpacks to more than {_MOST_BYTES:,} bytes, the most we read of it.")
    return files


def _is_housekeeping(name: str) -> bool:
    """What archiving programs add of their own."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _refuse_nested(content: bytes) -> None:
    if content.startswith((_ZIP, _GZIP)):
        raise MalformedStatement("the archive holds another archive.")
