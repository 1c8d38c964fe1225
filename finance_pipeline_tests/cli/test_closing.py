"""Closing a month on the command line: what is left to do, and who may do it."""

from __future__ import annotations

import pytest

from finance_pipeline_tests.cli.conftest import DemoShell

MONTH = ("--book", "us", "--month", "2026-09")


def test_the_command_line_says_what_is_left_to_do_and_takes_two_named_people(
    demo: DemoShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = demo.types("close", "review", *MONTH, "--reason", "complete")
    assert (refused.code, "the settings name nobody" in refused.said) == (2, True)
    monkeypatch.setenv("FINANCE_PIPELINE_ACTOR", "Ann")
    if demo.types("close", "status", *MONTH, "--json").figures["next"] == "open items explained":
        assert demo.types("close", "explain", *MONTH, "--all", "--reason", "asked for").code == 0
    shown = demo.types("close", "status", *MONTH, "--json").figures
    assert (shown["next"], shown["todo"]) == (
        "figures put forward",
        "finance-pipeline close review --book us --month 2026-09 --reason ...",
    )
    assert all(row["is_explained"] for row in demo.types("close", "items", *MONTH, "--json").figures)
    assert demo.types("close", "review", *MONTH, "--reason", "complete").code == 0
    own = demo.types("close", "sign", *MONTH, "--reason", "agreed")
    assert (own.code, "Ann put these figures forward; another person signs" in own.said) == (1, True)
    assert "put forward" in demo.types("close", "history", "--book", "us").printed
