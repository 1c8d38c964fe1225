"""A workspace: the settings and the database of one data folder. Every service takes one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from finance_pipeline.core.settings import Settings, home_folder, load_settings
from finance_pipeline.landing.files import LandingFolder
from finance_pipeline.services.approved_settings import in_force
from finance_pipeline.services.reconciliation.policies import check_policies
from finance_pipeline.store.database import Database


@dataclass(frozen=True)
class Workspace:
    """What a service needs to know about where it works."""

    settings: Settings
    """As they are in force."""
    database: Database
    declared: Settings | None = None
    """As the files say, where that was asked; a book's approved settings stand before them."""

    @classmethod
    def open(cls, home: Path | None = None) -> Workspace:
        """The workspace of a data folder: its server is started when needed and its migrations applied.

        Raises BadSettings, before anything is done, for settings or a book's policy that cannot be.
        """
        folder = home or home_folder()
        settings = load_settings(folder)
        check_policies(settings.books)
        database = Database.open(folder)
        database.migrate()
        with database.transaction(role="reader") as conn:
            return cls(in_force(conn, settings), database, settings)

    @property
    def as_declared(self) -> Settings:
        """The settings as the files say them."""
        return self.declared or self.settings

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def landing(self) -> LandingFolder:
        return LandingFolder(self.home / "landing")

    def close(self) -> None:
        self.database.close()
