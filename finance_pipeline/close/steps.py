"""The steps of a close: what has to be so before a book-month is signed and locked, judged from facts. Pure.

A step is done, open (somebody has to do something), waits (for other steps), or is not needed. Rules: accounting.md 8,
11, 14 to 16, 19, 23, 27, 29. Not here: reading the facts (services.closing.facts), or deciding
(services.closing.signing).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from finance_pipeline.close.facts import HELD_DOCUMENT, INTERCOMPANY, Facts
from finance_pipeline.core.money import format_money
from finance_pipeline.core.period import Month, utc_window

State = Literal["done", "open", "waits", "not_needed"]
VALUATION_RULE = "valuation_equals_closing_rate"


@dataclass(frozen=True)
class Step:
    """One step of the close of a book-month, judged."""

    name: str
    title: str
    state: State
    words: str
    todo: str = ""
    needs: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        return self.state in ("open", "waits")


@dataclass(frozen=True)
class _Rule:
    name: str
    title: str
    judge: Callable[[Facts], tuple[State, str, str]]
    needs: tuple[str, ...] = ()


def unexplained(to_explain: pl.DataFrame, month: Month) -> pl.DataFrame:
    """Rows of TO_EXPLAIN of which nobody said anything that still holds.

    An explanation is of the amount that was open then. What cleared in the next month explains itself, and so does a
    payout under way that is due after the month's end; one that is overdue does not.
    """
    is_due_later = (pl.col("kind") == "payout") & (pl.col("expected_on") > pl.lit(month.last_day)).fill_null(False)
    holds = (pl.col("explained_minor") == pl.col("open_minor")).fill_null(False)
    return to_explain.filter(~pl.col("has_cleared") & ~is_due_later & ~holds)


def judged(facts: Facts) -> list[Step]:
    """Every step in order. A step whose needs are not done waits, whatever its own facts say."""
    found: dict[str, Step] = {}
    for rule in RULES:
        waits_for = [found[name].title for name in rule.needs if found[name].blocks]
        state, words, todo = rule.judge(facts)
        if waits_for and state not in ("done", "not_needed"):
            state, words, todo = "waits", f"{words}; waits for: {', '.join(waits_for)}", ""
        found[rule.name] = Step(rule.name, rule.title, state, words, todo, rule.needs)
    return list(found.values())


def _month_is_over(facts: Facts) -> tuple[State, str, str]:
    end = utc_window(facts.month, facts.time_zone)[1]
    if facts.now >= end:
        return "done", f"{facts.month} ended on {facts.month.last_day} in {facts.time_zone}", ""
    return "open", f"{facts.month} lasts until {facts.month.last_day} in {facts.time_zone}", "Wait for its end."


def _earlier_months_are_locked(facts: Facts) -> tuple[State, str, str]:
    if facts.earlier_open is None:
        return "done", "every earlier month is locked", ""
    todo = f"finance-pipeline close status --book {facts.book} --month {facts.earlier_open}"
    return "open", f"{facts.earlier_open} is not locked, so the opening balances may still move", todo


def _sources_are_fresh(facts: Facts) -> tuple[State, str, str]:
    end = utc_window(facts.month, facts.time_zone)[1]
    stale = facts.connections.filter((pl.col("read_at") < end).fill_null(True))
    if facts.connections.is_empty():
        return "not_needed", "no connection brings it anything", ""
    if stale.is_empty():
        return "done", f"{_count(facts.connections.height, 'connection')} read since the month ended", ""
    first = stale.row(0, named=True)
    said = ", ".join(
        f"{name} ({'never read' if at is None else f'last read {at:%Y-%m-%d %H:%M} UTC'})"
        for name, at in stale.select("connection_id", "read_at").rows()
    )
    return "open", f"not read since the month ended: {said}", first["todo"] or "finance-pipeline sync"


def _statements_are_complete(facts: Facts) -> tuple[State, str, str]:
    broken = facts.ties.filter((pl.col("name") == "statements_are_continuous") & ~pl.col("tied"))
    missing = facts.statements.filter(~pl.col("is_at_month_end"))
    if facts.statements.is_empty():
        return "not_needed", "the book has no bank account", ""
    if missing.is_empty() and broken.is_empty():
        accounts = _count(facts.statements.height, "bank account")
        return "done", f"{accounts} with a closing balance of {facts.month.last_day} from the bank itself", ""
    said = [
        f"{account}: the last statement ends on {on}" if on else f"{account}: no statement"
        for account, on in missing.select("account", "stated_on").rows()
    ]
    said += [f"{subject}: {words}" for subject, words in broken.select("subject", "words").rows()]
    return "open", "; ".join(said), f"finance-pipeline import STATEMENT_FILE   (up to {facts.month.last_day})"


def _evidence_is_complete(facts: Facts) -> tuple[State, str, str]:
    if facts.dead_letters:
        todo = "finance-pipeline deadletters list   (then retry or dismiss each)"
        return "open", f"{_count(facts.dead_letters, 'dead letter')} that nobody retried or dismissed", todo
    if facts.unmapped_records:
        todo = f"finance-pipeline run {facts.command}"
        return "open", f"{_count(facts.unmapped_records, 'landed record')} not mapped yet", todo
    return "done", "what landed is mapped or was decided on", ""


def _figures_are_current(facts: Facts) -> tuple[State, str, str]:
    if facts.is_computed:
        return "done", "the tie-outs rest on the journal as it is", ""
    return "open", "the journal changed since the tie-outs were made", f"finance-pipeline run {facts.command}"


def _accounts_are_mapped(facts: Facts) -> tuple[State, str, str]:
    if not facts.unmapped_accounts:
        return "done", "every account that documents name is mapped", ""
    words = f"not mapped: {', '.join(facts.unmapped_accounts)}; their documents are held, not posted"
    return "open", words, f"Map them under `chart` of book {facts.book}, then finance-pipeline run {facts.command}"


def _figures_tie_out(facts: Facts) -> tuple[State, str, str]:
    broken = facts.ties.filter(~pl.col("tied"))
    if facts.ties.is_empty():
        return "open", "no tie-outs were made", f"finance-pipeline run {facts.command}"
    if broken.is_empty():
        return "done", f"{facts.ties.height} pairs of figures are equal", ""
    first = broken.row(0, named=True)
    words = f"{broken.height} of {facts.ties.height} differ, the first: {first['subject']}, {first['words']}"
    return "open", words, f"finance-pipeline tie-outs {facts.command}"


def _items_are_explained(facts: Facts) -> tuple[State, str, str]:
    waiting = facts.to_explain.filter(pl.col("kind") != INTERCOMPANY)
    left = unexplained(waiting, facts.month)
    if waiting.is_empty():
        return "done", "nothing is open on the accounts that must clear", ""
    if left.is_empty():
        return "done", f"{_count(waiting.height, 'open line or item', 'open lines and items')} explained", ""
    oldest = left.select(pl.col("since").min().cast(pl.String)).item()
    totals = left.group_by("currency").agg(pl.col("open_minor").abs().sum()).sort("currency").rows()
    amounts = ", ".join(f"{format_money(minor, currency)} {currency}" for currency, minor in totals)
    words = f"{left.height} of {waiting.height} not explained, {amounts}, the oldest since {oldest}"
    held = left.filter(pl.col("kind") == HELD_DOCUMENT)["words"]
    if held.len() == left.height:
        words = f"{'; '.join(held)}: not decided whether it counts"
        return (
            "open",
            words,
            f"finance-pipeline close documents --book {facts.book}   (two people post it, one refuses)",
        )
    return "open", words, f"finance-pipeline close items {facts.command}   (then explain each, or all at once)"


def _books_agree(facts: Facts) -> tuple[State, str, str]:
    if not facts.has_group:
        return "not_needed", "the book owes no other book of a group", ""
    apart = facts.to_explain.filter(pl.col("kind") == INTERCOMPANY)
    left = unexplained(apart, facts.month)
    if apart.is_empty():
        return "done", "what books of the group owe each other cancels out, but for money under way", ""
    if left.is_empty():
        return "done", f"{_count(apart.height, 'difference')} to other books of the group explained", ""
    said = "; ".join(
        f"{format_money(minor, currency)} {currency} apart ({words})"
        for minor, currency, words in left.select("open_minor", "currency", "words").rows()
    )
    todo = f"Bring the other book up to date, or finance-pipeline close explain {left['subject'][0]} {facts.command}"
    return "open", said, f"{todo} --reason ..."


def _balances_are_revalued(facts: Facts) -> tuple[State, str, str]:
    made = facts.ties.filter(pl.col("name") == VALUATION_RULE)
    if made.is_empty():
        return "not_needed", "nothing is held or owed in another currency", ""
    broken = made.filter(~pl.col("tied"))
    if broken.is_empty():
        return "done", f"{_count(made.height, 'balance')} in other currencies at the closing rate", ""
    words = "; ".join(f"{subject}: {said}" for subject, said in broken.select("subject", "words").rows())
    return "open", words, f"finance-pipeline run {facts.command}"


def _ledgers_agree(facts: Facts) -> tuple[State, str, str]:
    if facts.statutory is None:
        return "not_needed", "the book names no statutory ledger; its trial balance is labelled partial", ""
    if not facts.other_is_known:
        todo = f"finance-pipeline statutory import TRIAL_BALANCE_FILE {facts.command}"
        return "open", "no trial balance of the accounting system at the month's end is here", todo
    if facts.other_unexplained:
        todo = f"finance-pipeline statutory explain {facts.other_unexplained[0]} {facts.command} --reason ..."
        return "open", f"differ, and nobody said why: {', '.join(facts.other_unexplained)}", todo
    return "done", "equal to the accounting system's, account by account, or explained", ""


def _rules_are_approved(facts: Facts) -> tuple[State, str, str]:
    rules = facts.rules
    if rules.approved_by:
        return "done", f"mapping, rules, tolerances and rates in force were approved by {rules.approved_by}", ""
    if rules.signed_month is None:
        return "done", "signed together with the figures of the first month", ""
    if not rules.have_changed:
        return "done", f"mapping, rules, tolerances and rates are as when {rules.signed_month} was signed", ""
    words = f"mapping, rules, tolerances or rates changed since {rules.signed_month} was signed; nobody approved that"
    return "open", words, f"finance-pipeline settings propose --book {facts.book} --reason ...   (another approves)"


def _differences_are_decided(facts: Facts) -> tuple[State, str, str]:
    if not facts.undecided_differences:
        return "done", "nothing is undecided of the months before", ""
    words = f"{_count(facts.undecided_differences, 'record')} of closed months known otherwise now, and not decided on"
    return "open", words, f"finance-pipeline close diff --book {facts.book}"


def _figures_are_put_forward(facts: Facts) -> tuple[State, str, str]:
    todo = f"finance-pipeline close review {facts.command} --reason ..."
    if facts.signature is not None and not facts.signature.has_lapsed:
        return "done", f"by {facts.signature.prepared_by}", ""
    if facts.review is None:
        return "open", "nobody put the figures forward for sign-off", todo
    when = f"{facts.review.actor} on {facts.review.recorded_at:%Y-%m-%d %H:%M} UTC"
    if facts.review.has_moved:
        return "open", f"what {when} put forward is not what stands: put it forward again", todo
    return "done", f"by {when}", ""


def _figures_are_signed(facts: Facts) -> tuple[State, str, str]:
    todo = f"finance-pipeline close sign {facts.command} --reason ...   (as another person)"
    signed = facts.signature
    if signed is None:
        return "open", "nobody signed", todo
    when = f"{signed.signed_by} on {signed.recorded_at:%Y-%m-%d %H:%M} UTC"
    if signed.has_lapsed:
        return "open", f"the sign-off by {when} has lapsed: a signed balance moved, or the month was reopened", todo
    return "done", f"by {when}; put forward by {signed.prepared_by}", ""


def _period_is_locked(facts: Facts) -> tuple[State, str, str]:
    if facts.period_state == "locked":
        return "done", "takes no entries", ""
    todo = f"finance-pipeline close lock {facts.command} --reason ..."
    if facts.open_until is not None:
        return "open", f"reopened until {facts.open_until:%Y-%m-%d %H:%M} UTC", todo
    words = {"open": "open", "soft_closed": "soft-closed: takes entries of named people only"}[facts.period_state]
    return "open", words + (f"; locked for {', '.join(facts.locked_areas)}" if facts.locked_areas else ""), todo


def _year_is_rolled(facts: Facts) -> tuple[State, str, str]:
    if not facts.ends_fiscal_year:
        return "not_needed", "not the last month of a fiscal year", ""
    if facts.is_rolled:
        return "done", f"profit and loss were rolled into retained earnings on {facts.month.next.first_day}", ""
    words = "profit and loss of the year are not in retained earnings, as they stand"
    return "open", words, f"finance-pipeline run --book {facts.book} --month {facts.month.next}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


_FACTS = (
    _Rule("month_over", "month is over", _month_is_over),
    _Rule("earlier_months", "earlier months locked", _earlier_months_are_locked),
    _Rule("sources_fresh", "sources read", _sources_are_fresh, ("month_over",)),
    _Rule("statements_complete", "bank statements complete", _statements_are_complete, ("month_over",)),
    _Rule("evidence_complete", "evidence complete", _evidence_is_complete, ("sources_fresh",)),
    _Rule("figures_current", "figures computed", _figures_are_current, ("evidence_complete",)),
    _Rule("accounts_mapped", "accounts mapped", _accounts_are_mapped, ("figures_current",)),
    _Rule("tie_outs", "figures tie out", _figures_tie_out, ("figures_current",)),
    _Rule("items_explained", "open items explained", _items_are_explained, ("figures_current",)),
    _Rule("intercompany", "books of the group agree", _books_agree, ("figures_current",)),
    _Rule("revaluation", "balances revalued", _balances_are_revalued, ("figures_current",)),
    _Rule("ledgers_agree", "ledgers agree", _ledgers_agree, ("figures_current",)),
    _Rule("rules_approved", "changed rules approved", _rules_are_approved),
    _Rule("differences", "late items decided", _differences_are_decided),
)
CHECKED = {rule.name: rule.title for rule in _FACTS}
"""Steps that facts alone decide: name -> title. The rest are people's decisions."""
RULES = (
    *_FACTS,
    _Rule("review", "figures put forward", _figures_are_put_forward, tuple(CHECKED)),
    _Rule("sign_off", "signed", _figures_are_signed, ("review",)),
    _Rule("lock", "locked", _period_is_locked, ("sign_off",)),
    _Rule("year_end", "year rolled over", _year_is_rolled, ("lock",)),
)


@dataclass(frozen=True)
class Close:
    """A book-month on its way to being closed."""

    facts: Facts
    steps: list[Step] = field(default_factory=list)

    @property
    def blocking(self) -> list[Step]:
        return [step for step in self.steps if step.blocks]

    @property
    def next_step(self) -> Step | None:
        """What to do first: the first open step."""
        return next((step for step in self.steps if step.state == "open"), None)

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)


def close_of(facts: Facts) -> Close:
    return Close(facts, judged(facts))
