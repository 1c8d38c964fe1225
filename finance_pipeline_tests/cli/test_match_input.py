"""What a file may hold: read exactly as it is meant, or refused with file, column, row and value."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from finance_pipeline.core.problems import BadInput
from finance_pipeline.services.matching_files.folder import Given, read_folder
from finance_pipeline_tests.cli.conftest import Shell
from finance_pipeline_tests.cli.matching_files import ITEM, LINE, PAID, Content, folder, run

GOOD = "receipt,us,checking,EUR,125000,2026-05-20,INV-1041\n"
LINES = pl.DataFrame(
    {
        "line_id": ["receipt", "fee"],
        "book": ["us", "us"],
        "account_id": ["checking", "checking"],
        "currency": ["EUR", "EUR"],
        "amount_minor": [125000, -350],
        "booked_on": [date(2026, 5, 20), date(2026, 5, 21)],
    }
)
RATES = "date,currency,per_eur\n2026-05-20,USD,"
ADVICE = "remittance_id,received_on,currency,total_minor,line_reference,line_minor\n"


def given(at: Path, **files: Content) -> Given:
    """What is read of a folder with the paid invoice and these files; `bank_lines__csv` is bank_lines.csv."""
    named = {name.replace("__", "."): content for name, content in files.items()}
    return read_folder(folder(at / "in", PAID | named), lambda _words, _ended: None)


def refused(at: Path, **files: Content) -> str:
    """What is said of files that are refused."""
    with pytest.raises(BadInput) as said:
        given(at, **files)
    assert said.value.kept == "Nothing was written."
    return said.value.what


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("l,us,a,EUR,12.50,2026-05-20,x", "column amount_minor: 1 row is not a whole number of minor units"),
        ("l,us,a,EUR,1e5,2026-05-20,x", "row 2 has '1e5'"),
        ('l,us,a,EUR,"1,200",2026-05-20,x', "row 2 has '1,200'"),
        ("l,us,a,EUR, 12,2026-05-20,x", "row 2 has ' 12'"),
        ("l,us,a,EUR,99999999999999999,2026-05-20,x", "an amount of at most 10,000,000,000,000,000 minor units"),
        ("l,us,a,EUR,,2026-05-20,x", "column amount_minor: 1 row is empty, the first is row 2"),
        ("l,us,a,EUR,1,20.05.2026,x", "column booked_on: 1 row is not a day (YYYY-MM-DD); row 2 has '20.05.2026'"),
        ("l,us,a,EUR,1,2026-02-30,x", "row 2 has '2026-02-30'"),
        ("l,us,a,EUR,1,2026-5-20,x", "row 2 has '2026-5-20'"),
        ("l,us,a,EUR,1,2026-05-20 09:30,x", "row 2 has '2026-05-20 09:30'"),
        ("l,us,a,EUR,1,1989-12-31,x", "a day from 1990-01-01 to 2100-12-31; row 2 has 1989-12-31"),
        ("l,us,a,EUR,1,2101-01-01,x", "row 2 has 2101-01-01"),
        ("l,us,a,eur,1,2026-05-20,x", "column currency: 1 row is not a currency code of ISO 4217"),
        ("l,us,a,[/EUR],1,2026-05-20,x", "row 2 has '[/EUR]'"),
        ("l,,a,EUR,1,2026-05-20,x", "column book: 1 row is empty, the first is row 2"),
        ('l,"",a,EUR,1,2026-05-20,x', "column book: 1 row is empty, the first is row 2"),
        ("receipt,us,a,EUR,1,2026-05-20,x", "line_id 'receipt' stands in 2 rows, the first two are 1 and 2"),
        ("l,us,a,EUR,1,2026-05-20", "1 line has fewer values than the header, which has 7; line 3 has 6"),
        ("l,us,a,EUR,1,2026-05-20,x,y", "line 3 has 8 values, the header 7"),
        ('l,us,a,EUR,1,2026-05-20,5" pipe\nm,us,a,EUR,1,2026-05-20,x', "line 3 has a quote that does not pair"),
        ('l,us,a,EUR,1,2026-05-20,"open', "line 3 has a quote that does not pair"),
        ("l,us,a,EUR,1,2026-05-20,x\0", "line 3 holds a NUL byte"),
    ],
)
def test_a_value_that_is_not_what_it_should_be_is_refused_with_its_place(tmp_path: Path, row: str, said: str) -> None:
    what = refused(tmp_path, bank_lines__csv=f"{LINE}{GOOD}{row}\n")
    assert "bank_lines.csv" in what
    assert said in what


def test_a_line_that_is_too_short_is_found_behind_texts_of_several_lines(tmp_path: Path) -> None:
    memo = 'a,us,a,EUR,1,2026-05-20,"two\nlines, ""quoted"""\nb,us,a,EUR,1,2026-05-20,\n'
    assert given(tmp_path, bank_lines__csv=LINE + memo).frames["bank_lines"]["memo"].to_list() == [
        'two\nlines, "quoted"',
        None,
    ]
    assert "line 5 has 6" in refused(tmp_path, bank_lines__csv=f"{LINE}{memo}c,us,a,EUR,1,2026-05-20\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty: not even a header"),
        (b"\n\n", "it is empty: not even a header"),
        ((LINE + "l,us,a,EUR,1,2026-05-20,M\u00fcller\n").encode("latin-1"), "line 2 is not UTF-8 text (byte 0xfc)"),
        ((LINE + GOOD).encode("utf-16"), "it is UTF-16 text; save it as UTF-8"),
        ((LINE + GOOD).replace(",", ";").encode(), "its values are separated by semicolons"),
        ((LINE + GOOD).replace("\n", "\r").encode(), "its lines end in CR alone"),
        ((LINE.replace("memo", "book") + GOOD).encode(), "column 'book' stands twice in the header"),
        (
            b"line_id,book,account,amount\nl,us,a,1\n",
            "account_id, currency, amount_minor, booked_on. It has others: account",
        ),
    ],
)
def test_a_csv_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refused(tmp_path, bank_lines__csv=content)


