"""Settings are checked together, name the key that is wrong, and never hold a secret."""

from pathlib import Path

import pytest

from finance_pipeline.core.problems import BadInput, BadSettings
from finance_pipeline.core.settings import load_settings

ONE_BOOK = """
books:
  - {id: us, name: Example, currency: USD, starts_on: 2026-05-01,
     bank_accounts: [{id: us-operating, currency: USD, gl_account: "1010", statement_ids: ["US12"]}]}
connections:
  - {id: us-plaid, kind: plaid, secrets: {secret: FINANCE_TEST_SECRET}}
"""


def settings_of(home: Path, text: str, more: str = "") -> None:
    (home / "finance_pipeline.yaml").write_text(text)
    (home / "finance_pipeline.d").mkdir()
    (home / "finance_pipeline.d" / "more.yaml").write_text(more)


def test_an_empty_data_folder_has_no_books_and_still_takes_statement_files(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.books == ()
    assert [c.kind for c in settings.connections] == ["camt053"]


def test_a_file_beside_the_settings_adds_an_account_to_a_known_book(tmp_path: Path) -> None:
    settings_of(tmp_path, ONE_BOOK, "books: [{id: us, bank_accounts: [{id: more, currency: EUR, gl_account: '1020'}]}]")
    assert [a.id for a in load_settings(tmp_path).book("us").bank_accounts] == ["us-operating", "more"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (ONE_BOOK.replace("currency: USD, starts_on", "currency: USD, colour: red, starts_on"), "colour"),
        (ONE_BOOK.replace("currency: USD, gl_account", "currency: XXQ, gl_account"), "XXQ"),
        (ONE_BOOK.replace('gl_account: "1010",', 'gl_account: "1010", feed: nowhere,'), "nowhere"),
        (ONE_BOOK + "  - {id: us-plaid, kind: xero}\n", "us-plaid"),
        ("books: {", "YAML"),
    ],
)
def test_what_is_wrong_in_the_settings_is_named(tmp_path: Path, text: str, named: str) -> None:
    settings_of(tmp_path, text)
    with pytest.raises(BadInput, match=named):
        load_settings(tmp_path)


def test_a_missing_secret_is_named_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_of(tmp_path, ONE_BOOK)
    connection = load_settings(tmp_path).connection("us-plaid")
    monkeypatch.delenv("FINANCE_TEST_SECRET", raising=False)
    with pytest.raises(BadSettings, match="FINANCE_TEST_SECRET"):
        connection.secret("secret")
    monkeypatch.setenv("FINANCE_TEST_SECRET", "hush")
    assert "hush" not in repr(connection.secret("secret"))


def test_an_unknown_book_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    settings_of(tmp_path, ONE_BOOK)
    with pytest.raises(BadInput, match="Known books: us"):
        load_settings(tmp_path).book("uk")


def test_statement_files_are_named_in_settings_by_what_they_are_or_by_their_lasting_word(tmp_path: Path) -> None:
    for said in ("statements", "camt053"):
        file = tmp_path / "finance_pipeline.yaml"
        file.write_text(f"connections: [{{id: files, kind: {said}, folder: bank}}]", encoding="utf-8")
        (connection,) = load_settings(tmp_path).connections
        assert (connection.id, connection.kind) == ("files", "camt053")
