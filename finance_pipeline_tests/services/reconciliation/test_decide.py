"""Decisions: recorded once and for ever, applied when months are computed again, undone by people alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from finance_pipeline.core.problems import BadInput
from finance_pipeline.services import read
from finance_pipeline.services.reconciliation.decide import decide, decisions
from finance_pipeline.services.workspace import Workspace
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.pipeline import Computed, compute, rows

WHY = "the customer's email of 4 August"


@dataclass
class Desk:
    """Books of the German company, and a person who decides about them."""

    company: Company
    books: Workspace

    def one(self, statement: Any, *parameters: object) -> tuple[Any, ...]:
        found = rows(self.books, statement, *parameters)
        assert found, statement
        return found[0]

    def waiting(self, condition: str) -> tuple[str, int, str]:
        """A bank line in the books' own exceptions: id, amount, currency."""
        return self.one(
            f"""
            select line_id, amount_minor, currency from recon.exception
            where book = 'de' and month = '2025-06' and {condition} and line_id like '%%/transaction/%%'
                and not exists (select from recon.decision where decision.line_id = exception.line_id)
            order by booked_on, line_id limit 1
            """  # noqa: S608
        )

    def open_item(self, condition: str) -> tuple[str, int]:
        """An item that is still open: id, open amount."""
        return self.one(
            f"""
            select item_id, open_minor from recon.open_item
            where book = 'de' and month = '2025-06' and {condition} order by abs(open_minor), item_id limit 1
            """  # noqa: S608
        )

    def confirm(self, line: str, *items: str, **more: Any) -> None:
        decide(self.books, line, items, "confirm", reason=WHY, **more)

    def computes(self) -> Computed:
        return compute(self.books, [key for key in self.company.keys if key.book == "de"])

    def stands(self, line: str) -> list[tuple[Any, ...]]:
        """What stands of a line: rule, role, what it belongs to, amounts."""
        return rows(
            self.books,
            """
            select rule, role, coalesce(item_id, other_line_id, account_code), amount_minor, item_amount_minor
            from recon.standing join recon.allocation using (match_id, version)
            where line_id = %s order by amount_minor desc
            """,
            line,
        )


@pytest.fixture(scope="module")
def desk(two_books: Company, settled: Workspace) -> Iterator[Desk]:
    with two_books.copy_of(settled) as books:
        yield Desk(two_books, books)


def test_lines_that_a_person_explains_are_matched_so_posted_and_everything_ties_out(desk: Desk) -> None:
    coded, coded_minor, _ = desk.waiting("amount_minor < 0")
    desk.confirm(coded, account_code="6300")
    receipt, received, _ = desk.waiting("amount_minor > 0 and currency = 'EUR'")
    small, small_minor = desk.open_item(f"kind = 'invoice' and currency = 'EUR' and open_minor < {received}")
    desk.confirm(receipt, small)
    again = desk.computes()
    assert desk.stands(coded) == [("confirmed", "principal", "6300", coded_minor, None)]
    rest = received - small_minor
    on_account = ("confirmed", "residual", f"{receipt}/on-account", rest, rest)
    assert sorted(desk.stands(receipt)) == sorted(
        [("confirmed", "principal", small, small_minor, small_minor), on_account]
    )
    opened = (
        "select kind, open_minor, party_id is not null from recon.open_item where item_id = %s and month = '2025-06'"
    )
    assert rows(desk.books, opened, f"{receipt}/on-account") == [("customer_on_account", -rest, True)]
    assert again.new_entries > 0
    assert read.tie_outs(desk.books, "de")["tied"].all()
    assert not {coded, receipt} & set(read.exceptions(desk.books, "de")["line_id"])
    assert desk.computes().new_matches == 0, "nothing is left to do"


def test_a_declined_match_is_retracted_with_the_reason_and_never_proposed_again(desk: Desk) -> None:
    line, item = desk.one(
        """
        select line_id, min(item_id) from recon.standing join recon.allocation using (match_id, version)
        where standing.book = 'de' and tier = 1 and line_kind = 'bank' and relation is null
        group by line_id having count(*) = 1 order by line_id limit 1
        """
    )
    decide(desk.books, line, [item], "decline", reason="paid twice, they say")
    assert desk.computes().retracted >= 1
    assert desk.stands(line) == []
    reasons = """
        select distinct reason from recon.retraction join recon.allocation using (match_id, version) where line_id = %s
    """
    assert rows(desk.books, reasons, line) == [("declined by a person",)]
    assert desk.one("select open_minor <> 0 from recon.open_item where item_id = %s", item) == (True,)
    desk.computes()
    assert desk.stands(line) == []
    assert read.tie_outs(desk.books, "de")["tied"].all()
    with pytest.raises(BadInput, match="stays declined"):
        decide(desk.books, line, [item], "decline", reason="again")
    decide(desk.books, line, [], "withdraw", reason="they did owe it")
    desk.computes()
    assert [row[2] for row in desk.stands(line)] == [item], "the number names it, as before"


