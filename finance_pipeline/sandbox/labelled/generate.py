"""From options to frames: the order in which things are made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled import amounts, companies, feeds, frames, keys, mentions, numbering, texts
from finance_pipeline.sandbox.labelled.cases.making import Making
from finance_pipeline.sandbox.labelled.cases.registry import make_all
from finance_pipeline.sandbox.labelled.companies import Companies
from finance_pipeline.sandbox.labelled.draft import FLOW, MENTION, NONE, Bools, Draft, Ints, happens, stream, thinned
from finance_pipeline.sandbox.labelled.frames import Labelled
from finance_pipeline.sandbox.labelled.judge.verdict import Case
from finance_pipeline.sandbox.labelled.options import Options
from finance_pipeline.sandbox.labelled.shapes import PLAN

_MISSING_SHARE = 0.03


def generate(options: Options) -> Labelled:
    """Labelled data of a size and difficulty. Pure: the same options give the same bytes."""
    who = companies.found(options)
    make = Making(options, who, amounts.rates(options.rate_seed), Draft())
    make_all(make)
    items, seed = make.draft.table("items"), options.seed
    drawn, parts = thinned(make.draft, _missing(make.draft, seed))
    numbers = numbering.numbered(items, who, seed)
    named = mentions.mentioned(parts, numbers, items, seed)
    lists, ends = mentions.listed(named, len(drawn["book"]), seed)
    lists = mentions.with_noise(lists, drawn, numbers, items, seed)
    structured = (
        named.filter(pl.col("mention") == MENTION["structured"])
        .select("line", "structured")
        .unique("line", keep="first", maintain_order=True)
    )
    key_frames = keys.key_texts(items, seed)
    party_accounts = keys.account_numbers(stream(seed, "party accounts"), who.profile[who.party_book])
    own_accounts = keys.account_numbers(stream(seed, "own accounts"), who.profile[who.account_book])
    written = texts.line_texts(drawn, lists, structured, key_frames, party_accounts, own_accounts, who, options)
    lines = pl.DataFrame(drawn).with_columns(line=pl.int_range(pl.len(), dtype=pl.Int64))
    lines = pl.concat([lines, lists.select("list"), written], how="horizontal")
    lines, all_parts = feeds.with_copies(lines, pl.DataFrame(parts), options)
    facts = pl.DataFrame(items).with_columns(
        numbers["number"], numbers["running"], structured_text=numbers["structured"], item=pl.int_range(pl.len())
    )
    named = named.join(ends, on=["line", "item"], how="left", maintain_order="left")
    line_ids = frames.random_ids("l", lines.height, options)
    if options.judged:
        verdicts, gone = _settled_verdicts(lines, facts, all_parts, named, who, party_accounts, make.rates)
        lines, all_parts, verdicts = without(gone, lines, all_parts, verdicts)
    else:
        verdicts = _unjudged(lines)
    item_ids = frames.random_ids("i", len(items["book"]), options)
    return Labelled(
        frames.bank_lines(lines, line_ids, who, own_accounts, seed),
        frames.open_items(items, numbers, key_frames, item_ids, who, own_accounts, seed),
        frames.parties(who, party_accounts, seed),
        frames.remittances(lines, all_parts, named, who, options),
        frames.fx_rates(make.rates),
        frames.truth_allocations(all_parts, lines, line_ids, item_ids),
        frames.truth_lines(lines, line_ids, verdicts),
    )


def _missing(draft: Draft, seed: int) -> Bools:
    """Lines that the data does not hold, as if they came later or on an account that nobody told us of: what they pay
    stays open, so that nothing can be matched for want of anything else. Lines judged together stay together."""
    lines = draft.table("lines")
    missing = happens(stream(seed, "missing"), len(lines["book"]), _MISSING_SHARE)
    missing[lines["unit"] != NONE] = False
    return missing


def _unjudged(lines: pl.DataFrame) -> pl.DataFrame:
    """Verdicts of nobody: null."""
    empty = {"resolvable": pl.Boolean, "tier": pl.Int64, "why": pl.String, "guess": pl.Boolean}
    return pl.DataFrame(
        {name: pl.Series([None], dtype=dtype).new_from_index(0, lines.height) for name, dtype in empty.items()}
    )


def _settled_verdicts(
    lines: pl.DataFrame, items: pl.DataFrame, parts: pl.DataFrame, named: pl.DataFrame, who: Companies,
    party_accounts: pl.Series, rates: Ints,
) -> tuple[pl.DataFrame, Bools]:  # fmt: skip
    """Verdicts on the lines that are handed out, and which lines are not: those that mislead leave, and what is left is
    judged again, since nobody sees what is not there, until nothing misleads."""
    case = Case(lines, items, parts, named, who, party_accounts)
    gone = np.zeros(lines.height, dtype=bool)
    while True:
        verdicts, misleading = case.judged(gone, rates)
        more = with_what_follows(gone | misleading, lines, parts)
        if (more == gone).all():
            return verdicts, gone
        gone = more


def with_what_follows(gone: Bools, lines: pl.DataFrame, parts: pl.DataFrame) -> Bools:
    """Lines that are gone, with what was copied from them or returned them; and with either payment of a document that
    was paid twice, where the other is gone: alone it reads like the right one."""
    twice = (lines["plan"] == PLAN["paid_twice"]) & lines["unit"].is_in(lines["unit"].filter(pl.Series(gone)).implode())
    marked = gone | twice.to_numpy()
    links = parts.filter(pl.col("other") != NONE)
    transfer = (lines["flow"] == FLOW["transfer"]).to_numpy()[links["line"].to_numpy()]
    for _ in range(2):  # A copy of a copy does not exist; a copy of a returned payment does.
        line, other = links["line"].to_numpy(), links["other"].to_numpy()
        marked[line] |= marked[other]
        marked[other[transfer]] |= marked[line[transfer]]
    return np.asarray(marked)


def without(
    gone: Bools, lines: pl.DataFrame, parts: pl.DataFrame, verdicts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The same without some lines, what they paid, and what follows from that."""
    marked = with_what_follows(gone, lines, parts)
    kept = pl.Series(~marked)
    return lines.filter(kept), parts.filter(kept.gather(parts["line"])), verdicts.filter(kept)


def generate_to(folder: Path, options: Options) -> None:
    """Generate and write as Labelled.write does; large data in parts, of which one is in memory at a time."""
    parts = options.parts()
    if len(parts) == 1:
        generate(options).write(folder)
        return
    for part in parts:
        generate(part).write(folder / "parts" / str(part.part))
    frames.put_together(folder / "parts", len(parts), folder)
