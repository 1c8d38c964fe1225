"""Lists and ranges after a document number, compiled: INV-2024-000183,0239,0086, INV-1001 to 1005, 656/2025-658.

Here: the keys that endings stand for. Not here: the number that begins the list (scanning).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.hashing import BASIS, finished
from finance_pipeline.matching.kernels.lookups import LISTED, MERGED, OF_LIST, PART, STRONG, look
from finance_pipeline.matching.kernels.marks import CONNECTOR, INVOICE, MEANING, NUMBER, RANGE, TAKEN, WEAK
from finance_pipeline.matching.kernels.numbers import BEGIN, DIGITS, END, KIND, LETTERS, with_run

_RANGE_LONGEST = 60
_LONGEST = 160
_MOST_PARTS = 8
_MOST_DIGITS = 15
SURELY = 2
"""TAKEN of a run that a whole number covers; 1: one that bare digits do."""


@compiled
def _parts_of(data: Array, h: int, runs: Array, hits: Array, text: Array, parts: Array) -> int:
    """The number that begins a list: its bytes into text, its runs (kind, begin, end) into parts; returns their count.

    Digits that a hit reads as one run, though the text parts them, are one part. 0 where it is too long to vary.
    """
    merged = hits[h, 6] == MERGED
    count = 0
    size = 0
    for r in range(hits[h, 2], hits[h, 3] + 1):
        begin = hits[h, 4] if r == hits[h, 2] else runs[r, BEGIN]
        length = runs[r, END] - begin
        if size + length > _LONGEST or count == _MOST_PARTS:
            return 0
        if not (merged and count > 0 and runs[r, KIND] == DIGITS and parts[count - 1, KIND] == DIGITS):
            parts[count, KIND] = runs[r, KIND]
            parts[count, BEGIN] = size
            count += 1
        for k in range(length):
            text[size + k] = data[begin + k]
        size += length
        parts[count - 1, END] = size
    return count


@compiled
def _key(text: Array, count: int, parts: Array, counter: int, digits: Array, width: int, salt: np.uint64) -> np.uint64:
    """The key of the number with other digits as its counter."""
    state = BASIS ^ salt
    for p in range(count):
        if p == counter:
            state = with_run(state, digits, DIGITS, 0, width)
        else:
            state = with_run(state, text, parts[p, KIND], parts[p, BEGIN], parts[p, END])
    return finished(state)


@compiled
def _value(digits: Array, width: int) -> int:
    value = 0
    for k in range(width):
        value = value * 10 + (digits[k] - 48)
    return value


@compiled
def _ended(data: Array, text: Array, parts: Array, counter: int, first: int, last: int, digits: Array) -> int:
    """The counter with its end replaced by other digits; returns its width."""
    width = parts[counter, END] - parts[counter, BEGIN]
    kept = width - (last - first)
    for k in range(kept):
        digits[k] = text[parts[counter, BEGIN] + k]
    for k in range(last - first):
        digits[kept + k] = data[first + k]
    return int(width)


@compiled
def _between(
    text: Array, count: int, parts: Array, counter: int, low: Any, high: Any, worst: int, r: int, begin: int, end: int,
    salt: np.uint64, digits: Array, starts: Array, entries: Array, shift: int, hits: Array, found: int,
) -> int:  # fmt: skip
    """Every number of a range between its ends: INV-1001 to 1005."""
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
        found = look(
            _key(text, count, parts, counter, digits, width, salt), width, 0, True, False, False, False, worst, r, r,
            begin, end, OF_LIST, starts, entries, shift, hits, found,
        )  # fmt: skip
    return found


@compiled
def _read(
    data: Array, text: Array, count: int, parts: Array, counter: Any, low: Any, ranged: bool, worst: int, r: int,
    begin: int, end: int, salt: np.uint64, starts: Array, entries: Array, shift: int, hits: Array, found: int,
) -> tuple[int, Any, Any]:  # fmt: skip
    """One ending of a list, or the last number of a range: the count of hits, which part of the number the list counts
    (-1: not known yet), and the value of the number just read."""
    digits = np.empty(_LONGEST, np.uint8)
    already = found
    for p in range(count - 1, -1, -1):
        size = parts[p, END] - parts[p, BEGIN]
        if parts[p, KIND] != DIGITS or end - begin > size or size > _MOST_DIGITS or (counter >= 0 and p != counter):
            continue
        width = _ended(data, text, parts, p, begin, end, digits)
        high = np.int64(_value(digits, width))
        found = look(
            _key(text, count, parts, p, digits, width, salt), width, 0, True, False, False, False, worst, r, r,
            begin, end, OF_LIST, starts, entries, shift, hits, found,
        )  # fmt: skip
        if found == already:
            continue
        found = _without_known(hits, already, found)
        if counter < 0:
            _ended(data, text, parts, p, 0, 0, digits)
            low = np.int64(_value(digits, width))
        if ranged and 0 < high - low <= _RANGE_LONGEST:
            found = _between(
                text,
                count,
                parts,
                p,
                low,
                high,
                worst,
                r,
                begin,
                end,
                salt,
                digits,
                starts,
                entries,
                shift,
                hits,
                found,
            )
        return found, np.int64(p), high
    return found, counter, low


@compiled
def list_after(
    data: Array, h: int, count: int, runs: Array, salt: np.uint64, starts: Array, entries: Array, shift: int,
    hits: Array, found: int,
) -> int:  # fmt: skip
    """Endings listed after hit h, of its last digits or of those before its year or customer: 183,0239,0086;
    R03844/25/3867; 1001 to 1005; 656/2025-658. Returns the count of hits."""
    if _ends(data, h, runs, hits):
        return found
    text = np.empty(_LONGEST, np.uint8)
    parts = np.empty((_MOST_PARTS, 3), np.int64)
    part_count = _parts_of(data, h, runs, hits, text, parts)
    counter, low = np.int64(-1), np.int64(-1)
    ranged = False
    worst = max(LISTED, hits[h, 1])
    for r in range(hits[h, 3] + 1, count):
        begin = runs[r, BEGIN]
        end = runs[r, END]
        dashed = begin - runs[r - 1, END] <= 3 and _has_dash(data, runs[r - 1, END], begin)
        if runs[r, KIND] == LETTERS:
            if runs[r, MEANING] == RANGE or (dashed and _goes_on(data, h, runs, hits, r, ranged)):
                ranged = True
            elif not _goes_on(data, h, runs, hits, r, ranged):
                break
            continue
        ranged = ranged or (dashed and runs[r - 1, KIND] == DIGITS)
        if runs[r, WEAK]:
            continue
        surely = runs[r, TAKEN] == SURELY or (runs[r, TAKEN] != 0 and hits[h, 1] != STRONG)
        if end - begin < 2 or (surely and not ranged):
            break
        if ranged and _is_part(data, begin, end, text, part_count, parts):
            continue
        already = found
        found, counter, low = _read(
            data, text, part_count, parts, counter, low, ranged, worst, r, begin, end, salt,
            starts, entries, shift, hits, found,
        )  # fmt: skip
        if found == already and surely:
            break
        ranged = False
    return found


@compiled
def _ends(data: Array, h: int, runs: Array, hits: Array) -> bool:
    """The run after a hit is a word of no list: where most texts end to name anything, before any work is done."""
    r = hits[h, 3] + 1
    if runs[r, KIND] != LETTERS or runs[r, MEANING] == RANGE:
        return False
    return not _goes_on(data, h, runs, hits, r, False)


@compiled
def _without_known(hits: Array, first: int, last: int) -> int:
    """Drop what a list adds to a text's hits of an item that it names already; returns the count of hits."""
    to = first
    for h in range(first, last):
        known = False
        for k in range(first):
            if hits[k, 0] == hits[h, 0]:
                known = True
                if hits[k, 6] == OF_LIST or hits[k, 1] == PART:
                    worst = min(hits[k, 1], hits[h, 1])
                    hits[k, :] = hits[h, :]
                    hits[k, 1] = worst
        if not known:
            hits[to, :] = hits[h, :]
            to += 1
    return to