def test_what_a_person_confirmed_and_took_back_is_open_again(desk: Desk) -> None:
    line, amount, _ = desk.waiting("amount_minor < 0")
    desk.confirm(line, account_code="6300")
    desk.computes()
    assert desk.stands(line) == [("confirmed", "principal", "6300", amount, None)]
    with pytest.raises(BadInput, match="confirmed with 6300"):
        desk.confirm(line, account_code="6820")
    decide(desk.books, line, [], "withdraw", reason="not mine to say")
    desk.computes()
    assert desk.stands(line) == []
    holds = decisions(desk.books, "de").filter(line_id=line).select("verdict", "holds", "reason").rows()
    assert holds == [("confirm", False, WHY), ("withdraw", False, "not mine to say")]


def test_what_cannot_be_is_refused_by_name_and_nothing_is_recorded(desk: Desk) -> None:
    line, amount, _ = desk.waiting("amount_minor > 0 and currency = 'EUR'")
    bill, _ = desk.open_item("kind = 'bill' and currency = 'EUR'")
    settled_item, settler = desk.one(
        """
        select item_id, line_id from recon.standing join recon.allocation using (match_id, version)
        where standing.book = 'de' and item_kind = 'invoice' and relation is null and not exists (
            select from recon.open_item where open_item.item_id = allocation.item_id and open_item.month = '2025-06'
        ) limit 1
        """
    )
    (british,) = desk.one("select item_id from recon.open_item where book = 'uk' and month = '2025-06' limit 1")
    before = decisions(desk.books).height
    for named, more, said in (
        (["no such thing"], {}, "there is no item or line 'no such thing'"),
        ([british], {}, "nothing is ever matched across two books"),
        ([bill], {}, "does not come out"),
        ([settled_item], {}, f"{settler} settles it: decline that first"),
        ([], {"account_code": "1100"}, "no line may be coded to account '1100'"),
        ([], {}, "takes an item"),
        ([bill], {"difference": "gift"}, "a difference is one of"),
        ([bill], {"actor": " "}, "named actor and a reason"),
    ):
        with pytest.raises(BadInput, match=said):
            desk.confirm(line, *named, **more)
    with pytest.raises(BadInput, match="stands matched with"):
        desk.confirm(settler, bill)
    # Of a pending line nothing can be said, so that nothing is lost when it is posted under another id.
    (pending,) = desk.one("select record_id from canonical.bank_transaction_current where status = 'pending' limit 1")
    for unknown in ("us/plaid/transaction/none", pending):
        with pytest.raises(BadInput, match="there is no booked line"):
            desk.confirm(unknown, bill)
    with pytest.raises(BadInput, match="nothing was decided"):
        decide(desk.books, line, [], "withdraw", reason=WHY)
    assert decisions(desk.books).height == before
    assert amount > 0


def test_confirming_what_stands_records_what_was_seen_and_whose_name_the_line_bears(desk: Desk) -> None:
    line, item, party, name = desk.one(
        """
        select allocation.line_id, item_id, party_id, counterparty_name
        from recon.standing join recon.allocation using (match_id, version)
        join canonical.invoice_current as invoice on invoice.record_id = item_id
        join canonical.bank_transaction_current as line on line.record_id = allocation.line_id
        where standing.book = 'de' and counterparty_name is not null and relation is null and role = 'principal'
            and not exists (select from recon.allocation as other where other.line_id = allocation.line_id
                and other.match_id = allocation.match_id and other.ordinal <> allocation.ordinal)
        order by 1 limit 1
        """
    )
    desk.confirm(line, item)
    seen = desk.one(
        """
        select actor, reason, tier is not null, seen::json -> 'match' ->> 'words' <> ''
        from recon.decision where line_id = %s order by recorded_seq desc
        """,
        line,
    )
    assert seen == ("operator", WHY, True, True)
    taught = "select party_id, counterparty_name from recon.party_alias where line_id = %s"
    assert rows(desk.books, taught, line) == [(party, name)]
    assert desk.computes().retracted == 0


def test_the_application_may_add_decisions_and_policy_changes_and_never_change_them(desk: Desk) -> None:
    for statement in (
        "update recon.decision set actor = 'somebody else'",
        "delete from recon.decision",
        "truncate recon.decision",
        "update recon.policy_change set reason = 'another'",
        "delete from recon.policy_change",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), desk.books.database.transaction() as conn:
            conn.execute(statement)
