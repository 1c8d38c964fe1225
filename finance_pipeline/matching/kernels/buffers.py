"""Columns of text as bytes that compiled loops read, folded: upper case ASCII without accents.

Here: from a Polars column to arrays and back. Not here: what any of the text means.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from finance_pipeline.matching.kernels import compiled

Array = Any
"""A numpy array; its dtype and shape are said where it is made."""
_THREAD_COUNT = 2
_CHUNK_ROWS = 20_000
_FOLDED_RANGES = ((0x80, 0x250), (0x1E00, 0x1F00), (0x2000, 0x2070), (0xFF01, 0xFF5F))
_SPECIAL = {"ß": "SS", "ẞ": "SS", "Ø": "O", "ø": "O", "Æ": "AE", "æ": "AE", "Œ": "OE", "œ": "OE", "Ł": "L", "ł": "L"}
_SPECIAL |= {"Đ": "D", "đ": "D", "Ð": "D", "ð": "D", "Þ": "TH", "þ": "TH", "ı": "I", "’": "'", "‘": "'", "–": "-"}


@dataclass(frozen=True)
class Texts:
    """Folded texts: data (bytes), starts and sizes (int64, one a row). A null is an empty text."""

    data: Array
    starts: Array
    sizes: Array

    def __len__(self) -> int:
        return len(self.starts)


@cache
def _folding() -> Array:
    """By code point below 0x10000: up to two bytes of what it folds to; 0 is 'as it is', 1 is 'nothing'."""
    table = np.zeros(0x10000, np.uint16)
    table[0x300:0x370] = 1
    for first, last in _FOLDED_RANGES:
        for point in range(first, last):
            character = chr(point)
            plain = _SPECIAL.get(character) or unicodedata.normalize("NFKD", character).upper()
            ascii_only = plain.encode("ascii", "ignore")[:2]
            spaces = unicodedata.category(character) in ("Zs", "Cf", "Cc")
            whole = ascii_only or (b" " if spaces or point < 0x250 or 0x2000 <= point < 0x2070 else b"")
            if whole:
                table[point] = whole[0] | (whole[1] << 8 if len(whole) > 1 else 0)
    return table


@compiled
def _is_line_tag(one: int, two: int) -> bool:
    """?20 to ?29 and ?60 to ?63: where the 27 characters of a statement's line end, inside of words and numbers."""
    return (one == 50 and 48 <= two <= 57) or (one == 54 and 48 <= two <= 51)


@compiled
def _is_plain(data: Array, first: int, size: int, out: Array) -> bool:
    """Whether a text is of plain letters, digits and marks alone, as most are; then it is in `out`, in upper case."""
    begin = np.uint64(first)
    odd = False
    with_o = False
    for k in range(np.uint64(size)):
        byte = data[begin + k]
        upper = byte - np.uint8(32) if 97 <= byte <= 122 else byte
        odd |= byte >= 0x80 or byte == 63
        with_o |= upper == 79
        out[begin + k] = upper
    if with_o and not odd:
        for at in range(first + 1, first + size - 1):
            # The letter between two digits is the digit 0.
            if out[at] == 79 and 48 <= out[at - 1] <= 57 and 48 <= data[at + 1] <= 57:
                out[at] = 48
    return not odd


@compiled
def _fold(data: Array, starts: Array, lengths: Array, table: Array, out: Array, sizes: Array) -> None:
    """Each text folded into the place where it stood: nothing folds to more bytes than it had."""
    for row in range(len(starts)):
        at = starts[row]
        to = at
        end = at + lengths[row]
        if _is_plain(data, at, lengths[row], out):
            sizes[row] = lengths[row]
            continue
        while at < end:
            byte = data[at]
            if byte == 63 and at + 2 < end and _is_line_tag(data[at + 1], data[at + 2]):
                at += 3
                continue
            if byte < 0x80:
                out[to] = byte - 32 if 97 <= byte <= 122 else byte
                if out[to] == 79 and to > starts[row] and 48 <= out[to - 1] <= 57 and at + 1 < end:
                    # The letter between two digits is the digit 0.
                    out[to] = 48 if 48 <= data[at + 1] <= 57 else 79
                to += 1
                at += 1
                continue
            width = 2 if byte < 0xE0 else (3 if byte < 0xF0 else 4)
            point = 0
            if width == 2 and at + 1 < end:
                point = ((byte & 0x1F) << 6) | (data[at + 1] & 0x3F)
            elif width == 3 and at + 2 < end:
                point = ((byte & 0x0F) << 12) | ((data[at + 1] & 0x3F) << 6) | (data[at + 2] & 0x3F)
            folded = table[point] if point else 0
            if folded == 0:
                for k in range(at, min(at + width, end)):
                    out[to] = data[k]
                    to += 1
            elif folded != 1:
                out[to] = folded & 0xFF
                to += 1
                if folded >> 8:
                    out[to] = folded >> 8
                    to += 1
            at += width
        sizes[row] = to - starts[row]


