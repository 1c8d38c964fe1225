"""The fold: one month from the month before.

A month starts from what was open, adds its own lines and items, keeps the matches that stand, and asks the engine
about the rest. Opening + movement = closing, by construction. A standing match stays unless what it rests on changed
or a person undid it; then it is retracted with the reason, and its lines and items are matched again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from finance_pipeline.core.identity import content_hash, digest
from finance_pipeline.core.period import Month
from finance_pipeline.matching import engine, schemas
from finance_pipeline.matching.month.accepting import accept
from finance_pipeline.matching.month.candidates import ALIKE_SCHEMA, ITEM_SCHEMA
from finance_pipeline.matching.month.frames import (
    BY_BALANCE,
    DUPLICATE,
    HOLDING_RELATIONS,
    RETRACTION_SCHEMA,
    Accepted,
    Closing,
    Kept,
    Opening,
    Standing,
    decline,
    opens,
)
from finance_pipeline.matching.month.limits import within_monthly_limits
from finance_pipeline.matching.month.opening import opened
from finance_pipeline.matching.month.settling import settle, settled_by
from finance_pipeline.matching.month.standing import (
    as_engine_standing,
    contradicted,
    counted_twice,
    orphaned,
    taken_over,
    undone,
    without_declined,
)
from finance_pipeline.matching.outcomes import Outcome
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.transfers import OwnAccount

Reconcile = Callable[[engine.Inputs, Policy], Outcome]
_REPEATED = pl.Schema({"line_id": pl.String, "other_line_id": pl.String})


def _no_items(ids: Sequence[str]) -> pl.DataFrame:  # noqa: ARG001
    return pl.DataFrame(schema=ITEM_SCHEMA)


@dataclass(frozen=True)
class Given:
    """Everything that one month is folded from."""

    month: Month
    opening: Opening
    standing: Standing
    decisions: pl.DataFrame = field(default_factory=schemas.DECISIONS.empty)
    """schemas.DECISIONS: the current ones."""
    parties: pl.DataFrame = field(default_factory=schemas.PARTIES.empty)
    own_accounts: Sequence[OwnAccount] = ()
    fx_rates: pl.DataFrame = field(default_factory=schemas.FX_RATES.empty)
    items_of: Callable[[Sequence[str]], pl.DataFrame] = _no_items
    """Items by id (ITEM_SCHEMA), nothing of them open: what lines of earlier months settled."""
    alike: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ALIKE_SCHEMA))
    """ALIKE_SCHEMA: what equal documents are told apart by, where the policy asks."""
    refuted: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_REPEATED))
    """line_id, other_line_id: lines that only seem to be told twice."""


@dataclass(frozen=True)
class Folded:
    """What a month came to."""

    opening: Opening
    """With the items that its matches opened."""
    kept: Kept
    new: Accepted
    closing: Closing
    exceptions: pl.DataFrame
    """The engine's exceptions beside the facts of their lines."""

    @property
    def repeated(self) -> pl.DataFrame:
        """Lines that are taken for repetitions of others, standing and new, as duplicates.refuted reads them."""
        both = [
            rows.filter(pl.col("relation") == DUPLICATE).select("line_id", "other_line_id", stands=stands)
            for rows, stands in ((self.kept.here, pl.lit(True)), (self.new.standing, pl.lit(False)))
        ]
        facts = self.opening.lines.select("line_id", "account_id", "booked_on", "amount_minor")
        return pl.concat(both).join(facts, on="line_id")


