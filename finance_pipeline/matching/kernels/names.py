"""Names in text, compiled: words as banks mangle them, names without legal form, whose name a text has.

Here: text to comparable words and keys, and the search by whole name, order of words, beginning, and inside of a text.
Not here: which words are legal forms or join two names (text), what a party proves (counterparty).
"""

from __future__ import annotations

import numpy as np

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.hashing import BASIS, finished, slot_of, with_byte, with_bytes

BY_NAME, BY_WORDS, BY_BEGINNING, IN_TEXT, CUT_IN_TEXT = 2, 3, 4, 5, 6
"""How a name was found, surest first (1 is an account number)."""
_MAX_WORDS = 200
_LONGEST_NAME_WORDS = 6
_MOST_PARTIES = 6
_JOINED_CHARS = 12
_SET_SALT = np.uint64(0xA0761D6478BD642F)
_SPACE = np.uint8(32)
IN_TEXT_BIT = np.uint64(1) << np.uint64(40)
"""In an entry's value: the name is long enough to be looked for inside of other text."""


@compiled
def words_of(data: Array, starts: Array, sizes: Array, out: Array, out_sizes: Array) -> None:
    """Folded texts as words one space apart, each in the place of its text.

    MUELLER and MULLER, which banks print for one Müller, become equal, as do AA and A; initials lose their dots and
    names their apostrophes.
    """
    for row in range(len(starts)):
        first = starts[row]
        end = first + sizes[row]
        to = first
        open_word = False
        letters = 0
        at = first
        while at < end:
            byte = data[at]
            if 65 <= byte <= 90 or byte >= 0x80 or 48 <= byte <= 57:
                if not open_word and to > first:
                    out[to] = 32
                    to += 1
                if not (byte == 65 and open_word and out[to - 1] == 65):
                    out[to] = byte
                    to += 1
                letters = letters + 1 if byte >= 65 else 2
                open_word = True
                if (byte == 65 or byte == 79 or byte == 85) and at + 1 < end and data[at + 1] == 69:
                    at += 1
            elif byte == 46 and letters == 1 and open_word:
                letters = 0
            elif byte != 39:
                open_word = False
                letters = 0
            at += 1
        out_sizes[row] = to - first


@compiled
def _split(data: Array, first: int, size: int, joins: Array, words: Array) -> int:
    """words[w]: begin and end of each word but those that join two others; returns their count."""
    count = 0
    begin = first
    for at in range(first, first + size + 1):
        if at < first + size and data[at] != 32:
            continue
        joining = count > 0 and at < first + size and slot_of(joins, finished(with_bytes(BASIS, data, begin, at))) >= 0
        if at > begin and not joining and count < len(words):
            words[count, 0] = begin
            words[count, 1] = at
            count += 1
        begin = at + 1
    return count


@compiled
def _without_form(data: Array, begin: int, end: int, forms: Array) -> int:
    """Where a name that a bank wrote as one word ends without its legal form: ACMEPARTSLIMITED."""
    for size in range(12, 2, -1):
        if (
            end - size - begin >= _JOINED_CHARS - 4
            and slot_of(forms, finished(with_bytes(BASIS, data, end - size, end))) >= 0
        ):
            return end - size
    return end


@compiled
def keys_of_names(
    data: Array, starts: Array, sizes: Array, joins: Array, forms: Array, out: Array, out_sizes: Array
) -> None:
    """Words of names without joining words and trailing legal forms; a name of nothing else keeps them."""
    words = np.empty((_MAX_WORDS, 2), np.int64)
    for row in range(len(starts)):
        count = _split(data, starts[row], sizes[row], joins, words)
        kept = count
        while kept > 0:
            key = finished(with_bytes(BASIS, data, words[kept - 1, 0], words[kept - 1, 1]))
            if slot_of(forms, key) < 0:
                break
            kept -= 1
        if kept == 1 and words[0, 1] - words[0, 0] >= _JOINED_CHARS:
            words[0, 1] = _without_form(data, words[0, 0], words[0, 1], forms)
        to = starts[row]
        for w in range(kept if kept > 0 else count):
            if w > 0:
                out[to] = 32
                to += 1
            for at in range(words[w, 0], words[w, 1]):
                out[to] = data[at]
                to += 1
        out_sizes[row] = to - starts[row]


