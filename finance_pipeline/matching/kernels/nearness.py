"""Numbers nearly as they should be, compiled: one keystroke wrong, zeros lost, letters for digits, cut by the bank.

Here: whether a text has something that near to a number, and where. Not here: whose amount agrees, what it proves.
"""

from __future__ import annotations

import numpy as np

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.hashing import BASIS, finished, with_bytes
from finance_pipeline.matching.kernels.marks import WEAK, mark_dates_and_amounts
from finance_pipeline.matching.kernels.numbers import BEGIN, END, KIND, LETTERS, MAX_RUNS, runs_of

NOT, KEYSTROKE, ZEROS, CUT = 0, 1, 2, 3
"""How a text has a number: not; with one character lost, added, replaced or swapped with its neighbour, or letters
that look like digits; but for zeros; its beginning, where the text ends."""
_LONGEST = 40
_LEAST = 4
_LEAST_CUT = 5


@compiled
def _alike(byte: int) -> int:
    """Letters that are read as digits, as those digits."""
    if byte == 79 or byte == 81:
        return 48
    if byte == 73 or byte == 76:
        return 49
    if byte == 83:
        return 53
    if byte == 66:
        return 56
    if byte == 90:
        return 50
    return byte


@compiled
def _squeeze(data: Array, first: int, last: int, out: Array, room: int) -> int:
    """Letters and digits of some bytes, as they are read; returns their count."""
    count = 0
    for at in range(first, last):
        byte = data[at]
        if 48 <= byte <= 57 or 65 <= byte <= 90 or byte >= 0x80:
            if count == room:
                return room + 1
            out[count] = byte
            count += 1
    return count


@compiled
def _one_apart(one: Array, size: int, other: Array, other_size: int) -> bool:
    """Whether at most one edit makes the two equal, letters that look like digits being those digits."""
    if abs(size - other_size) > 1:
        return False
    at = 0
    shorter = min(size, other_size)
    while at < shorter and _alike(one[at]) == _alike(other[at]):
        at += 1
    if at == shorter:
        return True
    if size == other_size:
        swapped = (
            at + 1 < size and _alike(one[at]) == _alike(other[at + 1]) and _alike(one[at + 1]) == _alike(other[at])
        )
        rest = at + 2 if swapped else at + 1
        unlike = 0
        for k in range(rest, size):
            unlike += _alike(one[k]) != _alike(other[k])
        return unlike == 0
    skip = 1 if size > other_size else 0
    unlike = 0
    for k in range(at, shorter):
        unlike += _alike(one[k + skip]) != _alike(other[k + 1 - skip])
    return unlike == 0


@compiled
def _but_for_zeros(one: Array, size: int, other: Array, other_size: int) -> bool:
    """Whether the two are equal without their zeros, three digits at least being left."""
    a = 0
    b = 0
    digits = 0
    while True:
        while a < size and _alike(one[a]) == 48:
            a += 1
        while b < other_size and _alike(other[b]) == 48:
            b += 1
        if a == size or b == other_size:
            return a == size and b == other_size and digits >= 3
        if _alike(one[a]) != _alike(other[b]):
            return False
        digits += 48 <= _alike(one[a]) <= 57
        a += 1
        b += 1


@compiled
def _has_digits(tried: Array, length: int, digits: int) -> bool:
    """Whether most digits of a number are written as digits: of letters that look like them, any id has some."""
    real = 0
    for k in range(length):
        real += 48 <= tried[k] <= 57
    return bool(real >= max(2, digits - 2))


@compiled
def _is_date(runs: Array, first: int, last: int) -> bool:
    """Whether all digits of some runs are those of a date or an amount."""
    plain = 0
    for r in range(first, last + 1):
        plain += runs[r, KIND] != LETTERS and runs[r, WEAK] == 0
    return bool(plain == 0)


