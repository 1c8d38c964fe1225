"""What stands on each bank line: who, the payer's words and references, and what banks do to them.

Here: name, account, memo, end-to-end id and references of all lines, as texts. Not here: how a number is written
(`mentions`), what is paid (`cases`).
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled import keys, names, phrases
from finance_pipeline.sandbox.labelled.companies import Companies
from finance_pipeline.sandbox.labelled.draft import FIRST_DAY, FLOW, FLOWS, NAME, Bools, Ints, happens, stream
from finance_pipeline.sandbox.labelled.options import Options
from finance_pipeline.sandbox.labelled.profiles import DECIMALS, PROFILES
from finance_pipeline.sandbox.labelled.shown import shown_accounts, shown_names
from finance_pipeline.sandbox.labelled.words import PROCESSORS

_SLOT = re.compile(r"\{(\w)\}")
_SLOTS = {
    **{"b": "body", "n": "shown", "c": "customer", "d": "day", "x": "trace", "e": "end_to_end", "a": "figure"},
    **{"p": "processor_name", "k": "key"},
}
_BREAKS = 5
_ALL = 1_000_000
"""More characters than any memo has."""
_CUTS = (18, 27, 32, 35, 140)
_KEY_IN_FIELD = 0.7
"""Share of our end-to-end ids that come back in the field for them; the others stand in the memo."""
_DATES = {"en": "%m/%d/%y", "de": "%d.%m.%Y", "fr": "%d/%m/%Y", "nl": "%d-%m-%Y", "sv": "%Y-%m-%d", "no": "%d.%m.%Y"}
_PARTY_FLOWS = [FLOW[name] for name in ("receipt", "payment")]


def line_texts(
    lines: dict[str, Ints],
    lists: pl.DataFrame,
    structured: pl.DataFrame,
    key_frames: dict[str, pl.DataFrame],
    party_accounts: pl.Series,
    own_accounts: pl.Series,
    who: Companies,
    options: Options,
) -> pl.DataFrame:
    """One row a line, in order: counterparty_name, counterparty_account, memo, end_to_end_id, bank_reference,
    transaction_code; and for the judge name_text (wherever it stands), uncut and kept (the memo before cutting, and how
    many characters of it are left), key (id that it shows), listed_apart (the list stands in the end-to-end id).

    lists: line, list; structured: line, structured (at most one a line).
    """
    frame = _facts(lines, lists, structured, key_frames, who, options)
    shown_name = shown_names(lines, who, options)
    outside = pl.when(pl.col("name") != NAME["in_memo"]).then(shown_name)
    frame = frame.with_columns(
        name_text=shown_name,
        shown=shown_name,
        counterparty_name=outside,
        counterparty_account=shown_accounts(lines, who, party_accounts, own_accounts, options),
    )
    frame = _bodies(frame, who, options.seed)
    frame = frame.with_columns(uncut=_memos(frame, options.seed))
    frame = frame.with_columns(uncut=_case(frame, options.seed))
    frame = _cut(frame, who, options)
    return frame.select(
        *("counterparty_name", "counterparty_account", "memo", "end_to_end_id", "bank_reference", "transaction_code"),
        *("name_text", "uncut", "kept", "key", "listed_apart"),
        pl.col("structured").is_not_null().alias("structured_shown"),
    )


def _facts(
    lines: dict[str, Ints],
    lists: pl.DataFrame,
    structured: pl.DataFrame,
    key_frames: dict[str, pl.DataFrame],
    who: Companies,
    options: Options,
) -> pl.DataFrame:
    """What the texts are made of: a row a line."""
    rng, count = stream(options.seed, "texts"), len(lines["book"])
    language = np.array([p.language for p in PROFILES])[who.profile[lines["book"]]]
    abroad = lines["currency"] != who.home_currency(lines["book"])
    language = np.where(abroad & happens(rng, count, 0.5), "en", language)
    party = lines["party"]
    number = np.where(party >= 0, who.party_number[np.maximum(party, 0)], rng.integers(10_000, 99_999, count))
    factor = np.array([10**d for d in DECIMALS])[lines["currency"]]
    whole, rest = np.divmod(np.abs(lines["amount"]), factor)
    frame = pl.DataFrame(
        {
            "line": np.arange(count),
            "book": lines["book"],
            "flow": lines["flow"],
            "name": lines["name"],
            "language": language,
            "customer": pl.Series(number).cast(pl.String),
            "trace": keys.random_digits(rng, count, 10),
            "booked": lines["booked"],
            "keyed": lines["keyed"],
            "word": lines["word"],
            "noise": lines["noise"],
            "figure": pl.Series(whole).cast(pl.String) + "." + pl.Series(rest).cast(pl.String).str.zfill(2),
            "e2e_style": rng.random(count),
            "random_e2e": keys.random_codes(rng, count, 12).str.to_uppercase(),
            "processor": lines["processor"],
        }
    ).join(lists, on="line", how="left", maintain_order="left")
    frame = frame.join(structured, on="line", how="left", maintain_order="left")
    key = pl.lit(None, pl.String)
    for name, keyed in key_frames.items():
        text = frame.select("line").with_columns(position=pl.Series(lines[name]))
        shown = text.join(keyed, on="position", how="left", maintain_order="left")["text"]
        frame = frame.with_columns(shown.alias(f"key_{name}"))
        key = pl.coalesce(key, f"key_{name}")
    date = pl.lit(FIRST_DAY) + pl.duration(days=pl.col("booked") - 1)
    day = date.dt.strftime("%y%m%d")
    for code, pattern in _DATES.items():
        day = pl.when(pl.col("language") == code).then(date.dt.strftime(pattern)).otherwise(day)
    brand = pl.Series(np.array(PROCESSORS)[np.maximum(lines["processor"], 0)])
    return frame.with_columns(
        day=day,
        key=pl.when(pl.col("keyed") == 1).then(key),
        processor_name=brand.str.to_uppercase(),
    )


def _bodies(frame: pl.DataFrame, who: Companies, seed: int) -> pl.DataFrame:
    """The payer's own words: numbers with what people write around them, or words without a number.

    A few payers' software puts the number into the end-to-end id instead of the memo (listed_apart).
    """
    rng, count = stream(seed, "bodies"), frame.height
    word = _phrase(frame["language"], phrases.NUMBER_WORDS, rng)
    silent = _phrase(frame["language"], phrases.SILENT, rng)
    trail = _phrase(frame["language"], phrases.TRAILS, rng)
    apart = pl.Series(rng.random(count) < 0.03) & (frame["list"].str.len_chars() <= 30).fill_null(False)
    apart &= pl.Series(frame["flow"].is_in(_PARTY_FLOWS))
    # In a field of its own a number with a check digit needs no words; some banks print it in the memo all the same.
    inline = pl.Series(rng.random(count) < 0.3)
    frame = frame.with_columns(
        word_text=word, silent=silent, trail=trail, listed_apart=apart, inline=inline, body=pl.lit("")
    )
    trail_text = _filled("trail", phrases.TRAILS)
    with_list = pl.col("word_text") + pl.col("list") + trail_text
    printed = pl.when("inline").then(pl.col("structured")).otherwise(pl.lit(""))
    body = (
        pl.when(pl.col("list").is_not_null() & ~pl.col("listed_apart"))
        .then(with_list)
        .when(pl.col("structured").is_not_null())
        .then(printed)
        .otherwise("silent")
    )
    body = pl.when(_key_in_memo()).then(pl.concat_str(body, pl.lit(" "), "key_instruction")).otherwise(body)
    own = pl.Series(np.array([p.own_references for p in PROFILES])[who.profile[frame["book"].to_numpy()]])
    style = pl.col("e2e_style")
    keyed = pl.col("key_instruction").is_not_null() & (pl.col("keyed") == 1)
    end_to_end = pl.when(keyed & (style < _KEY_IN_FIELD)).then("key_instruction").when("listed_apart").then("list")
    end_to_end = end_to_end.when(style < 0.12).then(pl.lit("NOTPROVIDED")).when(style < 0.3).then("random_e2e")
    return frame.with_columns(
        body=body,
        end_to_end_id=end_to_end,
        end_to_end=pl.coalesce(end_to_end, pl.lit("NOTPROVIDED")),
        bank_reference=pl.coalesce(
            "structured", pl.when(own).then(keys.random_codes(rng, count, 14).str.to_uppercase())
        ),
        transaction_code=_codes(frame),
    )


def _key_in_memo() -> pl.Expr:
    keyed = pl.col("key_instruction").is_not_null() & (pl.col("keyed") == 1)
    return keyed & (pl.col("e2e_style") >= _KEY_IN_FIELD) & pl.col("flow").is_in(_PARTY_FLOWS)


def _codes(frame: pl.DataFrame) -> pl.Series:
    """The bank's code of each flow; each book's bank has its own system, every fourth none."""
    table: list[str | None] = []
    for system in range(4):
        for flow in FLOWS:
            table.append(phrases.CODES[flow][system] if system < 3 else None)
    position = (frame["book"] % 4) * len(FLOWS) + frame["flow"]
    return pl.Series(table, dtype=pl.String).gather(position)


def _phrase(language: pl.Series, lists: dict[str, tuple[str, ...]], rng: np.random.Generator) -> pl.Series:
    """A phrase of each row's language."""
    drawn = rng.random(len(language))
    codes = language.to_numpy()
    found = np.empty(len(language), dtype="U80")
    for name, entries in lists.items():
        mine = np.flatnonzero(codes == name)
        found[mine] = np.array(entries)[(drawn[mine] * len(entries)).astype(np.int64)]
    return pl.Series(found)


