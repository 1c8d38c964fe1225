"""The policy that settles equal documents oldest first, over documents as sources tell them and over months."""

from __future__ import annotations

from pathlib import Path

from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.told import JUNE, MAY, US, day, told


def test_documents_equal_in_tax_terms_and_accounts_are_settled_oldest_first_month_after_month(
    database: Database, tmp_path: Path
) -> None:
    book = US.model_copy(update={"policy": {"oldest_first": True}})
    with told(database, tmp_path, book) as books:
        for party, taxes in (("Acme Ltd", ("19.00", "19.00", "19.00")), ("Beta Ltd", ("19.00", "19.00", "0.00"))):
            for number, (on, tax) in enumerate(zip((day(5), day(8), day(2, JUNE)), taxes, strict=True), start=1):
                books.document(f"{party[0]}-{number}", "119.00", on, party, tax=tax)
        for party, on in (("Acme Ltd", day(10, JUNE)), ("Acme Ltd", day(12, JUNE)), ("Beta Ltd", day(11, JUNE))):
            books.line(f"{party} {on}", "119.00", on, counterparty_name=party)
        books.months(MAY, JUNE)
        beta = {f"invoice/B-{number}": "119.00" for number in (1, 2, 3)}
        assert books.open_items(JUNE) == {"invoice/A-3": "119.00"} | beta
        assert books.waiting(JUNE) == {"Beta Ltd 2026-06-11": "several_solutions"}
        books.months(MAY, JUNE)
        assert books.open_items(JUNE) == {"invoice/A-3": "119.00"} | beta
