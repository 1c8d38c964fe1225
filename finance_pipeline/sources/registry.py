"""Which module speaks for a kind of connection. Modules are loaded when first asked for, and so are their SDKs."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from finance_pipeline.core.settings import ConnectionKind
from finance_pipeline.sources.base import Source


def source_of(kind: ConnectionKind) -> Source:
    """The source of a kind: the SOURCE of the module that has its name."""
    return cast(Source, import_module(f"finance_pipeline.sources.{kind}").SOURCE)