def _filled(column: str, lists: dict[str, tuple[str, ...]]) -> pl.Expr:
    """The column's patterns with their slots filled from the row."""
    found = pl.col(column)
    for pattern in sorted({each for entries in lists.values() for each in entries if "{" in each}):
        found = pl.when(pl.col(column) == pattern).then(_pattern(pattern)).otherwise(found)
    return found


def _pattern(pattern: str) -> pl.Expr:
    pieces = _SLOT.split(pattern)
    filled: list[pl.Expr] = []
    for position, piece in enumerate(pieces):
        filled.append(pl.lit(piece) if position % 2 == 0 else pl.col(_SLOTS[piece]).fill_null(""))
    return pl.concat_str(filled)


def _memos(frame: pl.DataFrame, seed: int) -> pl.Series:
    """The whole memo: one of the patterns that the bank of this flow and language has, filled."""
    rng = stream(seed, "memos")
    facts = frame.with_columns(pattern=_chosen_patterns(frame, rng))
    made = [
        part.select("line", memo=_pattern(str(text)))
        for (text,), part in facts.partition_by("pattern", as_dict=True).items()
    ]
    return pl.concat(made).sort("line")["memo"].str.replace_all(r"\s+", " ").str.strip_chars()


def _chosen_patterns(frame: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    codes, flows = frame["language"].to_numpy(), frame["flow"].to_numpy()
    in_memo = (frame["name"] == NAME["in_memo"]).to_numpy() & frame["shown"].is_not_null().to_numpy()
    bare = (frame["word"] == 0).to_numpy()
    drawn = rng.random(frame.height)
    found = np.empty(frame.height, dtype="U120")
    for language in phrases.FRAMES:
        for code, flow in enumerate(FLOWS):
            mine = np.flatnonzero((codes == language) & (flows == code))
            if not len(mine):
                continue
            entries = _patterns_of(flow, language)
            found[mine] = np.array(entries)[(drawn[mine] * len(entries)).astype(np.int64)]
            named = mine[in_memo[mine]]
            if flow in phrases.FLOWS:
                found[named] = np.char.add("{n} ", found[named])
            else:
                entries = phrases.NAMED_FRAMES[language]
                found[named] = np.array(entries)[(drawn[named] * len(entries)).astype(np.int64)]
    found[bare] = "{x}"
    return pl.Series(found)


def _patterns_of(flow: str, language: str) -> tuple[str, ...]:
    if flow in phrases.FLOWS:
        return phrases.FLOWS[flow].get(language) or phrases.FLOWS[flow][""]
    return phrases.FRAMES[language]


def _case(frame: pl.DataFrame, seed: int) -> pl.Series:
    """The memo in capitals or bare letters, as the systems on the way leave it. Ids keep their letters."""
    how = stream(seed, "case").random(frame.height)
    text = frame.select("uncut", "key").with_columns(how=pl.Series(how))
    plain = pl.col("uncut")
    bare = names.transliterated(plain)
    changed = (
        pl.when(pl.col("how") < 0.25)
        .then(plain.str.to_uppercase())
        .when(pl.col("how") < 0.4)
        .then(bare.str.to_uppercase())
        .when(pl.col("how") < 0.6)
        .then(bare)
        .otherwise(plain)
    )
    kept = pl.col("key").str.contains("_").fill_null(False)
    return text.select(pl.when(kept).then(plain).otherwise(changed).alias("uncut"))["uncut"]


def _cut(frame: pl.DataFrame, who: Companies, options: Options) -> pl.DataFrame:
    """With memo as the bank delivers it: cut, or broken into lines, whose ends become blanks; and kept."""
    rng, count = stream(options.seed, "cuts"), frame.height
    country = np.array([p.country for p in PROFILES])[who.profile[frame["book"].to_numpy()]]
    level = options.level
    paid = frame["flow"].is_in(_PARTY_FLOWS).to_numpy()
    length = np.where(rng.random(count) < 0.5, 140, 210)
    length[paid & (country == "gb") & (rng.random(count) < 0.3)] = 18
    cut = paid & happens(rng, count, level.cut_share)
    length[cut] = np.array(_CUTS)[rng.integers(1, len(_CUTS), int(cut.sum()))]
    broken = paid & happens(rng, count, level.broken_share)
    width = np.where(rng.random(count) < 0.5, 27, 35)
    text = frame.with_columns(length=pl.Series(length), whole=pl.Series(_broken(frame["uncut"], broken, width)))
    added = pl.when(pl.Series(broken)).then((pl.col("length") // (pl.Series(width) + 1)).clip(0, _BREAKS)).otherwise(0)
    is_cut = pl.col("whole").str.len_chars() > pl.col("length")
    return text.with_columns(
        memo=pl.col("whole").str.slice(0, pl.col("length")).str.strip_chars_end(),
        kept=pl.when(is_cut).then(pl.col("length") - added).otherwise(_ALL),
    )


def _broken(texts: pl.Series, broken: Bools, width: Ints) -> pl.Series:
    """Some texts with a blank after each so many characters, where lines ended on the way."""
    rows = np.flatnonzero(broken)
    part = pl.DataFrame({"row": rows, "text": texts.gather(rows), "width": width[rows]})
    whole = pl.col("text")
    for place in range(_BREAKS, 0, -1):
        at = pl.col("width") * place
        split = whole.str.slice(0, at) + pl.lit(" ") + whole.str.slice(at)
        whole = pl.when(whole.str.len_chars() > at).then(split).otherwise(whole)
    done = part.select("row", text=whole)
    rest = np.flatnonzero(~broken)
    plain = pl.DataFrame({"row": rest, "text": texts.gather(rest)})
    return pl.concat([done, plain]).sort("row")["text"]
