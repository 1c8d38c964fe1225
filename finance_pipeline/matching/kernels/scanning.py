"""The search of texts for document numbers, compiled: every item whose number a text writes, and how surely.

Here: windows of runs against the keys of numbers, check digits, opaque ids, the house's own number-like texts.
Not here: how a number's keys are made (numbers), lists (lists), which words mean what (references), what a hit proves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.hashing import (
    BASIS,
    BOUNDARY,
    finished,
    significant,
    slot_of,
    with_byte,
    with_bytes,
)
from finance_pipeline.matching.kernels.lists import SURELY, list_after
from finance_pipeline.matching.kernels.lookups import (
    ALONE,
    BARE,
    MAX_HITS,
    MERGED,
    OF_LIST,
    PART,
    SEQUENCE,
    STRONG,
    look,
)
from finance_pipeline.matching.kernels.marks import (
    INVOICE,
    MEANING,
    NUMBER,
    TAKEN,
    WEAK,
    goes_on,
    mark_dates_and_amounts,
    read_words,
    separated,
)
from finance_pipeline.matching.kernels.numbers import (
    ANY_OPAQUE,
    BEGIN,
    DIGITS,
    END,
    IS_SHAPE,
    KIND,
    LETTERS,
    MAX_RUNS,
    runs_of,
    squeezed_key,
    with_run,
)

_WINDOW = 8
_UNBLOCKED_DIGITS = 6
_OPAQUE_RUNS = 4


@compiled
def _windows(
    data: Array, r: int, begin: int, count: int, runs: Array, blocked: bool, salt: np.uint64, shapes: Array,
    starts: Array, entries: Array, shift: int, hits: Array, found: int,
) -> int:  # fmt: skip
    """Ask for every sequence of runs that begins at run r (from byte begin on); returns the count of hits."""
    state = BASIS ^ salt
    joined = BASIS ^ salt
    shape = 1
    joined_shape = 1
    merged = False
    digits = 0
    written = 0
    frail = False
    said = runs[r, MEANING] == INVOICE and runs[r, KIND] == DIGITS
    for w in range(r, min(count, r + _WINDOW)):
        if w > r and separated(data, runs[w - 1, END], runs[w, BEGIN]) == 3:
            break
        from_byte = begin if w == r else runs[w, BEGIN]
        end = runs[w, END]
        is_digits = runs[w, KIND] == DIGITS
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
            written += end - from_byte
            frail = frail or runs[w, WEAK] != 0
        if digits == 0 or (runs[r, KIND] == DIGITS and written < 3):
            continue
        already = found
        torn = goes_on(data, runs[0, BEGIN], runs[count - 1, END], begin, end, False)
        if shapes[shape] & IS_SHAPE:
            found = look(
                finished(state), digits, written, said, frail, blocked, torn, STRONG, r, w, begin, end, SEQUENCE,
                starts, entries, shift, hits, found,
            )  # fmt: skip
        if merged and found == already and shapes[joined_shape] & IS_SHAPE:
            found = look(
                finished(joined), digits, written, said, frail, blocked, torn, STRONG, r, w, begin, end, MERGED,
                starts, entries, shift, hits, found,
            )  # fmt: skip
    return found


@compiled
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
    of_ten = check == (10 - luhn % 10) % 10 or check == (10 - carry) % 10
    return bool(of_ten or check == (11 - eleven % 11) % 11)


@compiled
def _inside(
    data: Array, r: int, first: int, last: int, salt: np.uint64, weak: bool,
    starts: Array, entries: Array, shift: int, hits: Array, found: int,
) -> int:  # fmt: skip
    """Numbers inside a reference with a check digit: the digits before it, whole or the last few of them; whole also
    those before a digit that says how long the reference is."""
    if not _checked_digit(data, first, last):
        return found
    if data[last - 2] - 48 == (last - first) % 10 and last - 2 - first >= 4:
        found = _digits_alone(
            data, r, first, last, first, last - 2, False, weak, BARE, salt, starts, entries, shift, hits, found
        )
    for size in range(last - 1 - first, 3, -1):
        if size < last - 1 - first and size > 12:
            continue
        at = significant(data, last - 1 - size, last - 1)
        whole = size == last - 1 - first
        if last - 1 - at < 4 or (not whole and at != last - 1 - size and data[last - 2 - size] == 48):
            continue
        sure = BARE if whole else PART
        found = _digits_alone(
            data, r, first, last, at, last - 1, False, weak, sure, salt, starts, entries, shift, hits, found
        )
    return found


@compiled
def _digits_alone(
    data: Array, r: int, begin: int, end: int, first: int, last: int, said: bool, weak: bool, worst: int,
    salt: np.uint64, starts: Array, entries: Array, shift: int, hits: Array, found: int,
) -> int:  # fmt: skip
    """Ask for the digits from first to last, which stand in run r, in the text from begin to end."""
    at = significant(data, first, last)
    state = with_bytes(with_byte(BASIS ^ salt, BOUNDARY), data, at, last)
    return look(
        finished(state), last - at, last - first, said, weak, False, False, worst, r, r, begin, end, ALONE,
        starts, entries, shift, hits, found,
    )  # fmt: skip


@compiled
def _is_creditor_reference(data: Array, first: int, last: int) -> bool:
    """RF, two check digits and a reference of ours of at most 21 digits: ISO 11649, modulus 97."""
    if last - first < 8 or last - first > 25 or data[first] != 82 or data[first + 1] != 70:
        return False
    rest = 0
    for at in range(first + 4, last):
        rest = (rest * 10 + data[at] - 48) % 97
    # The letters R and F count as 27 and 15.
    for digit in (2, 7, 1, 5, data[first + 2] - 48, data[first + 3] - 48):
        rest = (rest * 10 + digit) % 97
    return bool(rest == 1)


@compiled
def _without_inner(hits: Array, found: int) -> int:
    """Drop hits than which another, at least as sure, covers more of the text and all of theirs; returns the count."""
    kept = 0
    for a in range(found):
        inner = False
        for b in range(found):
            if hits[a, 6] == OF_LIST or hits[b, 6] == OF_LIST:
                continue
            inside = hits[b, 4] <= hits[a, 4] and hits[a, 5] <= hits[b, 5]
            smaller = hits[a, 5] - hits[a, 4] < hits[b, 5] - hits[b, 4]
            if inside and smaller and hits[b, 1] <= hits[a, 1]:
                inner = True
                break
        hits[a, 8] = 0 if inner else 1
    for a in range(found):
        if hits[a, 8]:
            hits[kept, :] = hits[a, :]
            kept += 1
    return kept


@compiled
def _is_head(data: Array, first: int, last: int, salt: np.uint64, heads: Array) -> bool:
    return bool(slot_of(heads, finished(with_bytes(BASIS ^ salt, data, first, last))) >= 0)


@compiled
def _covered(hits: Array, first: int, last: int, runs: Array) -> int:
    """Mark the runs of sure hits as taken; returns the last run that a hit by a whole number covers, or -1."""
    reach = -1
    for h in range(first, last):
        if hits[h, 1] <= BARE:
            for r in range(hits[h, 2], hits[h, 3] + 1):
                runs[r, TAKEN] = max(runs[r, TAKEN], SURELY if hits[h, 1] == STRONG or hits[h, 2] < hits[h, 3] else 1)
        if hits[h, 1] == STRONG:
            reach = max(reach, hits[h, 3])
    return reach


@compiled
def hits_of_text(
    data: Array, first: int, size: int, salt: np.uint64, shapes: Array, starts: Array, entries: Array, shift: int,
    words: Array, meanings: Array, heads: Array, lengths: Array, runs: Array, hits: Array,
) -> tuple[int, int]:  # fmt: skip
    """Fill hits with what a text names; returns the counts of its hits and of its runs."""
    count = runs_of(data, first, size, runs)
    mark_dates_and_amounts(data, first + size, count, runs)
    read_words(data, count, runs, words, meanings)
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
        if is_digits and short and r > 0 and runs[r - 1, KIND] == LETTERS and runs[r, MEANING] != INVOICE:
            apart = separated(data, runs[r - 1, END], begin)
            word = apart > 0 and runs[r - 1, MEANING] == NUMBER
            blocked = apart < 3 and not word and _is_head(data, runs[r - 1, BEGIN], runs[r - 1, END], salt, heads)
        found = _windows(data, r, begin, count, runs, blocked, salt, shapes, starts, entries, shift, hits, found)
        if not is_digits and found == already and separated(data, end, runs[r + 1, BEGIN]) <= 1:
            for length in lengths:
                if end - length > begin and _is_head(data, end - length, end, salt, heads):
                    found = _windows(
                        data, r, end - length, count, runs, blocked, salt, shapes, starts, entries, shift,
                        hits, found,
                    )  # fmt: skip
        if is_digits and end - begin >= 5 and shapes[3] != 0:
            weak = runs[r, WEAK] != 0
            found = _inside(data, r, begin, end, salt, weak, starts, entries, shift, hits, found)
            if r > 0 and runs[r - 1, END] == begin and _is_creditor_reference(data, runs[r - 1, BEGIN], end):
                found = _digits_alone(
                    data, r, runs[r - 1, BEGIN], end, begin + 2, end, True, False, STRONG, salt,
                    starts, entries, shift, hits, found,
                )  # fmt: skip
        reach = max(reach, _covered(hits, already, found, runs))
    found = _without_inner(hits, found)
    for h in range(found):
        if hits[h, 6] >= 0 and hits[h, 1] <= BARE and hits[h, 3] + 1 < count:
            found = list_after(data, h, count, runs, salt, starts, entries, shift, hits, found)
    if count > _OPAQUE_RUNS and shapes[ANY_OPAQUE] != 0:
        found = _opaque(data, first, first + size, salt, starts, entries, shift, hits, found)
    return found, count


@compiled
def _opaque(
    data: Array, first: int, last: int, salt: np.uint64, starts: Array, entries: Array, shift: int,
    hits: Array, found: int,
) -> int:  # fmt: skip
    """Ids of many runs, found as one word of the text or as the whole of it."""
    found = look(
        squeezed_key(data, first, last, salt), 0, 0, False, False, False, False, STRONG, 0, 0, first, last,
        ALONE, starts, entries, shift, hits, found,
    )  # fmt: skip
    begin = first
    for at in range(first, last + 1):
        byte = data[at] if at < last else 32
        if byte == 32 or byte == 44 or byte == 59 or byte == 124 or byte == 43 or byte == 58 or byte == 61:
            if at - begin >= 8 and not (begin == first and at == last):
                found = look(
                    squeezed_key(data, begin, at, salt), 0, 0, False, False, False, False, STRONG, 0, 0, begin, at,
                    ALONE, starts, entries, shift, hits, found,
                )  # fmt: skip
            begin = at + 1
    return found


@compiled
def _tokens(
    data: Array, row: int, salt: np.uint64, count: int, runs: Array, heads: Array, forms: Array, out: Array, to: int
) -> int:
    """Number-like texts of the house: row, begin, end, known, formed (of a length that the house's numbers have)."""
    for r in range(count):
        at: Any = np.int64(-1)
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


@compiled
def scan(
    data: Array, text_starts: Array, sizes: Array, salts: Array, first: int, last: int,
    shapes: Array, starts: Array, entries: Array, shift: int, words: Array, meanings: Array,
    heads: Array, forms: Array, lengths: Array, out: Array, tokens: Array,
) -> tuple[int, int]:  # fmt: skip
    """Search the texts of some rows; returns the counts of hits and tokens, or -1 where `out` is too short.

    out[h]: row, item, strength, begin and end byte, whether the text is nothing else, significant digits. heads: how
    each book's numbers begin (keys); forms, by their slots: most runs of digits, widths of the last (bits); lengths: of
    heads' letters.
    """
    runs = np.empty((MAX_RUNS, 6), np.int64)
    hits = np.empty((MAX_HITS, 9), np.int64)
    to = 0
    token_count = 0
    for row in range(first, last):
        if sizes[row] == 0:
            continue
        found, count = hits_of_text(
            data, text_starts[row], sizes[row], salts[row], shapes, starts, entries, shift, words, meanings,
            heads, lengths, runs, hits,
        )  # fmt: skip
        found = _without_inner(hits, found)
        if to + found > len(out) or token_count + count > len(tokens):
            return -1, -1
        for h in range(found):
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
