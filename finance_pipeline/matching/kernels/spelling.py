"""Which readings of a text together make an amount, compiled: every number that it writes, each as one document.

Here: the search over readings, and whether it found one way only. Not here: the readings (readings).
"""

from __future__ import annotations

import numpy as np

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array
from finance_pipeline.matching.kernels.marks import goes_on, mark_dates_and_amounts, read_words
from finance_pipeline.matching.kernels.numbers import MAX_RUNS, runs_of
from finance_pipeline.matching.kernels.readings import (
    ITEM,
    LONGEST,
    MOST_READINGS,
    MOST_TOKENS,
    OF_TEXT,
    TO_TEXT,
    in_order,
    number_of,
    short_readings,
    squeeze,
    surest,
    tokens_of,
    whole_readings,
    without_chance,
)

NONE, ONE, SEVERAL, ALONE = 0, 1, 2, 3
"""What a text spells out: nothing that makes the amount; one way to make it; more ways; one document alone."""
_MOST_ALIKE = 4
_MOST_STEPS = 20_000
_LONGEST_TEXT = 600


@compiled
def _conflicts(readings: Array, count: int, groups: Array, crossed: Array) -> int:
    """Number the places that readings have (groups, in order) and mark those that cross another; returns how many."""
    places = 0
    for a in range(count):
        new = (
            a == 0
            or readings[a, OF_TEXT] != readings[a - 1, OF_TEXT]
            or readings[a, TO_TEXT] != readings[a - 1, TO_TEXT]
        )
        places += new
        groups[a] = places - 1
    for a in range(places):
        crossed[a] = 0
    for a in range(count):
        for b in range(count):
            apart = readings[b, TO_TEXT] <= readings[a, OF_TEXT] or readings[a, TO_TEXT] <= readings[b, OF_TEXT]
            if groups[a] != groups[b] and not apart:
                crossed[groups[a]] = 1
    return places


@compiled
def _left_out(readings: Array, count: int, groups: Array, place: int, taken: Array, size: int) -> bool:
    """Whether a place may stay unread: what is taken crosses it, or is what it could name."""
    for a in range(count):
        if groups[a] != place:
            continue
        for k in range(size):
            other = taken[k]
            apart = readings[other, TO_TEXT] <= readings[a, OF_TEXT] or readings[a, TO_TEXT] <= readings[other, OF_TEXT]
            if not apart or readings[other, ITEM] == readings[a, ITEM]:
                return True
    return False


@compiled
def _whole(readings: Array, count: int, groups: Array, places: int, read: Array, taken: Array, size: int) -> bool:
    """Whether every place is read, or may stay unread."""
    unread = 0
    for place in range(places):
        if not read[place] and not _left_out(readings, count, groups, place, taken, size):
            unread += 1
    return bool(unread == 0)


@compiled
def _fits(readings: Array, a: int, taken: Array, size: int) -> bool:
    clashes = 0
    for k in range(size):
        other = taken[k]
        apart = readings[other, TO_TEXT] <= readings[a, OF_TEXT] or readings[a, TO_TEXT] <= readings[other, OF_TEXT]
        clashes += not apart or readings[other, ITEM] == readings[a, ITEM]
    return bool(clashes == 0)


@compiled
def _unlike(readings: Array, solution: Array, sizes: int, taken: Array, size: int) -> bool:
    """Whether two solutions differ in what they settle."""
    if sizes != size:
        return True
    missing = 0
    for k in range(size):
        known = 0
        for m in range(size):
            known += solution[m] == readings[taken[k], ITEM]
        missing += known == 0
    return bool(missing > 0)


@compiled
def spelled(
    readings: Array, count: int, amounts: Array, target: int, loose: bool, solution: Array, ways: Array
) -> tuple[int, int]:
    """The documents that a text spells out and that add to the target: the answer and how many they are.

    loose: places may stay unread. solution: their pairs. ways[0]: how many combinations were tried.
    """
    groups = np.empty(count, np.int64)
    crossed = np.empty(count, np.int64)
    places = _conflicts(readings, count, groups, crossed)
    begins = np.zeros(places + 1, np.int64)
    for a in range(count):
        begins[groups[a] + 1] = a + 1
    taken = np.empty(count + 1, np.int64)
    read = np.zeros(places, np.bool_)
    choice = np.full(places + 1, -1, np.int64)
    size, place, total, answer, found, steps = 0, 0, 0, NONE, 0, 0
    ways[0] = 0
    choice[0] = begins[0] - 1
    while place >= 0:
        steps += 1
        if steps > _MOST_STEPS:
            return NONE, 0
        if place == places:
            if loose or _whole(readings, count, groups, places, read, taken, size):
                ways[0] += 1
                if total == target and size > 1:
                    if answer == NONE:
                        answer, found = ONE, size
                        for k in range(size):
                            solution[k] = readings[taken[k], ITEM]
                    elif _unlike(readings, solution, found, taken, size):
                        return SEVERAL, found
            place -= 1
            continue
        if read[place]:
            size -= 1
            total -= amounts[readings[taken[size], ITEM]]
            read[place] = False
        choice[place] += 1
        chosen = choice[place]
        if chosen > begins[place + 1]:
            place -= 1
            continue
        if chosen < begins[place + 1]:
            if not _fits(readings, chosen, taken, size):
                continue
            taken[size] = chosen
            size += 1
            total += amounts[readings[chosen, ITEM]]
            read[place] = True
        elif not (loose or crossed[place] or _left_out(readings, count, groups, place, taken, size)):
            continue
        place += 1
        if place < places:
            choice[place] = begins[place] - 1
    return answer, found


