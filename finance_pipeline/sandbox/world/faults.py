"""What goes wrong with references on their way through people and banks: typos, and texts cut off."""

from __future__ import annotations

import re
from random import Random


def with_typo(rng: Random, number: str) -> str:
    """A document number as somebody mistyped it: two digits swapped, a digit lost or doubled, O for 0, I for 1."""
    digits = [at for at, each in enumerate(number) if each.isdigit()]
    tail = digits[-6:]
    kind = rng.randrange(5)
    at = rng.choice(tail[1:])
    before = tail[tail.index(at) - 1]
    if kind == 0 and number[at] != number[before] and at == before + 1:
        return number[:before] + number[at] + number[before] + number[at + 1 :]
    if kind == 1 and "0" in number:
        return number.replace("0", "O", 1) if rng.random() < 0.5 else number.replace("0", "", 1)
    if kind == 2 and "1" in number:
        return number.replace("1", "I", 1)
    if kind == 3:
        return number[:at] + number[at] + number[at:]
    return number[:at] + number[at + 1 :]


def loosely_written(rng: Random, number: str) -> str:
    """The same document number in somebody's own spelling: still the same to whoever ignores case and separators."""
    how = rng.random()
    if how < 0.62:
        return number
    if how < 0.74:
        return number.replace("-", " ")
    if how < 0.84:
        return number.replace("-", "")
    if how < 0.90:
        return number.lower()
    if how < 0.95:
        return number.replace("-", "/")
    return re.split(r"[-/ ]", number)[-1]


def cut_off(rng: Random, text: str, share: float) -> str:
    """The text, or what a bank's field of 18, 27 or 35 characters leaves of it."""
    return text[: rng.choice((18, 27, 35))].rstrip() if rng.random() < share else text


def alphanumeric(text: str) -> str:
    """Letters and digits only, in capitals: what is left of a spelling."""
    return re.sub(r"[^A-Z0-9]", "", text.upper())