@compiled
def name_entries(
    data: Array, starts: Array, sizes: Array, salts: Array, parties: Array, whole: Array, sets: Array, firsts: Array
) -> None:
    """Entries (key, party) of some name keys, whole and as sets of words (0: of one word); marks their first words."""
    nothing = np.zeros(1, np.uint64)
    words = np.empty((_MAX_WORDS, 2), np.int64)
    for row in range(len(starts)):
        count = _split(data, starts[row], sizes[row], nothing, words)
        last = starts[row] + sizes[row]
        whole[row, 0] = finished(with_bytes(BASIS ^ salts[row], data, starts[row], last))
        longest = 0
        letters = 0
        for at in range(starts[row], last):
            letters = letters + 1 if data[at] >= 65 else 0
            longest = max(longest, letters)
        listed = sizes[row] >= 5 and longest >= 3 and count <= _LONGEST_NAME_WORDS
        whole[row, 1] = np.uint64(parties[row]) | (IN_TEXT_BIT if listed else np.uint64(0))
        sets[row, 0] = _set_key(data, words, count, salts[row]) if count > 1 else np.uint64(0)
        sets[row, 1] = np.uint64(parties[row])
        if listed:
            firsts[_first(data, words[0, 0], words[0, 1], firsts)] = True


@compiled
def _first(data: Array, begin: int, end: int, firsts: Array) -> np.uint64:
    return finished(with_bytes(BASIS, data, begin, end)) & np.uint64(len(firsts) - 1)


@compiled
def _set_key(data: Array, words: Array, count: int, salt: np.uint64) -> np.uint64:
    """A key that is the same for the same words in any order."""
    total = np.uint64(0)
    for w in range(count):
        total += finished(with_bytes(BASIS ^ salt, data, words[w, 0], words[w, 1]))
    return finished(total ^ _SET_SALT)


@compiled
def _add(key: np.uint64, bit: np.uint64, starts: Array, entries: Array, shift: int, found: Array, count: int) -> int:
    """Add the parties of a key to those found; returns their count. bit: only entries that have it."""
    bucket = key >> np.uint64(shift)
    for e in range(starts[bucket], starts[bucket + np.uint64(1)]):
        if entries[e, 0] != key or (entries[e, 1] & bit) != bit:
            continue
        party = np.int64(entries[e, 1] & np.uint64(0xFFFFFFFF))
        known = False
        for k in range(count):
            known = known or found[k] == party
        if not known and count < _MOST_PARTIES:
            found[count] = party
            count += 1
    return count


@compiled
def _in_text(
    data: Array, words: Array, count: int, salt: np.uint64, starts: Array, entries: Array, shift: int, firsts: Array,
    found: Array,
) -> int:  # fmt: skip
    """Parties whose whole name stands among the words, of several the longest names; returns their count."""
    parties = 0
    longest = 0
    trial = np.empty(_MOST_PARTIES, np.int64)
    for w in range(count):
        if not firsts[_first(data, words[w, 0], words[w, 1], firsts)]:
            continue
        state = BASIS ^ salt
        for v in range(w, min(count, w + _LONGEST_NAME_WORDS)):
            if v > w:
                state = with_byte(state, _SPACE)
            state = with_bytes(state, data, words[v, 0], words[v, 1])
            size = v - w + 1
            if size < longest:
                continue
            more = _add(finished(state), IN_TEXT_BIT, starts, entries, shift, trial, 0)
            if more == 0:
                continue
            if size > longest:
                longest = size
                parties = 0
            for k in range(more):
                known = False
                for p in range(parties):
                    known = known or found[p] == trial[k]
                if not known and parties < _MOST_PARTIES:
                    found[parties] = trial[k]
                    parties += 1
    return parties


@compiled
def _compared(data: Array, first: int, size: int, other: Array, other_first: int, other_size: int) -> int:
    """-1, 0 or 1: a text before, at the beginning of (or equal to), or after another; spaces do not count in it."""
    at = other_first
    for k in range(first, first + size):
        if data[k] == 32:
            continue
        if at == other_first + other_size or data[k] > other[at]:
            return 1
        if data[k] < other[at]:
            return -1
        at += 1
    return 0


@compiled
def _beginning(
    data: Array, first: int, size: int, names: Array, name_starts: Array, name_sizes: Array, parties: Array,
    low: int, high: int, found: Array, count: int,
) -> int:  # fmt: skip
    """Parties whose name begins with a text. names: without spaces, sorted; low, high: those of the book."""
    end = high
    while low < high:
        middle = (low + high) // 2
        if _compared(data, first, size, names, name_starts[middle], name_sizes[middle]) > 0:
            low = middle + 1
        else:
            high = middle
    while low < end and _compared(data, first, size, names, name_starts[low], name_sizes[low]) == 0:
        known = False
        for k in range(count):
            known = known or found[k] == parties[low]
        if not known:
            if count == _MOST_PARTIES:
                break
            found[count] = parties[low]
            count += 1
        low += 1
    return count