@compiled
def _readings_of(
    data: Array, first: int, size: int, words: Array, meanings: Array, numbers: Array, starts: Array, sizes: Array,
    items: Array, low: int, high: int, out: Array,
) -> int:  # fmt: skip
    """All readings of a text as numbers of some pairs, the surest, in order; returns their count."""
    runs = np.empty((MAX_RUNS, 6), np.int64)
    number_runs = np.empty((MAX_RUNS, 3), np.int64)
    spans, digits = np.empty((MOST_TOKENS + 1, 3), np.int64), np.empty((MOST_TOKENS + 1, LONGEST), np.uint8)
    text, places = np.empty(_LONGEST_TEXT, np.uint8), np.empty(_LONGEST_TEXT, np.int64)
    number, ends = np.empty(LONGEST, np.uint8), np.empty((LONGEST, 3), np.int64)
    whole, spare = np.empty(_LONGEST_TEXT, np.uint8), np.empty(_LONGEST_TEXT, np.int64)
    run_total = runs_of(data, first, size, runs)
    mark_dates_and_amounts(data, first + size, run_total, runs)
    read_words(data, run_total, runs, words, meanings)
    tokens = tokens_of(data, run_total, runs, spans, digits)
    length = squeeze(data, first, size, text, places)
    count = 0
    for pair in range(low, high):
        row = items[pair]
        run_count, digit_count = number_of(numbers, starts[row], sizes[row], number_runs, number, ends)
        count = short_readings(spans, digits, tokens, number, run_count, ends, pair, out, count)
        whole_size = squeeze(numbers, starts[row], sizes[row], whole, spare)
        count = whole_readings(text, length, places, whole, whole_size, pair, out, count)
        if digit_count < whole_size:
            count = whole_readings(text, length, places, number, digit_count, pair, out, count)
    count = without_chance(data, first, first + size, out, count)
    count = surest(out, count, _MOST_ALIKE)
    in_order(out, count)
    return count


@compiled
def spell(
    data: Array, text_starts: Array, text_sizes: Array, words: Array, meanings: Array, numbers: Array,
    number_starts: Array, number_sizes: Array, items: Array, full: Array, less: Array, bounds: Array, targets: Array,
    first: int, last: int, inverse_bound: int, taken: Array, places: Array, answers: Array,
) -> None:  # fmt: skip
    """For each text (rows first to last): the pairs that it spells out and that add to its target.

    bounds: pairs by row; items: the number's row by pair; full, less: what a pair settles at its open amount, or less
    what a discount takes off. taken[pair]: 1 at full, 2 at less; places[pair]: begin and end byte; answers[row].
    """
    out = np.empty((MOST_READINGS, 5), np.int64)
    solution, ways = np.empty(MOST_READINGS + 1, np.int64), np.empty(1, np.int64)
    for row in range(first, last):
        answers[row] = NONE
        count = _readings_of(
            data, text_starts[row], text_sizes[row], words, meanings, numbers, number_starts, number_sizes, items,
            bounds[row], bounds[row + 1], out,
        )  # fmt: skip
        if count == 0 or count == MOST_READINGS:
            continue
        alike, torn = 0, 0
        for a in range(count):
            alike += out[a, ITEM] == out[0, ITEM]
            end = text_starts[row] + text_sizes[row]
            torn += goes_on(data, text_starts[row], end, out[a, OF_TEXT], out[a, TO_TEXT], True)
        if alike == count:
            answers[row] = NONE if torn else ALONE
            taken[out[0, ITEM]] = 1
            places[out[0, ITEM], 0], places[out[0, ITEM], 1] = out[0, OF_TEXT], out[0, TO_TEXT]
            continue
        for attempt in range(4):
            # Every place read and each in full; each less its discount; then the same with places that stay unread.
            amounts, loose = less if attempt % 2 else full, attempt > 1
            answer, size = spelled(out, count, amounts, targets[row], loose, solution, ways)
            likely = (
                ways[0] == 1 or ways[0] * inverse_bound <= abs(targets[row]) or (not loose and ways[0] <= _MOST_ALIKE)
            )
            if answer == NONE or not likely or (loose and 3 * size <= 2 * count):
                continue
            answers[row] = answer
            for k in range(size):
                taken[solution[k]] = 2 if attempt % 2 and less[solution[k]] != full[solution[k]] else 1
            for a in range(count):
                places[out[a, ITEM], 0], places[out[a, ITEM], 1] = out[a, OF_TEXT], out[a, TO_TEXT]
            break
