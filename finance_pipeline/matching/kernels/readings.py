"""A text read with the open documents of one party in hand, compiled: which of them its digits may be short for.

Here: every place where a text writes the end of a number (003931 of SI-003931, 1274 of 0001274), a part that is not its
year, or a whole number run together with others. Not here: which readings together make the amount (spelling).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.marks import WEAK, kind_of, separated
from finance_pipeline.matching.kernels.numbers import BEGIN, DIGITS, END, KIND, is_year, runs_of

OF_TEXT, TO_TEXT, ITEM, SURENESS = 0, 1, 2, 3
"""Columns of a reading: begin and end byte, which pair, how sure (less is surer)."""
WHOLE, RUN, ENDING = 0, 1, 2
MOST_READINGS = 256
MOST_TOKENS = 128
LONGEST = 32
_LEAST = 3
_LEAST_INSIDE = 5
_JOINED_RUNS = 3
_MOST_RUNS = 12


@compiled
def tokens_of(data: Array, count: int, runs: Array, spans: Array, digits: Array) -> int:
    """The digits that a text writes, run by run and as neighbours that a bank or a mark may have parted: spans (begin
    and end byte, how many digits) and the digits; returns their count. Dates, amounts and labelled numbers are none."""
    to = 0
    for r in range(count):
        size = 0
        for w in range(r, min(count, r + _JOINED_RUNS)):
            if runs[w, KIND] != DIGITS or runs[w, WEAK]:
                break
            length = runs[w, END] - runs[w, BEGIN]
            parted = runs[w, BEGIN] - runs[w - 1, END] > 1 if w > r else False
            if parted or size + length > LONGEST or (w > r and separated(data, runs[w - 1, END], runs[w, BEGIN]) == 3):
                break
            for k in range(length):
                digits[to, size + k] = data[runs[w, BEGIN] + k]
            size += length
            if size >= _LEAST and to + 1 < MOST_TOKENS:
                spans[to, 0], spans[to, 1], spans[to, 2] = runs[r, BEGIN], runs[w, END], size
                digits[to + 1, :size] = digits[to, :size]
                to += 1
    return to


@compiled
def number_of(data: Array, first: int, size: int, runs: Array, digits: Array, ends: Array) -> tuple[int, int]:
    """A number's digits one after the other, and for each run of them: where it ends, where it begins, whether it is a
    year, where what follows a leading year begins. Returns the counts of runs and digits."""
    count = runs_of(data, first, size, runs)
    length = 0
    to = 0
    for r in range(count):
        if runs[r, KIND] != DIGITS:
            continue
        begin, end = runs[r, BEGIN], runs[r, END]
        if length + end - begin > LONGEST or to == _MOST_RUNS:
            return 0, 0
        for k in range(end - begin):
            digits[length + k] = data[begin + k]
        ends[to, 1] = length
        length += end - begin
        ends[to, 0] = length
        ends[to, 2] = 1 if is_year(data, begin, end) else 0
        to += 1
    years = 0
    for k in range(to):
        years += ends[k, 2]
    if years == to:
        ends[:to, 2] = 0
    return to, length


@compiled
def _same(one: Array, first: int, other: Array, begin: int, size: int) -> bool:
    unlike = 0
    for k in range(size):
        unlike += one[first + k] != other[begin + k]
    return bool(unlike == 0)


@compiled
def _short_for(token: Array, size: int, number: Array, run_count: int, ends: Array) -> int:
    """How surely some digits are short for a number: by a run of it (or more), or by the end of one; -1 not at all."""
    zeros = 0
    while zeros < size - 1 and token[zeros] == 48:
        zeros += 1
    best = -1
    for k in range(run_count):
        end, begin = ends[k, 0], ends[k, 1]
        if ends[k, 2] and size <= end - begin:
            continue
        sure = -1
        if size <= end and _same(token, 0, number, end - size, size):
            sure = RUN if size >= end - begin else ENDING
        start = begin
        while start < end - 1 and number[start] == 48:
            start += 1
        if size - zeros == end - start and _same(token, zeros, number, start, end - start):
            sure = RUN
        if sure >= 0 and (best < 0 or sure < best):
            best = sure
    return best


@compiled
def _add(out: Array, count: int, begin: int, end: int, pair: int, sure: int) -> int:
    if count == MOST_READINGS:
        return count
    out[count, OF_TEXT], out[count, TO_TEXT], out[count, ITEM], out[count, SURENESS] = begin, end, pair, sure
    return count + 1


@compiled
def short_readings(
    spans: Array, digits: Array, tokens: int, number: Array, run_count: int, ends: Array, pair: int,
    out: Array, count: int,
) -> int:  # fmt: skip
    """Add the places where a text writes a part of a number; returns the count of readings."""
    for t in range(tokens):
        sure = _short_for(digits[t], spans[t, 2], number, run_count, ends)
        if sure >= 0:
            count = _add(out, count, spans[t, 0], spans[t, 1], pair, sure)
    return count


@compiled
def squeeze(data: Array, first: int, size: int, out: Array, places: Array) -> int:
    """Letters and digits of a text, and where each stands, up to a mark that parts a list (0 there); their count."""
    count = 0
    for at in range(first, first + size):
        byte = data[at]
        if 48 <= byte <= 57 or 65 <= byte <= 90 or byte >= 0x80:
            if count == len(out):
                return count
            out[count] = byte
            places[count] = at
            count += 1
    return count


@compiled
def whole_readings(
    text: Array, text_size: int, places: Array, number: Array, size: int, pair: int, out: Array, count: int
) -> int:
    """Add the places where a text writes a whole number, though other digits run into it; returns the count."""
    if size < _LEAST_INSIDE:
        return count
    for s in range(text_size - size + 1):
        if text[s] == number[0] and _same(text, s, number, 0, size) and places[s + size - 1] - places[s] < 2 * size:
            count = _add(out, count, places[s], places[s + size - 1] + 1, pair, WHOLE)
    return count


@compiled
def _kept(out: Array, count: int) -> int:
    """Readings that are marked, moved to the front in their order; returns how many."""
    kept = 0
    for a in range(count):
        if out[a, SURENESS + 1]:
            out[kept, :] = out[a, :]
            kept += 1
    return kept


@compiled
def without_chance(data: Array, first: int, last: int, out: Array, count: int) -> int:
    """Drop readings that begin or end inside of digits (or letters) where no other whole number ends or begins."""
    for a in range(count):
        begin, end = out[a, OF_TEXT], out[a, TO_TEXT]
        begins = kind_of(data, begin - 1, first, last) != kind_of(data, begin, first, last)
        ends = kind_of(data, end, first, last) != kind_of(data, end - 1, first, last)
        for b in range(count):
            begins = begins or (out[b, SURENESS] == WHOLE and out[b, TO_TEXT] == begin)
            ends = ends or (out[b, SURENESS] == WHOLE and out[b, OF_TEXT] == end)
        out[a, SURENESS + 1] = 1 if begins and ends else 0
    return _kept(out, count)


@compiled
def surest(out: Array, count: int, most: int) -> int:
    """Keep of each place the surest readings, of places inside of others those that are surer; a place that more than
    `most` numbers fit says nothing. Returns the count."""
    for a in range(count):
        out[a, SURENESS + 1] = 1
        same = 0
        for b in range(count):
            begin, end = out[b, OF_TEXT], out[b, TO_TEXT]
            inside = begin <= out[a, OF_TEXT] and out[a, TO_TEXT] <= end
            equal = begin == out[a, OF_TEXT] and end == out[a, TO_TEXT]
            if equal and out[b, SURENESS] < out[a, SURENESS]:
                out[a, SURENESS + 1] = 0
            if inside and not equal and out[b, SURENESS] <= out[a, SURENESS]:
                out[a, SURENESS + 1] = 0
            same += equal and out[b, SURENESS] == out[a, SURENESS]
        if same > most:
            out[a, SURENESS + 1] = 0
    return _kept(out, count)


@compiled
def in_order(out: Array, count: int) -> None:
    """Readings by where they begin and end, then by pair."""
    row: Any = np.empty(out.shape[1], np.int64)
    for a in range(1, count):
        row[:] = out[a, :]
        b = a
        while b > 0 and (
            out[b - 1, OF_TEXT] > row[OF_TEXT]
            or (out[b - 1, OF_TEXT] == row[OF_TEXT] and out[b - 1, TO_TEXT] > row[TO_TEXT])
            or (
                out[b - 1, OF_TEXT] == row[OF_TEXT]
                and out[b - 1, TO_TEXT] == row[TO_TEXT]
                and out[b - 1, ITEM] > row[ITEM]
            )
        ):
            out[b, :] = out[b - 1, :]
            b -= 1
        out[b, :] = row
