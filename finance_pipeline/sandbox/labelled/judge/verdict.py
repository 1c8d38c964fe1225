"""The judge's order: from the strongest evidence to the weakest, each on what the stronger has left."""

from __future__ import annotations

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.companies import Companies
from finance_pipeline.sandbox.labelled.draft import MENTION, NONE, Bools, Ints
from finance_pipeline.sandbox.labelled.judge.between import judge_transfers
from finance_pipeline.sandbox.labelled.judge.docket import UNDECIDED, Docket
from finance_pipeline.sandbox.labelled.judge.exact import judge_adjusted, judge_exact, judge_recurring
from finance_pipeline.sandbox.labelled.judge.keyed import judge_copies, judge_keyed, judge_pending, judge_returns
from finance_pipeline.sandbox.labelled.judge.named import judge_named
from finance_pipeline.sandbox.labelled.judge.naming import judged_mentions
from finance_pipeline.sandbox.labelled.judge.payers import first_word, folded, seen_parties
from finance_pipeline.sandbox.labelled.judge.recorded import judge_recorded
from finance_pipeline.sandbox.labelled.judge.sums import judge_subsets, judge_totals
from finance_pipeline.sandbox.labelled.shapes import PLAN

_NOTHING_THERE = (
    *("stranger", "never_billed", "by_nature", "refund_without_document", "deposit_unnamed", "partial_unnamed"),
)


_GONE = 2
"""As pending: a line that is not in the data."""


class Case:
    """All lines, items, parts and mentions, with what their texts say, to be judged without some of the lines."""

    def __init__(
        self, lines: pl.DataFrame, items: pl.DataFrame, parts: pl.DataFrame, mentions: pl.DataFrame, who: Companies,
        party_accounts: pl.Series,
    ) -> None:  # fmt: skip
        """mentions: as of mentions.mentioned, with end (of each in the list of its line)."""
        lines = pl.concat([lines, seen_parties(lines, who, party_accounts)], how="horizontal")
        # Places are found in bytes: with one byte a letter they are places of letters.
        memo, listed = (
            pl.col(name).str.to_lowercase().str.replace_all(r"[^\x00-\x7F]", "?") for name in ("uncut", "list")
        )
        at = memo.str.find(listed, literal=True)
        self.lines = lines.with_columns(list_at=at.cast(pl.Int64))
        self.items, self.parts, self.beginnings = items, parts, _beginnings(who)
        mentions = pl.concat([mentions, _strange(self.lines, mentions)])
        self.mentions = judged_mentions(mentions, self.lines, items)

    def judged(self, gone: Bools, rates: Ints) -> tuple[pl.DataFrame, Bools]:
        """Verdicts, a row a line in order: resolvable, tier, why, guess; and which lines mislead and have to go.

        gone: lines that are not in the data; what is said of them means nothing.
        """
        left = pl.Series(~gone)
        here = pl.when(left).then("pending").otherwise(_GONE)
        lines = self.lines.with_columns(pending=here, noise=pl.when(left).then("noise").otherwise(0))
        parts = self.parts.filter(left.gather(self.parts["line"]))
        docket = Docket(lines, self.items, parts)
        judge_keyed(docket)
        judge_copies(docket)
        judge_named(docket, self.mentions.filter(left.gather(self.mentions["line"])))
        judge_returns(docket)
        judge_pending(docket)
        _infer(docket, self.beginnings)
        judge_transfers(docket, rates)
        _reasons(docket)
        tier = pl.Series(docket.tier)
        verdicts = pl.DataFrame({"resolvable": docket.resolved, "why": docket.why, "guess": docket.guess})
        verdicts = verdicts.with_columns(tier=tier, guess=pl.col("guess") & ~pl.col("resolvable"))
        shown = verdicts.with_columns(tier=pl.when(pl.col("tier") != NONE).then("tier"))
        return shown.select("resolvable", "tier", "why", "guess"), docket.misleading & ~docket.resolved & ~gone


def _infer(docket: Docket, beginnings: pl.DataFrame) -> None:
    """What parties and amounts single out, from the stronger to the weaker, and again: what one line is found to pay is
    no competitor of another any more."""
    why = docket.why.copy()
    while True:
        known = docket.resolved.sum()
        docket.why[~docket.resolved], docket.guess[:] = why[~docket.resolved], False
        judge_recorded(docket)
        judge_exact(docket)
        judge_recurring(docket, beginnings)
        judge_totals(docket)
        judge_adjusted(docket)
        judge_subsets(docket)
        if docket.resolved.sum() == known:
            return


def _beginnings(who: Companies) -> pl.DataFrame:
    """party, begins: the first word of each party's name."""
    names = pl.DataFrame({"party": pl.int_range(len(who.party_book), eager=True), "name": who.party_name})
    return names.select("party", begins=first_word(folded(pl.col("name"))))


def _strange(lines: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """Numbers of no document that a line pays: mentions of what they may happen to be."""
    noise = lines.filter(pl.col("noise") == 1, pl.col("list").is_not_null())
    given = {
        "line": pl.col("line"),
        "mention": pl.lit(MENTION["other_document"], pl.Int64),
        "number": pl.col("list"),
        "text": pl.col("list"),
        "place": pl.lit(0, mentions.schema["place"]),
        "end": pl.col("list").str.len_chars(),
    }
    absent = {name: pl.lit(None, dtype) for name, dtype in mentions.schema.items() if name not in given}
    return noise.select(**(given | absent)).select(mentions.columns)


def _reasons(docket: Docket) -> None:
    """A reason for what nothing has been said of: what the line lacks, or that nothing is there to be paid."""
    lines = docket.lines
    undecided = pl.Series(docket.why) == UNDECIDED
    states = (("none", "party_unknown"), ("several", "party_of_several"), ("conflict", "name_against_account"))
    for state, why in states:
        docket.refuse(np.flatnonzero(undecided & (lines["payer"] == state)), why)
    for name in _NOTHING_THERE:
        docket.refuse(np.flatnonzero((lines["plan"] == PLAN[name]) & ~pl.Series(docket.guess)), name)
