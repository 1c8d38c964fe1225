"""Ids by which a bank line can be known: payouts, payment runs, end-to-end ids, cheques; and account numbers.

Here: texts for positions of groups, instructions and cheques. Each counts on in its book by date, as real ones do, so
that no id tells more than when it was given.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.companies import Companies
from finance_pipeline.sandbox.labelled.draft import FIRST_DAY, KIND, NONE, Ints, stream
from finance_pipeline.sandbox.labelled.profiles import PROFILES

_LETTERS = np.array(list("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"))
_INSTRUCTIONS = ("PAY-{yyyy}-{n6}", "E2E{n8}", "ZA{yy}{n7}", "{n10}")
_RUNS = ("RUN-{yyyy}-{n4}", "ZL{n5}", "{yyyy}{mm}{n4}", "PR{n6}")


def random_codes(rng: np.random.Generator, count: int, length: int) -> pl.Series:
    """So many texts of letters and digits, in which nothing can be read."""
    drawn = _LETTERS[rng.integers(0, len(_LETTERS), (count, length))]
    return pl.Series(drawn.astype("U1").view(f"U{length}").ravel() if count else [], dtype=pl.String)


def random_digits(rng: np.random.Generator, count: int, length: int) -> pl.Series:
    """So many numbers of one length, as texts."""
    return pl.Series(rng.integers(10 ** (length - 1), 10**length, count)).cast(pl.String)


def key_texts(items: dict[str, Ints], seed: int) -> dict[str, pl.DataFrame]:
    """For each of group, instruction and cheque: one row a position, with its text (and a trace number)."""
    found = {}
    for name, formats in (("group", _RUNS), ("instruction", _INSTRUCTIONS), ("cheque", ("{n6}",))):
        rng = stream(seed, "keys", name)
        rows = np.flatnonzero(items[name] != NONE)
        position, first = np.unique(items[name][rows], return_index=True)
        book, day = items["book"][rows[first]], items["issued"][rows[first]]
        order = np.lexsort((rng.random(len(position)), day, book))
        counted = np.empty(len(position), dtype=np.int64)
        counted[order] = np.cumsum(rng.geometric(0.4, len(position)))
        date = pl.Series(np.datetime64(FIRST_DAY) + day.astype("timedelta64[D]")).cast(pl.Date)
        frame = pl.DataFrame({"position": position, "n": counted + book * 37 + 1_204, "date": date, "book": book})
        text = pl.lit("")
        for number, pattern in enumerate(formats):
            text = pl.when(pl.col("book") % len(formats) == number).then(_written(pattern)).otherwise(text)
        frame = frame.with_columns(text=text, trace=random_digits(rng, len(position), 11))
        if name == "group":
            kinds = items["kind"][rows[first]]
            payout = pl.Series(kinds != KIND["payment"])
            codes = "po_" + random_codes(rng, len(position), 16)
            frame = frame.with_columns(text=pl.when(payout).then(codes).otherwise(pl.col("text")))
        found[name] = frame.select("position", "text", "trace")
    return found


def _written(pattern: str) -> pl.Expr:
    from finance_pipeline.sandbox.labelled.numbering import rendered

    return rendered(pattern)


def account_numbers(rng: np.random.Generator, profile: Ints) -> pl.Series:
    """One account number for each row of a country: IBANs with valid check digits, or nine digits."""
    count = len(profile)
    length = np.array([p.iban_length for p in PROFILES])[profile]
    country = pl.Series(np.array([p.country.upper() for p in PROFILES])[profile])
    digits = random_digits(rng, count, 9) + random_digits(rng, count, 9) + random_digits(rng, count, 9)
    body = pl.DataFrame({"digits": digits, "length": length, "country": country})
    body = body.with_columns(body=pl.col("digits").str.slice(0, (pl.col("length") - 2).clip(0)))
    letters = {chr(ord("A") + k): str(10 + k) for k in range(26)}
    numeric = body.select((pl.col("body") + pl.col("country").str.replace_many(letters) + "00").alias("n"))["n"]
    rest = np.zeros(count, dtype=np.int64)
    padded = numeric.str.zfill(36).to_numpy().astype("S36")
    matrix = np.frombuffer(padded.tobytes(), dtype=np.uint8).reshape(-1, 36) - ord("0")
    for position in range(36):
        rest = (rest * 10 + matrix[:, position]) % 97
    check = pl.Series(98 - rest).cast(pl.String).str.zfill(2)
    iban = pl.col("country") + pl.lit(check) + pl.col("body")
    return body.select(
        pl.when(pl.col("length") == 0).then(pl.col("digits").str.slice(0, 9)).otherwise(iban)
    ).to_series()


def own_names(who: Companies, seed: int) -> pl.Series:
    """The name of each book's company."""
    from finance_pipeline.sandbox.labelled.names import LANGUAGES, party_names

    language = np.array([LANGUAGES.index(PROFILES[p].language) for p in who.profile])
    nobody = np.zeros(len(language), dtype=bool)
    return party_names(stream(seed, "own names"), language, nobody, np.arange(len(language)))
