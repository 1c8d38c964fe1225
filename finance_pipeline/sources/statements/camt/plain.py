"""Large camt files, only to count and add: entries by the shape that banks' programs write, without a tree of each.

The parser reads every byte for well-formedness, bounds and declarations; beside it the plain beginning of each entry
(amount, indicator, status, dates, in the order of the standard) is taken by one pattern. What stands outside the
entries is small, and goes to the ordinary reader. A file with anything else in it (comments, CDATA, another order,
another encoding) is not plain: the ordinary reader then reads it all.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import lru_cache
from typing import IO

from finance_pipeline.core.money import NotMoney
from finance_pipeline.sources.statements.camt.elements import STATUS
from finance_pipeline.sources.statements.camt.parse import heads_of
from finance_pipeline.sources.statements.figures import NotADate, iso_day, minor_of
from finance_pipeline.sources.statements.model import Head, MalformedStatement
from finance_pipeline.sources.statements.totals import Totals

LEAST_BYTES = 2_000_000
"""Smaller files are not worth a way of their own."""
_BLOCK_BYTES = 4_000_000
_LONGEST_ENTRY_BYTES = 30_000_000
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9_-]+)["']""")
_LIKE_ASCII = frozenset({b"utf-8", b"us-ascii", b"ascii", b"iso-8859-1", b"iso-8859-15", b"windows-1252"})
_PREFIX = re.compile(rb"<([A-Za-z0-9_.-]+:)?BkToCstmr")
_ENDS = ("Stmt", "Rpt", "Ntfctn")
_ENTRY = (
    r"<~Ntry>\s*(?:<~NtryRef>[^<&]*</~NtryRef>\s*)?"
    r'<~Amt Ccy="([A-Z]{3})">\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*</~Amt>\s*<~CdtDbtInd>(CRDT|DBIT)</~CdtDbtInd>\s*'
    r"(?:<~RvslInd>[a-z01]{1,5}</~RvslInd>\s*)?"
    r"(?:<~Sts>\s*(?:<~Cd>\s*)?([A-Z]{4})\s*(?:</~Cd>\s*)?</~Sts>\s*)?"
    r"(?:<~BookgDt>\s*<~Dt(?:Tm)?>([0-9-]{10})[^<]*</~Dt(?:Tm)?>\s*</~BookgDt>\s*)?"
    r"(?:<~ValDt>\s*<~Dt(?:Tm)?>([0-9-]{10})[^<]*</~Dt(?:Tm)?>\s*</~ValDt>\s*)?"
)


_STATUS = {code.encode(): status for code, status in STATUS.items()}


class NotPlain(Exception):
    """The file has to be read in the ordinary way."""


def plain_totals(stream: IO[bytes]) -> Iterator[tuple[Totals, Head]]:
    """The totals and the head of each statement. Raises NotPlain before the first; MalformedStatement."""
    from lxml import etree

    scan = _Scan(stream.read(_BLOCK_BYTES))
    parser = etree.XMLParser(target=_Nothing(), resolve_entities=False, no_network=True, huge_tree=False)
    try:
        # The parser needs no lock of Python's, so that it checks a block while its entries are counted.
        with ThreadPoolExecutor(1) as beside:
            block = scan.first
            while block:
                checked = beside.submit(parser.feed, block)
                scan.take(block)
                block = stream.read(_BLOCK_BYTES)
                checked.result()
        parser.close()
    except etree.XMLSyntaxError as cause:
        raise MalformedStatement(f"not well-formed XML: {' '.join(str(cause).split())}.") from cause
    except (NotMoney, NotADate) as cause:
        raise NotPlain from cause
    outside = io.BytesIO(scan.outside)
    heads = heads_of(outside, [(each.currencies, each.entry_count, each.gross_minor) for each in scan.ended])
    yield from zip(scan.ended, heads, strict=True)


class _Nothing:
    """What the parser tells while it checks: nothing."""

    def close(self) -> None:
        """The end of the file."""


class _Scan:
    """A file on its way: totals of the statements so far, and all that stands outside of entries."""

    def __init__(self, first: bytes) -> None:
        encoding, prefix = _ENCODING.search(first[:200]), _PREFIX.search(first)
        if prefix is None or first[:1] != b"<" or (encoding and encoding.group(1).lower() not in _LIKE_ASCII):
            raise NotPlain
        before = (prefix.group(1) or b"").decode()
        self.first = first
        self.ended: list[Totals] = []
        self._outside: list[bytes] = []
        self._totals = Totals()
        self._rest = b""
        self._entry = re.compile(_ENTRY.replace("~", re.escape(before)).encode())
        self._begins, self._closes = f"<{before}Ntry".encode(), f"</{before}Ntry>".encode()
        self._detail = f"<{before}TxDtls>".encode()
        self._late = [f"<{before}{name}>".encode() for name in ("BookgDt", "Sts", "ValDt")]
        self._statement_ends = [f"</{before}{name}>".encode() for name in _ENDS]

    @property
    def outside(self) -> bytes:
        """The file without its entries. Raises NotPlain where one is not closed."""
        if self._begins + b">" in self._rest:
            raise NotPlain
        self._between(self._rest)
        self._rest = b""
        return b"".join(self._outside)

    def take(self, block: bytes) -> None:
        """Count the entries that end in a block. Raises NotPlain, NotMoney, NotADate."""
        text = self._rest + block
        if b"<!" in text or len(text) > _LONGEST_ENTRY_BYTES:
            raise NotPlain
        place = 0
        while True:
            begin = text.find(self._begins, place)
            # What may begin an entry, or end a statement, in the next block is left for it.
            end = text.find(self._closes, begin) if begin >= 0 else -1
            if end < 0:
                cut = begin if begin >= 0 else max(place, len(text) - len(self._begins))
                self._between(text[place:cut])
                self._rest = text[cut:]
                return
            self._between(text[place:begin])
            self._count(text, begin, end)
            place = end + len(self._closes)

    def _between(self, piece: bytes) -> None:
        """What stands outside of entries: it may end a statement, and hold others that have no entries."""
        if not piece or piece.isspace():
            return
        self._outside.append(piece)
        for _ in range(sum(piece.count(end) for end in self._statement_ends)):
            self.ended.append(self._totals)
            self._totals = Totals()

    def _count(self, text: bytes, begin: int, end: int) -> None:
        """One entry. Raises NotPlain for one of another shape, NotMoney, NotADate."""
        found = self._entry.match(text, begin, end)
        if found is None:
            raise NotPlain
        after = found.end()
        currency, amount, indicator, status, booked, valued = found.groups()
        late = self._late
        if text.find(late[0], after, end) + text.find(late[1], after, end) + text.find(late[2], after, end) != -3:
            raise NotPlain  # None of the three stands behind the place that the standard gives it.
        if status is not None and status not in _STATUS:
            raise NotPlain
        code = _decoded(currency)
        minor = minor_of(amount.decode(), code)
        totals = self._totals
        totals.currencies.add(code)
        totals.gross_minor += minor
        totals.count(
            -minor if indicator == b"DBIT" else minor,
            is_booked=status is None or _STATUS[status] == "booked",
            detail_count=text.count(self._detail, after, end),
            on=_day(booked or valued),
        )


@lru_cache(maxsize=64)
def _decoded(code: bytes) -> str:
    return code.decode()


@lru_cache(maxsize=4096)
def _day(text: bytes | None) -> date | None:
    """Raises NotADate."""
    return iso_day(text.decode()) if text else None