@compiled
def _near(
    data: Array, count: int, runs: Array, number: Array, size: int, digits: int, tried: Array, answer: Array
) -> int:
    """The surest way in which the runs of a text have a number; answer: begin and end byte."""
    best = NOT
    least = 0
    lead = 0
    while lead < size and not 48 <= number[lead] <= 57:
        lead += 1
    for r in range(count):
        begin = runs[r, BEGIN]
        if runs[r, KIND] == LETTERS and 0 < lead < runs[r, END] - begin - 1:
            # A word that runs into the number: INVOICEIN-2510.
            begin = runs[r, END] - lead
        for w in range(r, min(count, r + 6)):
            if w > r and runs[w, BEGIN] - runs[w - 1, END] > 2:
                break
            length = _squeeze(data, begin, runs[w, END], tried, _LONGEST)
            if length > size + 1:
                break
            if length < _LEAST or _is_date(runs, r, w):
                continue
            way = NOT
            written = digits >= 3 and length >= size - 1 and _has_digits(tried, length, digits)
            if written and _one_apart(tried, length, number, size):
                way = KEYSTROKE
            elif _but_for_zeros(tried, length, number, size):
                way = ZEROS
            elif w == count - 1 and length < size and length >= _LEAST_CUT:
                way = CUT
                for k in range(length):
                    if tried[k] != number[k]:
                        way = NOT
                        break
            apart = 10 * way + abs(length - size)
            if way != NOT and (best == NOT or apart < least):
                best = way
                least = apart
                answer[0] = begin
                answer[1] = runs[w, END]
    return best


@compiled
def near_numbers(
    data: Array, starts: Array, sizes: Array, numbers: Array, number_starts: Array, number_sizes: Array,
    lines: Array, items: Array, ways: Array, places: Array,
) -> None:  # fmt: skip
    """For each pair of a text and a number: how near, and where in the text. Pairs of one text stand together."""
    runs = np.empty((MAX_RUNS, 6), np.int64)
    number = np.empty(_LONGEST + 2, np.uint8)
    tried = np.empty(_LONGEST + 2, np.uint8)
    count = 0
    before = -1
    for k in range(len(lines)):
        row = lines[k]
        if row != before:
            count = runs_of(data, starts[row], sizes[row], runs)
            mark_dates_and_amounts(data, starts[row] + sizes[row], count, runs)
            before = row
        first = number_starts[items[k]]
        size = _squeeze(numbers, first, first + number_sizes[items[k]], number, _LONGEST)
        digits = 0
        for d in range(min(size, _LONGEST)):
            digits += 48 <= number[d] <= 57
        ways[k] = NOT
        if _LEAST <= size <= _LONGEST and digits >= 3:
            ways[k] = _near(data, count, runs, number, size, digits, tried, places[k])


@compiled
def squeezed_keys(data: Array, starts: Array, sizes: Array, salts: Array, out: Array) -> None:
    """The key of the letters and digits of each text."""
    text = np.empty(_LONGEST + 2, np.uint8)
    for row in range(len(starts)):
        size = min(_squeeze(data, starts[row], starts[row] + sizes[row], text, _LONGEST), _LONGEST)
        out[row] = finished(with_bytes(BASIS ^ salts[row], text, 0, size))


@compiled
def _known(text: Array, size: int, salt: np.uint64, keys: Array) -> int:
    """1 where some number is this text, else 0. keys: sorted."""
    key = finished(with_bytes(BASIS ^ salt, text, 0, size))
    at = np.searchsorted(keys, key)
    return 1 if at < len(keys) and keys[at] == key else 0


@compiled
def neighbour_counts(data: Array, starts: Array, sizes: Array, salts: Array, keys: Array, counts: Array) -> None:
    """How many of some numbers (sorted keys, each once) are one keystroke from each text: a digit lost, added or
    replaced, any character lost, or two neighbours swapped.
    """
    text = np.empty(_LONGEST + 2, np.uint8)
    other = np.empty(_LONGEST + 3, np.uint8)
    for row in range(len(starts)):
        size = _squeeze(data, starts[row], starts[row] + sizes[row], text, _LONGEST)
        counts[row] = 0
        if size > _LONGEST:
            continue
        for at in range(size + 1):
            for k in range(at):
                other[k] = text[k]
            for digit in range(48, 58):
                other[at] = digit
                if at == 0 or digit != text[at - 1]:
                    for k in range(at, size):
                        other[k + 1] = text[k]
                    counts[row] += _known(other, size + 1, salts[row], keys)
                if at < size and text[at] != digit and 48 <= text[at] <= 57:
                    for k in range(at + 1, size):
                        other[k] = text[k]
                    counts[row] += _known(other, size, salts[row], keys)
            if at < size and (at == 0 or text[at] != text[at - 1]):
                for k in range(at + 1, size):
                    other[k - 1] = text[k]
                counts[row] += _known(other, size - 1, salts[row], keys)
            if at + 1 < size and text[at] != text[at + 1]:
                other[at] = text[at + 1]
                other[at + 1] = text[at]
                for k in range(at + 2, size):
                    other[k] = text[k]
                counts[row] += _known(other, size, salts[row], keys)
