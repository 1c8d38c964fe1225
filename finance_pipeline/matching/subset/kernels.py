"""Compiled loops of the subset search: every sum of a few items, in order, without trying every subset.

Here: half lists (all sums of half of the items, sorted), meeting them at a target, counting them near it.
Not here: which candidate belongs to which group, and what an answer is called (`search`).

This module imports numba at its top and is itself imported only by whoever searches. Each function has one signature
of 64-bit integers, so that a fresh machine compiles them once, in seconds, and then loads them from the cache. They
stand in one file because the cache looks at the file of the function, not at those it calls.

`groups` is an array of four rows, one column per group of equal candidates, in ascending order of the smallest option:
FIRST and SECOND are what one member adds to the sum when it is taken whole or at its alternative (0: no such option),
COUNT is how many members there are, SIDE which half list the group is in. Searching counts instead of members keeps
equal amounts from multiplying the work, and the solutions.

A half list is an array of two rows: sums, ascending, and tags. A tag's low 12 bits are the number of members that the
sum takes; the rest says which ones (`unpack`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[Any]
"""Of int64; elements are Any to the type checker, since what is an integer of numpy to it is one of Python here."""
Function = TypeVar("Function", bound=Callable[..., object])

FIRST, SECOND, COUNT, SIDE = 0, 1, 2, 3
FOUND, CAP, COMPLETE = 0, 1, 2
SIZE_BITS = 12
SIZE_MASK = (1 << SIZE_BITS) - 1
TAG_LIMIT = 1 << 46
"""Tags count up to here: above it they would not fit beside the size."""
NEVER_MINOR = 1 << 62
"""More than any sum."""
FEW_SUMS = 4
"""Fewer sums than this in a window say nothing about a narrower one."""
NARROW_MINOR = 64
"""No window gets narrower than this."""


def compiled(signature: str) -> Callable[[Function], Function]:
    """Compile for this signature now, or load what an earlier process compiled; runs without the interpreter's lock."""
    return cast("Callable[[Function], Function]", numba.njit(signature, cache=True, nogil=True))


@compiled("void(i8[:, ::1], i8, i8)")
def prune(groups: Ints, low: int, high: int) -> None:
    """Strike out (set to 0) options that no sum from low to high can use.

    With the rest of the items at their most negative an option may still be too big, or at their most positive too
    small. Exact: nothing that could be part of such a sum is lost.
    """
    again = True
    while again:
        again = False
        negative = 0
        positive = 0
        for g in range(groups.shape[1]):
            negative += groups[COUNT, g] * min(0, groups[FIRST, g], groups[SECOND, g])
            positive += groups[COUNT, g] * max(0, groups[FIRST, g], groups[SECOND, g])
        for g in range(groups.shape[1]):
            least = negative - min(0, groups[FIRST, g], groups[SECOND, g])
            most = positive - max(0, groups[FIRST, g], groups[SECOND, g])
            for o in range(2):
                value = groups[o, g]
                if value != 0 and (value + least > high or value + most < low):
                    groups[o, g] = 0
                    again = True


