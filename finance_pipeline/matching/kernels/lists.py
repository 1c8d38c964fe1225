"""Lists and ranges after a document number, compiled: INV-2024-000183,0239,0086 and INV-1001 to 1005.

Here: the keys that endings stand for. Not here: the number that begins the list (scanning).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.hashing import finished, significant, with_byte, with_bytes
from finance_pipeline.matching.kernels.lookups import LISTED, OF_LIST, look
from finance_pipeline.matching.kernels.marks import CONNECTOR, MEANING, NUMBER, RANGE, TAKEN, WEAK
from finance_pipeline.matching.kernels.numbers import BEGIN, END, KIND, LETTERS

_RANGE_LONGEST = 60


@njit(cache=True, nogil=True)
def _ending(data: Array, prefix: np.uint64, base: int, base_end: int, first: int, last: int) -> np.uint64:
    """The key of a number whose last run is the base's with its end replaced by other digits."""
    kept = base_end - base - (last - first)
    state = with_byte(prefix, np.uint8(0x1F))
    at = base
    while at < base + kept and data[at] == 48:
        at += 1
    if at < base + kept:
        state = with_bytes(with_bytes(state, data, at, base + kept), data, first, last)
    else:
        state = with_bytes(state, data, significant(data, first, last), last)
    return finished(state)


@njit(cache=True, nogil=True)
def _number(data: Array, first: int, last: int) -> int:
    value = 0
    for at in range(first, last):
        value = value * 10 + (data[at] - 48)
    return value


@njit(cache=True, nogil=True)
def _between(
    data: Array, h: int, low_first: int, low_last: int, high_first: int, high_last: int, r: int,
    starts: Array, entries: Array, shift: int, hits: Array, prefixes: Array, found: int,
) -> int:  # fmt: skip
    """Every number of a range after its first, up to its last: INV-1001 to 1005."""
    if low_last - low_first > 15:
        return found
    low = _number(data, low_first, low_last)
    scale = 1
    for _ in range(high_last - high_first):
        scale *= 10
    high = low // scale * scale + _number(data, high_first, high_last)
    if high <= low or high - low > _RANGE_LONGEST:
        return found
    digits = np.empty(20, np.uint8)
    for value in range(low + 1, high):
        left = value
        width = 0
        while left > 0:
            width += 1
            left //= 10
        left = value
        for k in range(width - 1, -1, -1):
            digits[k] = 48 + left % 10
            left //= 10
        state = with_bytes(with_byte(prefixes[h], np.uint8(0x1F)), digits, 0, width)
        found = look(
            finished(state), width, True, False, False, max(LISTED, hits[h, 1]), r, r, high_first, high_last,
            state, OF_LIST, starts, entries, shift, hits, prefixes, found,
        )  # fmt: skip
    return found


@njit(cache=True, nogil=True)
def list_after(
    data: Array, h: int, count: int, runs: Array, starts: Array, entries: Array, shift: int,
    hits: Array, prefixes: Array, found: int,
) -> int:  # fmt: skip
    """Endings listed after hit h: INV-2024-000183,0239,0086 and INV-1001 to 1005; returns the count of hits."""
    base = hits[h, 6]
    base_end = hits[h, 5]
    previous = hits[h, 3]
    ranged = False
    for r in range(hits[h, 3] + 1, count):
        begin = runs[r, BEGIN]
        end = runs[r, END]
        ranged = ranged or (begin - runs[r - 1, END] <= 3 and _has_dash(data, runs[r - 1, END], begin))
        if runs[r, KIND] == LETTERS:
            if runs[r, MEANING] == RANGE:
                ranged = True
            elif runs[r, MEANING] != CONNECTOR and runs[r, MEANING] != NUMBER and not _same(data, runs, hits[h, 2], r):
                break
            continue
        size = end - begin
        if runs[r, WEAK] or size < 2 or size > base_end - base or (runs[r, TAKEN] and not ranged):
            break
        low = base if previous == hits[h, 3] else runs[previous, BEGIN]
        if ranged and runs[previous, END] - low == base_end - base:
            found = _between(
                data, h, low, runs[previous, END], begin, end, r, starts, entries, shift, hits, prefixes, found
            )
        if runs[r, TAKEN] == 0:
            key = _ending(data, prefixes[h], base, base_end, begin, end)
            found = look(
                key, base_end - base, True, False, False, max(LISTED, hits[h, 1]), r, r, begin, end,
                prefixes[h], OF_LIST, starts, entries, shift, hits, prefixes, found,
            )  # fmt: skip
        ranged = False
        previous = r
    return found


@njit(cache=True, nogil=True)
def _same(data: Array, runs: Array, one: int, other: int) -> bool:
    """Two runs of the same letters."""
    size = runs[one, END] - runs[one, BEGIN]
    if runs[other, END] - runs[other, BEGIN] != size:
        return False
    unlike = 0
    for k in range(size):
        unlike += data[runs[one, BEGIN] + k] != data[runs[other, BEGIN] + k]
    return unlike == 0


@njit(cache=True, nogil=True)
def _has_dash(data: Array, first: int, last: int) -> bool:
    dashes = 0
    for at in range(first, last):
        dashes += data[at] == 45
    return dashes > 0
