"""The search of texts for document numbers, compiled: every item whose number a text writes, and how surely.

Here: windows of runs against the keys of numbers, lists of endings, ranges, check digits, what is a date or an amount.
Not here: how a number's keys are made (numbers), which words mean what (references), what a hit proves.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.hashing import BASIS, finished, significant, slot_of, with_byte, with_bytes
from finance_pipeline.matching.kernels.numbers import (
    BEGIN,
    DIGITS,
    DIGITS_ONLY,
    END,
    FULL,
    FULL_DIGITS,
    IS_SHAPE,
    KIND,
    LETTERS,
    LETTERS_TAIL,
    MAX_RUNS,
    OPAQUE,
    runs_of,
    squeezed_key,
    with_run,
)

STRONG, LISTED, BARE, PART = 1, 2, 3, 4
"""How surely a text names an item: by its whole number; by an ending in a list after one; by digits alone; by the last
of its digits alone."""
MEANING, WEAK, TAKEN = 3, 4, 5
"""Columns of the table of a text's runs, after KIND, BEGIN and END."""
MAX_HITS = 512
_WINDOW = 8
_SAME_KEY = 24
_RANGE_LONGEST = 60
_SURE_DIGITS = 8
_UNBLOCKED_DIGITS = 6
_OPAQUE_RUNS = 4
_OF_LIST = -2
INVOICE, NUMBER, CONNECTOR, RANGE, LABEL = 1, 2, 3, 4, 5
"""Kinds of words that say something about the digits after them."""


@njit(cache=True, nogil=True)
def _separated(data: Array, first: int, last: int) -> int:
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


@njit(cache=True, nogil=True)
def _mark_dates_and_amounts(data: Array, count: int, runs: Array) -> None:
    """runs[r, WEAK]: the run is part of a date or of an amount with decimals, and not a number of anything."""
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
                tail_ends = (
                    runs[r, END] == len(data) or data[runs[r, END]] == 32 or not (65 <= data[runs[r, END]] <= 90)
                )
                after = data[runs[r, END]] if runs[r, END] < len(data) else 32
                lone = not (
                    r + 1 < count
                    and runs[r + 1, KIND] == DIGITS
                    and runs[r + 1, BEGIN] - runs[r, END] == 1
                    and (after == 44 or after == 46)
                )
                if tail_ends and lone and (mark == 46 or runs[r - 1, END] - runs[r - 1, BEGIN] <= 3):
                    runs[r, WEAK] = 1
                    q = r - 1
                    runs[q, WEAK] = 1
                    while (
                        q > 0
                        and runs[q - 1, KIND] == DIGITS
                        and runs[q, END] - runs[q, BEGIN] == 3
                        and runs[q, BEGIN] - runs[q - 1, END] == 1
                    ):
                        q -= 1
                        runs[q, WEAK] = 1


@njit(cache=True, nogil=True)
def _read_words(data: Array, count: int, runs: Array, words: Array, meanings: Array) -> None:
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
                tight = runs[r, BEGIN] - runs[r - 1, END] == 1 and data[runs[r - 1, END]] != 44
                runs[r, WEAK] |= tight
                runs[r, MEANING] = LABEL if tight else 0


@njit(cache=True, nogil=True)
def _strength(kind: int, digits: int, said: bool, weak: bool, blocked: bool) -> int:
    """How surely a key of this kind names its item; 0 is not at all."""
    if kind == FULL or kind == OPAQUE:
        return STRONG
    if kind == LETTERS_TAIL:
        return BARE
    if blocked or (weak and not said):
        return 0
    if kind == FULL_DIGITS:
        return STRONG if said or digits >= _SURE_DIGITS else (BARE if digits >= 4 else 0)
    if kind == DIGITS_ONLY:
        return STRONG if said and digits >= 4 else (BARE if digits >= 4 or said else 0)
    return (BARE if said else PART) if digits >= 3 else 0


@njit(cache=True, nogil=True)
def _look(
    key: np.uint64, digits: int, said: bool, weak: bool, blocked: bool, worst: int,
    first: int, last: int, begin: int, end: int, prefix: np.uint64, base: int,
    starts: Array, entries: Array, shift: int, hits: Array, prefixes: Array, count: int,
) -> int:  # fmt: skip
    """Add the items of a key to the text's hits; returns their count.

    hits[h]: item, strength, first and last run, begin and end byte, where the last run's digits begin (-1: no list),
    significant digits.
    """
    bucket = key >> np.uint64(shift)
    found = 0
    for e in range(starts[bucket], starts[bucket + np.uint64(1)]):
        if entries[e, 0] != key:
            continue
        strength = _strength(np.int64(entries[e, 1] >> np.uint64(32)), digits, said, weak, blocked)
        if strength == 0 or count == MAX_HITS or found == _SAME_KEY:
            continue
        found += 1
        hits[count, 0] = np.int64(entries[e, 1] & np.uint64(0xFFFFFFFF))
        hits[count, 1] = max(strength, worst)
        hits[count, 2] = first
        hits[count, 3] = last
        hits[count, 4] = begin
        hits[count, 5] = end
        hits[count, 6] = base
        hits[count, 7] = digits
        prefixes[count] = prefix
        count += 1
    return count


