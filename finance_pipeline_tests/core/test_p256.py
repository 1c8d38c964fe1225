"""The curve's arithmetic against the figures of RFC 6979 (A.2.5, SHA-256)."""

from finance_pipeline.core import p256

PRIVATE = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
KEY = (
    0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6,
    0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299,
)
SIGNED = {
    b"sample": "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    b"test": "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
    "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
}


def test_published_signatures_hold_and_of_no_other_message_key_or_figure() -> None:
    assert p256.public_key(PRIVATE) == KEY
    for message, figures in SIGNED.items():
        signature = bytes.fromhex(figures)
        assert p256.verify(KEY, message, signature)
        assert not p256.verify(KEY, message + b".", signature)
        assert not p256.verify(p256.public_key(7), message, signature)
        assert not p256.verify(KEY, message, bytes([signature[0] ^ 1]) + signature[1:])
        assert not p256.verify(KEY, message, signature + b"\0")
        assert p256.verify(KEY, message, p256.sign(PRIVATE, message))


def test_figures_that_no_signature_has_and_points_off_the_curve_are_refused() -> None:
    r, s = (bytes.fromhex(SIGNED[b"sample"])[at : at + 32] for at in (0, 32))
    zero, order = bytes(32), p256.ORDER.to_bytes(32, "big")
    for signature in (zero + s, r + zero, order + s, r + order, zero + zero):
        assert not p256.verify(KEY, b"sample", signature)
    assert not p256.verify((KEY[0], KEY[1] + 1), b"sample", r + s)
    assert not p256.verify((0, 0), b"sample", r + s)
    assert not p256.verify((KEY[0] + p256.FIELD, KEY[1]), b"sample", r + s)
