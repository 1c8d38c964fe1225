"""What the reports print: the same question has the same bytes for ever, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from finance_pipeline.cli import balances, bank, open_items, package
from finance_pipeline.cli.app import app
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.by_hand import close_month
from finance_pipeline_tests.services.told import MAY, day, told

REPORTS = (
    ("trial-balance",),
    ("account", "1100"),
    ("open-items", "--of", "all"),
    ("cash",),
    ("bank-reconciliation", "--by", "effective"),
)
AS_OF = ("--as-of", "2026-05-31")


def types(*arguments: str) -> str:
    """What a command prints; it is done."""
    ended = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.output


@pytest.fixture
def in_place(monkeypatch: pytest.MonkeyPatch) -> list[Workspace]:
    """The commands work on this workspace."""
    held: list[Workspace] = []

    @contextmanager
    def opened() -> Iterator[Workspace]:
        yield held[0]

    for module in (balances, bank, open_items, package):
        monkeypatch.setattr(module, "opened", opened)
    return held


def test_what_was_known_at_a_moment_is_printed_the_same_whatever_was_posted_since(
    database: Database, tmp_path: Path, in_place: list[Workspace]
) -> None:
    with told(database, tmp_path) as books:
        in_place.append(books.workspace)
        books.balance("main", "1000.00", day(1), "opening")
        books.document("INV-100", "500.00", day(2), "Acme")
        books.line("paid", "200.00", day(4), "INV-100 ACME")
        books.line("unknown", "-9.99", day(5), "CARD")
        books.balance("main", "1190.01", day(31))
        books.months(MAY)
        known_at = json.loads(types("trial-balance", "--book", "us", "--json"))["asked"]["known_at"]
        asked = ("--book", "us", "--known-at", known_at)
        questions = [(*report, *asked, *AS_OF, *form) for report in REPORTS for form in ((), ("--json",))]
        files = ("close", "package", "--month", "2026-05", "--out", str(tmp_path / "package"))
        questions.append((*files, *asked))
        before = [types(*question) for question in questions]
        close_month(database, MAY.first_day)
        books.document("INV-100", "450.00", day(2), "Acme of Somewhere")  # another amount, another name
        books.line("paid", "200.00", day(4), "nobody", removed=True)
        books.line("late", "77.00", day(30), "CASH")
        books.balance("main", "1290.01", day(31))
        books.months(MAY)
        assert [types(*question) for question in questions] == before
        now = [types(*report, "--book", "us", *AS_OF) for report in REPORTS]
        assert not set(now) & set(before)
        for empty in (("--as-of", ""), ("--known-at", "")):
            refused = CliRunner().invoke(app, ("trial-balance", "--book", "us", *empty))
            assert "'' is not a" in str(refused.exception), "a variable that nobody set is no question"
    shown = {question[0]: printed for question, printed in zip(questions, before, strict=True)
             if "--json" not in question}  # fmt: skip
    assert "8 tie-outs are zero; 1 not proven." in shown["close"]
    assert "Partial: the settings name no statutory ledger" in shown["trial-balance"]
    assert "Acme  " in shown["open-items"]
    assert "300.00" in shown["open-items"]
    assert "Accounts receivable 300.00 USD less its items: difference 0.00 USD." in shown["open-items"]
    assert "Ledger less statement of 2026-05-31: difference 0.00 USD." in shown["bank-reconciliation"]
    assert "Debits less credits: difference 0.00 USD." in shown["trial-balance"]