@compiled("i8(i8[:, ::1], i8)")
def most_members(groups: Ints, high: int) -> int:
    """No sum of at most `high` takes more members: all negative ones, and the smallest positive ones.

    A positive option counts as no bigger than those that come after it, which changes nothing while they ascend.
    """
    members = 0
    room = high
    smallest = np.empty(groups.shape[1] + 1, np.int64)
    smallest[groups.shape[1]] = NEVER_MINOR
    for g in range(groups.shape[1] - 1, -1, -1):
        low = min(groups[FIRST, g], groups[SECOND, g])
        if low < 0:
            members += groups[COUNT, g]
            room -= groups[COUNT, g] * low
        if low == 0:
            low = max(groups[FIRST, g], groups[SECOND, g])
        smallest[g] = min(low, smallest[g + 1]) if low > 0 else smallest[g + 1]
    for g in range(groups.shape[1]):
        if max(groups[FIRST, g], groups[SECOND, g]) > 0:
            fits = max(0, min(groups[COUNT, g], room // smallest[g]))
            members += fits
            room -= fits * smallest[g]
    return members


@compiled("i8(i8[:, ::1], i8, i8)")
def ways(groups: Ints, g: int, cap: int) -> int:
    """How many ways there are to take up to `cap` members of a group, each at one of its options."""
    most: int = min(groups[COUNT, g], cap)
    if groups[FIRST, g] != 0 and groups[SECOND, g] != 0:
        return (most + 1) * (most + 2) // 2
    return most + 1 if groups[FIRST, g] != 0 or groups[SECOND, g] != 0 else 1


@compiled("i8[:, ::1](i8[:, ::1], i8, i8)")
def listing(groups: Ints, g: int, cap: int) -> Ints:
    """The ways of a group: rows of their sums, members, and members at the first and at the second option."""
    listed = np.zeros((4, ways(groups, g, cap)), np.int64)
    most = min(groups[COUNT, g], cap)
    way = 0
    for a in range(most + 1 if groups[FIRST, g] != 0 else 1):
        for b in range(most + 1 - a if groups[SECOND, g] != 0 else 1):
            listed[0, way] = a * groups[FIRST, g] + b * groups[SECOND, g]
            listed[1, way] = a + b
            listed[2, way] = a
            listed[3, way] = b
            way += 1
    return listed


@compiled("i8(i8[:, ::1], i8, i8)")
def split(groups: Ints, cap: int, steps: int) -> int:
    """Deal the groups out on two sides of about equal work; how many fit before a side would take more than `steps`.

    cap: sums take at most so many members. Work is counted before it is done, so that a search is bounded by a count
    and never by a clock. SIDE becomes 0 or 1, and 2 for groups that did not fit or have no option left. Every other
    group comes first, so that a look at the first few sees small and large amounts alike.
    """
    all_groups: int = groups.shape[1]
    length = np.zeros((2, cap + 1))  # how many sums of a side take k members
    length[0, 0] = 1
    length[1, 0] = 1
    total = np.ones(2)
    work = np.zeros(2)
    for g in range(all_groups):
        groups[SIDE, g] = 2
    for turn in range(all_groups):
        g = 2 * turn if 2 * turn < all_groups else 2 * (turn - (all_groups + 1) // 2) + 1
        choices = ways(groups, g, cap)
        if choices == 1:
            continue
        s = 0 if total[0] <= total[1] else 1
        work[s] += total[s] * choices * choices
        if work[s] > steps:
            return turn
        both = groups[FIRST, g] != 0 and groups[SECOND, g] != 0
        total[s] = 0.0
        for k in range(cap, -1, -1):
            sums = 0.0
            for c in range(min(groups[COUNT, g], k) + 1):
                sums += length[s, k - c] * (c + 1 if both else 1)
            length[s, k] = sums
            total[s] += sums
        groups[SIDE, g] = s
    return all_groups


@compiled("i8(i8[:, ::1], i8, i8)")
def tagging(groups: Ints, cap: int, s: int) -> int:
    """How tags name their members: 0 as digits of a mixed radix, else the base in which they list ways; -1 neither.

    All ways of all groups fit in one number while there are few groups; with many groups and few members to take, the
    list of the ways taken fits instead.
    """
    radix = 1.0
    names = 1
    for g in range(groups.shape[1]):
        if groups[SIDE, g] == s:
            choices = ways(groups, g, cap)
            radix *= choices
            names += choices - 1
    if radix < TAG_LIMIT:
        return 0
    listed = 1.0
    for _ in range(cap):
        listed *= names
    return names if listed < TAG_LIMIT else -1


@compiled("i8[:, ::1](i8[:, ::1], i8, i8, i8)")
def half(groups: Ints, cap: int, base: int, s: int) -> Ints:
    """All sums of one side that take at most `cap` members, ascending: one row of sums, one of tags.

    Each group merges as many shifted copies of the list so far as it has ways, so nothing is ever sorted. base: from
    `tagging`.
    """
    size = 1
    sums = np.zeros((2, 1), np.int64)
    place = 1 if base == 0 else 0
    for g in range(groups.shape[1]):
        if groups[SIDE, g] != s:
            continue
        delta = listing(groups, g, cap)
        choices = delta.shape[1]
        at = np.zeros(choices, np.int64)
        grown = np.empty((2, size * choices), np.int64)
        filled = 0
        while True:
            chosen = -1
            smallest = 0
            for w in range(choices):
                i = at[w]
                while i < size and (sums[1, i] & SIZE_MASK) + delta[1, w] > cap:
                    i += 1
                at[w] = i
                if i < size and (chosen < 0 or sums[0, i] + delta[0, w] < smallest):
                    chosen = w
                    smallest = sums[0, i] + delta[0, w]
            if chosen < 0:
                break
            tag = sums[1, at[chosen]]
            which = tag >> SIZE_BITS
            if base == 0:
                which += chosen * place
            elif chosen > 0:
                which = which * base + place + chosen
            grown[0, filled] = smallest
            grown[1, filled] = (which << SIZE_BITS) | ((tag & SIZE_MASK) + delta[1, chosen])
            filled += 1
            at[chosen] += 1
        size = filled
        sums = grown
        place = place * choices if base == 0 else place + choices - 1
    return sums if size == sums.shape[1] else np.ascontiguousarray(sums[:, :size])


@compiled("void(i8, i8[:, ::1], i8, i8, i8, i8[:, ::1], i8)")
def unpack(tag: int, groups: Ints, cap: int, base: int, s: int, taken: Ints, row: int) -> None:
    """How many members of each group of a side a tag takes: taken[row] at the first option, [row + 1] at the second."""
    which = tag >> SIZE_BITS
    place = 0
    for g in range(groups.shape[1]):
        if groups[SIDE, g] != s:
            continue
        choices = ways(groups, g, cap)
        way = 0
        if base == 0:
            way = which % choices
            which //= choices
        else:
            rest = which
            while rest > 0:
                if place < rest % base < place + choices:
                    way = rest % base - place
                rest //= base
            place += choices - 1
        listed = listing(groups, g, cap)
        taken[row, g] = listed[2, way]
        taken[row + 1, g] = listed[3, way]


@compiled("i8(i8[:, ::1], i8, i8, i8, i8, i8[:, ::1])")
def meet(groups: Ints, target: int, least: int, cap: int, steps: int, taken: Ints) -> int:
    """Ways to add to the target with `least` to `cap` members: 0, 1, 2 (and stops there), or -1: gave up.

    Searches the groups that are dealt out and writes what it found into taken, two rows each. Gives up after
    more than `steps` pairs of half sums that fit but take too many members.
    """
    bases = (tagging(groups, cap, 0), tagging(groups, cap, 1))
    if min(bases) < 0:
        return -1
    left = half(groups, cap, bases[0], 0)
    right = half(groups, cap, bases[1], 1)
    found = 0
    j = right.shape[1] - 1
    for i in range(left.shape[1]):
        wanted = target - left[0, i]
        while j >= 0 and right[0, j] > wanted:
            j -= 1
        k = j
        while k >= 0 and right[0, k] == wanted:
            members = (left[1, i] & SIZE_MASK) + (right[1, k] & SIZE_MASK)
            if least <= members <= cap:
                unpack(left[1, i], groups, cap, bases[0], 0, taken, 2 * found)
                unpack(right[1, k], groups, cap, bases[1], 1, taken, 2 * found)
                found += 1
                if found == 2:
                    return 2
            steps -= 1
            if steps < 0:
                return -1
            k -= 1
    return found


@compiled("i8(i8[:, ::1], i8[:, ::1], i8, i8, i8)")
def count_between(left: Ints, right: Ints, low: int, high: int, cap: int) -> int:
    """How many pairs of half sums add to an amount from `low` to `high` with at most `cap` members."""
    largest = np.zeros(2, np.int64)
    for i in range(left.shape[1]):
        largest[0] = max(largest[0], left[1, i] & SIZE_MASK)
    for j in range(right.shape[1]):
        largest[1] = max(largest[1], right[1, j] & SIZE_MASK)
    free = largest[0] + largest[1] <= cap
    total = 0
    for size in range(1 if free else largest[0] + 1):
        room = SIZE_MASK if free else cap - size
        above = below = right.shape[1] - 1  # the last that does not exceed high, and the last that is under low
        inside = 0
        for i in range(left.shape[1]):
            if not free and (left[1, i] & SIZE_MASK) != size:
                continue
            while above >= 0 and left[0, i] + right[0, above] > high:
                inside -= (right[1, above] & SIZE_MASK) <= room
                above -= 1
            while below >= 0 and left[0, i] + right[0, below] >= low:
                inside += (right[1, below] & SIZE_MASK) <= room
                below -= 1
            total += inside
    return total


@compiled("void(i8[::1], i8[::1], i8[:, ::1], i8, i8[::1], i8, b1, i8[:, ::1], i8[:, ::1])")
def search_all(
    targets: Ints,
    starts: Ints,
    groups: Ints,
    least: int,
    most: Ints,
    steps: int,
    partly: bool,
    answers: Ints,
    taken: Ints,
) -> None:
    """Search every problem for sums of `least` (0 or 1) to most[p] members, if that takes no more than `steps`.

    Problem p has the groups from starts[p] to starts[p + 1]. partly: where that is too much work, search as many groups
    as can be. answers[p] gets FOUND: up to 2 solutions; CAP: how many members a sum can take at all; COMPLETE: all sums
    of up to most[p] were searched. taken gets four rows: members of the group at the first and at the second option in
    the solution, and in another one.
    """
    for p in range(len(targets)):
        mine = np.empty((4, starts[p + 1] - starts[p]), np.int64)
        for g in range(mine.shape[1]):
            for row in range(3):
                mine[row, g] = groups[row, starts[p] + g]
        prune(mine, targets[p], targets[p])
        cap = min(most[p], most_members(mine, targets[p]))
        answers[p, CAP] = cap
        complete = split(mine, cap, steps) == mine.shape[1]
        if complete or partly:
            here = np.zeros((4, mine.shape[1]), np.int64)
            found = meet(mine, targets[p], least, cap, steps, here)
            answers[p, COMPLETE] = complete and found >= 0
            answers[p, FOUND] = max(found, 0)
            for g in range(mine.shape[1]):
                for row in range(4):
                    taken[row, starts[p] + g] = here[row, g]


@compiled("void(i8[::1], i8[::1], i8[:, ::1], i8[::1], i8[::1], f8[::1], i8, f8[::1])")
def density_all(
    targets: Ints,
    starts: Ints,
    groups: Ints,
    caps: Ints,
    scales: Ints,
    enough: NDArray[np.float64],
    steps: int,
    densities: NDArray[np.float64],
) -> None:
    """Sums of at most caps[p] members per minor unit near each target: the densest of the windows round it.

    The widest window is as wide as scales[p]; each next one is half as wide, while the last held a few sums and showed
    no more than enough[p], and `steps` allow; their counts are taken less their own standard deviation, since the
    densest of many windows is dense by chance. Infinite where not even one could be counted within the steps.
    """
    for p in range(len(targets)):
        mine = np.empty((4, starts[p + 1] - starts[p]), np.int64)
        for g in range(mine.shape[1]):
            for row in range(3):
                mine[row, g] = groups[row, starts[p] + g]
        low = targets[p] - scales[p] // 2
        high = low + scales[p]
        prune(mine, low, high)
        if split(mine, caps[p], steps) < mine.shape[1]:
            densities[p] = np.inf
            continue
        left = half(mine, caps[p], 0, 0)
        right = half(mine, caps[p], 0, 1)
        once = (caps[p] + 1) * (left.shape[1] + right.shape[1])
        work = once
        sums = count_between(left, right, low, high, caps[p])
        densities[p] = sums / (high - low + 1.0)
        while sums >= FEW_SUMS and densities[p] <= enough[p] and high - low >= NARROW_MINOR and work <= steps:
            low += (targets[p] - low) // 2
            high -= (high - targets[p]) // 2
            sums = count_between(left, right, low, high, caps[p])
            densities[p] = max(densities[p], (sums - np.sqrt(sums)) / (high - low + 1.0))
            work += once
