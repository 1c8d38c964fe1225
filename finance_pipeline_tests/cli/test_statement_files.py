"""A bank's files from nothing to cash, on the embedded server and on one that somebody else runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from finance_pipeline_tests.cli.conftest import Shell
from finance_pipeline_tests.sources.statement_files import Line, statement, statement_file

ACCOUNT = "DE02100100109307118603"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    monday = statement("100.00", "160.00", Line("60.00", "A", "2026-05-04", "INV-1"), day="2026-05-04", number="1")
    tuesday = statement("160.00", "150.50", Line("-9.50", "B", "2026-05-05", "fee"), day="2026-05-05", number="2")
    paths = []
    for name, content in {"monday.xml": monday, "tuesday.xml": tuesday}.items():
        (tmp_path / name).write_bytes(statement_file(content))
        paths.append(str(tmp_path / name))
    return paths


@pytest.mark.parametrize("server", ["embedded", "external"])
def test_a_first_import_says_what_to_do_next_until_cash_is_proven(
    shell: Shell, files: list[str], server: str, request: pytest.FixtureRequest
) -> None:
    there = {} if server == "embedded" else {"DATABASE_URL": request.getfixturevalue("external_server")}
    first = shell.types("import", *files, **there)
    assert (first.code, ACCOUNT in first.printed, "finance-pipeline bind" in first.printed) == (0, True, True)
    bound = shell.types("bind", ACCOUNT, "--book", "one", "--create", **there)
    assert "backfill --book one --from 2026-05 --to 2026-05" in bound.printed
    months = shell.types("backfill", "--book", "one", "--from", "2026-05", "--to", "2026-05", "--json", **there).figures
    assert [row["bank_lines"] for row in months["months"]] == [2]
    assert all(row["equal"] == row["compared"] for row in months["tie_outs"])
    (cash,) = shell.types("cash", "--json", **there).figures
    assert (cash["balance_minor"], cash["stated_minor"], cash["stated_on"], cash["tied"]) == (
        15050, 15050, "2026-05-05", True
    )  # fmt: skip
    entries = shell.types("journal", "--book", "one", "--month", "2026-05", "--json", **there).figures
    assert shell.types("import", *reversed(files), "--json", **there).figures["new_versions"] == 0
    assert shell.types("run", "--book", "one", "--month", "2026-05", **there).code == 0
    assert shell.types("journal", "--book", "one", "--month", "2026-05", "--json", **there).figures == entries


def test_a_file_that_does_not_add_up_is_held_and_the_others_are_used(shell: Shell, files: list[str]) -> None:
    wrong = Path(files[0]).with_name("wrong.xml")
    wrong.write_bytes(statement_file(statement("150.50", "999.00", Line("1.00"), day="2026-05-06")))
    ended = shell.types("import", str(wrong), *files, "--book", "one", "--create")
    assert "1 held" in ended.printed
    status = shell.types("status", "--json").figures
    assert status["connections"][0]["dead_letters"] == 1
    assert shell.types("run", "--book", "one", "--month", "2026-05").code == 0
