"""The one resource: a data folder's settings and database, opened when an asset first asks for it.

Here: opening and closing. Not here: anything that reads or writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import PrivateAttr

if TYPE_CHECKING:
    from finance_pipeline.core.settings import Settings
    from finance_pipeline.services.workspace import Workspace


class Books(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The books of one data folder. home: the folder; empty means FINANCE_PIPELINE_HOME or its default."""

    home: str = ""
    _workspace: Workspace | None = PrivateAttr(default=None)

    @property
    def workspace(self) -> Workspace:
        """The workspace, opened on first use: loading definitions, and ticks without work, cost nothing."""
        if self._workspace is None:
            from finance_pipeline.services.workspace import Workspace

            self._workspace = Workspace.open(Path(self.home) if self.home else None)
        return self._workspace

    @property
    def settings(self) -> Settings:
        return self.workspace.settings

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Books]:  # noqa: ARG002
        try:
            yield self
        finally:
            if self._workspace is not None:
                self._workspace.close()
                self._workspace = None
