"""Statement files: what a bank's XML says, which lines are one line, and what becomes of files that are wrong."""

import os
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.settings import Connection, Settings
from finance_pipeline.sources.base import Page, Update
from finance_pipeline.sources.statement_files import SOURCE, FilesNotRead, update_of
from finance_pipeline.sources.statements.assemble import check_footing
from finance_pipeline.sources.statements.model import Entry, MalformedStatement, StatementDoesNotFoot
from finance_pipeline_tests.sources.statement_files import (
    Line,
    balance,
    parse_statement_file,
    statement,
    statement_file,
)

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def entries_of(
    *lines: Line, opening: str = "0.00", closing: str = "0.00", day: str = "2026-05-04"
) -> tuple[Entry, ...]:
    return parse_statement_file(statement_file(statement(opening, closing, *lines, day=day))).statements[0].entries


def update(*statements: str, name: str = "a.xml") -> Update:
    return update_of(Page(name, statement_file(*statements), NOW), {})


def entry_ids(*updates: Update) -> list[str]:
    evidence = pl.concat([each.evidence for each in updates])
    return evidence.filter(pl.col("kind") == "entry")["source_id"].to_list()


@pytest.mark.parametrize("version", ["02", "04", "08", "12"])
def test_every_version_of_the_standard_reads_the_same(version: str) -> None:
    lines = (Line("100.05", on="2026-05-04", reference="A1"), Line("-0.05", on="2026-05-04"))
    file = parse_statement_file(statement_file(statement("1", "101.00", *lines, day="2026-05-04"), version=version))
    check_footing(file)
    assert [entry.amount_minor for entry in file.statements[0].entries] == [10005, -5]


def test_an_entry_without_date_or_status_has_the_statements_date_and_is_booked() -> None:
    (entry,) = entries_of(Line("5.00"))
    assert (entry.booked_on, entry.status) == (date(2026, 5, 4), "booked")


def test_a_value_date_within_the_statement_stands_for_a_missing_booking_date() -> None:
    xml = statement("0", "5", Line("5", more="<ValDt><Dt>2026-05-12</Dt></ValDt>"), day="2026-05-31")
    month = xml.replace("<Dt>2026-05-31</Dt>", "<Dt>2026-05-01</Dt>", 1)
    (entry,) = parse_statement_file(statement_file(month)).statements[0].entries
    assert entry.booked_on == date(2026, 5, 12)


def test_the_newer_forms_of_status_and_parties_are_read_and_pending_lines_do_not_count_in_the_sum() -> None:
    party = (
        "<Sts><Cd>PDNG</Cd></Sts><NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>Payer AG</Nm></Pty></Dbtr>"
        "<DbtrAcct><Id><IBAN>DE75 5121 0800 1245 1261 99</IBAN></Id></DbtrAcct></RltdPties></TxDtls></NtryDtls>"
    )
    lines = (Line("7.00"), Line("5.00", more=party))
    file = parse_statement_file(statement_file(statement("0", "7", *lines, day="2026-05-04")))
    check_footing(file)
    pending = file.statements[0].entries[1]
    assert (pending.status, pending.details[0].counterparty_name) == ("pending", "Payer AG")
    assert pending.details[0].counterparty_account == "DE75512108001245126199"


def test_a_reversal_moves_money_as_its_indicator_says_and_the_other_party_is_that_of_the_original() -> None:
    parties = (
        "<RvslInd>true</RvslInd><NtryDtls><TxDtls><RltdPties><Dbtr><Nm>Our customer</Nm></Dbtr>"
        "<Cdtr><Nm>Ourselves</Nm></Cdtr></RltdPties></TxDtls></NtryDtls>"
    )
    (entry,) = entries_of(Line("-15.53", more=parties))
    assert (entry.amount_minor, entry.reversal) == (-1553, True)
    assert entry.details[0].counterparty_name == "Our customer"


def test_a_batch_keeps_its_details_and_structured_references_join_the_remittance() -> None:
    batch = (
        "<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>"
        "<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><Amt Ccy='EUR'>1.00</Amt><RmtInf><Strd><RfrdDocInf>"
        "<Nb>INV-1</Nb></RfrdDocInf><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
        "<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><AmtDtls><InstdAmt><Amt Ccy='USD'>2.20</Amt>"
        "</InstdAmt></AmtDtls></TxDtls></NtryDtls>"
    )
    (entry,) = entries_of(Line("3.00", more=batch))
    first, second = entry.details
    assert entry.detail_count == 2
    assert (first.amount, first.end_to_end_id, first.remittance) == ("1.00 EUR", "E1", "RF18539007547034 INV-1")
    assert (second.end_to_end_id, second.original_amount, second.original_currency) == (None, "2.20", "USD")


def test_an_opening_balance_dated_the_day_before_stands_on_the_day_of_the_first_line() -> None:
    xml = statement("10", "15", Line("5", on="2026-05-04"), day="2026-05-04")
    dated_before = xml.replace("<Dt>2026-05-04</Dt>", "<Dt>2026-05-01</Dt>", 1)
    assert parse_statement_file(statement_file(dated_before)).statements[0].opening_on == date(2026, 5, 4)


