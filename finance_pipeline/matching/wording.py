"""Columns of text as comparable words and name keys, by compiled loops.

Here: words one space apart, names without legal form and joining words, as columns and as bytes. Not here: single
expressions for a few phrases (text), who a name is (counterparty).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from finance_pipeline.matching.kernels.buffers import Texts

CONNECTIVES = ("AND", "UND", "ET", "EN", "OG", "OCH", "Y", "E", "I", "JA", "SAMT")
LEGAL_FORMS = (
    *("GMBH", "MBH", "AG", "KG", "OHG", "UG", "EK", "EV", "KGAA", "SE", "GBR", "EG", "PARTG", "PARTGMBB", "STIFTUNG"),
    *("GESELLSCHAFT", "MIT", "BESCHRANKTER", "HAFTUNG", "HAFTUNGSBESCHRANKT", "AKTIENGESELLSCHAFT", "GESMBH", "INH"),
    *("LTD", "LIMITED", "PLC", "LLP", "LP", "LLC", "INC", "INCORPORATED", "CORP", "CORPORATION", "COMPANY", "CO", "PC"),
    *(
        "SA",
        "SAS",
        "SASU",
        "SARL",
        "EURL",
        "SNC",
        "SCS",
        "SCI",
        "SCA",
        "SRL",
        "SRLS",
        "SPA",
        "SAPA",
        "SL",
        "SLU",
        "SAU",
    ),
    *(
        "BV",
        "NV",
        "VOF",
        "CV",
        "BVBA",
        "SPRL",
        "ASBL",
        "VZW",
        "CVBA",
        "AB",
        "HB",
        "KB",
        "AS",
        "ASA",
        "ANS",
        "DA",
        "ENK",
    ),
    *("APS", "IS", "AMBA", "OY", "OYJ", "KY", "TMI", "RY", "OU", "SIA", "UAB", "LDA", "SGPS", "UNIPESSOAL", "EIRL"),
    *("SP", "Z", "OO", "ZOO", "SPZOO", "SPK", "SRO", "DOO", "DD", "KFT", "ZRT", "NYRT", "BT", "EOOD", "OOD", "EAD"),
    *("PTY", "PTE", "SDN", "BHD", "PVT", "KK", "GK", "CIE", "TD"),
)


@cache
def _tables() -> tuple[Any, Any, Any]:
    """Joining words, what is left of them at a cut, and legal forms, as open tables of keys."""
    from finance_pipeline.matching.kernels.hashing import open_table, text_key

    cuts = {word[:size] for word in CONNECTIVES for size in range(1, len(word) + 1)}
    joins, cut, forms = (
        open_table(sorted({text_key(word.encode()) for word in words})) for words in (CONNECTIVES, cuts, LEGAL_FORMS)
    )
    return joins, cut, forms


def joining_words() -> tuple[Any, Any]:
    """Keys of the words that join two names, and of what a cut leaves of them."""
    return _tables()[:2]


def comparable(column: pl.Series) -> Texts:
    """Words of a column as bytes: folded, one space apart, transliterations alike (Mueller as Müller)."""
    import numpy as np

    from finance_pipeline.matching.kernels.buffers import Texts, folded_texts, in_parts
    from finance_pipeline.matching.kernels.names import words_of

    texts = folded_texts(column)
    out, sizes = np.empty(len(texts.data), np.uint8), np.empty(len(texts), np.int64)

    def part(first: int, last: int) -> None:
        words_of(texts.data, texts.starts[first:last], texts.sizes[first:last], out, sizes[first:last])

    in_parts(len(texts), part)
    return Texts(out, texts.starts, sizes)


def keys(words: Texts) -> Texts:
    """Name keys of words that are names: 'MULLER SOHNE' for Müller & Söhne GmbH. Empty where nothing is left."""
    import numpy as np

    from finance_pipeline.matching.kernels.buffers import Texts, in_parts
    from finance_pipeline.matching.kernels.names import keys_of_names

    out, sizes = np.empty(len(words.data), np.uint8), np.empty(len(words), np.int64)
    joins, _, forms = _tables()

    def part(first: int, last: int) -> None:
        keys_of_names(
            words.data, words.starts[first:last], words.sizes[first:last], joins, forms, out, sizes[first:last]
        )

    in_parts(len(words), part)
    return Texts(out, words.starts, sizes)


def as_column(texts: Texts) -> pl.Series:
    """Bytes as a column of text; an empty text is null."""
    from finance_pipeline.matching.kernels.buffers import pieces

    column = pieces(texts.data, texts.starts, texts.sizes)
    return column.set(column == "", None)


def name_keys(column: pl.Series) -> pl.Series:
    """The name keys of a column of names, null where nothing is left."""
    return as_column(keys(comparable(column)))


_FEW_BOOKS = 4
"""So few are told apart one by one: a table of them would cost more."""


def the_one(books: pl.Series) -> str | None:
    """The book that all rows are of; None where there are several, or no row. Asked for each text: without a query."""
    if books.is_empty() or not (books == books[0]).all():
        return None
    return str(books[0])


def salts(books: pl.Series) -> Any:
    """uint64 by row: what the keys of a book are salted with, so that two books never share one."""
    import numpy as np

    from finance_pipeline.matching.kernels.hashing import text_key

    one = the_one(books)
    if one is not None:
        return np.full(len(books), text_key(one.encode()), np.uint64)
    by_name = {name: text_key(name.encode()) for name in books.unique().to_list()}
    if len(by_name) <= _FEW_BOOKS:
        out = np.zeros(len(books), np.uint64)
        for name, key in by_name.items():
            out[(books == name).to_numpy()] = key
        return out
    return books.replace_strict(by_name, return_dtype=pl.UInt64).to_numpy(writable=True)


def by_bucket(*parts: Any) -> tuple[Any, Any, int]:
    """Entries (key, value) of one part or several, as compiled loops ask them: where each bucket starts, the entries by
    bucket, the shift."""
    import numpy as np

    from finance_pipeline.matching.kernels.hashing import bucket_counts, bucketed

    count = sum(len(entries) for entries in parts)
    shift = 64 - max(4, count.bit_length() - 2)
    starts, ordered = np.zeros((1 << (64 - shift)) + 2, np.uint32), np.empty((count, 2), np.uint64)
    for entries in parts:
        bucket_counts(entries, shift, starts)
    np.cumsum(starts, dtype=np.uint32, out=starts)
    # By one thread: of several, each would read all entries, while lines and their numbers are read at the same time.
    for entries in parts:
        bucketed(entries, shift, 0, len(starts) - 1, starts, ordered)
    return starts, ordered, shift
