"""The secrets that the sandbox's servers accept. They guard nothing: the servers listen on loopback, with made-up data.

They are derived from the connection's id, so that settings, environment and servers agree without a file between them.
"""

from __future__ import annotations

import uuid
from pathlib import Path

VENDOR_OF_FILE = {
    "transaction.parquet": "plaid",
    "balance_transaction.parquet": "stripe",
    "payout.parquet": "stripe",
    "organisation.parquet": "xero",
    "invoice.parquet": "xero",
    "eurofxref-hist.csv": "ecb",
}
"""A file that only one vendor's folder has -> that vendor."""


def vendor_of(folder: Path) -> str | None:
    """Which vendor a served folder is for: plaid, stripe, xero, ecb; None while there is nothing in it."""
    return next((vendor for name, vendor in VENDOR_OF_FILE.items() if (folder / name).exists()), None)


def served_connections(home: Path) -> dict[str, str]:
    """Every connection that the world wrote something for -> its vendor, by id."""
    found = {folder.name: vendor_of(folder) for folder in sorted((home / "sandbox" / "served").glob("*/"))}
    return {connection: vendor for connection, vendor in found.items() if vendor}


def secrets_of(connection: str, vendor: str) -> dict[str, str]:
    """The accepted secrets of a connection by the names that settings give them."""
    plain = connection.replace("-", "_")
    if vendor == "plaid":
        return {
            "client_id": f"sandbox_client_{plain}",
            "secret": f"sandbox_secret_{plain}",
            "access_token": f"access-sandbox-{connection}",
        }
    if vendor == "stripe":
        return {"api_key": f"sk_test_{plain}", "webhook_secret": f"whsec_sandbox_{plain}"}
    if vendor == "xero":
        return {
            "client_id": f"SANDBOX{plain.upper()}",
            "client_secret": f"sandbox_secret_{plain}",
            "webhook_key": f"sandbox_webhook_{plain}",
        }
    return {}


def tenant_of(connection: str) -> str:
    """The Xero tenant id of a connection, where the world names no organisation."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"sandbox:{connection}"))
