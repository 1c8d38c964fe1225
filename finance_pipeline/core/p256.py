"""Signatures of the curve P-256 (ES256): verified from public figures alone, and made by the sandbox with made-up keys.

None of the libraries that are installed anyway offers this curve; verifying needs no secret, so that the time it takes
tells nobody anything. Nothing real may ever be signed with this: `sign` is not made to keep a key secret.
"""

from __future__ import annotations

import hashlib

FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
Point = tuple[int, int]
_Jacobian = tuple[int, int, int]
_NOWHERE: _Jacobian = (1, 1, 0)
"""The point at infinity: whatever has no third coordinate."""


def public_key(private: int) -> Point:
    """The point that belongs to a private number."""
    return _flat(_times(private, _BASE))


def verify(key: Point, message: bytes, signature: bytes) -> bool:
    """Whether 64 bytes (r and s) sign the SHA-256 of a message under a key. False for a key off the curve."""
    x, y = key
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    on_curve = 0 <= x < FIELD and 0 <= y < FIELD and (y * y - x * x * x + 3 * x - _B) % FIELD == 0
    if len(signature) != 64 or not on_curve or not 0 < r < ORDER or not 0 < s < ORDER:
        return False
    inverse = pow(s, -1, ORDER)
    meets = _add(_times(_hashed(message) * inverse % ORDER, _BASE), _times(r * inverse % ORDER, key))
    return meets[2] != 0 and _flat(meets)[0] % ORDER == r


def sign(private: int, message: bytes) -> bytes:
    """64 bytes (r and s). The same message gives the same bytes."""
    hashed, seed = _hashed(message), private.to_bytes(32, "big") + message
    nonce = int.from_bytes(hashlib.sha512(seed).digest(), "big") % (ORDER - 1) + 1
    r = public_key(nonce)[0] % ORDER
    s = pow(nonce, -1, ORDER) * (hashed + r * private) % ORDER
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _hashed(message: bytes) -> int:
    return int.from_bytes(hashlib.sha256(message).digest(), "big")


def _flat(point: _Jacobian) -> Point:
    inverse = pow(point[2], -1, FIELD)
    square = inverse * inverse % FIELD
    return point[0] * square % FIELD, point[1] * square * inverse % FIELD


def _times(factor: int, point: Point) -> _Jacobian:
    """A multiple of a point, doubling and adding from the highest bit on."""
    found, added = _NOWHERE, (*point, 1)
    for bit in bin(factor)[2:]:
        found = _twice(found)
        if bit == "1":
            found = _add(found, added)
    return found


def _twice(point: _Jacobian) -> _Jacobian:
    """Doubling where a is -3 ("dbl-2001-b"); of the point at infinity it gives that again."""
    x, y, z = point
    delta, gamma = z * z % FIELD, y * y % FIELD
    beta = x * gamma % FIELD
    alpha = 3 * (x - delta) * (x + delta) % FIELD
    doubled = (alpha * alpha - 8 * beta) % FIELD
    return (
        doubled,
        (alpha * (4 * beta - doubled) - 8 * gamma * gamma) % FIELD,
        ((y + z) * (y + z) - gamma - delta) % FIELD,
    )


def _add(one: _Jacobian, other: _Jacobian) -> _Jacobian:
    if one[2] == 0 or other[2] == 0:
        return other if one[2] == 0 else one
    z1, z2 = one[2] * one[2] % FIELD, other[2] * other[2] % FIELD
    u1, u2 = one[0] * z2 % FIELD, other[0] * z1 % FIELD
    s1, s2 = one[1] * other[2] * z2 % FIELD, other[1] * one[2] * z1 % FIELD
    if u1 == u2:
        return _twice(one) if s1 == s2 else _NOWHERE
    h, r = u2 - u1, s2 - s1
    square = h * h % FIELD
    cube, v = h * square % FIELD, u1 * square % FIELD
    x = (r * r - cube - 2 * v) % FIELD
    return x, (r * (v - x) - s1 * cube) % FIELD, h * one[2] * other[2] % FIELD
