"""A statement file of whatever format: its bytes to the events of its statements.

Here: bounds of size, and which reader a file goes to. Not here: what a format means, archives, or what becomes of it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from finance_pipeline.sources.statements.model import Head, MalformedStatement, Reading
from finance_pipeline.sources.statements.sniff import is_xml, other_kind, text_format
from finance_pipeline.sources.statements.texts import text_of

if TYPE_CHECKING:
    from finance_pipeline.sources.statements.csv.profile import Profile

LARGEST_STREAM_BYTES = 4_000_000_000
"""XML is read as a stream, so that it may be large."""
LARGEST_TEXT_BYTES = 200_000_000
LARGEST_FILE_BYTES = 200_000_000
"""Of a file that is landed, whatever its format."""
_LONGEST_LINE_CHARS = 100_000
_PROLOG_BYTES = 100_000
_LONGEST_ACCOUNT_CHARS = 140
_NO_NUMBER = "its account number is too long, or holds characters that cannot be seen"
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")


@dataclass(frozen=True)
class Declared:
    """What somebody declared about files that do not say it themselves."""

    profiles: tuple[Profile, ...] = ()
    """Of CSV; a file is read by the one whose header it has."""
    proposes: bool = False
    """True where a CSV without a profile is shown by a proposed one; nothing is ever landed so."""
    account: str | None = None
    currency: str | None = None
    table: str = ""
    """What a table is called where it is not CSV: XLSX."""


def read_bytes(raw: bytes, declared: Declared | None = None) -> Reading:
    """The events of a file's bytes. Raises MalformedStatement for what is no statement file, saying what it is."""
    return read_stream(io.BytesIO(raw), len(raw), declared)


def read_stream(stream: IO[bytes], size_bytes: int, declared: Declared | None = None) -> Reading:
    """The events of a stream of that many bytes. Raises MalformedStatement."""
    said = declared or Declared()
    for event in _events(stream, size_bytes, said):
        if isinstance(event, Head) and (event.account is None or event.currency is None):
            event = replace(event, account=event.account or said.account, currency=event.currency or said.currency)
        if said.table and isinstance(event, Head):
            event = replace(event, format=said.table)
        if isinstance(event, Head) and event.account and not _is_number(event.account):
            event = replace(event, problems=(*event.problems, _NO_NUMBER))
        yield event


def _is_number(account: str) -> bool:
    """Whether an account number or name is what a person sees: without control characters and marks of direction."""
    return account.isprintable() and len(account) <= _LONGEST_ACCOUNT_CHARS


def _events(stream: IO[bytes], size_bytes: int, declared: Declared) -> Reading:
    start = stream.read(_PROLOG_BYTES)
    stream.seek(0)
    if not start.strip():
        begins = f"the file begins with {len(start):,} blanks."
        raise MalformedStatement("the file is empty." if len(start) == size_bytes else begins)
    words = other_kind(start)
    if words:
        raise MalformedStatement(f"this is no statement file but {words}.")
    if is_xml(start):
        yield from _xml(stream, start, size_bytes)
    else:
        if size_bytes > LARGEST_TEXT_BYTES:
            raise MalformedStatement(f"the file is larger than {LARGEST_TEXT_BYTES:,} bytes, the most we read.")
        yield from _text(stream.read(), declared)


def is_camt(stream: IO[bytes]) -> bool:
    """Whether a stream begins as a camt file does, without a declaration; it is left at its beginning."""
    start = stream.read(_PROLOG_BYTES)
    stream.seek(0)
    return is_xml(start) and b"BkToCstmr" in start and not any(each in start.upper() for each in _DECLARATIONS)


def _xml(stream: IO[bytes], start: bytes, size_bytes: int) -> Reading:
    """camt as a stream, or OFX in XML. Declarations are refused before anything of them is read."""
    from finance_pipeline.sources.statements.camt.parse import read_camt

    plain = start.replace(b"\x00", b"")
    if any(declaration in plain.upper() for declaration in _DECLARATIONS):
        if text_format(plain[:1000].decode("latin-1")) == "html":
            raise MalformedStatement("this is a web page, not a statement file.")
        raise MalformedStatement("the file has a document type declaration, which no bank statement needs.")
    if text_format(plain.decode("latin-1")) == "ofx":
        yield from _text(stream.read(LARGEST_TEXT_BYTES), Declared())
        return
    if text_format(plain[:1000].decode("latin-1")) == "html":
        raise MalformedStatement("this is a web page, not a statement file.")
    if size_bytes > LARGEST_STREAM_BYTES:
        raise MalformedStatement(f"the file is larger than {LARGEST_STREAM_BYTES:,} bytes, the most we read.")
    yield from read_camt(stream)


def _text(raw: bytes, declared: Declared) -> Reading:
    """The formats of text. Raises MalformedStatement where nothing in the text says what it is."""
    text = text_of(raw)
    form = text_format(text)
    if form == "ofx":
        from finance_pipeline.sources.statements.ofx import read_ofx

        return read_ofx(text)
    longest = max(map(len, text.split("\n")), default=0)
    if longest > _LONGEST_LINE_CHARS:
        raise MalformedStatement(f"it has a line of {longest:,} characters, which no statement has.")
    return _lines(text, form, declared) if form else _table(raw, text, declared)


def _lines(text: str, form: str, declared: Declared) -> Reading:
    if form == "mt":
        from finance_pipeline.sources.statements.mt.parse import read_mt

        return read_mt(text)
    if form == "bai2":
        from finance_pipeline.sources.statements.bai2.parse import read_bai2

        return read_bai2(text)
    if form == "coda":
        from finance_pipeline.sources.statements.coda import read_coda

        return read_coda(text)
    if form == "qif":
        from finance_pipeline.sources.statements.qif import read_qif

        return read_qif(text, declared.currency)
    raise MalformedStatement("this is a web page, not a statement file.")


def _table(raw: bytes, text: str, declared: Declared) -> Reading:
    """CSV by the profile whose header it has; by a proposed one only to look at. Raises MalformedStatement."""
    from finance_pipeline.sources.statements.csv.parse import declares, read_csv

    fitting = [each for each in declared.profiles if declares(each, text)]
    if len(fitting) > 1:
        raise MalformedStatement(f"several CSV profiles fit: {', '.join(each.name for each in fitting)}.")
    if fitting:
        return read_csv(text_of(raw, fitting[0].encoding), fitting[0])
    from finance_pipeline.sources.statements.csv.guess import proposal_for, proposed

    proposal = proposal_for(text, "proposed")
    if not declared.proposes:
        raise MalformedStatement(
            "no profile declares the columns of this CSV; `finance-pipeline statements profile FILE` proposes one."
        )
    return proposed(text, proposal)
