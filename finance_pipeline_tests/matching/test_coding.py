"""Coding rules: lines that no document wants go to an account by the first rule that fits."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from finance_pipeline.core.problems import BadSettings
from finance_pipeline.matching.coding import CodingRule, code, wanted
from finance_pipeline.matching.counterparty import with_words
from finance_pipeline.matching.natures import with_nature
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.policy_reading import policy_from
from finance_pipeline_tests.matching.world import minor

Line = dict[str, Any]


def line(memo: str | None, amount: str = "-50.00", **more: Any) -> Line:
    given = {"account_id": "us-operating", "currency": "USD", "counterparty_name": None, "transaction_code": None}
    return {"book": "us", "memo": memo, "amount": minor(amount), **given, **more}


def coded(lines: dict[str, Line], *rules: CodingRule, policy: Policy | None = None) -> dict[str, str]:
    """Line -> account of the rule that counts."""
    frame = prepared(lines)
    found = code(frame, rules, (policy or Policy(natures=())).natures)
    return dict(found.join(frame.select("l", "line_id"), on="l").select("line_id", "account_code").rows())


def prepared(lines: dict[str, Line]) -> pl.DataFrame:
    frame = pl.DataFrame(
        [{"line_id": name, **row} for name, row in lines.items()],
        schema_overrides=dict.fromkeys(("memo", "counterparty_name", "transaction_code"), pl.String),
        infer_schema_length=None,
    )
    return with_nature(with_words(frame.with_row_index("l")), Policy())


def test_of_two_rules_that_want_a_line_the_first_codes_it_and_the_second_is_told_apart() -> None:
    lines = {"fee": line("WIRE FEE 4711"), "other": line("Software licence")}
    rules = (CodingRule("wires", "6821", words=("wire fee",)), CodingRule("fees", "6820", words=("fee",)))
    assert coded(lines, *rules) == {"fee": "6821"}
    assert coded(lines, *reversed(rules)) == {"fee": "6820"}
    wants = wanted(prepared(lines), rules, ())
    assert wants.sort("rank").select("rule", "condition").rows() == [
        ("wires", 'its text has "WIRE FEE"'),
        ("fees", 'its text has "FEE"'),
    ]


@pytest.mark.parametrize(
    ("rule", "fitting", "missing"),
    [
        (CodingRule("r", "1", words=("Kontoführung",)), line("KONTOFUEHRUNG 3/26"), line("Kontoführungen")),
        (
            CodingRule("r", "1", counterparty_names=("Müller & Söhne GmbH",)),
            line("x", counterparty_name="MUELLER UND SOEHNE VERSAND"),
            line("Müller & Söhne"),
        ),
        (CodingRule("r", "1", transaction_codes=("chrg",)), line(None, transaction_code="CHRG-ACC"), line("CHRG")),
        (CodingRule("r", "1", natures=("payroll payment",)), line("Lohn Mai"), line("Lohnsteuer")),
        (
            CodingRule("r", "1", words=("fee",), account_ids=("us-operating",)),
            line("fee"),
            line("fee", account_id="us-reserve"),
        ),
        (CodingRule("r", "1", words=("fee",), direction="out"), line("fee"), line("fee", "50.00")),
        (CodingRule("r", "1", words=("fee",), direction="in"), line("fee", "50.00"), line("fee")),
        (
            CodingRule("r", "1", words=("fee",), currency="USD", amount_max_minor=5000),
            line("fee", "-50.00"),
            line("fee", "-50.01"),
        ),
        (
            CodingRule("r", "1", words=("fee",), currency="USD", amount_min_minor=5000),
            line("fee", "-50.00"),
            line("fee", "-49.99"),
        ),
        (CodingRule("r", "1", words=("fee",), currency="USD"), line("fee"), line("fee", currency="EUR")),
    ],
)
def test_a_rule_codes_what_meets_every_condition_and_nothing_else(
    rule: CodingRule, fitting: Line, missing: Line
) -> None:
    assert coded({"fits": fitting, "does not": missing}, rule) == {"fits": "1"}


def test_natures_that_name_an_account_follow_the_books_own_rules_in_their_direction_only() -> None:
    lines = {"fee": line("BANK FEE"), "pay": line("Payroll May"), "back": line("Payroll May", "50.00")}
    own = CodingRule("our fees", "6300", words=("bank fee",))
    assert coded(lines, own, policy=Policy()) == {"fee": "6300", "pay": "6000"}
    assert coded(lines, policy=Policy()) == {"fee": "6820", "pay": "6000"}


def test_rules_and_limits_are_read_from_yaml_and_what_is_wrong_is_named() -> None:
    rule = {"name": "hosting", "account": "6300", "words": ["aws"], "direction": "out"}
    read = policy_from({"coding_rules": [rule], "autonomy": [{"tier": 2, "currency": "USD", "up_to_minor": 100}]})
    assert read.coding_rules == (CodingRule("hosting", "6300", words=("aws",), direction="out"),)
    assert (read.autonomy[0].tier, read.autonomy[0].up_to_minor) == (2, 100)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("default account", {"coding_rules": [{"name": "all", "account": "6300", "direction": "out"}]}),
        ("given a currency", {"coding_rules": [rule | {"amount_max_minor": 5}]}),
        ("a name each", {"coding_rules": [rule, rule]}),
        ("direction", {"coding_rules": [rule | {"direction": "up"}]}),
        ("no 'amount'", {"coding_rules": [rule | {"amount": 5}]}),
        ("ISO 4217", {"coding_rules": [rule | {"currency": "XXY"}]}),
        ("given a currency", {"autonomy": [{"up_to_minor": 5}]}),
        ("given up_to_minor", {"autonomy": [{"tier": 2}]}),
        ("about a tier", {"autonomy": [{"tier": 7, "up_to_minor": 0}]}),
        ("direction", {"natures": {"gift": {"words": ["gift"], "direction": "both"}}}),
    ]
    for said, overrides in wrong:
        with pytest.raises(BadSettings, match=said):
            policy_from(overrides)
