"""SHA-256 of many short texts, compiled: sixteen texts at a time, since processors add sixteen numbers as fast as one.

Here: the digest of FIPS 180-4, written in hexadecimal. Not here: what is hashed, and for what.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array, Texts, in_parts

LANES = 16
DIGITS = 64
"""Hexadecimal digits of a digest."""
_Word = np.uint32


def _roots(power: int, count: int) -> Array:
    """The first 32 bits of the fractions of the square or cube roots of the first primes, as the standard has them."""
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, n))][:count]
    words = []
    for prime in primes:
        # The whole part of the root of prime * 2^(32 power), found by halving: exact, unlike a float's.
        low, high = 0, 1 << 40
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if middle**power <= prime << (32 * power) else (low, middle)
        words.append(low & 0xFFFFFFFF)
    return np.array(words, np.uint32)


_BEGIN, _ROUND = _roots(2, 8), _roots(3, 64)


@compiled
def _turned(word: np.uint32, bits: int) -> np.uint32:
    """A word turned right. Numbers of 32 bits add to one of 64 here: what is above the 32 is cut off."""
    return _Word(word >> _Word(bits) | word << _Word(32 - bits))


@compiled
def _compress(block: Array, state: Array, work: Array) -> None:
    """state (8 by LANES) after one block (64 by LANES, of which the first 16 words are given)."""
    for t in range(16, 64):
        for lane in range(LANES):
            far, near = block[t - 15, lane], block[t - 2, lane]
            one = _turned(far, 7) ^ _turned(far, 18) ^ (far >> np.uint32(3))
            two = _turned(near, 17) ^ _turned(near, 19) ^ (near >> np.uint32(10))
            block[t, lane] = _Word(block[t - 16, lane] + one + block[t - 7, lane] + two)
    for word in range(8):
        for lane in range(LANES):
            work[word, lane] = state[word, lane]
    for t in range(64):
        # In place of moving eight words on, each round names them one further.
        a, b, c, d = -t & 7, (1 - t) & 7, (2 - t) & 7, (3 - t) & 7
        e, f, g, h = (4 - t) & 7, (5 - t) & 7, (6 - t) & 7, (7 - t) & 7
        added = _ROUND[t]
        for lane in range(LANES):
            first, second, third = work[a, lane], work[b, lane], work[c, lane]
            fifth, sixth, seventh = work[e, lane], work[f, lane], work[g, lane]
            mixed = _turned(fifth, 6) ^ _turned(fifth, 11) ^ _turned(fifth, 25)
            one = _Word(work[h, lane] + mixed + (seventh ^ (fifth & (sixth ^ seventh))) + added + block[t, lane])
            two = _turned(first, 2) ^ _turned(first, 13) ^ _turned(first, 22)
            work[d, lane] = _Word(work[d, lane] + one)
            work[h, lane] = _Word(one + two + ((first & second) | (third & (first | second))))
    for word in range(8):
        for lane in range(LANES):
            state[word, lane] = _Word(state[word, lane] + work[word, lane])


@compiled
def _load(data: Array, first: int, size: int, number: int, is_last: bool, block: Array, lane: int) -> None:
    """A block of a text with its padding (a bit, zeros, and how many bits it has) as words, the first byte above."""
    left = size - number * 64
    whole = min(max(left, 0) // 4, 16)
    at = np.uint64(first + number * 64)
    for word in range(whole):
        high = np.uint32(data[at]) << np.uint32(24) | np.uint32(data[at + np.uint64(1)]) << np.uint32(16)
        low = np.uint32(data[at + np.uint64(2)]) << np.uint32(8) | np.uint32(data[at + np.uint64(3)])
        block[word, lane] = _Word(high | low)
        at += np.uint64(4)
    for word in range(whole, 16):
        block[word, lane] = 0
    if 0 <= left < 64:
        rest = np.int64(0x80)
        for k in range(left % 4):
            rest = np.int64(data[at + np.uint64(left % 4 - 1 - k)]) << (8 * (k + 1)) | rest
        block[whole, lane] = _Word(rest << (8 * (3 - left % 4)))
    if is_last:
        block[14, lane] = _Word(size >> 29)
        block[15, lane] = _Word(size << 3)


@compiled
def _write(state: Array, lane: int, out: Array, first: int) -> None:
    for word in range(8):
        value = state[word, lane]
        at = np.uint64(first + word * 8)
        for k in range(8):
            digit = np.uint8(value >> np.uint32(28 - 4 * k)) & np.uint8(15)
            out[at + np.uint64(k)] = np.uint8(digit + 48 + 39 * (digit > 9))


@compiled
def digest(data: Array, starts: Array, sizes: Array, out: Array) -> None:
    """The digest of each text, DIGITS bytes a row. Texts of several lengths go side by side: one that has ended is
    written, and what its lane works out further counts for nothing."""
    block, state = np.zeros((64, LANES), np.uint32), np.empty((8, LANES), np.uint32)
    work = np.empty((8, LANES), np.uint32)
    for row in range(0, len(starts), LANES):
        count = min(LANES, len(starts) - row)
        longest = 0
        for lane in range(count):
            longest = max(longest, (sizes[row + lane] + 72) // 64)
        for word in range(8):
            state[word, :] = _BEGIN[word]
        for number in range(longest):
            for lane in range(count):
                blocks = (sizes[row + lane] + 72) // 64
                if number < blocks:
                    _load(data, starts[row + lane], sizes[row + lane], number, number + 1 == blocks, block, lane)
            _compress(block, state, work)
            for lane in range(count):
                if (sizes[row + lane] + 72) // 64 == number + 1:
                    _write(state, lane, out, (row + lane) * DIGITS)


def digests(texts: Texts) -> pl.Series:
    """SHA-256 of the bytes of each text, in hexadecimal."""
    out = np.empty(len(texts) * DIGITS, np.uint8)

    def part(first: int, last: int) -> None:
        digest(texts.data, texts.starts[first:last], texts.sizes[first:last], out[first * DIGITS : last * DIGITS])

    in_parts(len(texts), part)
    offsets = np.arange(len(texts) + 1, dtype=np.int64) * DIGITS
    array = pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(out))
    return pl.Series(pl.from_arrow(array), dtype=pl.String)