def test_marks_line_ends_and_empty_lines_at_the_end_change_nothing(tmp_path: Path) -> None:
    plain = given(tmp_path / "a", bank_lines__csv=LINE + GOOD).frames["bank_lines"]
    windows = b"\xef\xbb\xbf" + (LINE + GOOD + "\n\n").replace("\n", "\r\n").encode()
    assert given(tmp_path / "b[1]*?", bank_lines__csv=windows).frames["bank_lines"].equals(plain)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    what = refused(
        tmp_path,
        bank_lines__csv=LINE + "l,,a,EUR,1.5,2026,x\n",
        open_items__csv=ITEM + "i,us,invoice,XYZ,5,2026-05-01,x\ni,us,invoice,EUR,5,2026-05-01,x\n",
        fx_rates__csv=RATES + "-1\n",
    )
    assert what.startswith("6 things do not fit.")
    assert [each in what for each in ("book", "amount_minor", "booked_on", "'XYZ'", "item_id 'i'", "above zero")] == [
        True
    ] * 6


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"amount_minor": [1.0, 12.0]}, "column amount_minor is Float64, and has to be a whole number of minor units"),
        (
            {"amount_minor": [Decimal("1.00"), Decimal("12.50")]},
            "column amount_minor is Decimal(precision=38, scale=2)",
        ),
        ({"booked_on": [datetime(2026, 5, 20), datetime(2026, 5, 20, 9, 30)]}, "row 2 has 2026-05-20 09:30:00"),
        ({"memo": [None, 1.5]}, "column memo is Float64, and has to be text"),
        ({"memo": [None, "NUL \0"]}, "column memo: 1 row is not text (a NUL byte is in it)"),
        ({"status": ["booked", "Booked"]}, "column status: 1 row is not booked or pending; row 2 has 'Booked'"),
        ({"book": ["us", ""]}, "column book: 1 row is empty, the first is row 2"),
        ({"original_currency": [None, "EURO"]}, "column original_currency: 1 row is not a currency code"),
    ],
)
def test_parquet_of_another_kind_is_refused(tmp_path: Path, values: dict[str, list[object]], said: str) -> None:
    other = LINES.with_columns(pl.Series(name, column) for name, column in values.items())
    assert said in refused(tmp_path, bank_lines__csv=None, bank_lines__parquet=other)


