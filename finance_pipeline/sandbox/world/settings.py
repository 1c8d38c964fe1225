"""Settings and environment by which the pipeline knows the sandbox's books, as a person would write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from finance_pipeline.sandbox.servers.credentials import secrets_of, tenant_of
from finance_pipeline.sandbox.world.options import WorldOptions
from finance_pipeline.sandbox.world.profiles import CHART, Profile, profile_of
from finance_pipeline.sandbox.world.writing import world_options

_VENDORS = ("plaid", "stripe", "xero")


def sandbox_settings_yaml(options: WorldOptions, base_urls: Mapping[str, str]) -> str:
    """finance_pipeline.yaml of a world. base_urls: by connection id, as `ensure_sandbox` gives them."""
    profiles = [profile_of(book, options) for book in options.books]
    connections = [
        _connection(profile.connection(vendor), vendor, base_urls) for profile in profiles for vendor in _VENDORS
    ]
    connections.append({"id": "ecb", "kind": "ecb", "base_url": base_urls["ecb"]})
    connections.append({"id": "statements", "kind": "camt053", "folder": "inbox"})
    content = {"books": [_book(profile, options) for profile in profiles], "connections": connections}
    head = "# The sandbox's books. Its servers are made up, and so are their secrets: they are in the environment.\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def sandbox_environment(options: WorldOptions) -> dict[str, str]:
    """The simulated secrets, by the names of the environment variables that the settings give."""
    found = {}
    for book in options.books:
        for vendor in _VENDORS:
            connection = profile_of(book, options).connection(vendor)
            for name, value in secrets_of(connection, vendor).items():
                found[_variable(connection, name)] = value
    return found


def sandbox_environment_of(home: Path) -> dict[str, str]:
    """The simulated secrets of the world in a data folder; none if there is no world."""
    options = world_options(home)
    return sandbox_environment(options) if options else {}


def _variable(connection: str, name: str) -> str:
    return f"SANDBOX_{connection}_{name}".replace("-", "_").upper()


def _connection(connection: str, vendor: str, base_urls: Mapping[str, str]) -> dict[str, Any]:
    url = base_urls[connection]
    secrets = {name: _variable(connection, name) for name in secrets_of(connection, vendor)}
    if vendor == "xero":
        where = {"base_url": url, "token_url": f"{url}/connect/token", "tenant_id": tenant_of(connection)}
    else:
        where = {"base_url": url}
    return {"id": connection, "kind": vendor, **where, "secrets": secrets}


def _book(profile: Profile, options: WorldOptions) -> dict[str, Any]:
    accounts = []
    for account in profile.accounts:
        declared: dict[str, Any] = {
            "id": account.id,
            "name": account.name,
            "currency": account.currency,
            "gl_account": account.gl_account,
        }
        if account.external_id:
            declared |= {"feed": profile.connection("plaid"), "external_id": account.external_id}
        accounts.append({**declared, "statement_ids": [account.statement_id]})
    card = {"id": profile.card_account, "currency": profile.currency, "feed": profile.connection("stripe")}
    return {
        "id": profile.book,
        "name": profile.name,
        "currency": profile.currency,
        "time_zone": profile.time_zone,
        "starts_on": options.first_day,
        "bank_accounts": accounts,
        "processor_accounts": [card],
        "accounting": profile.connection("xero"),
        "chart": dict(CHART),
    }
