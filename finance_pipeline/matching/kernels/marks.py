"""What stands between and around the runs of a text, compiled: separators, dates, amounts, words that say something.

Here: which runs of digits are no number of anything, and which are said to be one. Not here: the search (scanning).
"""

from __future__ import annotations

import numpy as np

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.hashing import BASIS, finished, slot_of, with_bytes
from finance_pipeline.matching.kernels.numbers import BEGIN, DIGITS, END, KIND, LETTERS

MEANING, WEAK, TAKEN = 3, 4, 5
"""Columns of the table of a text's runs, after KIND, BEGIN and END."""
_LONG_NUMBER_DIGITS = 6
INVOICE, NUMBER, CONNECTOR, RANGE, LABEL = 1, 2, 3, 4, 5
"""Kinds of words that say something about the digits after them."""


@compiled
def separated(data: Array, first: int, last: int) -> int:
    """What stands between two runs: 0 nothing, 1 one tight mark, 2 a space or some marks, 3 the next of a list."""
    if first == last:
        return 0
    for at in range(first, last):
        byte = data[at]
        if byte == 44 or byte == 59 or byte == 43 or byte == 38 or byte == 124:  # , ; + & |
            return 3
    if last - first == 1 and data[first] != 32:
        return 1
    return 2 if last - first <= 3 else 3


@compiled
def mark_dates_and_amounts(data: Array, last: int, count: int, runs: Array) -> None:
    """runs[r, WEAK]: the run is part of a date or of an amount with decimals, and not a number of anything.

    last: where the text ends; behind it stands another text, or nothing.
    """
    for r in range(count):
        runs[r, WEAK] = 0
    for r in range(count):
        if runs[r, KIND] != DIGITS:
            continue
        size = runs[r, END] - runs[r, BEGIN]
        if r + 2 < count and runs[r + 1, KIND] == DIGITS and runs[r + 2, KIND] == DIGITS:
            second = runs[r + 1, END] - runs[r + 1, BEGIN]
            third = runs[r + 2, END] - runs[r + 2, BEGIN]
            tight = runs[r + 1, BEGIN] - runs[r, END] == 1 and runs[r + 2, BEGIN] - runs[r + 1, END] == 1
            same = tight and data[runs[r, END]] == data[runs[r + 1, END]] and data[runs[r, END]] != 44
            year_last = size <= 2 and second <= 2 and (third == 4 or third == 2)
            if same and (year_last or (size == 4 and second <= 2 and third <= 2)):
                runs[r, WEAK] = 1
                runs[r + 1, WEAK] = 1
                runs[r + 2, WEAK] = 1
        if r > 0 and size == 2 and runs[r - 1, KIND] == DIGITS and runs[r, BEGIN] - runs[r - 1, END] == 1:
            mark = data[runs[r - 1, END]]
            if mark == 44 or (mark == 46 and not runs[r, WEAK]):
                after = data[runs[r, END]] if runs[r, END] < last else np.uint8(32)
                tail_ends = not 65 <= after <= 90
                lone = not (
                    r + 1 < count
                    and runs[r + 1, KIND] == DIGITS
                    and runs[r + 1, BEGIN] - runs[r, END] == 1
                    and (after == mark or after == 46)
                )
                if tail_ends and lone and (mark == 46 or runs[r - 1, END] - runs[r - 1, BEGIN] <= 3):
                    runs[r, WEAK] = 1
                    q = r - 1
                    runs[q, WEAK] = 1
                    while (
                        q > 0
                        and runs[q - 1, KIND] == DIGITS
                        and runs[q, END] - runs[q, BEGIN] == 3
                        and runs[q - 1, END] - runs[q - 1, BEGIN] <= 3
                        and runs[q, BEGIN] - runs[q - 1, END] == 1
                    ):
                        q -= 1
                        runs[q, WEAK] = 1


@compiled
def read_words(data: Array, count: int, runs: Array, words: Array, meanings: Array) -> None:
    """runs[r, MEANING]: for letters what the word says; for digits INVOICE where the words before say so, else 0."""
    for r in range(count):
        runs[r, MEANING] = 0
        if runs[r, KIND] == LETTERS:
            at = slot_of(words, finished(with_bytes(BASIS, data, runs[r, BEGIN], runs[r, END])))
            if at >= 0:
                runs[r, MEANING] = meanings[at]
        elif r > 0:
            one = runs[r - 1, MEANING] if runs[r - 1, KIND] == LETTERS else 0
            two = runs[r - 2, MEANING] if r > 1 else 0
            runs[r, MEANING] = INVOICE if one == INVOICE or (one == NUMBER and two == INVOICE) else 0
            if one == LABEL or (one == NUMBER and two == LABEL):
                runs[r, WEAK] = 1
                runs[r, MEANING] = LABEL
            elif runs[r - 1, KIND] == DIGITS and one == 0 and runs[r - 1, MEANING] == LABEL:
                mark = data[runs[r - 1, END]]
                # A number is written in groups, but not after one that is as long as a number is.
                whole = mark == 32 and runs[r - 1, END] - runs[r - 1, BEGIN] >= _LONG_NUMBER_DIGITS
                tight = runs[r, BEGIN] - runs[r - 1, END] == 1 and mark != 44 and not whole
                runs[r, WEAK] |= tight
                runs[r, MEANING] = LABEL if tight else 0


@compiled
def kind_of(data: Array, at: int, first: int, last: int) -> int:
    """What stands at a byte of a text: 2 a digit, 1 a letter, 0 neither (or nothing)."""
    if at < first or at >= last:
        return 0
    byte = data[at]
    if 48 <= byte <= 57:
        return 2
    return 1 if 65 <= byte <= 90 or byte >= 0x80 else 0


@compiled
def goes_on(data: Array, first: int, last: int, begin: int, end: int, slashes: bool) -> bool:
    """Whether a tight mark binds other digits to those of a place: 202510 of 202510-4 is no number of its own.

    slashes: a slash binds too, as it does in 999045/06/2025, though not in the list 4890/4985. Before two last digits
    it always does: 07792/26 is a number of its year.
    """
    before = begin - 2 >= first and kind_of(data, begin - 2, first, last) == 2 and _binds(data[begin - 1], slashes)
    dated = end + 3 == last or (end + 3 < last and (data[end + 3] == 32 or data[end + 3] == 44))
    dated = dated and end - begin >= 4 and kind_of(data, end + 2, first, last) == 2
    after = end + 1 < last and kind_of(data, end + 1, first, last) == 2 and _binds(data[end], slashes or dated)
    return bool(before or after)


@compiled
def _binds(byte: int, slashes: bool) -> bool:
    return bool(byte == 45 or byte == 46 or byte == 95 or (slashes and byte == 47))  # - . _ /