def test_an_integer_too_wide_for_an_amount_is_refused(tmp_path: Path) -> None:
    wide = LINES.with_columns(amount_minor=pl.Series([1, 2**64 - 1], dtype=pl.UInt64))
    said = refused(tmp_path, bank_lines__csv=None, bank_lines__parquet=wide)
    assert "row 2 has 18446744073709551615" in said


@pytest.mark.parametrize("content", [b"PAR1 and nothing else", b"line_id,book\n"])
def test_what_is_named_parquet_and_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "bank_lines.parquet: it is no whole Parquet file" in refused(
        tmp_path, bank_lines__csv=None, bank_lines__parquet=content
    )


def test_parquet_types_that_lose_nothing_are_taken(tmp_path: Path) -> None:
    wanted = given(tmp_path / "a", bank_lines__csv=None, bank_lines__parquet=LINES).frames["bank_lines"]
    others = [
        LINES.cast({"amount_minor": pl.Int32, "currency": pl.Categorical, "book": pl.Enum(["us"])}),
        LINES.cast({"amount_minor": pl.Int128, "booked_on": pl.Datetime("ms")}),
        LINES.cast({"amount_minor": pl.Decimal(12, 0), "booked_on": pl.String}),
        LINES.with_columns(pl.col("booked_on").cast(pl.Datetime("us", "UTC"))),
        LINES.with_columns(pl.col("booked_on").cast(pl.String) + "T00:00:00"),
    ]
    for number, other in enumerate(others):
        read = given(tmp_path / f"[{number}]*", bank_lines__csv=None, bank_lines__parquet=other)
        assert read.frames["bank_lines"].equals(wanted)
    numbered = given(
        tmp_path / "n", bank_lines__csv=None, bank_lines__parquet=LINES.with_columns(line_id=pl.Series([7, 8]))
    )
    assert numbered.frames["bank_lines"]["line_id"].to_list() == ["7", "8"]
    assert numbered.notices == ["bank_lines.parquet: column line_id is Int64, and was read as text."]


def test_lists_are_the_same_in_csv_and_parquet(tmp_path: Path) -> None:
    parties = pl.DataFrame({"party_id": ["p", "q", "r", "s"], "name": ["A", "B", "C", "D"]})
    lists = pl.Series("aliases", [["Acme Ltd", "ACME"], ["B", ""], [], None])
    text = "party_id,name,aliases\np,A,Acme Ltd; ACME;\nq,B,B;\nr,C,\ns,D,;\n"
    from_text = given(tmp_path / "text", parties__csv=text).frames["parties"]
    assert from_text["aliases"].to_list() == [["Acme Ltd", "ACME"], ["B"], None, None]
    assert given(tmp_path / "lists", parties__parquet=parties.with_columns(lists)).frames["parties"].equals(from_text)
    nothing = parties.with_columns(aliases=pl.Series([None] * 4))
    assert given(tmp_path / "none", parties__parquet=nothing).frames["parties"]["aliases"].null_count() == 4


def test_rates_are_exact_decimals(tmp_path: Path) -> None:
    rate = Decimal("1.0842")
    frame = pl.DataFrame({"date": [date(2026, 5, 20)], "currency": ["USD"], "per_eur": [1.0842]})
    for number, content in enumerate(
        (frame, frame.cast({"per_eur": pl.Decimal(20, 4)}), frame.cast({"per_eur": pl.String}))
    ):
        assert given(tmp_path / f"{number}", fx_rates__parquet=content).frames["fx_rates"]["per_eur"].item() == rate
    assert given(tmp_path / "t", fx_rates__csv=RATES + "1.0842\n").frames["fx_rates"]["per_eur"].item() == rate
    for text in ("1.08421234567", "1,0842", "1e0", "", "0", "NaN"):
        assert "fx_rates.csv, column per_eur: 1 row is " in refused(tmp_path / "r", fx_rates__csv=f'{RATES}"{text}"\n')
    drifted = frame.with_columns(per_eur=pl.lit(0.1) + 0.2)
    assert "row 1 has 0.30000000000000004" in refused(tmp_path / "f", fx_rates__parquet=drifted)
    assert "date 2026-05-20, currency 'USD' stands in 2 rows" in refused(
        tmp_path / "d", fx_rates__csv=RATES + "1.1\n2026-05-20,USD,1.2\n"
    )


