"""SQL texts that live in /sql beside the package. One statement of intent a file; parameters are always bound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from finance_pipeline.core.problems import BadSettings

if TYPE_CHECKING:
    import psycopg

SQL_FOLDER = Path(__file__).resolve().parents[2] / "sql"


@cache
def query(name: str) -> LiteralString:
    """The text of sql/queries/<name>.sql. Raises BadSettings if it is not there."""
    return text_of(SQL_FOLDER / "queries" / f"{name}.sql")


def text_of(file: Path) -> LiteralString:
    """The text of a file below /sql, which is code of ours like any literal. Raises BadSettings if it is not there."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as cause:
        if SQL_FOLDER.is_dir():
            raise BadSettings("there is no such SQL file.", where=str(file)) from cause
        raise BadSettings(
            "the folder sql/ is not beside the package, so the package was installed without its project.",
            where=str(SQL_FOLDER),
            todo="Install the project in place: pip install -e .",
        ) from cause


@contextmanager
def without_nested_loops(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """While this lasts, joins of the caller's transaction are hashed or merged wherever they can be.

    For statements over rows that have no statistics, as those of staging tables and of materialized parts of a query:
    the planner takes them for one row, and so has each of thousands compared with every other.
    """
    conn.execute("set local enable_nestloop = off")
    yield
    conn.execute("set local enable_nestloop to default")
