"""Somebody's own bank files against their own invoice list, on a machine where nothing was set up."""

from __future__ import annotations

from pathlib import Path

import pytest

from finance_pipeline_tests.cli.conftest import Shell
from finance_pipeline_tests.services.workbooks import Workbook
from finance_pipeline_tests.sources.statement_files import Line, statement, statement_file

MEMO = "=HYPERLINK(evil)"
MONDAY = (
    Line("150.00", "A1", "2026-05-04", "payment INV-1001 thank you"),
    # Twice the same, and the bank's balance holds both: two payments, not one told twice.
    Line("40.00", "", "2026-05-04", "INV-1002", "E2E-SAME-1"),
    Line("40.00", "", "2026-05-04", "INV-1002", "E2E-SAME-1"),
)
TUESDAY = (Line("-9.50", "B1", "2026-05-05", MEMO), Line("60.00", "B2", "2026-05-05", "INV-1003 part"))
LIST = (
    "Rechnungsnummer;Kunde;Offen;Datum;Fällig am\n"
    "INV-1001;Müller GmbH;150,00;01.04.2026;01.05.2026\n"
    "INV-1002;Weiß AG;80,00;13.04.2026;\n"
    "INV-1003;=1+1;100,00;01.04.2026;\n"
    "INV-1004;Weiß AG;70,00;31.04.2026;\n"
    "INV-1005;Weiß AG;-5,00;01.04.2026;\n"
    "Summe;;395,00;;\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two days, the second of which overlaps the first, and a third that does not add up."""
    (tmp_path / "bank").mkdir()
    monday = statement("100.00", "330.00", *MONDAY, day="2026-05-04", number="1")
    tuesday = statement("330.00", "380.50", *TUESDAY, day="2026-05-05", number="2")
    wrong = statement("380.50", "999.00", Line("1.00"), day="2026-05-06", number="3")
    for name, content in {"a": (monday,), "b": (monday, tuesday), "c": (wrong,)}.items():
        (tmp_path / "bank" / f"{name}.xml").write_bytes(statement_file(*content))
    (tmp_path / "open.csv").write_bytes(LIST.encode("cp1252"))
    return tmp_path


def test_a_first_day_ends_with_balances_that_add_up_and_a_workbook_that_ties_out_to_zero(
    shell: Shell, folder: Path
) -> None:
    out = folder / "result.xlsx"
    asked = ("--statements", str(folder / "bank"), "--items", str(folder / "open.csv"), "--out", str(out))
    ended = shell.types("quickstart", *asked, "--json")
    found = ended.figures
    assert ended.code == 1, "a file and a row could not be used"
    (account,) = found["accounts"]
    assert account["label"] == "...8603 EUR"
    balances = [account[f"{name}_minor"] for name in ("opening", "booked", "closing", "difference")]
    assert balances == [10000, 28050, 38050, 0]
    assert (account["repeated"], account["gaps"], account["lines"]) == (3, [], 5)
    assert [("apart" in file["reason"]) for file in found["files"] if file["reason"]] == [True]
    assert [(each["number"], each["state"], each["left_minor"]) for each in found["items"]] == [
        ("INV-1001", "settled", 0),
        ("INV-1002", "settled", 0),
        ("INV-1003", "partly settled", 4000),
        ("INV-1005", "open", -500),
    ]
    assert [each["row"] for each in found["list"]["refused"]] == [5]
    assert "reference" in {name for _, name, _ in found["figures"]["tiers"]}
    assert not list(shell.home.iterdir()), "no settings, no database"
    _ties_out(out)
    again = shell.types("quickstart", *asked)
    assert (again.code, "is there already" in again.said) == (2, True)
    shown = shell.types("quickstart", *asked, "--force").printed
    for words in (
        "read as: number = Rechnungsnummer",
        "adds up",
        "4 of 5 bank lines",
        "Not used: c.xml",
        "result.xlsx",
    ):
        assert words in shown


def _ties_out(out: Path) -> None:
    """Every formula comes to what was written beside it, every tie-out to zero, and no text became a formula."""
    book = Workbook(out)
    computed = book.evaluated("Summary")
    assert {at: value for at, value in computed.items() if value != _near(value, book.cached[at])} == {}
    assert computed[2, 1] == "All tie-outs are zero."
    assert (
        sum(str(formula).startswith("ROUND(") and "-" in formula for formula in book.formulas["Summary"].values()) >= 4
    )
    assert {name: len(found) for name, found in book.formulas.items() if name != "Summary" and found} == {}
    assert MEMO in book.column("Bank lines", "Text")
    assert "=1+1" in book.column("Open items", "Party")
    assert not any("DE02100100109307118603" in str(v) for cells in book.sheets.values() for v in cells.values())
    assert book.column("Bank lines", "Settles").count("INV-1002") == 2
    book.sheets["Bank lines"][2, 4] += 1
    assert book.evaluated("Summary")[2, 1] == "Not everything ties out: look at the red cells."


def _near(value: object, cached: object) -> object:
    """The value itself where the cached one, a float of a share perhaps, is it to twelve digits."""
    if isinstance(value, str) or isinstance(cached, str):
        return cached
    return value if abs(value - cached) < 1e-12 else cached  # type: ignore[operator]


def test_what_cannot_be_told_stops_with_the_option_that_settles_it_and_writes_nothing(
    shell: Shell, folder: Path
) -> None:
    items = folder / "twice.csv"
    items.write_text("No,Customer,Open Balance,Amount Due,Date\nINV-1001,B,150.00,150.00,2026-04-01\n")
    out = folder / "result.xlsx"
    asked = ("--statements", str(folder / "bank"), "--items", str(items), "--out", str(out))
    ended = shell.types("quickstart", *asked)
    assert (ended.code, out.exists()) == (2, False)
    assert "'Open Balance' and 'Amount Due'" in ended.said
    assert '--column amount="Open Balance"' in ended.said
    settled = shell.types("quickstart", *asked, "--column", "amount=Open Balance", "--json").figures
    assert settled["list"]["reading"]["columns"]["amount"] == ["Open Balance"]
    assert [each["state"] for each in settled["items"]] == ["settled"]
