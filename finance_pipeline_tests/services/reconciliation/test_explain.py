"""Explain: every figure leads down to the bytes that a source sent, and their hash is the one that was landed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import LiteralString

import pytest

from finance_pipeline.core.identity import content_hash
from finance_pipeline.core.money import format_money
from finance_pipeline.core.problems import BadInput
from finance_pipeline.services.reconciliation.explain import Node, explain
from finance_pipeline.services.workspace import Workspace
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.pipeline import rows


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in node.rests_on:
        yield from nodes(below)


def evidence(node: Node) -> dict[str, Node]:
    """Content hash -> the node of its source record; fails if the bytes are not what the hash says."""
    found = {}
    for each in nodes(node):
        if "sha256" in each.facts:
            stated, _, verdict = each.facts["sha256"].partition(" ")
            assert verdict == "(recomputed, equal)"
            assert content_hash(each.facts["source record"].encode()) == stated
            found[stated] = each
    return found


def assert_rests_on_landed_records(books: Workspace, node: Node, least: int = 1) -> None:
    found = evidence(node)
    assert len(found) >= least
    landed = rows(books, "select content_hash from landing.record where content_hash = any(%s)", list(found))
    assert {row[0] for row in landed} == set(found)
    files = {path for (path,) in rows(books, "select 'landing/' || path from landing.file")}
    assert {each.facts["landed in"] for each in found.values()} <= files


def one(books: Workspace, statement: LiteralString) -> str:
    """The first id that a query gives."""
    return str(rows(books, statement)[0][0])


SUBJECTS: dict[str, LiteralString] = {
    "a matched bank line": "select line_id from recon.allocation where line_kind = 'bank' order by 1",
    "an exception": "select line_id from recon.exception order by 1",
    "a charge": "select record_id from canonical.payment_current where kind = 'charge' order by 1",
    "a customer invoice": "select record_id from canonical.invoice_current where kind = 'invoice' order by 1",
    "a supplier bill": "select record_id from canonical.invoice_current where kind = 'bill' order by 1",
    "a recorded payment": "select record_id from canonical.payment_current where kind = 'recorded_payment' order by 1",
    "a statement balance": "select record_id from canonical.balance_current where kind = 'closing' order by 1",
    "a party": "select record_id from canonical.party_current order by 1",
    "an entry of a line, by id": "select entry_id from ledger.standing where purpose = 'line' order by 1",
    "an entry of a line, by number": "select number from ledger.posting where purpose = 'line' order by 1",
    "an entry of a match": """
        select number from ledger.posting
        join recon.allocation using (match_id) where item_id is not null order by 1
    """,
    "the opening of a bank account": "select entry_id from ledger.standing where purpose = 'opening' order by 1",
    "a match with a document": """
        select match_id from recon.allocation where item_kind = 'invoice' and role = 'principal' order by 1
    """,
    "a coded line": "select match_id from recon.allocation where account_code is not null order by 1",
    "a match of two own lines": "select match_id from recon.allocation where other_line_id is not null order by 1",
    "a bank account of the cash position": "select account from report.cash_position where kind = 'bank' order by 1",
    "a bank account without a feed": "select account from report.cash_position where account = 'de-reserve'",
    "a processor's balance": "select account from report.cash_position where kind = 'processor' order by 1",
}


@pytest.mark.parametrize("what", list(SUBJECTS))
def test_an_explanation_ends_at_source_records_whose_hash_was_landed(settled: Workspace, what: str) -> None:
    least = 2 if what.startswith("a match ") or what == "an entry of a match" else 1
    assert_rests_on_landed_records(settled, explain(settled, one(settled, SUBJECTS[what])), least)


def test_the_explanation_of_a_line_shows_its_match_its_entries_and_the_page_that_it_came_in(settled: Workspace) -> None:
    line = one(settled, SUBJECTS["a matched bank line"])
    tree = explain(settled, line)
    [(match_id, words)] = rows(
        settled, "select match_id, words from recon.standing join recon.allocation using (match_id, version) "
        "where line_id = %s limit 1", line,
    )  # fmt: skip
    titles = [each.title for each in tree.rests_on]
    assert any(title.startswith(f"match {match_id[:12]}") and title.endswith("stands") for title in titles)
    assert words in {each.facts.get("in words") for each in tree.rests_on}
    numbers = {row[0] for row in rows(settled, "select number from ledger.posting where source_id = %s", line)}
    assert all(any(f"entry {number} " in title for title in titles) for number in numbers)
    [page] = [each.facts["came in page"] for each in evidence(tree).values()]
    page_hash, _, endpoint = page.partition(" of ")
    assert rows(settled, "select distinct endpoint from landing.page where page_hash = %s", page_hash) == [(endpoint,)]


def test_the_entries_that_a_cash_figure_is_the_sum_of_add_to_it(settled: Workspace) -> None:
    for account, balance, currency in rows(
        settled,
        """
        select distinct on (account) account, balance_minor, currency from report.cash_position
        where kind <> 'in_transit' order by account, month desc
        """,
    ):
        tree = explain(settled, account)
        assert f"{format_money(balance, currency)} {currency}" in tree.title
        parts = [re.search(r"entries \(.+\) add (\S+)$", each.title) for each in tree.rests_on]
        amounts = [Decimal(part[1].replace(",", "")) for part in parts if part]
        assert sum(amounts).scaleb(2) == balance


@pytest.mark.parametrize(
    "unknown", ["us/plaid/transaction/none", "0" * 64, "us-2026-000001", "nobody", "", "'; drop table ledger.entry; --"]
)
def test_an_unknown_id_is_said_to_be_unknown_with_where_ids_are_found(settled: Workspace, unknown: str) -> None:
    with pytest.raises(BadInput) as refused:
        explain(settled, unknown)
    assert f"nothing is known by the id {unknown!r}" in str(refused.value)
    assert "Ids are printed by" in refused.value.todo


def test_bytes_that_were_changed_on_disk_are_not_shown_as_the_source_record(
    two_books: Company, settled: Workspace
) -> None:
    with two_books.copy_of(settled) as books:
        line = one(books, SUBJECTS["a matched bank line"])
        [shown] = evidence(explain(books, line)).values()
        landed = books.home / shown.facts["landed in"]
        import polars as pl

        changed = pl.read_parquet(landed).with_columns(pl.col("payload").str.replace_all("0", "1"))
        changed.write_parquet(landed)
        verdicts = [each.facts["sha256"] for each in nodes(explain(books, line)) if "sha256" in each.facts]
        assert [verdict.partition(" ")[2] for verdict in verdicts] == ["(BYTES DIFFER)"]
