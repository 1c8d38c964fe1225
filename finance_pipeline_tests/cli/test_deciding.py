"""Deciding, trying rules and trying policies, as somebody types it."""

from __future__ import annotations

from pathlib import Path

import yaml

from finance_pipeline_tests.cli.conftest import DemoShell


def waiting(demo: DemoShell) -> str:
    """A line of the German company that went out and that nothing explains."""
    shown = demo.types("exceptions", "--book", "de", "--json").figures
    return next(row["line_id"] for row in shown if row["amount_minor"] < 0 and "/transaction/" in row["line_id"])


def test_a_decision_is_confirmed_listed_and_withdrawn_and_says_what_to_run_next(demo: DemoShell) -> None:
    line = waiting(demo)
    done = demo.types("decide", "confirm", line, "--account", "6300", "--reason", "office supplies")
    assert (done.code, "is confirmed with 6300, by operator" in done.printed) == (0, True)
    assert "Next: finance-pipeline run --book de --month 2026-" in done.printed
    again = demo.types("decide", "confirm", line, "--account", "6820", "--reason", "or fees")
    assert (again.code, "it was confirmed with 6300" in again.said) == (2, True)
    assert demo.types("decide", "withdraw", line, "--reason", "a slip").code == 0
    listed = demo.types("decisions", "--book", "de", "--json").figures
    told = [(row["verdict"], row["counterpart"], row["reason"]) for row in listed if row["line_id"] == line]
    assert told == [("confirm", "6300", "office supplies"), ("withdraw", "6300", "a slip")]
    nothing = demo.types("decide", "decline", "no such line", "item", "--reason", "why not")
    assert (nothing.code, "there is no booked line" in nothing.said) == (2, True)


def test_rules_are_listed_and_tried_without_saving_anything(demo: DemoShell, tmp_path: Path) -> None:
    names = [rule["name"] for rule in demo.types("rules", "list", "--book", "de", "--json").figures]
    assert names[0] == "bank fee"
    assert "bank fee" in demo.types("rules", "list", "--book", "de").printed
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump([{"name": "everything named", "account": "6300", "words": ["a", "gmbh", "card"]}]))
    tried = demo.types("rules", "try", "--book", "de", "--file", str(file), "--json").figures
    assert tried["by_rule"][0]["rule"] == "everything named"
    assert "Rules, in order" in demo.types("rules", "try", "--book", "de", "--file", str(file)).printed
    file.write_text(yaml.safe_dump([{"name": "all", "account": "6300"}]))
    refused = demo.types("rules", "try", "--book", "de", "--file", str(file))
    assert (refused.code, "there is no default account" in refused.said) == (2, True)


def test_a_policy_is_tried_on_history_and_refused_without_decisions(demo: DemoShell, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump({"autonomy": [{"tier": 2, "up_to_minor": 0}]}))
    shown = demo.types("policy", "try", "--book", "de", "--file", str(file), "--json").figures
    assert {row["change"] for row in shown["changed"]} <= {"no longer accepted"}
    assert (shown["widened"], shown["contradictions"]) == ([], [])
    assert demo.types("policy", "save", "--book", "de", "--file", str(file), "--reason", "careful").code == 0
    file.write_text("{}")
    refused = demo.types("policy", "save", "--book", "de", "--file", str(file), "--reason", "less careful")
    assert (refused.code, "it takes 20 confirmed decisions, and there are 0" in refused.said) == (1, True)
    (demo.home / "finance_pipeline.d" / "policy-de.yaml").unlink()
