"""What a line says of the other party: name, account, text, references, whatever dialect its bank writes."""

from pathlib import Path
from typing import Any

import pytest

from finance_pipeline.core.identity import parse_json
from finance_pipeline.sources.statements.child import shared_reader
from finance_pipeline.sources.statements.model import Detail, Entry
from finance_pipeline.sources.statements.mt.information import told_by
from finance_pipeline.sources.statements.reading import read_bytes
from finance_pipeline_tests.sources.statement_files import Line, statement, statement_file

IBAN = "NL20INGB0001234567"


POLISH = "61109010140000071219812874"
TOLD = [
    (
        ["166?00GUTSCHRIFT?20EREF+INV-17?21SVWZ+Rechnung 17 vom 4. Mai?22 2026", f"?31{IBAN}?32Muster?33GmbH"],
        (IBAN, "Muster GmbH", "Rechnung 17 vom 4. Mai 2026", "INV-17"),
    ),
    (
        ["177?20EREF+TRX-0A4A47C3-F846-4729?21-8A1B?22SVWZ+ERSTATTUNG AUSLANDSEIN?23SATZENTGELT", f"?31{IBAN}?32Bank"],
        (IBAN, "Bank", "ERSTATTUNG AUSLANDSEINSATZENTGELT", "TRX-0A4A47C3-F846-4729-8A1B"),
    ),
    (["116?20Miete Mai?22IBAN+NL20INGB0001234567?32Mieter"], (IBAN, "Mieter", "Miete Mai", None)),
    (
        [f">20Faktura 17>31{IBAN[:10]}", f"{IBAN[10:]}>32FIRMA>33SP. Z O.O."],
        (IBAN, "FIRMA SP. Z O.O.", "Faktura 17", None),
    ),
    ([f"020~00PRZELEW~20Faktura 17~32FIRMA~38{POLISH}"], (POLISH, "FIRMA", "Faktura 17", None)),
    (
        [f"/TRTP/SEPA/IBAN/{IBAN}/BIC/INGBNL2A/NAME/J. Jan", "sen/REMI/Factuur 17/EREF/INV-17"],
        (IBAN, "J. Jansen", "Factuur 17", "INV-17"),
    ),
    (
        [f"/EREF/INV-17//CNTP/{IBAN}/INGBNL2A/J. Jansen///REMI/USTD", "//Factuur 17/"],
        (IBAN, "J. Jansen", "Factuur 17", "INV-17"),
    ),
    (["/EREF/NOTPROVIDED//ORDP//NAME/J. Jansen/REMI/Factuur 17/"], (None, "J. Jansen", "Factuur 17", None)),
    ([f"{IBAN} j jansen", "", "Factuur 17"], (IBAN, "j jansen", "Factuur 17", None)),
    (["card payment 04-05-2026", "terminal 7"], (None, None, "card payment 04-05-2026 terminal 7", None)),
    (["A" * 65, "BC"], (None, None, "A" * 65 + "BC", None)),
    (["820?00ABSCHLUSS"], (None, None, "ABSCHLUSS", None)),
]
"""Lines of :86: -> account and name of the other party, text, end-to-end id."""


@pytest.mark.parametrize(("lines", "expected"), TOLD)
def test_what_the_bank_tells_about_a_line_of_mt940(lines: list[str], expected: tuple[str | None, ...]) -> None:
    told = told_by(lines)
    assert told is not None
    found = told.detail
    said = (found.counterparty_account, found.counterparty_name, found.remittance, found.end_to_end_id)
    assert said == expected


def entry_of(raw: bytes) -> Entry:
    return next(event for event in read_bytes(raw) if isinstance(event, Entry))


def test_an_amount_before_conversion_and_charges_stand_under_a_line_of_mt940() -> None:
    entry = entry_of(b":61:2605040504D104,50NTRFA//B\n/OCMT/USD110,00//CHGS/EUR4,5/\n:86:Invoice")
    assert (entry.original_amount, entry.original_currency, entry.charges) == ("110.00", "USD", "4.5 EUR")


def test_funds_types_of_bai2_are_skipped_before_references_and_text() -> None:
    head = b"01,1,2,260505,0200,1,,,2/\n02,1,2,1,260504,,,2/\n03,77,,,,,/\n"
    entry = entry_of(head + b"16,195,1000,D,2,0,400,1,600,BANK-1,CUST-1,TEXT, WITH COMMA\n88,AND /SLASH/\n49,1000,4/\n")
    assert (entry.bank_reference, entry.entry_reference) == ("BANK-1", "CUST-1")
    assert entry.details == (Detail(remittance="TEXT, WITH COMMA AND /SLASH"),)


def test_a_movement_of_coda_says_who_paid_and_a_structured_reference_is_written_as_people_know_it() -> None:
    entry = entry_of(
        "\n".join(
            (
                "0000004052672505".ljust(128),
                "12001" + "BE68539007547034".ljust(34) + "EUR" + "0" * 16 + "030526" + " " * 64,
                "2100010000" + "REF".ljust(21) + "0" + "000000000050000" + "040526" + "00150000" + "1"
                + "101090933755493".ljust(53) + "040526" + "001" + " " * 4,
                "2200010000" + " " * 53 + "E2E-17".ljust(35),
                "2300010000" + IBAN.ljust(37) + "J. Jansen".ljust(35),
            )
        ).encode()
    )  # fmt: skip
    (detail,) = entry.details
    assert (entry.amount_minor, entry.bank_reference, detail.remittance) == (5000, "REF", "+++090/9337/55493+++")
    assert (detail.counterparty_account, detail.counterparty_name, detail.end_to_end_id) == (
        IBAN,
        "J. Jansen",
        "E2E-17",
    )


CORPUS = Path(__file__).parent / "corpus"


def landed(raw: bytes, name: str) -> dict[str, Any]:
    """The payload of the only entry of a file, as it is landed."""
    [payload] = [parse_json(row[4]) for row in shared_reader().rows(raw, name) if row[0] == "entry"]
    return dict(payload)


def test_what_ofx_leaves_to_be_reckoned_of_a_conversion_is_reckoned_and_its_rate_kept() -> None:
    raw = (CORPUS / "ofx" / "original-currency.ofx").read_bytes()
    said = landed(raw, "o.ofx")
    assert (said["original_amount"], said["original_currency"], said["exchange_rate"]) == ("35.91", "EUR", "1.1")
    for odd in (b"0", b"-1.1", b"NaN", b"much"):
        assert landed(raw.replace(b"<CURRATE>1.1", b"<CURRATE>" + odd), "o.ofx")["original_amount"] is None


@pytest.mark.parametrize("amount", ["InstdAmt", "TxAmt", "CntrValAmt"])
def test_the_rate_of_a_conversion_is_evidence_under_whichever_amount_of_camt_it_stands(amount: str) -> None:
    exchange = "<CcyXchg><SrcCcy>USD</SrcCcy><TrgtCcy>EUR</TrgtCcy><XchgRate>1.08450</XchgRate></CcyXchg>"
    inside = f'<AmtDtls><{amount}><Amt Ccy="USD">110.00</Amt>{exchange}</{amount}></AmtDtls>'

    def file(more: str) -> bytes:
        return statement_file(statement("0.00", "100.00", Line("100.00", "R1", more=more), day="2026-05-04"))

    said = landed(file(inside), "c.xml")
    assert said["exchange_rate"] == "1.08450"
    assert said["original_currency"] == ("USD" if amount == "InstdAmt" else None)
    assert "exchange_rate" not in landed(file(""), "c.xml")
