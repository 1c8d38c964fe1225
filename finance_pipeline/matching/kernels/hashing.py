"""Hashes of runs of bytes, and tables that are asked by them.

64 bits: among some hundred million different texts the expected number of pairs that share a hash is below 0.001.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array

BASIS = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_SHIFT = np.uint64(33)
BOUNDARY = np.uint8(0x1F)
_ZERO = 48


@compiled
def with_byte(state: np.uint64, byte: np.uint8) -> np.uint64:
    return (state ^ np.uint64(byte)) * _PRIME


@compiled
def with_bytes(state: np.uint64, data: Array, first: int, last: int) -> np.uint64:
    for at in range(first, last):
        state = (state ^ np.uint64(data[at])) * _PRIME
    return state


@compiled
def significant(data: Array, first: int, last: int) -> int:
    """Where a run of digits begins without its leading zeros; of zeros alone the last stays."""
    while first < last - 1 and data[first] == _ZERO:
        first += 1
    return first


@compiled
def finished(state: np.uint64) -> np.uint64:
    """The state with its bits spread, as tables are asked with it."""
    state = (state ^ (state >> _SHIFT)) * _MIX
    return state ^ (state >> _SHIFT)


@compiled
def bucketed(entries: Array, shift: int, first: int, last: int, starts: Array, out: Array) -> None:
    """Entries (rows that begin with their key) by the leading bits of the key: out, and starts by bucket, one more.

    Of the buckets from first to last (exclusive) only; where each begins stands one place on in starts at first.
    """
    bits = np.uint64(shift)
    for k in range(len(entries)):
        bucket = np.int64(entries[k, 0] >> bits)
        if first <= bucket < last:
            to = starts[bucket + 1]
            out[to, 0] = entries[k, 0]
            out[to, 1] = entries[k, 1]
            starts[bucket + 1] = to + 1


@compiled
def bucket_counts(entries: Array, shift: int, starts: Array) -> None:
    """How many entries each bucket has, added to what stands two places on in starts."""
    bits = np.uint64(shift)
    for k in range(len(entries)):
        starts[np.int64(entries[k, 0] >> bits) + 2] += 1


@compiled
def slot_of(table: Array, key: np.uint64) -> Any:
    """Where a key stands in a small open table (a power of two long, 0 is free), or -1."""
    mask = np.uint64(len(table) - 1)
    at = key & mask
    while table[at] != np.uint64(0):
        if table[at] == key:
            return np.int64(at)
        at = (at + np.uint64(1)) & mask
    return np.int64(-1)


def open_table(keys: list[int]) -> Array:
    """A small open table of these keys (uint64)."""
    size = 64
    while size < 4 * len(keys):
        size *= 2
    table = np.zeros(size, np.uint64)
    for key in keys:
        at = key & (size - 1)
        while table[at]:
            at = (at + 1) & (size - 1)
        table[at] = key
    return table


def text_key(text: bytes, salt: int = 0) -> int:
    """The finished hash of a whole folded text, as the compiled loops work it out for a run of letters."""
    state = int(BASIS) ^ salt
    for byte in text:
        state = ((state ^ byte) * int(_PRIME)) & 0xFFFFFFFFFFFFFFFF
    state = ((state ^ (state >> 33)) * int(_MIX)) & 0xFFFFFFFFFFFFFFFF
    return state ^ (state >> 33)