@njit(cache=True, nogil=True)
def _windows(
    data: Array, r: int, begin: int, count: int, runs: Array, blocked: bool, salt: np.uint64, shapes: Array,
    starts: Array, entries: Array, shift: int, hits: Array, prefixes: Array, found: int,
) -> int:  # fmt: skip
    """Ask for every sequence of runs that begins at run r (from byte begin on); returns the count of hits."""
    state = BASIS ^ salt
    joined = BASIS ^ salt
    shape = 1
    joined_shape = 1
    merged = False
    digits = 0
    frail = False
    said = runs[r, MEANING] == INVOICE and runs[r, KIND] == DIGITS
    for w in range(r, min(count, r + _WINDOW)):
        if w > r and _separated(data, runs[w - 1, END], runs[w, BEGIN]) == 3:
            break
        from_byte = begin if w == r else runs[w, BEGIN]
        end = runs[w, END]
        is_digits = runs[w, KIND] == DIGITS
        before = state
        shape = min(shape * 2 + (1 if is_digits else 0), len(shapes) - 1)
        joins = is_digits and w > r and runs[w - 1, KIND] == DIGITS
        if not joins:
            joined_shape = min(joined_shape * 2 + (1 if is_digits else 0), len(shapes) - 1)
        if shapes[shape] == 0 and shapes[joined_shape] == 0:
            break
        state = with_run(state, data, runs[w, KIND], from_byte, end)
        if joins:
            joined = with_bytes(joined, data, from_byte, end)
            merged = True
        else:
            joined = with_run(joined, data, runs[w, KIND], from_byte, end)
        if is_digits:
            digits += end - significant(data, from_byte, end)
            frail = frail or runs[w, WEAK] != 0
        if digits == 0 or (runs[r, KIND] == DIGITS and digits < 3):
            continue
        already = found
        if shapes[shape] & IS_SHAPE:
            found = _look(
                finished(state), digits, said, frail, blocked, STRONG, r, w, begin, end, before,
                from_byte if is_digits else -1, starts, entries, shift, hits, prefixes, found,
            )  # fmt: skip
        if merged and found == already and shapes[joined_shape] & IS_SHAPE:
            found = _look(
                finished(joined), digits, said, frail, blocked, STRONG, r, w, begin, end, before, -1,
                starts, entries, shift, hits, prefixes, found,
            )  # fmt: skip
    return found


@njit(cache=True, nogil=True)
def _checked_digit(data: Array, first: int, last: int) -> bool:
    """The last digit is a check digit of those before: modulus 10 (Luhn or recursive) or modulus 11."""
    carry_table = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)
    luhn = 0
    eleven = 0
    carry = 0
    weight = 2
    double = True
    for at in range(last - 2, first - 1, -1):
        digit = data[at] - 48
        eleven += digit * weight
        weight = 2 if weight == 7 else weight + 1
        doubled = digit * 2 if double else digit
        luhn += doubled - 9 if doubled > 9 else doubled
        double = not double
    for at in range(first, last - 1):
        carry = carry_table[(carry + data[at] - 48) % 10]
    check = data[last - 1] - 48
    return check == (10 - luhn % 10) % 10 or check == (11 - eleven % 11) % 11 or check == (10 - carry) % 10


@njit(cache=True, nogil=True)
def _inside(
    data: Array, r: int, first: int, last: int, salt: np.uint64, weak: bool,
    starts: Array, entries: Array, shift: int, hits: Array, prefixes: Array, found: int,
) -> int:  # fmt: skip
    """Numbers inside a reference with a check digit: the digits before it, whole or the last few of them."""
    if not _checked_digit(data, first, last):
        return found
    for size in range(last - 1 - first, 3, -1):
        if size < last - 1 - first and size > 12:
            continue
        at = significant(data, last - 1 - size, last - 1)
        whole = size == last - 1 - first
        if last - 1 - at < 4 or (not whole and at != last - 1 - size and data[last - 2 - size] == 48):
            continue
        state = with_bytes(with_byte(BASIS ^ salt, np.uint8(0x1F)), data, at, last - 1)
        found = _look(
            finished(state), last - 1 - at, False, weak, False, BARE if whole else PART, r, r, first, last,
            state, -1, starts, entries, shift, hits, prefixes, found,
        )  # fmt: skip
    return found


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
        found = _look(
            finished(state), width, True, False, False, max(LISTED, hits[h, 1]), r, r, high_first, high_last,
            state, _OF_LIST, starts, entries, shift, hits, prefixes, found,
        )  # fmt: skip
    return found


