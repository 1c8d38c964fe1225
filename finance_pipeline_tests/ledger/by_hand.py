"""Entries written by hand, in transactions that are undone, and months closed as the schema's owner does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import psycopg

from finance_pipeline.services.campaigns.attacks.by_hand import INSERT, SOUND, Connection, copy_all, open_batch, write
from finance_pipeline.services.campaigns.attacks.ledger import close_by_hand
from finance_pipeline.store.database import Database
from finance_pipeline.store.roles import Role

__all__ = ["INSERT", "SOUND", "Connection", "close_month", "copy_all", "open_batch", "undone", "write"]


def close_month(database: Database, month: date, state: str = "locked", book: str = "us") -> None:
    """Close a month, as the schema's owner does."""
    with database.transaction(role="owner") as conn:
        close_by_hand(conn, book, month, state)


@contextmanager
def undone(database: Database, role: Role = "app") -> Iterator[Connection]:
    """A transaction that leaves nothing behind."""
    with database.transaction(role=role) as conn:
        yield conn
        raise psycopg.Rollback
