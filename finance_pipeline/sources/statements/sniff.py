"""Which format a file has, by its content: names and extensions are what people made of them.

Here: how each format begins. Not here: reading it.
"""

from __future__ import annotations

import re

_SAMPLE_CHARS = 20_000
_OTHERS = (
    (b"%PDF", "a PDF document; ask the bank for camt.053, MT940 or CSV"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word document; save it as CSV"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"BZh", "a bzip2 archive; unpack it"),
    (b"\xfd7zXZ", "an xz archive; unpack it"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive; unpack it"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"-----BEGIN PGP", "encrypted"),
    (b"-----BEGIN PKCS7", "encrypted"),
    (b"PAR1", "a Parquet file"),
)
_MT = re.compile(r"^[ \t\xa0]*(?::(?:20|25P?|28C?|60[FM]?|61|62[FM]?|86|34F|13D?|21):|\{1:F\d\d)", re.MULTILINE)
_OFX = re.compile(r"<OFX>|^\s*OFXHEADER\s*:", re.IGNORECASE)
_QIF = re.compile(r"^!(?:Type|Account|Option|Clear)\b", re.IGNORECASE | re.MULTILINE)
_BAI2 = re.compile(r"\s*(?:01|02|03|16),[^\n]*(?:,|/)")
_CODA = re.compile(r"0000[0-9]{7,}.{100,}\n[12]")
_HTML = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)


def other_kind(raw: bytes) -> str | None:
    """What a file is, in words, where its first bytes say that it is no text at all; else None."""
    return next((words for magic, words in _OTHERS if raw.startswith(magic)), None)


def is_xml(raw: bytes) -> bool:
    """Whether it begins as XML does, in any encoding that XML may have."""
    start = raw[:200].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return start.startswith(b"<") and not start[:6].upper().startswith(b"<OFX")


def text_format(text: str) -> str | None:
    """ofx, mt, bai2, qif, coda or html by how a text begins; None where nothing says so (perhaps CSV)."""
    sample = text[:_SAMPLE_CHARS]
    if _OFX.search(sample):
        return "ofx"
    if _HTML.match(sample):
        return "html"
    if _CODA.match(sample):
        return "coda"
    if _QIF.search(sample):
        return "qif"
    if _MT.search(sample):
        return "mt"
    return "bai2" if _BAI2.match(sample) and re.search(r"^(?:03|16),", sample, re.MULTILINE) else None
