"""The data folder's server and database, for those who operate them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from finance_pipeline.store.database import Database
from finance_pipeline.store.locks import home_lock
from finance_pipeline.store.server import ensure_server, server_status, stop_server

__all__ = ["home_lock", "migrate", "start", "status", "stop"]


def start(home: Path) -> str:
    """Start the embedded server, or find it running; returns its state in words."""
    ensure_server(home)
    return str(server_status(home))


def stop(home: Path) -> None:
    """Stop the embedded server; data stays."""
    stop_server(home)


def status(home: Path) -> dict[str, str]:
    """State of the server by name; nothing is started."""
    found = server_status(home)
    return {name: str(value) for name, value in asdict(found).items()} | {"words": str(found)}


def migrate(home: Path) -> list[str]:
    """Apply the migrations that wait, and return their names."""
    database = Database.open(home)
    try:
        return database.migrate()
    finally:
        database.close()
