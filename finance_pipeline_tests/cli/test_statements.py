"""`statements parse` and `statements profile`: files as a person looks at them, without a database or an account."""

from __future__ import annotations

from pathlib import Path

from finance_pipeline_tests.cli.conftest import Shell

CORPUS = Path(__file__).resolve().parents[1] / "sources" / "statements" / "corpus"


def test_statements_of_many_formats_are_printed_and_a_file_that_cannot_be_read_does_not_hide_them(
    tmp_path: Path,
) -> None:
    names = ("camt/053.001.08.xml", "other/empty.xml", "mt/does-not-foot.sta", "other/document.pdf", "bai2/plain.bai")
    files = [*(str(CORPUS / name) for name in names), str(tmp_path / "missing.xml")]
    ended = Shell(tmp_path).types("statements", "parse", *files, "--json")
    assert ended.code == 1
    assert [each["file"] for each in ended.figures] == files
    assert [each.get("foots") for each in ended.figures] == [True, None, False, None, True, None]
    assert [each.get("error", "")[:12] for each in ended.figures if "error" in each] == [
        "the file is ", "this is no s", "there is no "
    ]  # fmt: skip
    assert ended.figures[2]["difference"] == "-1.00"
    shown = Shell(tmp_path).types("statements", "parse", *files)
    assert (shown.code, "no, -1.00 apart" in shown.printed) == (1, True)
    assert Shell(tmp_path).types("statements", "parse", files[0], "--json").code == 0


def test_a_folder_stands_for_the_files_in_it_and_one_without_any_is_said_not_passed_over(tmp_path: Path) -> None:
    folder, empty = tmp_path / "bank", tmp_path / "empty"
    (folder / "2024").mkdir(parents=True)
    empty.mkdir()
    for name in ("a.xml", "2024/b.xml", ".hidden.xml"):
        (folder / name).write_bytes((CORPUS / "camt/053.001.08.xml").read_bytes())
    ended = Shell(tmp_path).types("statements", "parse", str(folder), str(empty), "--json")
    assert [each["file"] for each in ended.figures] == [str(folder / "2024/b.xml"), str(folder / "a.xml"), str(empty)]
    assert (ended.code, ended.figures[-1]["error"]) == (1, "this folder holds no file.")


def test_a_proposed_profile_is_saved_by_a_person_and_then_reads_the_file(tmp_path: Path) -> None:
    shell, file = Shell(tmp_path), str(CORPUS / "csv" / "german.csv")
    (before,) = shell.types("statements", "parse", file, "--json").figures
    assert "no profile declares its columns; this is how a proposed one reads it" in before["problems"]
    proposed = shell.types("statements", "profile", file)
    (tmp_path / "csv-profiles").mkdir()
    saved = tmp_path / "csv-profiles" / "german.yaml"
    saved.write_text(proposed.printed + "account: DE02100100109307118603\n", encoding="utf-8")
    (after,) = shell.types("statements", "parse", file, "--json").figures
    assert (after["account"], after["sum"], after["problems"]) == (
        "DE02100100109307118603", "1039.50", ["states no opening balance", "states no closing balance"]
    )  # fmt: skip
    saved.write_text(proposed.printed + "decimals: 2\n", encoding="utf-8")
    refused = shell.types("statements", "parse", file)
    assert (refused.code, "decimals" in refused.said) == (2, True)


def test_what_cannot_be_known_of_a_table_is_asked_and_not_guessed(tmp_path: Path) -> None:
    asked = Shell(tmp_path).types("statements", "profile", str(CORPUS / "csv" / "ambiguous-dates.csv"))
    assert (asked.code, "which way dates are written has to be declared" in asked.said) == (2, True)


def test_the_bench_of_statements_reads_what_it_wrote_and_leaves_nothing(tmp_path: Path) -> None:
    camt, mt = Shell(tmp_path).types("bench", "statements", "--lines", "3000", "--json").figures
    assert (camt["format"], camt["lines"], camt["foots"]) == ("camt.053", 3000, True)
    assert (mt["format"], mt["lines"], mt["foots"]) == ("MT940", 3000, True)
    assert list(tmp_path.iterdir()) == []