def plain_texts(column: pl.Series) -> Texts:
    """The column's texts as they are."""
    if column.null_count() == len(column):
        nothing, none = np.zeros(len(column), np.int64), np.zeros(1, np.uint8)
        # As the bytes of a column are: a loop is compiled again for data that it could write to.
        none.setflags(write=False)
        return Texts(none, nothing, nothing)
    array = column.fill_null("").rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    whole = array.cast(pa.large_string())
    buffers = whole.buffers()
    offsets = np.frombuffer(buffers[1], np.int64, len(column) + 1, whole.offset * 8)
    data = np.frombuffer(buffers[2] or b"\0", np.uint8)
    return Texts(data, offsets[:-1].copy(), np.diff(offsets))


def folded_texts(column: pl.Series) -> Texts:
    """The column's texts, folded as `text.folded` does it."""
    plain = plain_texts(column)
    out = np.empty(len(plain.data), np.uint8)
    sizes = np.empty(len(column), np.int64)
    table = _folding()

    def part(first: int, last: int) -> None:
        _fold(plain.data, plain.starts[first:last], plain.sizes[first:last], table, out, sizes[first:last])

    in_parts(len(column), part)
    return Texts(out, plain.starts, sizes)


def in_parts(count: int, work: Callable[[int, int], Any]) -> list[Any]:
    """What work(first, last) gives for each part of some rows, in order, on as many threads as pay.

    Compiled loops let go of the interpreter, so that threads do run at the same time.
    """
    parts = min(_THREAD_COUNT, count // _CHUNK_ROWS)
    if parts <= 1:
        return [work(0, count)]
    bounds = [count * k // parts for k in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(work, bounds[:-1], bounds[1:]))


@compiled
def _gather(data: Array, starts: Array, sizes: Array, offsets: Array, out: Array) -> None:
    for row in range(len(starts)):
        # Places without a sign: one with a sign might count from the end, which keeps bytes from being moved together.
        to, first = np.uint64(offsets[row]), np.uint64(starts[row])
        for k in range(np.uint64(sizes[row])):
            out[to + k] = data[first + k]


def pieces(data: Array, starts: Array, sizes: Array) -> pl.Series:
    """Pieces of the data as a column of text."""
    offsets = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    out = np.empty(max(int(offsets[-1]), 1), np.uint8)
    _gather(data, np.ascontiguousarray(starts, np.int64), np.ascontiguousarray(sizes, np.int64), offsets, out)
    array = pa.LargeStringArray.from_buffers(len(starts), pa.py_buffer(offsets), pa.py_buffer(out))
    return pl.Series(pl.from_arrow(array), dtype=pl.String)


@compiled
def _squeeze(data: Array, starts: Array, sizes: Array, offsets: Array, out: Array, kept: Array) -> None:
    for row in range(len(starts)):
        to = offsets[row]
        for at in range(starts[row], starts[row] + sizes[row]):
            byte = data[at]
            if 48 <= byte <= 57 or 65 <= byte <= 90:
                out[to] = byte
                to += 1
        kept[row] = to - offsets[row]


def squeezed_pieces(data: Array, starts: Array, sizes: Array) -> pl.Series:
    """Pieces of folded data as a column of their letters and digits alone."""
    begins = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(sizes, out=begins[1:])
    out, kept = np.empty(max(int(begins[-1]), 1), np.uint8), np.empty(len(starts), np.int64)
    _squeeze(data, np.ascontiguousarray(starts, np.int64), np.ascontiguousarray(sizes, np.int64), begins, out, kept)
    return pieces(out, begins[:-1], kept)