@compiled
def _shared_beginning(data: Array, words: Array, w: int, count: int, name: Array, first: int, size: int) -> int:
    """How many letters and digits the words from w on share with the beginning of a name, whole words of the text."""
    at = 0
    whole = 0
    for v in range(w, count):
        for k in range(words[v, 0], words[v, 1]):
            if at == size or data[k] != name[first + at]:
                return whole
            at += 1
        whole = at
    return whole


@compiled
def _cut_in_text(
    data: Array, words: Array, count: int, names: Array, name_starts: Array, name_sizes: Array, parties: Array,
    low: int, high: int, least: int, found: Array,
) -> int:  # fmt: skip
    """Parties whose name begins with some words of the text, of several those that share most; returns their count."""
    best = 0
    total = 0
    for w in range(count):
        first = low
        last = high
        while first < last:
            middle = (first + last) // 2
            if _words_after(data, words, w, count, names, name_starts[middle], name_sizes[middle]):
                first = middle + 1
            else:
                last = middle
        for step in (-1, 1):
            at = first - 1 if step < 0 else first
            while low <= at < high:
                shared = _shared_beginning(data, words, w, count, names, name_starts[at], name_sizes[at])
                if shared < max(best, least) or (total == len(found) and shared == best):
                    break
                if shared > best:
                    best = shared
                    total = 0
                known = False
                for k in range(total):
                    known = known or found[k] == parties[at]
                if not known:
                    found[total] = parties[at]
                    total += 1
                at += step
    return total


@compiled
def _words_after(data: Array, words: Array, w: int, count: int, name: Array, first: int, size: int) -> bool:
    """Whether a text of words, without its spaces, comes after a name."""
    at = 0
    for v in range(w, count):
        for k in range(words[v, 0], words[v, 1]):
            if at == size:
                return True
            if data[k] != name[first + at]:
                return bool(data[k] > name[first + at])
            at += 1
    return False


@compiled
def whose(
    printed: Array, printed_starts: Array, printed_sizes: Array,
    text: Array, text_starts: Array, text_sizes: Array, visible: Array, salts: Array, ranges: Array,
    starts: Array, entries: Array, shift: int, set_starts: Array, sets: Array, set_shift: int, firsts: Array,
    names: Array, name_starts: Array, name_sizes: Array, name_parties: Array,
    joins: Array, cuts: Array, least_chars: int, first: int, last: int, out: Array,
) -> int:  # fmt: skip
    """Parties of some lines by the first way that finds any: out[k] is row, party, way; returns their count.

    printed: name keys of the lines; text: their words; ranges[row]: the book's first and last sorted name; cuts: what a
    joining word may leave of itself where a name is cut.
    """
    nothing = np.zeros(1, np.uint64)
    words = np.empty((_MAX_WORDS, 2), np.int64)
    found = np.empty(_MOST_PARTIES, np.int64)
    to = 0
    for row in range(first, last):
        begin = printed_starts[row]
        size = printed_sizes[row]
        salt = salts[row]
        way = BY_NAME
        count = 0
        if size > 0:
            key = finished(with_bytes(BASIS ^ salt, printed, begin, begin + size))
            count = _add(key, np.uint64(0), starts, entries, shift, found, 0)
        if count == 0 and visible[row]:
            letters = _split(printed, begin, size, nothing, words)
            if letters > 1:
                way = BY_WORDS
                key = _set_key(printed, words, letters, salt)
                count = _add(key, np.uint64(0), set_starts, sets, set_shift, found, 0)
            if count == 0 and size - letters + 1 >= least_chars:
                way = BY_BEGINNING
                count = _beginning(
                    printed, begin, size, names, name_starts, name_sizes, name_parties,
                    ranges[row, 0], ranges[row, 1], found, 0,
                )  # fmt: skip
                rest = words[letters - 2, 1] - begin if letters > 1 else 0
                last_word = finished(with_bytes(BASIS, printed, words[letters - 1, 0], begin + size))
                if rest - letters + 2 >= least_chars and slot_of(cuts, last_word) >= 0:
                    count = _beginning(
                        printed, begin, rest, names, name_starts, name_sizes, name_parties,
                        ranges[row, 0], ranges[row, 1], found, count,
                    )  # fmt: skip
            if count == 0:
                way = IN_TEXT
                total = _split(text, text_starts[row], text_sizes[row], joins, words)
                count = _in_text(text, words, total, salt, starts, entries, shift, firsts, found)
                if count == 0:
                    way = CUT_IN_TEXT
                    count = _cut_in_text(
                        text, words, total, names, name_starts, name_sizes, name_parties,
                        ranges[row, 0], ranges[row, 1], least_chars, found,
                    )  # fmt: skip
        for k in range(count):
            out[to, 0] = row
            out[to, 1] = found[k]
            out[to, 2] = way
            to += 1
    return to
