"""Which module speaks for a kind of connection. Modules are loaded when first asked for, and so are their SDKs."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from finance_pipeline.core.settings import Connection, ConnectionKind
from finance_pipeline.sources.base import Source
from finance_pipeline.sources.http import RetryPolicy

_CLASSES: dict[ConnectionKind, str] = {"plaid": "Plaid", "stripe": "Stripe", "xero": "Xero", "ecb": "Ecb"}
_XERO_CALLS_AT_ONCE = 5


def source_of(kind: ConnectionKind, policy: RetryPolicy | None = None) -> Source:
    """The source of a kind, which calls as the policy says; statement files call nobody."""
    if kind not in _CLASSES:
        return cast(Source, import_module("finance_pipeline.sources.statement_files").SOURCE)
    return cast(Source, getattr(import_module(f"finance_pipeline.sources.{kind}"), _CLASSES[kind])(policy))


def at_once(connection: Connection) -> tuple[str, int] | None:
    """Whose calls may not be more than so many at once, if anybody limits that. A pull makes one call at a time."""
    if connection.kind != "xero":
        return None
    return f"xero/{connection.tenant_id or connection.id}", _XERO_CALLS_AT_ONCE
