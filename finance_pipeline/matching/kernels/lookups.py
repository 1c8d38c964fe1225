"""One key asked of the table of numbers, compiled, and how surely what it finds is named.

Here: a key in, hits out. Not here: which keys a text has (scanning, lists).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.numbers import DIGITS_ONLY, FULL, FULL_DIGITS, LETTERS_TAIL, OPAQUE, WIDTH_BITS

STRONG, LISTED, BARE, PART = 1, 2, 3, 4
"""How surely a text names an item: by its whole number; by an ending in a list after one; by digits alone; by the last
of its digits alone."""
MAX_HITS = 512
SEQUENCE, MERGED, ALONE, OF_LIST = 0, 1, -1, -2
"""How a hit reads its runs, and so the list after it: as they stand, neighbouring digits as one; it begins none (digits
inside of others); it is of a list itself."""
_SAME_DIGITS, _SAME_NUMBER = 24, 128
"""A key of more items than so names none of them: not by the last digits, and not by more. To take some of those that
share it would hide that others are as good."""
_SURE_DIGITS = 8
_KIND_MASK = (1 << WIDTH_BITS) - 1


@compiled
def _strength(kind: Any, digits: int, said: bool, weak: bool, blocked: bool, torn: bool) -> int:
    """How surely a key of this kind names its item; 0 is not at all. torn: the text goes on with other digits, so that
    a part of a number is hardly meant for the whole."""
    if kind in (FULL, OPAQUE):
        return STRONG
    if kind == LETTERS_TAIL:
        return PART if torn else BARE
    if blocked or (weak and not said) or digits < 3:
        return 0
    if kind == FULL_DIGITS:
        return STRONG if said or digits >= _SURE_DIGITS else (BARE if digits >= 4 else 0)
    if kind == DIGITS_ONLY:
        return STRONG if said and digits >= 4 else (BARE if digits >= 4 or said else 0)
    return BARE if said and not torn else PART


@compiled
def _named(
    entry: np.uint64, digits: int, written: int, said: bool, weak: bool, blocked: bool, torn: bool
) -> tuple[int, int]:
    """How surely an entry's item is named, and by how many telling digits."""
    known = np.int64(entry >> np.uint64(32))
    telling = max(digits, written) if known >> WIDTH_BITS == written else digits
    return _strength(known & _KIND_MASK, telling, said, weak, blocked, torn), telling


@compiled
def look(
    key: np.uint64, digits: int, written: int, said: bool, weak: bool, blocked: bool, torn: bool, worst: int,
    first: int, last: int, begin: int, end: int, reading: int,
    starts: Array, entries: Array, shift: int, hits: Array, count: int,
) -> int:  # fmt: skip
    """Add the items of a key to the text's hits; returns their count. digits: significant ones; written: with leading
    zeros, which say which number it is where its number is written with just as many.

    hits[h]: item, strength, first and last run, begin and end byte, how the runs are read, telling digits.
    """
    bucket = key >> np.uint64(shift)
    by_part = 0
    by_more = 0
    for e in range(starts[bucket], starts[bucket + np.uint64(1)]):
        if entries[e, 0] == key:
            strength, _ = _named(entries[e, 1], digits, written, said, weak, blocked, torn)
            by_part += strength == PART
            by_more += 0 < strength < PART
    if by_part + by_more == 0:
        return count
    for e in range(starts[bucket], starts[bucket + np.uint64(1)]):
        if entries[e, 0] != key:
            continue
        strength, telling = _named(entries[e, 1], digits, written, said, weak, blocked, torn)
        many = by_part > _SAME_DIGITS if strength == PART else by_more > _SAME_NUMBER
        if strength == 0 or many or count == MAX_HITS:
            continue
        hits[count, 0] = np.int64(entries[e, 1] & np.uint64(0xFFFFFFFF))
        hits[count, 1] = max(strength, worst)
        hits[count, 2] = first
        hits[count, 3] = last
        hits[count, 4] = begin
        hits[count, 5] = end
        hits[count, 6] = reading
        hits[count, 7] = telling
        count += 1
    return count