@njit(cache=True, nogil=True)
def _list_after(
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
            found = _look(
                key, base_end - base, True, False, False, max(LISTED, hits[h, 1]), r, r, begin, end,
                prefixes[h], _OF_LIST, starts, entries, shift, hits, prefixes, found,
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


@njit(cache=True, nogil=True)
def _without_inner(hits: Array, found: int, kept: Array) -> None:
    """kept[h]: no hit at least as sure covers more of the text than h and all that h covers."""
    for a in range(found):
        kept[a] = True
        if hits[a, 6] == _OF_LIST:
            continue
        for b in range(found):
            if hits[b, 6] == _OF_LIST:
                continue
            inside = hits[b, 4] <= hits[a, 4] and hits[a, 5] <= hits[b, 5]
            smaller = hits[a, 5] - hits[a, 4] < hits[b, 5] - hits[b, 4]
            if inside and smaller and hits[b, 1] <= hits[a, 1]:
                kept[a] = False
                break


@njit(cache=True, nogil=True)
def _is_head(data: Array, first: int, last: int, salt: np.uint64, heads: Array) -> bool:
    return slot_of(heads, finished(with_bytes(BASIS ^ salt, data, first, last))) >= 0


@njit(cache=True, nogil=True)
def _covered(hits: Array, first: int, last: int, runs: Array) -> int:
    """Mark the runs of sure hits as taken; returns the last run that a hit by a whole number covers, or -1."""
    reach = -1
    for h in range(first, last):
        if hits[h, 1] <= BARE:
            for r in range(hits[h, 2], hits[h, 3] + 1):
                runs[r, TAKEN] = 1
        if hits[h, 1] == STRONG:
            reach = max(reach, hits[h, 3])
    return reach


@njit(cache=True, nogil=True)
def hits_of_text(
    data: Array, first: int, size: int, salt: np.uint64, shapes: Array, starts: Array, entries: Array, shift: int,
    words: Array, meanings: Array, heads: Array, lengths: Array, runs: Array, hits: Array, prefixes: Array,
) -> tuple[int, int]:  # fmt: skip
    """Fill hits with what a text names; returns the counts of its hits and of its runs."""
    count = runs_of(data, first, size, runs)
    _mark_dates_and_amounts(data, count, runs)
    _read_words(data, count, runs, words, meanings)
    for r in range(count):
        runs[r, TAKEN] = 0
    found = 0
    reach = -1
    for r in range(count):
        begin = runs[r, BEGIN]
        end = runs[r, END]
        is_digits = runs[r, KIND] == DIGITS
        if r <= reach or (not is_digits and r + 1 == count):
            continue
        already = found
        blocked = False
        short = end - begin < _UNBLOCKED_DIGITS
        if is_digits and short and r > 0 and runs[r - 1, KIND] == LETTERS and runs[r - 1, MEANING] != INVOICE:
            close = _separated(data, runs[r - 1, END], begin) < 3
            blocked = close and _is_head(data, runs[r - 1, BEGIN], runs[r - 1, END], salt, heads)
        found = _windows(
            data, r, begin, count, runs, blocked, salt, shapes, starts, entries, shift, hits, prefixes, found
        )
        if not is_digits and found == already and _separated(data, end, runs[r + 1, BEGIN]) <= 1:
            for length in lengths:
                if end - length > begin and _is_head(data, end - length, end, salt, heads):
                    found = _windows(
                        data, r, end - length, count, runs, blocked, salt, shapes, starts, entries, shift,
                        hits, prefixes, found,
                    )  # fmt: skip
        if is_digits and end - begin >= 5 and shapes[3] != 0:
            weak = runs[r, WEAK] != 0
            found = _inside(data, r, begin, end, salt, weak, starts, entries, shift, hits, prefixes, found)
        reach = max(reach, _covered(hits, already, found, runs))
    for h in range(found):
        if hits[h, 6] >= 0 and hits[h, 1] <= BARE and hits[h, 3] + 1 < count:
            found = _list_after(data, h, count, runs, starts, entries, shift, hits, prefixes, found)
    if count > _OPAQUE_RUNS:
        found = _opaque(data, first, first + size, salt, starts, entries, shift, hits, prefixes, found)
    return found, count


@njit(cache=True, nogil=True)
def _opaque(
    data: Array, first: int, last: int, salt: np.uint64, starts: Array, entries: Array, shift: int,
    hits: Array, prefixes: Array, found: int,
) -> int:  # fmt: skip
    """Ids of many runs, found as one word of the text or as the whole of it."""
    found = _look(
        squeezed_key(data, first, last, salt), 0, False, False, False, STRONG, 0, 0, first, last,
        salt, -1, starts, entries, shift, hits, prefixes, found,
    )  # fmt: skip
    begin = first
    for at in range(first, last + 1):
        byte = data[at] if at < last else 32
        if byte == 32 or byte == 44 or byte == 59 or byte == 124 or byte == 43 or byte == 58 or byte == 61:
            if at - begin >= 8 and not (begin == first and at == last):
                found = _look(
                    squeezed_key(data, begin, at, salt), 0, False, False, False, STRONG, 0, 0, begin, at,
                    salt, -1, starts, entries, shift, hits, prefixes, found,
                )  # fmt: skip
            begin = at + 1
    return found


@njit(cache=True, nogil=True)
def _tokens(
    data: Array, row: int, salt: np.uint64, count: int, runs: Array, heads: Array, forms: Array, out: Array, to: int
) -> int:
    """Number-like texts of the house: row, begin, end, known, formed (of a length that the house's numbers have)."""
    for r in range(count):
        at = np.int64(-1)
        first = r
        if (
            runs[r, KIND] == LETTERS
            and runs[r, END] - runs[r, BEGIN] > 1
            and r + 1 < count
            and runs[r + 1, KIND] == DIGITS
        ):
            at = slot_of(heads, finished(with_bytes(BASIS ^ salt, data, runs[r, BEGIN], runs[r, END])))
            first = r + 1
        elif runs[r, KIND] == DIGITS and runs[r, MEANING] == INVOICE and runs[r, TAKEN] == 0:
            at = slot_of(heads, finished(BASIS ^ salt))
        if at < 0:
            continue
        last = first
        digits = runs[last, END] - runs[last, BEGIN]
        while last + 1 < count and last - first + 1 < forms[at, 0] and runs[last + 1, KIND] == DIGITS:
            last += 1
            digits += runs[last, END] - runs[last, BEGIN]
        if digits < 3 or runs[first, WEAK]:
            continue
        out[to, 0] = row
        out[to, 1] = runs[r, BEGIN]
        out[to, 2] = runs[last, END]
        out[to, 3] = runs[first, TAKEN]
        out[to, 4] = (forms[at, 1] >> min(runs[last, END] - runs[last, BEGIN], 60)) & 1
        to += 1
    return to


@njit(cache=True, nogil=True)
def scan(
    data: Array, text_starts: Array, sizes: Array, salts: Array, first: int, last: int,
    shapes: Array, starts: Array, entries: Array, shift: int, words: Array, meanings: Array,
    heads: Array, forms: Array, lengths: Array, out: Array, tokens: Array,
) -> tuple[int, int]:  # fmt: skip
    """Search the texts of some rows; returns the counts of hits and tokens, or -1 where `out` is too short.

    out[h]: row, item, strength, begin and end byte, whether the text is nothing else, significant digits. heads: how each book's numbers
    begin (keys); forms, by their slots: most runs of digits, widths of the last (bits); lengths: of heads' letters.
    """
    runs = np.empty((MAX_RUNS, 6), np.int64)
    hits = np.empty((MAX_HITS, 8), np.int64)
    prefixes = np.empty(MAX_HITS, np.uint64)
    kept = np.empty(MAX_HITS, np.bool_)
    to = 0
    token_count = 0
    for row in range(first, last):
        if sizes[row] == 0:
            continue
        found, count = hits_of_text(
            data, text_starts[row], sizes[row], salts[row], shapes, starts, entries, shift, words, meanings,
            heads, lengths, runs, hits, prefixes,
        )  # fmt: skip
        _without_inner(hits, found, kept)
        if to + found > len(out) or token_count + count > len(tokens):
            return -1, -1
        for h in range(found):
            if kept[h]:
                out[to, 0] = row
                out[to, 1] = hits[h, 0]
                out[to, 2] = hits[h, 1]
                out[to, 3] = hits[h, 4]
                out[to, 4] = hits[h, 5]
                out[to, 6] = hits[h, 7]
                out[to, 5] = count > 0 and hits[h, 4] <= runs[0, BEGIN] and hits[h, 5] >= runs[count - 1, END]
                to += 1
        token_count = _tokens(data, row, salts[row], count, runs, heads, forms, tokens, token_count)
    return to, token_count
