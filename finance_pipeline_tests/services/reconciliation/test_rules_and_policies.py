"""Rules on trial, backtests on history, and policies that only people's decisions widen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from finance_pipeline.core.problems import BadInput, BadSettings
from finance_pipeline.core.settings import load_settings
from finance_pipeline.matching.policy_reading import policy_from
from finance_pipeline.services.reconciliation.backtest import backtest
from finance_pipeline.services.reconciliation.decide import decide
from finance_pipeline.services.reconciliation.policies import check_policies
from finance_pipeline.services.reconciliation.policy_saving import NotBorneOut, save_policy
from finance_pipeline.services.reconciliation.rules import rules_of, trial, try_rules
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_in
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.pipeline import rows

NEVER_BY_PARTY = {"autonomy": [{"tier": 2, "up_to_minor": 0}]}


def line(name: str, memo: str, **more: Any) -> dict[str, Any]:
    given = {"book": "us", "account_id": "a", "currency": "USD", "amount_minor": -1_000, "booked_on": date(2026, 5, 4)}
    unknown = dict.fromkeys(("counterparty_name", "transaction_code", "coded_by", "coded_to"))
    return {"line_id": name, "memo": memo, **given, **unknown, "reason": "nothing_found", **more}


def test_a_trial_says_what_each_rule_would_code_change_share_and_lose() -> None:
    lines = pl.DataFrame(
        [
            line("new", "aws hosting"),
            line("both", "aws fee"),
            line("moved", "aws", coded_by="old", coded_to="6820", reason=None),
            line("kept", "fee", coded_by="fees", coded_to="6820", reason=None),
            line("lost", "gift", coded_by="old", coded_to="6300", reason=None),
            line("wanted by an item", "aws", reason="several_solutions"),
        ],
        schema_overrides=dict.fromkeys(("counterparty_name", "transaction_code"), pl.String),
    )
    rules = [
        {"name": "hosting", "account": "6300", "words": ["aws"]},
        {"name": "fees", "account": "6820", "words": ["fee"]},
    ]
    found = trial(lines, policy_from({"coding_rules": rules}))
    assert dict(found.lines.select("line_id", "change").rows()) == {
        "new": "new", "both": "new", "moved": "other account", "kept": "same"
    }  # fmt: skip
    assert found.overlaps.select("line_id", "rule", "later_rule").rows() == [("both", "hosting", "fees")]
    assert found.lost["line_id"].to_list() == ["lost"]
    assert found.by_rule.head(2).rows() == [("hosting", "6300", 3, 2, 1, 1), ("fees", "6820", 1, 0, 0, 0)]


def test_a_rule_that_codes_to_no_account_stops_everything_before_it_begins(two_books: Company) -> None:
    home = two_books.new_home()
    folder = home / "finance_pipeline.d"
    folder.mkdir()
    for code in ("1100", "1010", "9999x", "no"):
        rules = [{"name": "all of it", "account": code, "words": ["aws"]}]
        declared = {"books": [{"id": "uk", "policy": {"coding_rules": rules}}]}
        (folder / "policy-uk.yaml").write_text(yaml.safe_dump(declared))
        with pytest.raises(BadSettings, match=f"codes to {code}"):
            check_policies(load_settings(home).books)


@pytest.fixture(scope="module")
def books(two_books: Company, settled: Workspace) -> Iterator[Workspace]:
    with two_books.copy_of(settled) as copied:
        yield copied


def test_rules_are_tried_on_what_stands_and_nothing_is_saved(books: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump([{"name": "card", "account": "6300", "words": ["card"], "direction": "out"}]))
    before = rows(books, "select count(*) from recon.match")
    found = try_rules(books, "de", "2025-06", "2025-06", file)
    mine = found.lines.filter(rule="card")
    assert mine.height > 0
    assert mine["booked_on"].min() >= date(2025, 6, 1)  # type: ignore[operator]
    assert mine["text"].str.contains("(?i)card").all()
    assert found.by_rule.row(0, named=True)["lines"] == mine.height
    assert rows(books, "select count(*) from recon.match") == before
    assert rules_of(books, "de")[0].name == "bank fee"
    with pytest.raises(BadInput, match="no file"):
        try_rules(books, "de", None, None, tmp_path / "none.yaml")


def test_a_backtest_of_the_same_policy_finds_what_stands_and_no_change(books: Workspace) -> None:
    found = backtest(books, "de", {})
    assert set(found.lines["change"]) == {"same"}
    stands = """
        select line_id from recon.standing join recon.allocation using (match_id, version) where standing.book = 'de'
    """
    assert set(found.lines["line_id"]) == {row[0] for row in rows(books, stands)}
    assert (found.widenings, found.contradictions.height) == ((), 0)


def test_a_backtest_counts_what_a_stricter_policy_would_no_longer_accept_in_its_months(books: Workspace) -> None:
    found = backtest(books, "de", {"tiers": [0, 1]}, "2025-06", "2025-06")
    assert set(found.lines["change"]) == {"same", "no longer accepted"}
    gone = found.lines.filter(change="no longer accepted")
    assert set(gone["tier"]) <= {2, 3, 4, 5, 6}
    months = "select distinct month from canonical.bank_transaction_current where record_id = any(%s)"
    assert rows(books, months, [each for each in gone["line_id"] if "/stripe/" not in each]) == [("2025-06",)]


def test_a_policy_is_saved_where_decisions_bear_it_out_and_refused_where_they_do_not(books: Workspace) -> None:
    careful = with_policy(books, NEVER_BY_PARTY)
    wider = {"autonomy": [{"tier": 2, "currency": "EUR", "up_to_minor": 500_000}, {"tier": 2, "up_to_minor": 0}]}
    with pytest.raises(NotBorneOut, match="it takes 20 confirmed decisions, and there are 0"):
        save_policy(careful, "de", wider, reason="they are always right")
    with_tier(books, 20, 2)
    found, settings = save_policy(careful, "de", wider, reason="twenty of twenty were right")
    assert [str(each) for each in found.widenings] == ["tier 2: nothing before, up to 5,000.00 EUR after"]
    assert load_settings(books.home).book("de").policy == settings.book("de").policy == wider
    [kept] = rows(books, "select actor, reason, backtest, evidence from recon.policy_change")
    assert kept[:2] == ("operator", "twenty of twenty were right")
    assert json.loads(kept[2])["new_contradictions"] == 0
    assert json.loads(kept[3]) == ["tier 2: nothing before, up to 5,000.00 EUR after"]
    line_id, item_id = rows(
        books,
        """
        select line_id, min(item_id) from recon.standing join recon.allocation using (match_id, version)
        where standing.book = 'de' and tier = 1 and relation is null and abs(line_amount_minor) > 500000
            group by line_id having count(*) = 1 order by line_id limit 1
        """,
    )[0]
    without_numbers = with_policy(books, wider | {"tiers": [0, 2, 3, 4, 5, 6]})
    decide(without_numbers, line_id, [item_id], "decline", reason="wrong customer")
    with_tier(books, 20, 1)
    with pytest.raises(NotBorneOut, match=f"{item_id} was declined, and would be accepted"):
        save_policy(without_numbers, "de", wider, reason="numbers again")
    assert load_settings(books.home).book("de").policy == wider


def with_policy(books: Workspace, policy: dict[str, Any]) -> Workspace:
    book = books.settings.book("de").model_copy(update={"policy": policy})
    return Workspace(books.settings.model_copy(update={"books": (book,)}), books.database)


def with_tier(books: Workspace, count: int, tier: int) -> None:
    """Confirmed decisions about what a tier had found, of earlier times, of lines that no item wants."""
    given = {
        "ordinal": 1, "book": "de", "verdict": "confirm", "actor": "Ada", "reason": "seen",
        "seen": "{}", "tier": tier, "rule": "a rule", "rule_version": "1", "policy_digest": "",
    }  # fmt: skip
    lines = rows(
        books,
        """
        select line_id, account_code from recon.standing join recon.allocation using (match_id, version)
        where standing.book = 'de' and account_code is not null
        union all
        select line_id, '6300' from recon.exception
        where book = 'de' and month = '2025-06' and reason = 'nothing_found'
        limit %s
        """,
        count,
    )
    assert len(lines) == count
    named = [
        {"decision_id": f"earlier {tier} {n}", "line_id": line_id, "account_code": code}
        for n, (line_id, code) in enumerate(lines)
    ]
    with books.database.transaction() as conn:
        copy_in(conn, "recon.decision", pl.DataFrame([given | each for each in named]))
