"""Document numbers: each company has a few series, each supplier its own; and numbers with check digits for payers.

Here: what is printed on the document. Not here: how a payer copies it (`mentions`).
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.companies import Companies
from finance_pipeline.sandbox.labelled.draft import FIRST_DAY, KIND, NONE, Ints, stream
from finance_pipeline.sandbox.labelled.profiles import PROFILES

_TOKEN = re.compile(r"\{(\w+)\}")
_SUPPLIERS = (KIND["bill"], KIND["payment"])
_PROCESSOR_PREFIX = {KIND["charge"]: "ch_", KIND["refund"]: "re_", KIND["dispute"]: "dp_", KIND["fee"]: "txn_"}
_SUPPLIER_CREDIT = "CN{n5}"
_RECEIPT = "RC{n6}"
_MOD10 = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)
"""The table of the recursive modulo 10 of Swiss references."""
_QR_DIGITS = 26


def numbered(items: dict[str, Ints], who: Companies, seed: int) -> pl.DataFrame:
    """One row an item: number, running (its running digits as printed), structured (as given to the payer); or null."""
    rng = stream(seed, "numbers")
    series, format_of, formats = _series(items, who, rng)
    running = _running(rng, series, items["issued"])
    party = items["party"]
    facts = pl.DataFrame(
        {
            "format": format_of,
            "n": running,
            "day": items["issued"],
            "cust": np.where(party >= 0, who.party_number[np.maximum(party, 0)], 10_000),
            "code": rng.integers(10**12, 10**14, len(party)),
            "kind": items["kind"],
            "numbered": (items["numbered"] == 1) & (series != NONE),
            "row": np.arange(len(party)),
        }
    ).with_columns(date=pl.lit(FIRST_DAY) + pl.duration(days="day"))
    made = [
        part.select("row", "numbered", number=rendered(formats[code]), running=_padded("n", _width(formats[code])))
        for (code,), part in facts.partition_by("format", as_dict=True).items()
        if isinstance(code, int)
    ]
    numbers = pl.concat(made).sort("row")
    shown = numbers.select(pl.when("numbered").then("number").alias("number"), "running")
    return shown.with_columns(structured=_structured(items, who, shown))


def rendered(pattern: str) -> pl.Expr:
    """The number of one format, from the columns n, date, cust and code."""
    pieces: list[pl.Expr] = []
    for position, piece in enumerate(_TOKEN.split(pattern)):
        if position % 2 == 0:
            pieces.append(pl.lit(piece))
        elif piece == "code":
            pieces.append(pl.col("code").cast(pl.String))
        elif piece == "cust":
            pieces.append(pl.col("cust").cast(pl.String))
        elif piece.startswith("n"):
            pieces.append(_padded("n", int(piece[1:])))
        else:
            pieces.append(pl.col("date").dt.strftime({"yyyy": "%Y", "yy": "%y", "mm": "%m"}[piece]))
    return pl.concat_str(pieces)


def _width(pattern: str) -> int:
    found = re.search(r"\{n(\d)\}", pattern)
    return int(found.group(1)) if found else 1


def _padded(name: str, width: int) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.zfill(width)


def _series(items: dict[str, Ints], who: Companies, rng: np.random.Generator) -> tuple[Ints, Ints, list[str]]:
    """For each item the series that counts it, and the format; NONE for what has no number."""
    formats: list[str] = [_RECEIPT, _SUPPLIER_CREDIT, *(f"{p}{{code}}" for p in _PROCESSOR_PREFIX.values())]
    starts: dict[tuple[int, str], int] = {}
    for position, profile in enumerate(PROFILES):
        for what, entries in (("invoices", profile.invoices), ("credits", profile.credits), ("bills", profile.bills)):
            starts[(position, what)] = len(formats)
            formats.extend(entries)
    kind, party, book = items["kind"], np.maximum(items["party"], 0), items["book"]
    profile_of = who.profile[book]
    habit = rng.integers(0, 1 << 16, len(who.party_book))  # A party is mostly billed from one series.
    pick = np.where(rng.random(len(kind)) < 0.9, habit[party], rng.integers(0, 1 << 16, len(kind)))
    format_of = np.zeros(len(kind), dtype=np.int64)
    for position, profile in enumerate(PROFILES):
        for codes, what, entries, choice in (
            ((KIND["invoice"], KIND["receipt_in_ledger"]), "invoices", profile.invoices, pick),
            ((KIND["credit_note"],), "credits", profile.credits, pick),
            (_SUPPLIERS, "bills", profile.bills, habit[party]),
        ):
            mine = (profile_of == position) & np.isin(kind, codes)
            format_of[mine] = starts[(position, what)] + choice[mine] % len(entries)
    format_of[(kind == KIND["receipt_in_ledger"]) & (items["party"] < 0)] = 0
    format_of[kind == KIND["supplier_credit"]] = 1
    for position, code in enumerate(_PROCESSOR_PREFIX):
        format_of[kind == code] = 2 + position
    own = book * len(formats) + format_of
    theirs = (1 << 40) + items["party"]
    series = np.where(np.isin(kind, (*_SUPPLIERS, KIND["supplier_credit"])), theirs, own)
    return np.where(kind == KIND["payout"], NONE, series), format_of, formats


def _running(rng: np.random.Generator, series: Ints, issued: Ints) -> Ints:
    """Running numbers: in order of date within a series, from some start, with gaps for what is settled or void."""
    order = np.lexsort((rng.random(len(series)), issued, series))
    new = np.empty(len(order), dtype=bool)
    new[0], new[1:] = True, series[order][1:] != series[order][:-1]
    steps = rng.geometric(0.6, len(order))
    counted = np.cumsum(steps)
    group = np.cumsum(new) - 1
    base = counted[new] - rng.integers(12, 7_000, int(new.sum()))
    running = np.empty(len(order), dtype=np.int64)
    running[order] = counted - base[group]
    return running


def _structured(items: dict[str, Ints], who: Companies, shown: pl.DataFrame) -> pl.Series:
    """The number with a check digit that the payer was given: KID, OCR, QR reference or RF creditor reference."""
    given = np.flatnonzero((items["structured"] == 1) & shown["number"].is_not_null().to_numpy())
    digits = shown["number"].gather(given).str.replace_all(r"\D", "")
    cust = pl.Series(who.party_number[items["party"][given]]).cast(pl.String)
    kind = np.array([p.structured for p in PROFILES])[who.profile[items["book"][given]]]
    texts = pl.DataFrame({"digits": digits, "cust": cust, "kind": kind, "number": shown["number"].gather(given)})
    body = pl.col("cust") + pl.col("digits").str.zfill(9)
    texts = texts.with_columns(
        body=pl.when(pl.col("kind") == "qr")
        .then(pl.col("cust").str.zfill(8) + pl.col("digits").str.zfill(_QR_DIGITS - 8))
        .when(pl.col("kind") == "ocr")
        .then(pl.col("digits") + ((pl.col("digits").str.len_chars() + 2) % 10).cast(pl.String))
        .otherwise(body)
    )
    luhn = texts["body"] + pl.Series(_luhn(texts["body"])).cast(pl.String)
    swiss = texts["body"] + pl.Series(_recursive(texts["body"])).cast(pl.String)
    squeezed = texts["number"].str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    creditor = "RF" + pl.Series(_iso11649(squeezed)).cast(pl.String).str.zfill(2) + squeezed
    chosen = texts.select(
        pl.when(pl.col("kind") == "qr").then(swiss).when(pl.col("kind") == "rf").then(creditor).otherwise(luhn)
    ).to_series()
    whole = pl.DataFrame({"row": given, "structured": chosen}, schema={"row": pl.Int64, "structured": pl.String})
    every = pl.DataFrame({"row": np.arange(len(items["book"]))})
    return every.join(whole, on="row", how="left", maintain_order="left")["structured"]


def _digit_matrix(texts: pl.Series, width: int) -> Ints:
    """Digits of each text, right aligned, zeros before it; shape (n, width)."""
    padded = texts.str.zfill(width).to_numpy().astype(f"S{width}")
    return (np.frombuffer(padded.tobytes(), dtype=np.uint8).reshape(-1, width) - ord("0")).astype(np.int64)


def _luhn(bodies: pl.Series) -> Ints:
    digits = _digit_matrix(bodies, 26)
    doubled = digits[:, ::-1].copy()
    doubled[:, ::2] *= 2
    total = (doubled // 10 + doubled % 10).sum(axis=1)
    return np.asarray((10 - total % 10) % 10)


def _recursive(bodies: pl.Series) -> Ints:
    digits, table = _digit_matrix(bodies, 26), np.array(_MOD10)
    carry = np.zeros(len(bodies), dtype=np.int64)
    for position in range(digits.shape[1]):
        carry = table[(carry + digits[:, position]) % 10]
    return (10 - carry) % 10


def _iso11649(squeezed: pl.Series) -> Ints:
    """Check digits of RF creditor references: letters count as 10 to 35, the rest is modulo 97."""
    letters = {chr(ord("A") + k): str(10 + k) for k in range(26)}
    numeric = (squeezed + "RF00").str.replace_many(letters)
    rest = np.zeros(len(squeezed), dtype=np.int64)
    digits = _digit_matrix(numeric, 48)
    for position in range(digits.shape[1]):
        rest = (rest * 10 + digits[:, position]) % 97
    return 98 - rest
