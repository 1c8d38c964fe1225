"""The database itself keeps what is matched whole: no minor unit of a line or an item is allocated twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from finance_pipeline.store.database import Database

HOLDING = ("transfer", "netted")
LINES = {"line-1": 100, "line-2": 40, "line-3": -40}
ITEMS = ("invoice", "bill")


@dataclass(frozen=True)
class Part:
    """One allocation: a part of a line, to an item (with what it settles of it, and its total), an account, or another
    line (with what it meets of that)."""

    line: str
    amount: int
    item: str | None = None
    settles: int | None = None
    total: int | None = None
    other: str | None = None
    relation: str | None = None
    meets: int | None = None
    code: str | None = None


@dataclass(frozen=True)
class Match:
    """Parts that one statement adds; or, where `undoes` is set, the retraction of an earlier one."""

    parts: tuple[Part, ...] = ()
    undoes: int | None = None


def settling(line: str, item: str, settles: int, total: int) -> Part:
    """The whole line, for some of the item."""
    return Part(line, LINES[line], item, settles, total)


parts = st.builds(
    lambda line, item, settles, total: settling(line, item, settles, total),
    st.sampled_from(sorted(LINES)),
    st.sampled_from(ITEMS),
    st.sampled_from([-60, -40, 0, 40, 60, 100, 120]),
    st.sampled_from([-100, 100, 150]),
)
legs = st.builds(
    lambda relation, meets: Part("line-2", 40, other="line-3", relation=relation, meets=meets),
    st.sampled_from(["transfer", "netted"]),
    st.sampled_from([-40, -40, -30]),
)
repeated = st.just(Part("line-3", -40, other="line-2", relation="duplicate"))
given_back = parts.map(lambda part: replace(part, other="line-1", relation="returned"))
on_account = st.just(Part("line-1", 100, "line-1/on-account", 100, -100, relation="on_account"))
coded = st.just(Part("line-2", 40, code="6820"))
splits = st.tuples(parts, parts, st.sampled_from([30, 50])).map(
    lambda drawn: (replace(drawn[0], amount=drawn[2]), replace(drawn[1], line=drawn[0].line, amount=70))
)
matches = st.one_of(
    parts.map(lambda part: Match((part,))),
    splits.map(Match),
    st.one_of(legs, repeated, given_back, on_account, coded).map(lambda part: Match((part,))),
    st.integers(0, 6).map(lambda number: Match(undoes=number)),
)


def breaks_conservation(added: Match, standing: Sequence[Match]) -> bool:
    """The rule in plain words, over everything that would stand."""
    after = [*standing, added]
    held_by = defaultdict(set)
    settled: dict[str, list[Part]] = defaultdict(list)
    for number, match in enumerate(after):
        for part in match.parts:
            held_by[part.line].add(number)
            if part.other and part.relation in HOLDING:
                held_by[part.other].add(number)
            if part.item and part.relation != "on_account":
                settled[part.item].append(part)
    others = {part.other: part.meets for part in added.parts if part.other and part.relation in HOLDING}
    if any(LINES[other] != meets for other, meets in others.items()):
        return True
    if any(p.relation is None and sign(p.settles) == -sign(p.total) != 0 for p in added.parts):
        return True
    lines = {part.line for part in added.parts} | {*others}
    if any(len(held_by[line]) > 1 for line in lines):
        return True
    if any(sum(p.amount for p in added.parts if p.line == part.line) != LINES[part.line] for part in added.parts):
        return True
    for item in {part.item for part in added.parts if part.item and part.relation != "on_account"}:
        total = max(part.total or 0 for part in settled[item])
        amount = sum(part.settles or 0 for part in settled[item])
        if abs(amount) > abs(total) or sign(amount) == -sign(total) != 0:
            return True
    return False


def sign(amount: int | None) -> int:
    return ((amount or 0) > 0) - ((amount or 0) < 0)


def accept(conn: psycopg.Connection[Any], number: int, match: Match) -> None:
    """Add a match, all its parts in one statement."""
    conn.execute(
        """
        insert into recon.match (
            match_id, version, book, month, tier, rule, rule_version, confidence, matched_on, words, evidence, run_id
        ) values (%s, 1, 'us', '2026-05', 1, 'reference', '1', 'documented', '2026-05-04', '', '{}', 'run')
        """,
        (f"match-{number}",),
    )
    rows = [
        (p.line, LINES[p.line], p.amount, p.item, p.settles, p.total, p.other, p.relation, p.meets, p.code)
        for p in match.parts
    ]
    conn.execute(
        """
        insert into recon.allocation (
            match_id, version, ordinal, book, line_id, line_kind, line_account, line_on, line_currency,
            line_amount_minor, item_id, item_total_minor, item_amount_minor, other_line_id, relation,
            other_amount_minor, other_line_amount_minor, other_line_currency, account_code, amount_minor, role,
            evidence_hash
        )
        select %s, 1, row_number() over (), 'us', part.line, 'bank', 'operating', '2026-05-04', 'USD', part.line_amount,
            part.item, part.total, part.settles, part.other, part.relation, part.meets,
            case when part.other = 'line-3' then -40 end, case when part.other = 'line-3' then 'USD' end, part.code,
            part.amount, case part.relation when 'on_account' then 'residual' else 'principal' end, 'hash'
        from unnest(
            %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
            %s::bigint[], %s::text[]
        ) as part (line, line_amount, amount, item, settles, total, other, relation, meets, code)
        """,
        (f"match-{number}", *map(list, zip(*rows, strict=True))),
    )


def retract(conn: psycopg.Connection[Any], number: int) -> None:
    conn.execute(
        "insert into recon.retraction (match_id, version, book, reason, run_id) values (%s, 1, 'us', 'test', 'run')",
        (f"match-{number}",),
    )


def refuses(conn: psycopg.Connection[Any], number: int, match: Match) -> bool:
    """Whether the database refuses a match; one that it takes stays."""
    try:
        with conn.transaction():
            accept(conn, number, match)
    except psycopg.IntegrityError:
        return True
    return False


def test_the_database_refuses_exactly_the_matches_that_allocate_something_twice(database: Database) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(matches, max_size=9))
    # What was given back, once that is retracted, hides nothing: -60 and 60 and 100 are 100, but 160 stand.
    @example(
        [
            Match((settling("line-1", "invoice", 100, 100),)),
            Match(undoes=0),
            Match((settling("line-2", "invoice", 60, 100),)),
            Match((replace(settling("line-3", "invoice", -60, 100), other="line-2", relation="returned"),)),
            Match((settling("line-1", "invoice", 100, 100),)),
            Match(undoes=3),
        ]
    )
    # Nor does a total that was larger in a match since retracted.
    @example(
        [
            Match((settling("line-1", "invoice", 20, 150),)),
            Match(undoes=0),
            Match((settling("line-1", "invoice", 120, 100),)),
        ]
    )
    def the_rule_holds(history: list[Match]) -> None:
        standing: dict[int, Match] = {}
        with database.transaction() as conn, conn.transaction(force_rollback=True):
            for number, match in enumerate(history):
                if match.undoes is None:
                    refused = refuses(conn, number, match)
                    assert refused == breaks_conservation(match, list(standing.values())), (match, standing)
                    standing |= {} if refused else {number: match}
                elif standing.pop(match.undoes, None):
                    retract(conn, match.undoes)

    the_rule_holds()


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            Match((settling("line-1", "invoice", 100, 150),)),
            Match((settling("line-1", "bill", 40, 100),)),
            "line line-1 belongs to 2 standing matches",
        ),
        (
            Match((Part("line-2", 40, other="line-3", relation="transfer", meets=-40),)),
            Match((settling("line-3", "bill", -40, -100),)),
            "line line-3 belongs to 2 standing matches",
        ),
        (
            Match(),
            Match((replace(settling("line-1", "invoice", 40, 100), amount=99),)),
            "line line-1 of 100 is allocated 99",
        ),
        (
            Match((settling("line-1", "invoice", 100, 120),)),
            Match((settling("line-2", "invoice", 40, 120),)),
            "item invoice of 120 is settled with 140",
        ),
    ],
)
def test_a_refusal_names_the_line_or_item_and_both_amounts(
    database: Database, first: Match, second: Match, said: str
) -> None:
    with database.transaction() as conn:
        if first.parts:
            accept(conn, 1, first)
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match=said), conn.transaction():
            accept(conn, 2, second)
