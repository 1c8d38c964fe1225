"""Bytes to text: which encoding a bank used, by what the bytes are.

A byte order mark decides; then UTF-16 without one, by where the NULs stand; then UTF-8 if it is; then one byte a
character: code page 850 where its letters stand among letters, else Windows 1252, in which Latin-1 reads the same.
"""

from __future__ import annotations

import codecs
import re

from finance_pipeline.sources.statements.model import MalformedStatement

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 4096
# ä ö ü Ä Ö Ü ß of code page 850 beside a letter; in Windows 1252 all but the last are quotation marks or nothing.
_IN_850 = re.compile(rb"[A-Za-z][\x81\x84\x94\x8e\x99\x9a]|[\x81\x84\x94\x8e\x99\x9a][a-z]")
_IN_1252 = re.compile(rb"[A-Za-z][\xe4\xf6\xfc\xdf\xe9\xe8\xf1]|[\xc4\xd6\xdc][a-z]")


def text_of(raw: bytes, declared: str | None = None) -> str:
    """The text of a file, with line ends as line feeds.

    declared: the encoding that its header or a profile names; UTF-8 that is UTF-8 beats it, since files are saved
    anew. Raises MalformedStatement for bytes that are no text: NULs, or a broken UTF-16.
    """
    encoding = encoding_of(raw, declared)
    try:
        text = raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        text = raw.decode("latin-1")
    if "\x00" in text:
        raise MalformedStatement("the file holds NUL bytes, which no text has.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def encoding_of(raw: bytes, declared: str | None = None) -> str:
    """The name of the encoding that some bytes are most likely in."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding
    sample = raw[:_SAMPLE_BYTES]
    if len(sample) >= 4 and sample.count(0) * 3 >= len(sample):
        return "utf-16-be" if sample[0] == 0 else "utf-16-le"
    if _is_utf8(raw):
        return "utf-8"
    if declared:
        return declared
    return "cp850" if len(_IN_850.findall(raw)) > len(_IN_1252.findall(raw)) else _one_byte(raw)


def _one_byte(raw: bytes) -> str:
    """Windows 1252 leaves five bytes undefined; where one of them stands it is Latin-1."""
    return "latin-1" if re.search(rb"[\x81\x8d\x8f\x90\x9d]", raw) else "cp1252"


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
