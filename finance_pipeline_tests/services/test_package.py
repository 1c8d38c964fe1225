"""The close package: its workbook computes itself and ties out, its page says the same, and it can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from lxml.etree import XMLSyntaxError

from finance_pipeline.core.problems import BadInput
from finance_pipeline.services import package
from finance_pipeline.services.closed_months.adjusting import Wanted, dismiss
from finance_pipeline.store.database import Database
from finance_pipeline_tests.conftest import _fresh
from finance_pipeline_tests.services.closed import ONE_BANK, close_months, report, run
from finance_pipeline_tests.services.office import breaches
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, Told, day, told
from finance_pipeline_tests.services.workbooks import Workbook, place

SHEETS = [
    *("Summary", "Trial balance", "Bank reconciliation", "AR ageing", "AP ageing", "Clearing", "Unidentified items"),
    *("Late items", "FX", "Adjustments", "Sign-offs", "Chain head"),
]
BOOK, PAGE = "close-us-2026-05.xlsx", "close-us-2026-05.html"
MANIFEST = "close-us-2026-05.manifest.json"


@pytest.fixture(scope="module")
def books(shared: tuple[Database, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """May of a book with something for every sheet: signed and locked; then a late line and a changed invoice.

    Tests may add to it; what they count, they ask as known before.
    """
    folder = tmp_path_factory.mktemp("package")
    with _fresh(shared, "finance_pipeline") as database, told(database, folder, ONE_BANK) as found:
        found.rate(day(1), "1.1000")
        found.rate(day(29), "1.1200")
        found.balance("main", "1000.00", day(1), "opening")
        found.document("INV-1", "500.00", day(2), "=Acme & Söhne")
        found.document("INV-2", "300.00", day(3), "Beta", currency="EUR", functional="330.00")
        found.document("BILL-1", "-80.00", day(4), "Supplier")
        found.line("paid", "200.00", day(10), "INV-1 part")
        found.line("nobody", "-9.99", day(11), "@SUM(A1)")
        found.balance("main", "1190.01", day(20))
        found.line("after", "33.00", day(25), "+CASH")
        close_months(found, MAY)
        found.line("late", "25.00", day(15), "-CASH")
        found.document("INV-1", "450.00", day(2), "=Acme & Söhne")
        found.balance("main", "1215.01", day(21))
        run(found, MAY, JUNE)
        yield found


@pytest.fixture(scope="module")
def first(books: Told, tmp_path_factory: pytest.TempPathFactory) -> package.Package:
    """The package of May, made before any test added anything."""
    return package.make(books.workspace, "us", "2026-05", tmp_path_factory.mktemp("first"))


@pytest.fixture
def book(first: package.Package) -> Workbook:
    return Workbook(first.folder / BOOK)


def test_every_formula_comes_to_what_is_written_beside_it_and_every_tie_out_to_zero(
    first: package.Package, book: Workbook
) -> None:
    assert list(book.sheets) == SHEETS
    for sheet in SHEETS:
        assert {at: book.sheets[sheet][at] for at in book.formulas[sheet]} == book.evaluated(sheet), sheet
    assert (first.apart, first.unproven, len(first.ties)) == ([], [], 9)
    assert "All 9 tie-outs are zero." in book.sheets["Summary"].values()
    page = (first.folder / PAGE).read_text(encoding="utf-8")
    assert "All 9 tie-outs are zero." in page
    assert "=Acme &amp; Söhne" in page


def test_a_spreadsheet_program_has_nothing_to_repair_and_another_reader_sees_the_same(
    first: package.Package, book: Workbook
) -> None:
    import fastexcel

    assert breaches(first.folder / BOOK) == []
    reader = fastexcel.read_excel(first.folder / BOOK)
    assert reader.sheet_names == SHEETS
    for sheet in SHEETS:
        read = reader.load_sheet(sheet, header_row=None, dtypes="string").to_polars()
        texts = {value for value in book.sheets[sheet].values() if isinstance(value, str) and value}
        seen = {cell for column in read.get_columns() for cell in column.drop_nulls().to_list()}
        assert texts <= seen, sheet


@pytest.mark.parametrize(
    ("part", "old", "new", "words"),
    [
        ("xl/worksheets/sheet1.xml", b' s="', b' s="9', "style"),
        ("xl/worksheets/sheet1.xml", b"SUM(", b"XLOOKUP(", "formula"),
        ("xl/worksheets/sheet1.xml", b"</f><v>", b"</f><w>", "XML"),
        ("xl/worksheets/sheet1.xml", b"'Trial balance'!", b"'[1]Trial balance'!", "formula"),
        ("xl/workbook.xml", b'name="FX"', b'name="FX: rates and what is revalued at the end"', "called"),
        ("xl/_rels/workbook.xml.rels", b"worksheets/sheet2.xml", b"worksheets/sheet99.xml", "leads to"),
    ],
)
def test_what_a_spreadsheet_program_would_stumble_over_is_noticed(
    first: package.Package, tmp_path: Path, part: str, old: bytes, new: bytes, words: str
) -> None:
    broken = tmp_path / BOOK
    with ZipFile(first.folder / BOOK) as whole, ZipFile(broken, "w") as copy:
        for name in whole.namelist():
            content = whole.read(name)
            assert name != part or old in content
            copy.writestr(name, content.replace(old, new) if name == part else content)
    if words == "XML":
        with pytest.raises(XMLSyntaxError):
            breaches(broken)
    else:
        assert words in breaches(broken)[0]


def test_every_sheet_can_be_read_and_printed(book: Workbook) -> None:
    """Where a column is too narrow, a spreadsheet program shows a row of # instead of the figure or the day."""
    for sheet in SHEETS:
        figures = [at for at, value in book.sheets[sheet].items() if isinstance(value, Decimal)]
        narrow = [at for at in figures if len(book.shown(sheet, at)) + 0.7 > book.widths[sheet][at[1]]]
        assert narrow == [], sheet
        assert all("0.00" in book.formats[sheet][at] for at in book.formulas[sheet] if at in figures), sheet
        page = book.set_up[sheet]
        assert (page["orientation"], page["fitToHeight"], page["state"]) == ("landscape", "0", "frozen")
        assert page["oddFooter"].startswith("&L&8Close package of A book in dollars, 2026-05, " + sheet)
        assert book.printed[f"{sheet} Print_Titles"].startswith(f"'{sheet}'!$1:$" if " " in sheet else "")
        bottom, right = max(row for row, _ in book.sheets[sheet]), max(column for _, column in book.sheets[sheet])
        last_row, last_column = place(book.printed[f"{sheet} Print_Area"].rsplit(":", 1)[1])
        assert last_row >= bottom
        assert last_column >= right


