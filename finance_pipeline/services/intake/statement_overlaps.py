"""One account's days come in one format: the same line in another format cannot be known again.

Within a format a line has its name, and an overlapping file repeats it; another format words it otherwise, so that
both would be posted. A file that tells, in another format, of days that are there already is therefore held.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import polars as pl

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.settings import STATEMENTS, Settings
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.sources.base import DeadLetter, Update
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_LANDED = pl.Schema({"account": pl.String, "content_hash": pl.String, "path": pl.String})
_BEFORE_FORMATS_WERE_NAMED = "camt"


class _Told(NamedTuple):
    """Days of an account that a statement with lines tells of."""

    account: str
    family: str
    first_on: date
    last_on: date


def landed_statements(workspace: Workspace) -> pl.DataFrame:
    """account and payload of every statement that was landed, in its latest version."""
    with workspace.database.transaction(role="reader") as conn:
        connections = [c.id for c in workspace.settings.connections if c.kind == "camt053"] or [STATEMENTS]
        landed = copy_out(conn, query("landed_statements"), {"connections": connections}, _LANDED)
    if landed.is_empty():
        return pl.DataFrame(schema={"account": pl.String, "payload": pl.String})
    return (
        workspace.landing.read(landed["path"].unique().sort().to_list())
        .filter(pl.col("kind") == "statement")
        .join(landed.lazy().select("account", "content_hash"), on=["account", "content_hash"], how="semi")
        .select("account", "payload")
        .collect()
    )


class OneFormat:
    """Holds files of other formats; what was landed before is read once, when the first statement comes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._told: list[_Told] | None = None

    def kept(self, update: Update) -> Update:
        """An update without the files that tell of known days in another format; each is a dead letter instead."""
        statements = update.evidence.filter(pl.col("kind") == "statement")
        if statements.is_empty():
            return update
        if self._told is None:
            payloads = landed_statements(self._workspace)["payload"]
            self._told = [told for each in payloads if (told := _told(self._workspace.settings, each)) is not None]
        letters, held = list(update.dead_letters), []
        for page in update.pages:
            own = statements.filter(pl.col("page_hash") == page.hash)["payload"]
            new = [told for each in own if (told := _told(self._workspace.settings, each)) is not None]
            other = next((known for each in new for known in self._told if _collide(each, known)), None)
            if other is None:
                self._told += new
                continue
            held.append(page.hash)
            letters.append(DeadLetter("file", page.endpoint, _reason(page.endpoint, other), "", page.hash))
        kept = update.evidence.filter(~pl.col("page_hash").is_in(held))
        return replace(update, evidence=kept, dead_letters=tuple(letters)) if held else update


def _told(settings: Settings, payload: str) -> _Told | None:
    """What a statement tells of; None for one without lines. Names of one bank account are one."""
    said: dict[str, Any] = parse_json(payload)
    if not said["entry_count"]:
        return None
    bound = settings.book_of_statement_account(said["account"])
    return _Told(
        account=bound[1].id if bound else said["account"],
        family=family_of(said.get("format") or _BEFORE_FORMATS_WERE_NAMED),
        first_on=date.fromisoformat(said["opening_on"]),
        last_on=date.fromisoformat(said["closing_on"]),
    )


def family_of(form: str) -> str:
    """Formats that name lines alike: all versions of camt, MT940 and MT950, OFX and QFX, CSV and XLSX."""
    if form.startswith("camt"):
        return "camt"
    if form.startswith("MT"):
        return "MT"
    return {"QFX": "OFX", "XLSX": "CSV"}.get(form, form)


def _collide(new: _Told, known: _Told) -> bool:
    is_other = new.account == known.account and new.family != known.family
    return is_other and new.first_on <= known.last_on and known.first_on <= new.last_on


def _reason(name: str, known: _Told) -> str:
    days = f"{known.first_on} to {known.last_on}"
    return (
        f"{name}: days of this account ({days}) were imported as {known.family} already, and whether lines in two "
        "formats are the same cannot be told. The file is kept as it came and nothing of it is used. Import one format "
        "of each day."
    )
