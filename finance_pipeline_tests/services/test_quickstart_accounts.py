"""The accounts of statement files in a folder, before anything is matched: every currency, every gap, one format."""

from __future__ import annotations

from pathlib import Path

from finance_pipeline.services.quickstart.accounts import bank
from finance_pipeline.services.quickstart.gathering import gather
from finance_pipeline.sources.statements.child import Told
from finance_pipeline_tests.sources.statement_files import Line, statement, statement_file

MT940 = """:20:X
:25:DE02100100109307118603
:28C:1/1
:60F:C260504EUR100,00
:61:2605040504C60,00NTRFA1
:86:INV-1
:62F:C260504EUR160,00
"""


def test_a_missing_day_is_named_two_currencies_are_two_accounts_and_a_second_format_of_a_day_is_held(
    tmp_path: Path,
) -> None:
    monday = statement("100.00", "160.00", Line("60.00", "A1", "2026-05-04"), day="2026-05-04", number="1")
    wednesday = statement("170.00", "171.00", Line("1.00", "C1", "2026-05-06"), day="2026-05-06", number="3")
    dollars = monday.replace('"EUR"', '"USD"')
    for name, content in {"a": monday, "b": wednesday, "c": dollars}.items():
        (tmp_path / f"{name}.xml").write_bytes(statement_file(content))
    (tmp_path / "d.sta").write_text(MT940)
    gathered = gather(tmp_path, Told(), [], lambda _words, _ended: None)
    euro, dollar = bank(gathered).accounts
    assert (euro.opening_minor, euro.booked_minor, euro.closing_minor, euro.difference_minor) == (
        10000,
        6100,
        17100,
        -1000,
    )
    assert euro.gaps == ("2026-05-04 to 2026-05-06: the bank's balance moved by 10.00 more than the lines say",)
    assert (dollar.label, dollar.difference_minor, dollar.gaps, dollar.lines) == ("...8603 USD", 0, (), 1)
    assert ["two formats" in (file.reason or "") for file in gathered.files] == [False, False, False, True]
