# ruff: noqa: ARG001, ARG002 - fakes keep the signatures of what they stand for
"""Fakes of the services, and a data folder with three books: these tests are about wiring, not about money."""

import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import finance_pipeline.services
from finance_pipeline.core.period import BookMonth
from finance_pipeline.core.problems import Unreachable
from finance_pipeline.core.settings import HOME_VARIABLE, load_settings
from finance_pipeline.services.intake.connections import Again
from finance_pipeline.services.intake.webhooks import Due
from finance_pipeline.services.results import CheckResult, Materialized

BOOKS = """
books:
  - {id: us, name: US book, currency: USD, time_zone: America/New_York, starts_on: 2026-05-01}
  - {id: uk, name: UK book, currency: GBP, time_zone: Europe/London, starts_on: 2026-05-01}
  - {id: de, name: DE book, currency: EUR, time_zone: Europe/Berlin, starts_on: 2026-07-01}
connections:
  - {id: statements, kind: camt053, folder: inbox}
"""
CANONICAL = {
    "bank_transaction": "bank_transactions",
    "invoice": "invoices",
    "payment": "payments",
    "balance": "stated_balances",
    "party": "parties",
}
CHECKS = {
    "bank_account_equals_statement",
    "clearing_equals_processor",
    "receivables_equal_open_items",
    "payables_equal_open_items",
    "debits_equal_credits",
    "opening_plus_movement_equals_closing",
}


class FakeServices(types.ModuleType):
    """finance_pipeline.services.api with the same signatures. Notes each call and the keys it came with."""

    def __init__(self) -> None:
        super().__init__("finance_pipeline.services.api")
        self.calls: list[tuple[str, list[str]]] = []
        self.down: set[str] = set()
        self.untied: set[str] = set()
        self.unmade: set[str] = set()
        self.touched_keys: list[BookMonth] = []
        self.high_water = 0
        self.announced: list[Due] = []
        self.again: list[Again] = []
        self.unwell: dict[str, list[str]] = {}

    def _made(self, asset: str, keys: Sequence[BookMonth] = ()) -> Materialized:
        by_partition = {str(key): {"row_count": key.month.number, "new": 1} for key in keys}
        return Materialized(asset, 70, by_partition, {"total": 70}, "| a | b |\n| - | - |\n| 1 | 2 |")

    def _note(self, what: str, keys: Sequence[BookMonth] = ()) -> None:
        self.calls.append((what, [str(key) for key in keys]))
        if what in self.down:
            raise Unreachable("the vendor does not answer.", where=what, kept="Its cursor.", todo="Wait.")

    def sync(self, workspace: object, kind: str) -> Materialized:
        self._note(f"sync {kind}")
        return self._made({"camt053": "statement_evidence", "ecb": "exchange_rates"}.get(kind, f"{kind}_evidence"))

    def due(self, workspace: object) -> list[Due]:
        return self.announced

    def due_again(self, workspace: object, now: object) -> list[Again]:
        return self.again

    def stale_books(self, workspace: object) -> list[str]:
        return []

    def troubles(self, workspace: object, kind: str) -> list[str]:
        return self.unwell.get(kind, [])

    def canonicalize(self, workspace: object, table: str, keys: Sequence[BookMonth]) -> Materialized:
        self._note(f"canonicalize {table}", keys)
        return self._made(CANONICAL[table], keys)

    def reconcile(self, workspace: object, keys: Sequence[BookMonth]) -> dict[str, Materialized]:
        self._note("reconcile", keys)
        return {name: self._made(name, keys) for name in ("matches", "exceptions", "open_items")}

    def post(self, workspace: object, keys: Sequence[BookMonth], run_id: str) -> dict[str, Materialized]:
        self._note("post", keys)
        return {name: self._made(name, keys) for name in ("journal_entries", "trial_balance")}

    def cash(self, workspace: object, keys: Sequence[BookMonth]) -> Materialized:
        self._note("cash", keys)
        return self._made("cash_position", keys)

    def tie_out(self, workspace: object, keys: Sequence[BookMonth]) -> tuple[Materialized, list[CheckResult]]:
        self._note("tie_out", keys)
        checks = [
            CheckResult(name, "tie_outs", str(key), str(key) not in self.untied, "10.00 apart", {"apart_minor": 1000})
            for name in sorted(CHECKS - self.unmade)
            for key in keys
        ]
        return self._made("tie_outs", keys), checks

    def close_status(self, workspace: object, keys: Sequence[BookMonth]) -> tuple[Materialized, list[CheckResult]]:
        self._note("close_status", keys)
        checks = [CheckResult("tie_outs", "close_status", str(key), True, "equal", is_warning=True) for key in keys]
        return self._made("close_status", keys), checks

    def differences(self, workspace: object, keys: Sequence[BookMonth]) -> Materialized:
        self._note("differences", keys)
        return self._made("close_differences", keys)

    def touched(self, workspace: object, after: int) -> tuple[list[BookMonth], int]:
        return (self.touched_keys if self.high_water > after else []), self.high_water

    def keys_of(self, what: str) -> list[list[str]]:
        """The keys of each call of one service, in order."""
        return [keys for called, keys in self.calls if called == what]


class FakeWorkspace:
    """Settings without a database."""

    def __init__(self, home: Path | None) -> None:
        self.settings = load_settings(home)

    @classmethod
    def open(cls, home: Path | None = None) -> "FakeWorkspace":
        return cls(home)

    def close(self) -> None:
        """Nothing is open."""


def declare_another_book(home: Path) -> None:
    """Add book jp to the settings of a home."""
    book = "  - {id: jp, name: JP book, currency: JPY, time_zone: Asia/Tokyo, starts_on: 2026-05-01}\n"
    (home / "finance_pipeline.yaml").write_text(BOOKS.replace("connections:", f"{book}connections:"), encoding="utf-8")


def forget_definitions() -> None:
    """Have the next import make definitions for the books declared then."""
    for name in [name for name in sys.modules if name.startswith("finance_pipeline.def")]:
        del sys.modules[name]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "finance_pipeline.yaml").write_text(BOOKS, encoding="utf-8")
    (tmp_path / "inbox").mkdir()
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    forget_definitions()
    yield tmp_path
    forget_definitions()


@pytest.fixture
def services(home: Path, monkeypatch: pytest.MonkeyPatch) -> FakeServices:
    fake = FakeServices()
    workspace = types.ModuleType("finance_pipeline.services.workspace")
    workspace.Workspace = FakeWorkspace  # type: ignore[attr-defined]
    for name, module in {"api": fake, "workspace": workspace}.items():
        monkeypatch.setitem(sys.modules, f"finance_pipeline.services.{name}", module)
        monkeypatch.setattr(finance_pipeline.services, name, module, raising=False)
    return fake