def test_rows_of_one_advice_agree_on_the_payment(tmp_path: Path) -> None:
    first, second = "adv,2026-05-20,EUR,100,INV-1,60\n", "adv,2026-05-20,EUR,{},INV-2,40\n"
    read = [
        given(tmp_path / name, remittances__csv=ADVICE + rows.format(100)).frames["remittances"]
        for name, rows in {"a": first + second, "b": second + first}.items()
    ]
    assert read[0].height == 2
    assert read[0].equals(read[1])
    said = refused(tmp_path / "c", remittances__csv=ADVICE + first + second.format(110))
    assert "column total_minor: rows of advice 'adv' differ" in said


def test_a_decision_is_to_confirm_or_to_decline(tmp_path: Path) -> None:
    decided = "line_id,item_id,verdict,decided_by,decided_at\nreceipt,invoice,maybe,ann,2026-05-21\n"
    assert "column verdict: 1 row is not confirm or decline; row 1 has 'maybe'" in refused(
        tmp_path, decisions__csv=decided
    )


def test_which_files_are_there_is_said_where_it_matters(tmp_path: Path) -> None:
    both = refused(tmp_path / "both", bank_lines__parquet=LINES)
    assert "bank_lines.parquet and bank_lines.csv are both there" in both
    none = refused(tmp_path / "none", bank_lines__csv=None, statement__txt="x")
    assert "there is no bank_lines (.parquet or .csv) in" in none
    assert "which holds open_items.csv, statement.txt" in none
    more = given(
        tmp_path / "more",
        statement__txt="x",
        bank_lines__csv=LINE.replace("memo", "memo,branch") + GOOD.replace("\n", ",Berlin\n"),
    )
    assert more.notices == [
        "statement.txt is none of the engine's files: passed over.",
        "bank_lines.csv: columns that the engine does not know were passed over: branch.",
    ]
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "nowhere", tmp_path / "empty"):
        with pytest.raises(BadInput):
            run(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("early_days: [1", "policy.yaml: it is not YAML"),
        ("- early_days", "policy.yaml: it has to be a mapping of names to values"),
        ("early_day: 3", "policy.yaml: there is no 'early_day'"),
        ("books: {us: {early_days: soon}}", "policy.yaml, book us: early_days has to be"),
        ("default: {tiers: 1}", "policy.yaml, default: tiers has to be"),
        ("early_days: 3\nbooks: {}", "'early_days' stands beside 'books' or 'default'"),
        (None, "policy.yaml: it cannot be read"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_its_key(tmp_path: Path, policy: str | None, said: str) -> None:
    source = folder(tmp_path / "in", PAID | {"policy.yaml": policy})
    with pytest.raises(BadInput, match="Nothing was written") as refusal:
        run(source, tmp_path / "out", policy=source / "policy.yaml")
    assert said in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_the_command_ends_with_two_and_its_own_words(tmp_path: Path, shell: Shell) -> None:
    source = folder(tmp_path / "in", PAID | {"bank_lines.csv": LINE + "l,us,a,[/EUR],1,2026-05-20,x\n"})
    target = tmp_path / "out"
    for arguments, words in {
        ("--in", source, "--out", target): "Not done: bank_lines.csv, column currency: 1 row is not a currency code",
        ("--in", source, "--out", source): "is where the input is",
        ("--in", source, "--out", source / "bank_lines.csv"): "is a file, not a folder",
        ("--in", source): "two folders are needed",
        ("--in", source, "--out", target, "--as-of", "May"): "'May' is no day",
        ("--in", tmp_path / "no", "--out", target): "does not exist. Nothing was written. Check --in.",
    }.items():
        ended = shell.types("match", *map(str, arguments))
        assert ended.code == 2
        assert words in ended.said
        assert not target.exists()
