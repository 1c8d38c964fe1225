"""A simulated company with its servers, and data folders that keep books of it: new ones and copies of one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from finance_pipeline.core.period import BookMonth
from finance_pipeline.core.settings import SETTINGS_NAME, load_settings
from finance_pipeline.sandbox.clock import advance_clock
from finance_pipeline.sandbox.servers.credentials import served_connections
from finance_pipeline.sandbox.world import (
    WorldOptions,
    build_world,
    deliver_statements,
    sandbox_environment,
    sandbox_settings_yaml,
)
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.address import parts_of
from finance_pipeline.store.database import Database
from finance_pipeline_tests.conftest import _fresh
from finance_pipeline_tests.sandbox.serving import Running, serving
from finance_pipeline_tests.services.pipeline import keys_of

Shared = tuple[Database, str]


@dataclass(frozen=True)
class Company:
    """The world and its servers. Books of it are kept in folders and databases of their own."""

    options: WorldOptions
    server: Running
    shared: Shared
    folder: Path
    """Below it, each data folder."""

    @property
    def keys(self) -> list[BookMonth]:
        """Every book-month of the world."""
        months = self.options.months
        return keys_of(self.options.books, str(months[0]), str(months[-1]))

    def it_is(self, moment: datetime) -> None:
        """Set the sandbox's clock. Data folders made from now on have the statements sent by then in their inbox."""
        advance_clock(self.server.home, moment)
        deliver_statements(self.server.home, moment)

    def clear_faults(self) -> None:
        self.server.raw("DELETE", "/control/fault")

    @contextmanager
    def new_books(self) -> Iterator[Workspace]:
        """Nothing is landed yet."""
        home = self.new_home()
        with _fresh(self.shared, "finance_pipeline") as database:
            yield Workspace(load_settings(home), database)

    @contextmanager
    def copy_of(self, books: Workspace) -> Iterator[Workspace]:
        """The same books in a folder and database of their own."""
        home = self.new_home()
        shutil.copytree(books.home / "landing", home / "landing")
        books.database.close()
        with _fresh(self.shared, parts_of(books.database.url)["dbname"]) as database:
            yield Workspace(load_settings(home), database)

    def new_home(self) -> Path:
        """A data folder with settings that name the company's books and connections, and the banks' statements."""
        home = self.folder / f"books-{len(list(self.folder.iterdir()))}"
        shutil.copytree(self.server.home / "inbox", home / "inbox")
        base_urls = {connection: self.server.url(connection) for connection in served_connections(self.server.home)}
        settings = sandbox_settings_yaml(self.options, base_urls)
        (home / SETTINGS_NAME).write_text(settings, encoding="utf-8")
        return home


@contextmanager
def company(
    options: WorldOptions,
    shared: Shared,
    folder: Path,
    at: datetime | None = None,
    alter: Callable[[Path], None] | None = None,
) -> Iterator[Company]:
    """A company whose servers run and whose secrets are in the environment.

    at: where its clock stands, else at the end of its world. alter: what to change in the served world beforehand.
    """
    home = folder / "world"
    build_world(home, options)
    if alter:
        alter(home)
    with serving(home) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox_environment(options).items():
            patch.setenv(name, value)
        (folder / "kept").mkdir()
        found = Company(options, server, shared, folder / "kept")
        found.it_is(at or options.complete_at)
        yield found