def test_a_statement_that_does_not_foot_is_named_with_the_difference() -> None:
    wrong = statement("1200.00", "1500.55", Line("310.55", on="2026-05-04"), day="2026-05-04")
    with pytest.raises(
        StatementDoesNotFoot, match=r"1,200.00 \+ entries 310.55 = 1,510.55.*1,500.55 \(10.00 EUR apart"
    ):
        check_footing(parse_statement_file(statement_file(wrong), "march.xml"))


def test_one_statement_that_does_not_foot_holds_its_whole_file_and_the_raw_bytes_are_kept() -> None:
    good = statement("0", "1", Line("1", on="2026-05-04"), day="2026-05-04", account="DE1")
    held = update(good, statement("0", "9", Line("1", on="2026-05-04"), day="2026-05-04", account="DE2"))
    assert held.evidence.is_empty()
    assert [(letter.kind, letter.source_id) for letter in held.dead_letters] == [("file", "a.xml")]
    assert "8.00 EUR apart" in held.dead_letters[0].reason
    assert held.pages[0].hash == held.dead_letters[0].page_hash


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "the file is empty"),
        (b"Dear customer,\nplease find attached\n", "nothing in the file says that it is a bank statement"),
        (statement_file(statement("0", "0", day="2026-05-04"))[:-30], "not well-formed XML"),
        (statement_file(), "holds no statement"),
        (
            statement_file(statement("0", "0", day="2026-05-04")).replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt"),
            "this is camt.052, which tells of a day before",
        ),
        (
            statement_file(statement("0", "1", Line("1.005"), day="2026-05-04")),
            "entry 1: 1.005 is not an amount of EUR",
        ),
        (statement_file(statement("0", "0", day="2026-05-04")).replace(b"IBAN>", b"NONE>"), "names no account"),
        (statement_file(statement("0", "1", Line("1", on="04.05.2026"), day="2026-05-04")), "entry 1: "),
    ],
)
def test_a_file_that_is_no_readable_statement_says_why(raw: bytes, said: str) -> None:
    with pytest.raises(MalformedStatement, match=said):
        parse_statement_file(raw, "x.xml")


def test_entities_and_document_types_are_refused_and_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("1.00")
    declaration = f'<!DOCTYPE Document [<!ENTITY x SYSTEM "file://{secret}">]><Document'.encode()
    file = statement_file(statement("0", "1.00", Line("1.00"), day="2026-05-04"))
    with pytest.raises(MalformedStatement, match="document type declaration"):
        parse_statement_file(file.replace(b"<Document", declaration, 1).replace(b">1.00<", b">&x;<"))


def test_a_bomb_of_depth_is_refused() -> None:
    deep = b"<a>" * 5000 + b"</a>" * 5000
    with pytest.raises(MalformedStatement, match="depth"):
        parse_statement_file(statement_file(deep.decode()))


def test_two_equal_lines_in_one_file_are_two_and_the_same_line_in_an_overlapping_file_is_one() -> None:
    coffee = Line("-3.50", on="2026-05-04", text="COFFEE")
    monday = statement("10", "3", coffee, coffee, day="2026-05-04")
    again = statement("10", "4", coffee, coffee, Line("1", on="2026-05-05"), day="2026-05-05", number="S2")
    first, second = entry_ids(update(monday)), entry_ids(update(again))
    assert len(set(first)) == 2
    assert second[:2] == first
    assert len(set(first + second)) == 3


def test_an_overlapping_file_repeats_a_line_word_for_word_however_the_amount_is_written() -> None:
    one = update(statement("0", "1.5", Line("1.5", on="2026-05-04", reference="A"), day="2026-05-04"))
    two = update(statement("0", "1.50", Line("1.50", on="2026-05-04", reference="A"), day="2026-05-04", number="S2"))
    contents = [each.evidence.filter(pl.col("kind") == "entry")["content_hash"][0] for each in (one, two)]
    assert contents[0] == contents[1]


def test_a_reference_that_begins_again_every_day_or_that_a_fee_shares_does_not_merge_lines() -> None:
    monday = update(statement("0", "9", Line("10", "1", "2026-05-04"), Line("-1", "1", "2026-05-04"), day="2026-05-04"))
    tuesday = update(statement("9", "19", Line("10", "1", "2026-05-05"), day="2026-05-05"))
    assert len(set(entry_ids(monday, tuesday))) == 3


def test_a_mere_position_in_the_file_does_not_name_a_line() -> None:
    def line(position: int) -> Line:
        return Line("1", on="2026-05-04", text="RENT", more=f"<NtryRef>{position}</NtryRef>")

    early = Line("2", on="2026-05-03")
    assert entry_ids(update(statement("0", "1", line(1), day="2026-05-04"))) == [
        entry_ids(update(statement("0", "3", early, line(2), day="2026-05-04")))[1]
    ]


def test_a_statement_that_its_file_repeats_counts_once() -> None:
    monday = statement("0", "1", Line("1", on="2026-05-04"), day="2026-05-04")
    assert len(entry_ids(update(monday, monday))) == 1