def test_a_figure_that_is_changed_in_the_workbook_turns_its_tie_out_red(book: Workbook) -> None:
    cells = book.sheets["AR ageing"]
    row = next(row for (row, _), value in cells.items() if value == "INV-2")
    carried = next(column for (at, column), value in cells.items() if (at, value) == (row, Decimal(330)))
    cells[row, carried] += 1
    computed = list(book.evaluated("Summary").values())
    assert computed.count(Decimal(-1)) == 1
    assert "Not everything ties out: look at the red differences." in computed


def test_a_text_that_looks_like_a_formula_stays_a_text(book: Workbook) -> None:
    texts = {"AR ageing": "=Acme & Söhne", "Unidentified items": "@SUM(A1)", "Bank reconciliation": "+CASH"}
    for sheet, text in texts.items():
        places = [at for at, value in book.sheets[sheet].items() if value == text]
        assert places
        assert not set(places) & set(book.formulas[sheet])


def test_the_sheets_say_what_was_late_what_was_decided_and_who_signed(books: Told, tmp_path: Path) -> None:
    waiting = [row["difference_id"] for row in report(books).differences.to_dicts() if row["cause"] == "changed"]
    dismiss(books.workspace, Wanted(ids=tuple(waiting)), reason="agreed with the customer", actor="Ada")
    with books.workspace.database.transaction() as conn:
        conn.execute(
            "select close.explain('us', '2026-05', array[%s], array['USD'], array[-999], 'explained', 'Ada', 'clerk',"
            " 'a card fee', 'test', '{}')",
            ("us/told/bank_transaction/nobody",),
        )
    package.make(books.workspace, "us", "2026-05", tmp_path)
    book = Workbook(tmp_path / BOOK)

    def said(sheet: str) -> set[object]:
        return set(book.sheets[sheet].values())

    assert {"us/told/bank_transaction/late", Decimal(25)} <= said("Late items")
    assert {"late", "let in", "changed", "dismissed", "agreed with the customer"} <= said("Adjustments")
    assert "a card fee (Ada)" in said("Unidentified items")
    assert {"put forward", "signed", "locked", "Ada", "Grace"} <= said("Sign-offs")
    assert {Decimal(330), "EUR", "6900"} <= said("FX")
    position, link = rows(books.workspace, "select position, encode(link, 'hex') from ledger.head")[0]
    assert {Decimal(position), link} <= said("Chain head")


def test_the_same_moment_gives_the_same_bytes_and_the_manifest_names_them(
    books: Told, first: package.Package, tmp_path: Path
) -> None:
    books.line("later", "11.00", day(28), "nobody knows")
    run(books, MAY, JUNE)
    again = package.make(books.workspace, "us", "2026-05", tmp_path / "again", first.known_at)
    for name in (BOOK, PAGE, MANIFEST):
        assert (first.folder / name).read_bytes() == (again.folder / name).read_bytes()
    manifest = json.loads((again.folder / MANIFEST).read_text(encoding="utf-8"))
    hashes = {name: sha256((again.folder / name).read_bytes()).hexdigest() for name in (BOOK, PAGE)}
    assert {name: file["sha256"] for name, file in manifest["files"].items()} == hashes == first.files
    assert manifest["known_at"] == first.known_at.isoformat()
    assert [tie["difference_minor"] for tie in manifest["tie_outs"]] == [0] * len(first.ties)
    now = package.make(books.workspace, "us", "2026-05", tmp_path / "now")
    assert now.files != first.files
    package.make(books.workspace, "us", "2026-06", again.folder)
    assert len([*again.folder.iterdir()]) == 6
    assert (again.folder / MANIFEST).read_bytes() == (first.folder / MANIFEST).read_bytes()


def test_a_month_without_a_statement_is_not_proven_and_one_the_book_does_not_have_is_refused(
    database: Database, tmp_path: Path
) -> None:
    with told(database, tmp_path, ONE_BANK) as found:
        found.line("in", "10.00", day(4))
        found.months(MAY)
        bare = package.make(found.workspace, "us", "2026-05", tmp_path / "out")
        assert [tie.what for tie in bare.unproven] == ["Bank account main equals its statement"]
        assert "1 not proven: the bank" in (tmp_path / "out" / PAGE).read_text(encoding="utf-8")
        with pytest.raises(BadInput, match="has no month 2026-04"):
            package.make(found.workspace, "us", "2026-04")
