"""Word lists as one text, which reads better than a column of quotes."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The parts of a text between bars."""
    return tuple(text.split("|"))
