"""A database of a bench's own: a new data folder with its embedded server, all of which is removed at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finance_pipeline.core.settings import HOME_VARIABLE, home_folder
from finance_pipeline.services import administration
from finance_pipeline.store.address import Connection, connect, parts_of, with_database
from finance_pipeline.store.database import Database
from finance_pipeline.store.server import superuser_url

_OTHER_DATABASES = ("DATABASE_URL", "DAGSTER_DATABASE_URL", "MIGRATION_DATABASE_URL")
"""Where somebody's own books may be: a campaign uses the embedded server of its own folder, whatever these say."""


@contextmanager
def database_of_its_own() -> Iterator[tuple[Path, Database]]:
    """The data folder, and its migrated database."""
    benches = home_folder() / "bench"
    benches.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(dir=benches))
    with environment_of(home):
        database = Database.open(home)
        try:
            database.migrate()
            yield home, database
        finally:
            database.close()
            administration.stop(home)
            shutil.rmtree(home)
            administration.stop(home)  # A cluster that had to be kept outside goes once its data folder is gone.
            if not any(benches.iterdir()):
                benches.rmdir()


@contextmanager
def login_of(database: Database, *, migrating: bool = False) -> Iterator[Connection]:
    """A session of the login that runs the pipeline, or migrates it, before it takes a role; each statement commits."""
    with connect(database.migrating_url if migrating else database.url, autocommit=True) as conn:
        conn.prepare_threshold = None  # what was prepared under one role or rule would answer for another
        yield conn


@contextmanager
def superuser_of(home: Path, database: Database) -> Iterator[Connection]:
    """A session with every right on a database of a data folder's embedded server; each statement commits by itself."""
    address = with_database(superuser_url(home), parts_of(database.url)["dbname"])
    with connect(address, autocommit=True) as conn:
        conn.prepare_threshold = None
        yield conn


@contextmanager
def environment_of(home: Path) -> Iterator[None]:
    """This process and its children work on a data folder and its embedded server; afterwards all is as it was."""
    before = dict(os.environ)
    for name in _OTHER_DATABASES:
        os.environ.pop(name, None)
    os.environ[HOME_VARIABLE] = str(home)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
