"""Document numbers in text, compiled: how an item's number may be written, and where a text writes one.

A text is read as runs of letters and of digits. A key is the hash of some runs in a row, digits without leading zeros,
salted by the book. Here: the keys of a number, and every item whose keys a text has. Not here: what a name proves.
"""

from __future__ import annotations

import numpy as np

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.hashing import (
    BASIS,
    BOUNDARY,
    finished,
    significant,
    with_byte,
    with_bytes,
)

LETTERS, DIGITS = 1, 2
KIND, BEGIN, END = 0, 1, 2
"""Columns of the table of a text's runs; later columns are a caller's own."""
MAX_RUNS = 256
"""Runs of one text that are read: a memo of 10,000 characters is no list of references."""
FULL, FULL_DIGITS, DIGITS_ONLY, TAIL, LETTERS_TAIL, OPAQUE = 1, 2, 3, 4, 5, 6
"""What a key is of its number: the whole, with letters or of digits alone; its digits; its last run of digits alone or
with the letters before it; an id of many runs, squeezed."""
WIDTH_BITS = 8
"""Bits of an entry's kind, above which stands how many digits the number is written with."""
KEYS_PER_NUMBER = 16
SHAPE_COUNT = 1 << 9
ANY_OPAQUE = 0
"""Where the table of shapes, which begin at 1, says whether any number is an id of many runs."""
IS_SHAPE, BEGINS_SHAPE = np.uint8(1), np.uint8(2)
_FEW_RUNS = 6
_OPAQUE_RUNS = 4
_OPAQUE_SALT = np.uint64(0x9E3779B97F4A7C15)


@compiled
def runs_of(data: Array, first: int, size: int, runs: Array) -> int:
    """Fill KIND, BEGIN and END of a table with the runs of a text; returns their count."""
    count = 0
    previous = 0
    for at in range(first, first + size):
        byte = data[at]
        kind = 0
        if 48 <= byte <= 57:
            kind = 2
        elif 65 <= byte <= 90 or byte >= 0x80:
            kind = 1
        if kind != 0 and kind != previous:
            if count == len(runs):
                return count
            runs[count, KIND] = kind
            runs[count, BEGIN] = at
            count += 1
        if kind != 0:
            runs[count - 1, END] = at + 1
        previous = kind
    return count


@compiled
def with_run(state: np.uint64, data: Array, kind: int, first: int, last: int) -> np.uint64:
    """The state after a boundary and one run, digits without leading zeros."""
    state = with_byte(state, BOUNDARY)
    return with_bytes(state, data, significant(data, first, last) if kind == DIGITS else first, last)


@compiled
def squeezed_key(data: Array, first: int, last: int, salt: np.uint64) -> np.uint64:
    """The key of letters and digits alone, whatever stands between."""
    state = BASIS ^ salt ^ _OPAQUE_SALT
    for at in range(first, last):
        byte = data[at]
        if 48 <= byte <= 57 or 65 <= byte <= 90 or byte >= 0x80:
            state = with_byte(state, byte)
    return finished(state)


@compiled
def _sequence(
    data: Array, salt: np.uint64, count: int, runs: Array, letters: bool, merged: bool
) -> tuple[np.uint64, int]:
    """The key of all runs (or of those of digits), neighbouring digits apart or as one; and its shape."""
    state = BASIS ^ salt
    shape = 1
    before = 0
    for r in range(count):
        if runs[r, KIND] == LETTERS and not letters:
            continue
        if merged and runs[r, KIND] == DIGITS and before == DIGITS:
            state = with_bytes(state, data, runs[r, BEGIN], runs[r, END])
            continue
        state = with_run(state, data, runs[r, KIND], runs[r, BEGIN], runs[r, END])
        shape = shape * 2 + (1 if runs[r, KIND] == DIGITS else 0)
        before = runs[r, KIND]
    return finished(state), shape


@compiled
def _add(key: np.uint64, kind: int, shape: int, owner: int, shapes: Array, entries: Array, first: int, to: int) -> int:
    """Add an entry (key; item, kind and width) unless this number has it already; returns the count of entries."""
    for k in range(first, to):
        if entries[k, 0] == key:
            return to
    entries[to, 0] = key
    entries[to, 1] = np.uint64(owner) | (np.uint64(kind) << np.uint64(32))
    if shape > 0:
        shapes[shape] |= IS_SHAPE
        shape >>= 1
        while shape > 1:
            shapes[shape] |= BEGINS_SHAPE
            shape >>= 1
    return to + 1


@compiled
def is_year(data: Array, first: int, last: int) -> bool:
    """Four digits that begin like a year of this age, or two."""
    if last - first == 2:
        return True
    return last - first == 4 and bool(
        (data[first] == 50 and data[first + 1] == 48) or (data[first] == 49 and data[first + 1] == 57)
    )


@compiled
def _is_month(data: Array, first: int) -> bool:
    """Four digits that are a year of this age, of two digits, and a month."""
    month = (data[first + 2] - 48) * 10 + data[first + 3] - 48
    return bool(data[first] == 50 and 1 <= month <= 12)