@compiled
def _goes_on(data: Array, h: int, runs: Array, hits: Array, r: int, ranged: bool) -> bool:
    """A word inside of a list: and, no., invoice, the letters that the list's first number begins with, M of T/M."""
    meaning = runs[r, MEANING]
    if meaning in (CONNECTOR, NUMBER, INVOICE):
        return True
    return _same(data, runs, hits[h, 2], r) or (ranged and runs[r, END] - runs[r, BEGIN] == 1)


@compiled
def _is_part(data: Array, first: int, last: int, text: Array, count: int, parts: Array) -> bool:
    """Digits that stand in the list's first number as well, before others: 202508 of 202508-0776 to 202508-0784."""
    for p in range(count - 1):
        if parts[p, KIND] != DIGITS or parts[p, END] - parts[p, BEGIN] != last - first:
            continue
        unlike = 0
        for k in range(last - first):
            unlike += text[parts[p, BEGIN] + k] != data[first + k]
        if unlike == 0:
            return True
    return False


@compiled
def _same(data: Array, runs: Array, one: int, other: int) -> bool:
    """Two runs of the same letters."""
    size = runs[one, END] - runs[one, BEGIN]
    if runs[other, END] - runs[other, BEGIN] != size:
        return False
    unlike = 0
    for k in range(size):
        unlike += data[runs[one, BEGIN] + k] != data[runs[other, BEGIN] + k]
    return unlike == 0


@compiled
def _has_dash(data: Array, first: int, last: int) -> bool:
    dashes = 0
    for at in range(first, last):
        dashes += data[at] == 45
    return dashes > 0
