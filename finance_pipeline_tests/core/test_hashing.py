"""Content hashes of whole columns are those of each text by itself."""

import polars as pl
import pytest

from finance_pipeline.core import hashing
from finance_pipeline.core.identity import content_hash


def test_many_texts_hashed_at_once_have_the_hash_that_each_has_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pl.Series(["", "Müller GmbH", 'a "quoted" text', "tab\tand line\n", "\x1e\x1f", "€ 1.000,00", "x" * 10_000])
    alone = [content_hash(text.encode()) for text in texts.to_list()]
    monkeypatch.setattr(hashing, "_MANY", 0)
    assert hashing.content_hashes(texts).to_list() == alone
