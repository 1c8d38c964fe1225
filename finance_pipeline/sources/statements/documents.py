"""XML documents that stand one after the other in one file, as banks' portals join downloads: each by itself.

No XML parser reads such a file, since a document has one root. Here: where one ends and the next begins. Not here: what
they hold; an envelope with several messages inside is one document.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import IO

_BLOCK_BYTES = 4_000_000
_OVERLAP_BYTES = 1_000
_AROUND = b"\xef\xbb\xbf \t\r\n"
"""A byte order mark, and blanks."""
_END = rb"</(?:[A-Za-z0-9_.-]+:)?"
_GAP = rb"\s*>(?:\s|\xef\xbb\xbf)*"
_DECLARED = re.compile(_END + rb"[A-Za-z0-9_.-]+" + _GAP + rb"(?=<\?xml\s)")
"""What is closed, and then a declaration, which stands at the beginning of a document alone."""
_ROOT = re.compile(rb"(?:<\?[^>]*>\s*|<!--[^>]*-->\s*)*<(?:[A-Za-z0-9_.-]+:)?Document[\s>]")
_AGAIN = re.compile(_END + b"Document" + _GAP + rb"(?=<(?:[A-Za-z0-9_.-]+:)?Document[\s/>])")
"""Where the root is <Document>, another one is another document."""


def documents(stream: IO[bytes], size_bytes: int) -> Iterator[tuple[IO[bytes], int]]:
    """Each document of a file, and how many bytes it is; a file of one, or of anything else, is given as it is."""
    places = [0, *_beginnings(stream), size_bytes]
    stream.seek(0)
    if len(places) == 2:
        yield stream, size_bytes
        return
    for begin, end in pairwise(places):
        stream.seek(begin)
        content = stream.read(end - begin).strip(_AROUND)
        yield io.BytesIO(content), len(content)


def _beginnings(stream: IO[bytes]) -> list[int]:
    """Where the documents after the first begin. A look at each block comes first: `rfind` takes half of `find`."""
    stream.seek(0)
    block = stream.read(_BLOCK_BYTES)
    if not block.lstrip(_AROUND).startswith(b"<"):
        return []
    is_document = _ROOT.match(block.lstrip(_AROUND)) is not None
    found: set[int] = set()
    place = 0
    while block:
        if block.rfind(b"<?xml") > 0:
            found |= {place + each.end() for each in _DECLARED.finditer(block)}
        if is_document and block.rfind(b"Document") >= 0:
            found |= {place + each.end() for each in _AGAIN.finditer(block)}
        more = stream.read(_BLOCK_BYTES)
        kept = block[-_OVERLAP_BYTES:] if more else b""
        place += len(block) - len(kept)
        block = kept + more
    return sorted(found)
