"""Amounts as a bookkeeper writes them, by a compiled loop: EUR 1,234.50.

Here: digits, separators, decimals. Not here: how many decimals a currency has.
"""

from __future__ import annotations

from finance_pipeline.matching.kernels import compiled
from finance_pipeline.matching.kernels.buffers import Array

WIDEST = 32
"""More bytes than a code, a sign, nineteen digits, their commas and a point take."""
_COMMA, _POINT, _MINUS, _SPACE, _ZERO = 44, 46, 45, 32, 48


@compiled
def written(amounts: Array, kinds: Array, codes: Array, decimals: Array, out: Array, sizes: Array) -> None:
    """out, WIDEST bytes a row, and how many of them count. kinds: the currency of a row (-1: none, nothing is written);
    codes: three bytes by currency; decimals: by currency."""
    digits = [0] * 24
    for row in range(len(amounts)):
        kind = kinds[row]
        if kind < 0:
            sizes[row] = 0
            continue
        left, count = amounts[row], 0
        negative = left < 0
        # Down from a negative number, since the least one has no positive counterpart.
        left = left if negative else -left
        while left != 0 or count <= decimals[kind]:
            over = left % 10
            digits[count] = (10 - over) % 10
            left = left // 10 + (over > 0)
            count += 1
        at = row * WIDEST
        for k in range(3):
            out[at + k] = codes[kind, k]
        out[at + 3] = _SPACE
        at += 4
        if negative:
            out[at] = _MINUS
            at += 1
        for k in range(count - 1, -1, -1):
            out[at] = _ZERO + digits[k]
            at += 1
            whole = k - decimals[kind]
            if k == decimals[kind] and k > 0:
                out[at] = _POINT
                at += 1
            elif whole > 0 and whole % 3 == 0:
                out[at] = _COMMA
                at += 1
        sizes[row] = at - row * WIDEST
