"""What a command needs around it: the data folder, Dagster's own folder, and the sandbox where one was set up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from finance_pipeline.core.settings import home_folder

if TYPE_CHECKING:
    from finance_pipeline.services.workspace import Workspace


@contextmanager
def opened() -> Iterator[Workspace]:
    """The workspace of the data folder, closed at the end."""
    from finance_pipeline.services.workspace import Workspace

    workspace = Workspace.open(prepare())
    try:
        yield workspace
    finally:
        workspace.close()


def prepare() -> Path:
    """The data folder, with the sandbox's simulated credentials in the environment if it has a sandbox."""
    home = home_folder()
    if has_sandbox(home):
        from finance_pipeline.sandbox.world import sandbox_environment_of

        for name, value in sandbox_environment_of(home).items():
            os.environ.setdefault(name, value)
    return home


def has_sandbox(home: Path) -> bool:
    """Whether this data folder holds simulated companies."""
    return (home / "sandbox" / "served").exists()


def prepare_sources(home: Path) -> None:
    """Start the sandbox's servers if this data folder has them and they do not run."""
    if has_sandbox(home):
        from finance_pipeline.sandbox.process import ensure_sandbox

        ensure_sandbox(home)


def prepare_dagster(workspace: Workspace) -> Path:
    """Dagster's folder and storage for this data folder; returns the data folder."""
    from finance_pipeline.defs.runner import prepare_instance

    prepare_sources(workspace.home)
    prepare_instance(workspace.home, workspace.database.dagster_url)
    return workspace.home
