"""Who a line shows: the other party's name as some bank prints it, and its account number.

Here: names and accounts of all lines. Not here: where on the line they stand, what is paid.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled import keys, names
from finance_pipeline.sandbox.labelled.companies import Companies
from finance_pipeline.sandbox.labelled.draft import NAME, NONE, Ints, happens, stream
from finance_pipeline.sandbox.labelled.options import Options
from finance_pipeline.sandbox.labelled.profiles import PROFILES
from finance_pipeline.sandbox.labelled.words import PROCESSORS

_PROCESSOR_FORMS = ("{} PAYMENTS EUROPE LTD", "{}", "{} N.V.", "{} TECHNOLOGY EUROPE", "{} PAYOUTS")
_OF_PARTY = ("plain", "bank", "alias", "in_memo", "misspelt")
_SPACED_SHARE = 0.12


def shown_names(lines: dict[str, Ints], who: Companies, options: Options) -> pl.Series:
    """The name that each line shows, wherever it stands; null for none."""
    rng = stream(options.seed, "shown names")
    found = []
    for style in ("plain", "bank", "alias", "in_memo", "somebody_else", "misspelt", "processor", "own"):
        mine = lines["name"] == NAME[style]
        if style in _OF_PARTY:
            mine &= lines["party"] != NONE
        rows = np.flatnonzero(mine)
        if len(rows):
            found.append(pl.DataFrame({"row": rows, "name": _written(style, rows, lines, who, rng, options)}))
    every = pl.DataFrame({"row": np.arange(len(lines["name"]))})
    return every.join(pl.concat(found), on="row", how="left", maintain_order="left")["name"]


def _written(
    style: str, rows: Ints, lines: dict[str, Ints], who: Companies, rng: np.random.Generator, options: Options
) -> pl.Series:
    """The names of lines of one style."""
    if style == "somebody_else":
        return _strangers(rng, len(rows), who)
    if style == "own":
        return names.as_banks_print(keys.own_names(who, options.seed).gather(lines["book"][rows]), rng)
    if style == "processor":
        anyone = rng.integers(0, len(PROCESSORS), len(rows))
        brand = np.where(lines["processor"][rows] != NONE, lines["processor"][rows], anyone)
        brands = np.array([name.upper() for name in PROCESSORS])[brand]
        forms = np.array(_PROCESSOR_FORMS)[rng.integers(0, len(_PROCESSOR_FORMS), len(rows))]
        return pl.Series(np.char.replace(forms, "{}", brands))
    party = lines["party"][rows]
    if style == "alias":
        return who.party_alias.gather(party)
    plain = who.party_name.gather(party)
    if style == "plain":
        return plain
    printed = names.as_banks_print(plain, rng)
    return names.misspelt(printed, rng) if style == "misspelt" else printed


def _strangers(rng: np.random.Generator, count: int, who: Companies) -> pl.Series:
    """Names that belong to no party, as banks print them; some of them turn up more than once."""
    pool = max(count // 2, 50)
    language = rng.integers(0, len(names.LANGUAGES), pool)
    made = names.party_names(rng, language, happens(rng, pool, 0.5), np.arange(pool))
    made = made.filter(~made.is_in(who.party_name.implode()))
    return names.as_banks_print(made.gather(rng.integers(0, len(made), count)), rng)


def shown_accounts(
    lines: dict[str, Ints], who: Companies, party_accounts: pl.Series, own_accounts: pl.Series, options: Options
) -> pl.Series:
    """The other account's number of each line, now and then in groups of four; null for none."""
    rng, count = stream(options.seed, "shown accounts"), len(lines["name"])
    share = np.array([p.account_share for p in PROFILES])[who.profile[lines["book"]]]
    drawn = rng.random(count) < share
    named = np.isin(lines["name"], [NAME[style] for style in _OF_PARTY])
    known = (lines["party"] != NONE) & ((lines["name"] == NAME["account_only"]) | (drawn & named))
    is_own = (lines["own"] != NONE) & (rng.random(count) < 0.6)
    is_stranger = (lines["name"] == NAME["somebody_else"]) & drawn
    spaced = rng.random(count) < _SPACED_SHARE
    found = []
    for mine, numbers, position in ((known, party_accounts, "party"), (is_own, own_accounts, "own")):
        rows = np.flatnonzero(mine)
        found.append(pl.DataFrame({"row": rows, "account": numbers.gather(lines[position][rows])}))
    rows = np.flatnonzero(is_stranger)
    strangers = keys.account_numbers(rng, who.profile[lines["book"][rows]])
    found.append(pl.DataFrame({"row": rows, "account": strangers}))
    whole = pl.concat(found).with_columns(spaced=pl.Series(spaced).gather(pl.concat(found)["row"]))
    grouped = pl.col("account").str.replace_all(r"(.{4})", "$1 ").str.strip_chars_end()
    whole = whole.select("row", account=pl.when("spaced").then(grouped).otherwise("account"))
    every = pl.DataFrame({"row": np.arange(count)})
    return every.join(whole, on="row", how="left", maintain_order="left")["account"]