def test_evidence_states_balances_exactly_and_belongs_to_the_day_of_the_line() -> None:
    large = update(
        statement("90071992547409.93", "90071992547410.94", Line("1.01", on="2026-05-03"), day="2026-05-04")
    ).evidence
    said = parse_json(large.filter(pl.col("kind") == "statement")["payload"][0])
    assert (said["opening"], said["closing"], said["booked"]) == ("90071992547409.93", "90071992547410.94", "1.01")
    assert large["accounting_on"].to_list() == [date(2026, 5, 4), date(2026, 5, 4)]


def test_a_line_dated_before_the_statement_that_brings_it_counts_from_that_statements_first_day() -> None:
    december = statement("10", "12", Line("-1", on="2026-11-30"), Line("3", on="2026-12-02"), day="2026-12-31")
    evidence = update(december.replace("<Dt>2026-12-31</Dt>", "<Dt>2026-12-01</Dt>", 1)).evidence
    early, ordinary = evidence.filter(pl.col("kind") == "entry").to_dicts()
    said = parse_json(early["payload"])
    assert (said["booked_on"], said["counted_on"], early["accounting_on"]) == (
        "2026-11-30", "2026-12-01", date(2026, 12, 1)
    )  # fmt: skip
    assert "2026-11-30" in early["source_id"], "its name stays what the bank calls it"
    assert "counted_on" not in ordinary["payload"]


def test_an_opening_balance_that_carries_the_closing_day_moves_no_line_of_the_month() -> None:
    month = statement("0", "3", Line("1", on="2026-05-04"), Line("2", on="2026-05-29"), day="2026-05-31")
    assert update(month).evidence["accounting_on"].to_list()[1:] == [date(2026, 5, 4), date(2026, 5, 29)]


def test_the_watched_folder_gives_new_files_in_the_order_of_their_names_and_each_content_once(tmp_path: Path) -> None:
    connection, settings = Connection(id="s", kind="camt053", folder="inbox"), Settings(home=tmp_path)
    assert list(SOURCE.pull(connection, settings, None, NOW)) == []
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    good = statement_file(statement("0", "1", Line("1"), day="2026-05-04"))
    for name, content in {"b.xml": b"broken", "a.xml": good, "c.xml": good, ".DS_Store": b"x"}.items():
        (inbox / name).write_bytes(content)
    (first,) = SOURCE.pull(connection, settings, None, NOW)
    assert [page.endpoint for page in first.pages] == ["a.xml", "b.xml"]
    assert [letter.source_id for letter in first.dead_letters] == ["b.xml"]
    assert list(SOURCE.pull(connection, settings, first.cursor, NOW)) == []
    (inbox / "0.xml").write_bytes(statement_file(statement("1", "2", Line("1"), day="2026-05-05")))
    (later,) = SOURCE.pull(connection, settings, first.cursor, NOW)
    assert later.pages[0].endpoint == "0.xml"


def test_a_cursor_moves_with_each_update_so_that_stopping_between_two_loses_nothing(tmp_path: Path) -> None:
    connection, settings = Connection(id="s", kind="camt053", folder=str(tmp_path)), Settings(home=tmp_path / "home")
    for number in range(100):
        xml = statement("0", "0", day="2026-05-04", number=f"S{number}")
        (tmp_path / f"{number:03}.xml").write_bytes(statement_file(xml))
    first = next(iter(SOURCE.pull(connection, settings, None, NOW)))
    rest = list(SOURCE.pull(connection, settings, first.cursor, NOW))
    read = [page.endpoint for update in (first, *rest) for page in update.pages]
    assert len(first.pages) < 100
    assert read == [f"{number:03}.xml" for number in range(100)]


def test_a_link_out_of_the_watched_folder_is_not_followed_and_stops_no_other_file(tmp_path: Path) -> None:
    connection, settings = Connection(id="s", kind="camt053", folder="inbox"), Settings(home=tmp_path)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (tmp_path / "private.key").write_text("secret")
    (inbox / "a.xml").symlink_to(tmp_path / "private.key")
    (inbox / "b.xml").write_bytes(statement_file(statement("0", "1", Line("1"), day="2026-05-04")))
    (inbox / "c.xml").symlink_to(inbox / "b.xml")
    (inbox / "d.xml").symlink_to(inbox / "gone.xml")
    os.mkfifo(inbox / "e.xml")
    read: list[Update] = []
    with pytest.raises(FilesNotRead, match=r"1 files .* a\.xml \(a link out of the folder\)"):
        read.extend(SOURCE.pull(connection, settings, None, NOW))
    assert [page.endpoint for update in read for page in update.pages] == ["b.xml"]


def test_balances_that_are_not_of_the_day_are_ignored() -> None:
    xml = statement("1", "2", Line("1"), day="2026-05-04")
    other = "".join(balance(code, "99", "2026-05-04") for code in ("ITBD", "CLAV", "FWAV"))
    check_footing(parse_statement_file(statement_file(xml.replace("<Bal>", f"{other}<Bal>", 1))))