@compiled
def _parts(
    data: Array,
    salt: np.uint64,
    count: int,
    runs: Array,
    owner: int,
    shapes: Array,
    entries: Array,
    first: int,
    to: int,
) -> int:
    """The keys of a number without its year, customer or series: each run of digits alone, and after the letters before
    it; of a run that begins with a year also what follows that."""
    several = 0
    for r in range(count):
        several += runs[r, KIND] == DIGITS
    near = -1
    for r in range(count):
        if runs[r, KIND] == LETTERS:
            near = r
            continue
        begin = runs[r, BEGIN]
        end = runs[r, END]
        if several > 1 and not is_year(data, begin, end):
            state = with_run(BASIS ^ salt, data, DIGITS, begin, end)
            to = _add(finished(state), TAIL, 0b11, owner, shapes, entries, first, to)
            if near >= 0 and runs[near, END] - runs[near, BEGIN] >= 2:
                state = with_run(BASIS ^ salt, data, LETTERS, runs[near, BEGIN], runs[near, END])
                state = with_run(state, data, DIGITS, begin, end)
                to = _add(finished(state), LETTERS_TAIL, 0b101, owner, shapes, entries, first, to)
        for lead in (2, 4, 6):
            # 2025, 202509, 2509 and 25 before a counter of its own.
            dated = is_year(data, begin, begin + 4) or (lead == 4 and _is_month(data, begin))
            short = lead == 2 and end - begin >= 7 and data[begin] == 50 and data[begin + 1] >= 49
            if (end - begin >= lead + 3 and lead > 2 and dated) or short:
                state = with_run(BASIS ^ salt, data, DIGITS, begin + lead, end)
                to = _add(finished(state), TAIL, 0b11, owner, shapes, entries, first, to)
    return to


@compiled
def keys_of_numbers(
    data: Array, starts: Array, sizes: Array, owners: Array, salts: Array, shapes: Array, entries: Array
) -> int:
    """All keys of some numbers; returns how many. owners: the item of each text; salts: by text, of its book.

    entries: key; item, kind and, of all its digits, how many there are. shapes: by sequence of letters and digits (bits
    after a leading one), whether a key has it or begins with it, so that a search asks for no others.
    """
    runs = np.empty((MAX_RUNS, 3), np.int64)
    to = 0
    for row in range(len(starts)):
        count = runs_of(data, starts[row], sizes[row], runs)
        salt = salts[row]
        owner = owners[row]
        digit_runs = 0
        digits = 0
        width = 0
        compact = 0
        for r in range(count):
            compact += runs[r, END] - runs[r, BEGIN]
            if runs[r, KIND] == DIGITS:
                digit_runs += 1
                width += runs[r, END] - runs[r, BEGIN]
                digits += runs[r, END] - significant(data, runs[r, BEGIN], runs[r, END])
        if digit_runs == 0:
            continue
        lettered = digit_runs < count
        whole = FULL if lettered else FULL_DIGITS | (width << WIDTH_BITS)
        first = to
        if not lettered or compact >= 4:
            if count <= _FEW_RUNS:
                key, shape = _sequence(data, salt, count, runs, True, False)
                to = _add(key, whole, shape, owner, shapes, entries, first, to)
            key, shape = _sequence(data, salt, count, runs, True, True)
            if shape < len(shapes):
                to = _add(key, whole, shape, owner, shapes, entries, first, to)
        if lettered and count <= _FEW_RUNS and digits >= 3:
            for merged in (False, True):
                key, shape = _sequence(data, salt, count, runs, False, merged)
                to = _add(key, DIGITS_ONLY | (width << WIDTH_BITS), shape, owner, shapes, entries, first, to)
        if count <= _FEW_RUNS:
            to = _parts(data, salt, count, runs, owner, shapes, entries, first, to)
        if count > _OPAQUE_RUNS:
            key = squeezed_key(data, starts[row], starts[row] + sizes[row], salt)
            to = _add(key, OPAQUE, 0, owner, shapes, entries, first, to)
            shapes[ANY_OPAQUE] = 1
    return to


@compiled
def heads_of_numbers(data: Array, starts: Array, sizes: Array, salts: Array, keys: Array, forms: Array) -> None:
    """How each number begins: the key of its leading letters (of none where it is all digits), 0 else.

    forms[row]: its runs of digits, the width of the last, the length of the letters.
    """
    runs = np.empty((MAX_RUNS, 3), np.int64)
    for row in range(len(starts)):
        keys[row] = 0
        count = runs_of(data, starts[row], sizes[row], runs)
        digit_runs = 0
        for r in range(count):
            if runs[r, KIND] == DIGITS:
                digit_runs += 1
                forms[row, 1] = min(runs[r, END] - runs[r, BEGIN], 60)
        forms[row, 0] = digit_runs
        forms[row, 2] = 0
        if digit_runs == 0:
            continue
        if digit_runs == count:
            keys[row] = finished(BASIS ^ salts[row])
        elif runs[0, KIND] == LETTERS and runs[1, KIND] == DIGITS:
            forms[row, 2] = runs[0, END] - runs[0, BEGIN]
            keys[row] = finished(with_bytes(BASIS ^ salts[row], data, runs[0, BEGIN], runs[0, END]))
