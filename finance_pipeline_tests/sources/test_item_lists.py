"""Lists of open items as people export them: read to the cent, refused by the row, never assumed."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
import xlsxwriter

from finance_pipeline.sources.item_lists.delimited import read_delimited
from finance_pipeline.sources.item_lists.items import items_of
from finance_pipeline.sources.item_lists.model import BadList, ItemList, Said
from finance_pipeline.sources.item_lists.worker import sheets_of

GERMAN = """Offene Posten;;;;;;;;
Belegnummer;Lieferant;Belegart;Rechnungsdatum;Fällig am;Rechnungsbetrag;Offener Betrag;Währung;Skonto %
ER-1;Müller & Söhne;Rechnung;03.02.2026;05.03.2026;2.234,50;1.234,50;EUR;2,5
ER-2;Müller & Söhne;Gutschrift;13.02.2026;;100;100;EUR;
ER-3;Weiß;Rechnung;31.02.2026;;5,00;5,00;EUR;
ER-4;Weiß;Zahlung;01.02.2026;;5,00;5,00;EUR;
ER-5;Weiß;Rechnung;01.02.2026;;5,005;5,005;EUR;
ER-6;Weiß;Rechnung;01.02.2026;;5;5,00;XXY;
ER-7;Weiß;Rechnung;01.02.2026;;5;1.23,45;EUR;
ER-1;Müller & Söhne;Rechnung;03.02.2026;;9,00;9,00;EUR;
Summe;;;;;;1.353,51;;
"""


NAMED = {"columns": {"number": "Was", "amount": "Wieviel"}, "currency": "EUR"}


def read(text: str, *currencies: str, **said: object) -> ItemList:
    return items_of(read_delimited(text.encode()), Said(**said), currencies)  # type: ignore[arg-type]


def test_a_german_list_of_bills_is_read_to_the_cent_and_each_unreadable_row_is_kept_out_with_its_reason() -> None:
    found = items_of(read_delimited(GERMAN.encode("cp1252")), Said(payables=True), ["EUR"])
    bill, credit, again = found.items
    assert (bill.number, bill.party, bill.kind, bill.amount_minor) == ("ER-1", "Müller & Söhne", "bill", -123450)
    assert (bill.issued_on, bill.due_on) == (date(2026, 2, 3), date(2026, 3, 5))
    assert bill.discount_percent == Decimal("2.5")
    assert (credit.kind, credit.amount_minor, again.row) == ("supplier_credit", 10000, 10)
    assert found.reading.columns["amount"] == ("Offener Betrag",)
    assert [(row, reason.split(" is ", 1)[-1]) for row, reason, _ in found.refused] == [
        (5, "no day (dd.mm.yyyy)."),
        (6, "no kind of document that is open (invoice, bill, credit note)."),
        (7, "not an exact amount of EUR."),
        (8, "no currency of ISO 4217."),
        (9, "no amount."),
    ]
    assert [total.row for total in found.totals] == [11]
    assert [(twice.number, twice.rows) for twice in found.twice] == [("ER-1", (3, 10))]


@pytest.mark.parametrize(
    "header",
    [
        "Invoice No,Customer,Customer ID,Amount,Balance Due,CCY,Date,Due Date,Your Ref",
        "InvoiceNumber,ContactName,Customer No,Total,AmountDue,Currency,InvoiceDate,DueDate,Reference",
        "N° de facture,Client,Code client,Montant TTC,Reste à payer,Devise,Date de facture,Échéance,Référence",
        "Factuurnr.,Klant,Klantnummer,Factuurbedrag,Openstaand bedrag,Valuta,Factuurdatum,Vervaldatum,Kenmerk",
        "Nº factura,Cliente,Código cliente,Importe,Pendiente,Moneda,Fecha,Vencimiento,Su referencia",
        "Numero fattura,Cliente,Codice cliente,Importo,Residuo,Divisa,Data,Scadenza,Riferimento",
        "Fakturanr,Kund,Kundnummer,Belopp,Restbelopp,Valuta,Fakturadatum,Förfallodatum,OCR",
        "Fakturanr.,Kunde,Kundenr.,Beløb,Restbeløb,Valuta,Fakturadato,Forfaldsdato,Deres ref.",
        "Laskunumero,Asiakas,Asiakasnumero,Summa,Avoinna,Valuutta,Päiväys,Eräpäivä,Viitenumero",
    ],
)  # fmt: skip
def test_columns_are_known_by_their_headers_in_many_languages_and_what_is_open_wins_over_totals(
    header: str,
) -> None:
    found = read(f"{header}\nA-1,Oy Ab,77,200.00,150.00,EUR,2026-02-03,2026-03-05,RF18\n")
    titles = header.split(",")
    fields = ("number", "party", "party-id", None, "amount", "currency", "issued", "due", "reference")
    assert found.reading.columns == {f: (t,) for f, t in zip(fields, titles, strict=True) if f}
    assert [(i.amount_minor, i.party_id, i.references) for i in found.items] == [(15000, "77", ("RF18",))]


@pytest.mark.parametrize(
    ("text", "said", "words"),
    [
        ("No,Customer,Amount,Total,Currency\nA,B,1.50,1.50,EUR", {"columns": {"amount": "Total"}}, "--column amount="),
        ("No,Client,Amount,CCY,Date\nA,B,1.50,EUR,01/02/2026", {"date_format": "dd/mm/yyyy"}, "'Date'.*--date-format"),
        ("No,Customer,Amount,CCY\nA,B,\"1,234\",EUR", {"decimal_mark": "."}, "'Amount'.*--decimal"),
        ("No,Customer,Amount\nA,B,1.50", {"currency": "USD"}, "EUR, USD.*--currency"),
        ("No,Supplier,Amount,CCY\nA,B,-1.50,EUR", {"payables": True}, "'Amount' is negative.*--payables"),
        ("Was,Wer,Wieviel\nA,B,1.50", NAMED, "--column"),
    ],
)  # fmt: skip
def test_where_two_readings_fit_the_column_and_the_option_that_settles_it_are_said(
    text: str, said: dict[str, object], words: str
) -> None:
    with pytest.raises(BadList, match=f"(?s){words}"):
        read(text, "EUR", "USD")
    assert len(read(text, "EUR", "USD", **said).items) == 1


def test_a_date_that_only_one_format_reads_settles_all_others() -> None:
    found = read("No,Customer,Amount EUR,Date\nA,B,1.50,01/02/2026\nC,B,(2.50),25/02/2026\n")
    assert [item.issued_on for item in found.items] == [date(2026, 2, 1), date(2026, 2, 25)]
    assert [(item.kind, item.amount_minor, item.currency) for item in found.items] == [
        ("invoice", 150, "EUR"),
        ("credit_note", -250, "EUR"),
    ]


def workbook() -> bytes:
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    book.add_worksheet("Notes").write(0, 0, "see the next sheet")
    sheet = book.add_worksheet("Aging")
    day = book.add_format({"num_format": "dd/mm/yy"})
    sheet.write_row(1, 0, ["Invoice", "Customer", "Open (GBP)", "Date", "Discount rate"])
    for row, (number, amount) in enumerate([("00012", 1234.5), ("=1+1", 0.1 + 0.2), ("A-3", None)], start=2):
        sheet.write_string(row, 0, number)
        sheet.write_string(row, 1, "Acme")
        if amount is None:
            sheet.write_formula(row, 2, "=Z1+#REF!", None, "#REF!")
        else:
            sheet.write_formula(row, 2, f"={amount}", None, amount)
        sheet.write_datetime(row, 3, datetime(2026, 2, 1 + row), day)
        sheet.write_number(row, 4, 0.02)
    book.close()
    return content.getvalue()


def test_excel_gives_what_its_cells_came_to_and_a_row_with_an_error_is_refused() -> None:
    found = items_of(sheets_of(workbook()), Said(), ["EUR", "USD"])
    assert [(i.number, i.amount_minor, i.currency, i.issued_on) for i in found.items] == [
        ("00012", 123450, "GBP", date(2026, 2, 3)),
        ("=1+1", 30, "GBP", date(2026, 2, 4)),
    ]
    assert [(row, "#REF!" in reason) for row, reason, _ in found.refused] == [(5, True)]
    assert found.items[0].discount_percent == Decimal(2)
    assert any("0.02 was read as 2 %" in remark for remark in found.reading.remarks)


def test_a_workbook_that_unpacks_to_far_more_than_it_is_is_refused_before_it_is_opened() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 3_000_000)
    with pytest.raises(BadList, match="unpacks to more than"):
        sheets_of(content.getvalue())
    for raw, words in ((b"", "empty"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"), (b"PK\x03\x04no", "opened")):
        with pytest.raises(BadList, match=words):
            sheets_of(raw)