def fold_month(given: Given, policy: Policy, reconcile: Reconcile = engine.reconcile) -> Folded:
    """Keep what stands, ask the engine about the rest, and again as long as what it found opens further items.

    reconcile: the engine.
    """
    given = replace(given, opening=_with_given_back(given, given.standing.here))
    kept = _kept(given)
    new, declined = Accepted.none(), _refuted(given)
    while True:
        opening = opened(given.opening, pl.concat([kept.here, new.standing]))
        asked = _inputs(given, opening, kept, new, declined)
        found_now = without_declined(reconcile(asked, policy), asked)
        stands = pl.concat([kept.here, new.standing])
        outcome = within_monthly_limits(found_now, stands, opening.lines, policy.monthly_limits)
        given = replace(given, opening=_with_given_back(given, outcome.allocations))
        opening = replace(opening, closed=given.opening.closed)
        kept = kept.without(taken_over(outcome.retractions, kept))
        new = new.without(outcome.retractions)
        found, unfit = accept(outcome, opening, kept, new, given.standing, given.month)
        declined = pl.concat([declined, unfit])
        new = new.together_with(found)
        if unfit.is_empty() and opens(found.standing).is_empty():
            break
    kept = kept.without(orphaned(kept, given.standing, new.standing))
    closing = close_month(opening, pl.concat([kept.here, new.standing]))
    return Folded(opening, kept, new, closing, _described(outcome.exceptions, opening))


def _refuted(given: Given) -> pl.DataFrame:
    return given.refuted.select(decline(pl.col("line_id"), pl.col("other_line_id"), BY_BALANCE))


def _with_given_back(given: Given, allocations: pl.DataFrame) -> Opening:
    """The opening with the items that past lines settled which these allocations (other_line_id) refer to."""
    past = given.standing.past.filter(pl.col("item_id").is_not_null())
    settled = past.join(allocations.select(line_id="other_line_id"), on="line_id", how="semi")
    ids = settled["item_id"].unique().sort()
    missing = ids.filter(~ids.is_in(given.opening.closed["item_id"].implode())).to_list()
    if not missing:
        return given.opening
    return replace(given.opening, closed=pl.concat([given.opening.closed, given.items_of(missing)]))


def _kept(given: Given) -> Kept:
    """The matches that still hold. One that no longer does may be what another rested on."""
    kept = Kept(given.standing.here, given.standing.later, pl.DataFrame(schema=RETRACTION_SCHEMA))
    gone = pl.concat([undone(kept.here, given.decisions), counted_twice(kept.here, given.refuted)])
    while True:
        kept = kept.without(gone.unique(["match_id", "version"]))
        gone = contradicted(opened(given.opening, kept.here), kept.here, given.standing.past)
        if gone.is_empty():
            return kept


def _inputs(given: Given, opening: Opening, kept: Kept, new: Accepted, declined: pl.DataFrame) -> engine.Inputs:
    return engine.Inputs(
        bank_lines=pl.concat([opening.lines, opening.past]),
        open_items=as_engine_items(opening.items).join(given.alike, on="item_id", how="left", maintain_order="left"),
        parties=given.parties,
        standing=as_engine_standing(kept, new.standing, given.standing.past, given.decisions),
        decisions=pl.concat([given.decisions, declined]),
        own_accounts=given.own_accounts,
        fx_rates=given.fx_rates,
    )


def close_month(opening: Opening, standing: pl.DataFrame) -> Closing:
    """What is open at the month's end, after its standing and new matches (ALLOCATION_SCHEMA)."""
    held = standing.filter(pl.col("relation").is_in(HOLDING_RELATIONS))["other_line_id"]
    done = pl.concat([standing["line_id"], held]).unique()
    open_lines = opening.lines.filter(~pl.col("line_id").is_in(done.implode())).sort("line_id")
    open_items = settle(opening.items, settled_by(standing)).filter(pl.col("open_minor") != 0).sort("item_id")
    fingerprint = digest(
        content_hash(open_lines.select("line_id", "amount_minor", "evidence_hash").write_csv().encode()),
        content_hash(
            open_items.select("item_id", "open_minor", "open_functional_minor", "evidence_hash").write_csv().encode()
        ),
    )
    return Closing(open_lines, open_items, fingerprint)


def as_engine_items(items: pl.DataFrame) -> pl.DataFrame:
    """Items as the engine reads them: their open amount is the amount. What was paid in advance waits for no line."""
    waiting = items.filter(pl.col("open_minor").sign() == pl.col("total_minor").sign())
    return waiting.with_columns(amount_minor=pl.col("open_minor"))


def _described(exceptions: pl.DataFrame, opening: Opening) -> pl.DataFrame:
    facts = opening.lines.select("line_id", "book", "booked_on", "currency", "amount_minor", account="account_id")
    return exceptions.join(facts, on="line_id").sort("line_id")
