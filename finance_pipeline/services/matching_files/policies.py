"""A policy file: YAML, one mapping for all books, or one for each under `books:` beside a `default:`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from finance_pipeline.core.problems import BadSettings
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.policy_reading import policy_from

_BY_BOOK = {"default", "books"}


def read_policies(path: Path | None, books: Iterable[str]) -> dict[str, Policy]:
    """The policy of each of these books; the default one without a file.

    A book's values stand on top of those under `default`. Raises BadSettings naming file, book and key.
    """
    content = _content(path) if path else {}
    where = path.name if path else ""
    if not _BY_BOOK & set(content):
        return dict.fromkeys(books, _policy(content, where))
    other = sorted(set(content) - _BY_BOOK)
    if other:
        raise BadSettings(
            f"{other[0]!r} stands beside 'books' or 'default'.",
            where=where,
            kept="Nothing was written.",
            todo="Put it under `default:`, or under a book of `books:`.",
        )
    default = _mapping(content.get("default"), f"{where}, default")
    own = {str(book): values for book, values in _mapping(content.get("books"), f"{where}, books").items()}
    named = {book: _mapping(values, f"{where}, book {book}") for book, values in own.items()}
    policies = {book: _policy(default | values, f"{where}, book {book}") for book, values in named.items()}
    rest = _policy(default, f"{where}, default")
    return {book: policies.get(book, rest) for book in books}


def _content(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as cause:
        raise _bad(f"it cannot be read: {cause.strerror}.", str(path)) from cause
    except UnicodeDecodeError as cause:
        raise _bad("it is not UTF-8 text.", path.name) from cause
    except yaml.YAMLError as cause:
        raise _bad(f"it is not YAML: {' '.join(str(cause).split())}.", path.name) from cause
    return _mapping(content, path.name)


def _mapping(content: object, where: str) -> dict[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise _bad(f"it has to be a mapping of names to values, not {content!r}.", where)
    return dict(content)


def _policy(values: Mapping[str, Any], where: str) -> Policy:
    try:
        return policy_from(values)
    except BadSettings as cause:
        raise BadSettings(cause.what, where=where, kept="Nothing was written.", todo=cause.todo) from cause


def _bad(what: str, where: str) -> BadSettings:
    return BadSettings(what, where=where, kept="Nothing was written.")
