"""What a person is told before a month is signed: a second document of one number, matches in doubt by now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finance_pipeline.services.closing import doubtful, signing
from finance_pipeline.services.closing import items as closing_items
from finance_pipeline.services.closing.changes import NotReady
from finance_pipeline.services.closing.items import Wanted
from finance_pipeline.services.closing.people import TakesAnotherPerson
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import MAY, US, Told, day, told

BOOK = US.model_copy(update={"bank_accounts": US.bank_accounts[:1]})


def review(book: Told) -> int:
    return signing.review(book.workspace, "us", "2026-05", reason="complete", actor="Ann").number


def test_a_suppliers_second_document_of_one_number_is_signed_only_when_one_explained_it_and_another_signs(
    database: Database, tmp_path: Path
) -> None:
    with told(database, tmp_path, BOOK) as book:
        book.balance("main", "0.00", day(1), "opening")
        book.balance("main", "0.00", day(31))
        book.document("BILL-7", "-600.00", day(4), "Northwind Ltd")
        book.document("again", "-600.00", day(6), "Northwind Ltd", number=" bill-7")
        book.document("theirs", "-600.00", day(7), "Globex Ltd", number="BILL-7")
        book.document("void", "-600.00", day(8), "Northwind Ltd", number="BILL-7", status="void")
        book.months(MAY)
        waiting = closing_items.items(book.workspace, "us", "2026-05")
        assert waiting.select("subject", "kind", "open_minor").rows() == [
            ("us/told/invoice/again", "second document", -60_000)
        ]
        with pytest.raises(NotReady, match="1 of 1 not explained"):
            review(book)
        said = {"reason": "two deliveries, one number: asked them", "actor": "Bea"}
        closing_items.explain(book.workspace, "us", "2026-05", Wanted(everything=True), **said)
        review(book)
        with pytest.raises(TakesAnotherPerson):
            signing.sign(book.workspace, "us", "2026-05", reason="agreed", actor="Bea")
        assert signing.sign(book.workspace, "us", "2026-05", reason="agreed", actor="Cat")


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
