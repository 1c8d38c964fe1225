"""What a person is told before a month is signed: second documents of one number, matches in doubt by now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

from finance_pipeline.core.problems import BadInput
from finance_pipeline.services.closed_months import adjusting
from finance_pipeline.services.closed_months.adjusting import adjust
from finance_pipeline.services.closing import doubtful, signing
from finance_pipeline.services.closing import items as closing_items
from finance_pipeline.services.closing.changes import NotReady
from finance_pipeline.services.closing.documents import decide_document
from finance_pipeline.services.closing.items import Wanted
from finance_pipeline.services.closing.people import TakesAnotherPerson
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.closed import close_months, report, run, stands
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, US, Told, day, told

BOOK = US.model_copy(update={"bank_accounts": US.bank_accounts[:1]})


def review(book: Told) -> int:
    return signing.review(book.workspace, "us", "2026-05", reason="complete", actor="Ann").number


def test_a_suppliers_second_document_of_one_number_counts_when_two_people_said_so_and_no_month_is_signed_before(
    database: Database, tmp_path: Path
) -> None:
    with told(database, tmp_path, BOOK) as book:
        book.balance("main", "0.00", day(1), "opening")
        book.balance("main", "-600.00", day(31))
        book.document("BILL-7", "-600.00", day(4), "Northwind Ltd")
        book.document("again", "-600.00", day(6), "Northwind Ltd", number=" bill-7")
        book.document("theirs", "-600.00", day(7), "Globex Ltd", number="BILL-7")
        book.document("void", "-600.00", day(8), "Northwind Ltd", number="BILL-7", status="void")
        book.line("paid", "-600.00", day(9), "BILL-7", counterparty_name="Northwind Ltd")
        book.months(MAY)
        assert book.open_items(MAY) == {"invoice/theirs": "-600.00"}, "nothing is paid of what waits, nor asked for it"
        assert book.moved(day(31), "invoice/again") == {}
        waiting = closing_items.items(book.workspace, "us", "2026-05")
        assert waiting.select("subject", "kind", "open_minor").rows() == [
            ("us/told/invoice/again", "held document", -60_000)
        ]
        with pytest.raises(NotReady, match=r"bill  bill-7 of Northwind Ltd again.*: not decided"):
            review(book)
        with pytest.raises(BadInput, match="waits for a decision, not for an explanation"):
            explained(book, Wanted(("again",)))
        assert decided(book, "post", "Ann") == "proposed"
        with pytest.raises(TakesAnotherPerson, match="another person posts it"):
            decided(book, "post", " ann")
        assert decided(book, "post", "Bea") == "posted"
        book.months(MAY)
        assert book.open_items(MAY) == {"invoice/again": "-600.00", "invoice/theirs": "-600.00"}
        assert book.moved(day(31), "invoice/again") == {"2000": "-600.00", "5000": "600.00"}
        assert book.untied() == []
        book.document("third", "-600.00", day(1), "Northwind Ltd", number="BILL-7")
        book.months(MAY)
        assert "invoice/third" not in book.open_items(MAY), "older by its day, and later here than what is posted"
        assert decided(book, "refuse", "Ann", "third") == "refused"
        review(book)
        assert signing.sign(book.workspace, "us", "2026-05", reason="agreed", actor="Cat")


def test_a_second_document_that_comes_late_for_a_closed_month_is_let_in_by_nobody_before_two_people_decide(
    database: Database, tmp_path: Path
) -> None:
    with told(database, tmp_path, BOOK) as book:
        book.document("BILL-7", "-60.00", day(4), "Northwind Ltd")
        book.balance("main", "0.00", day(1), "opening")
        book.balance("main", "0.00", day(31))
        close_months(book, MAY)
        book.document("again", "-60.00", day(3), "Northwind Ltd", number="BILL-7")
        run(book, MAY, JUNE)
        assert stands(book) == {"again": ("late", "waiting")}, "small as it is"
        late = report(book).differences["difference_id"].to_list()
        with pytest.raises(BadInput, match="is a second document of its number"):
            adjust(book.workspace, adjusting.Wanted(tuple(late)), reason="it came", actor="Ada")
        with pytest.raises(BadInput, match="no difference waits"):
            adjust(book.workspace, adjusting.Wanted(), reason="all of it", actor="Ada")
        with pytest.raises(BadInput, match="no second documents of one number begin with 'BILL-7'"):
            decided(book, "refuse", "Ann", "BILL-7")
        assert [decided(book, "post", who) for who in ("Ann", "Bea")] == ["proposed", "posted"]
        run(book, MAY, JUNE)
        assert stands(book) == {"again": ("late", "late item")}
        assert book.moved(day(1, JUNE), "invoice/again") == {"2000": "-60.00", "5000": "60.00"}
        with pytest.raises(BadInput, match="which is closed and signed"):
            decided(book, "refuse", "Ann")
        assert report(book).doubtful.is_empty()


def decided(book: Told, verdict: Literal["post", "refuse"], who: str, document: str = "again") -> str:
    return decide_document(book.workspace, "us", document, verdict, reason="asked them", actor=who)


def explained(book: Told, wanted: Wanted) -> int:
    return closing_items.explain(book.workspace, "us", "2026-05", wanted, reason="two deliveries", actor="Bea")


def test_a_match_that_stands_and_would_be_one_of_two_by_now_is_flagged_when_the_month_is_put_forward(
    database: Database, tmp_path: Path
) -> None:
    with told(database, tmp_path, BOOK) as book:
        book.balance("main", "0.00", day(1), "opening")
        book.balance("main", "440.00", day(31))
        book.document("INV-1", "140.00", day(2), "Acme Ltd")
        book.document("INV-2", "300.00", day(2), "Globex Ltd")
        book.line("paid", "140.00", day(9), counterparty_name="Acme Ltd")
        book.line("named", "300.00", day(9), "INV-2")
        book.months(MAY)
        assert (book.waiting(MAY), book.open_items(MAY)) == ({}, {})
        assert doubtful.doubtful(book.workspace, "us", "2026-05").is_empty()
        book.document("INV-3", "140.00", day(3), "Acme Ltd")
        book.months(MAY)
        assert book.open_items(MAY) == {"invoice/INV-3": "140.00"}, "what stands stays"
        found = doubtful.doubtful(book.workspace, "us", "2026-05")
        assert found["words"].str.contains("INV-1").to_list() == [True]
        number = review(book)
        seen = rows(book.workspace, "select seen from close.review where review_seq = %s", number)[0][0]
        assert json.loads(seen)["doubtful_matches"] == found["match_id"].to_list()
