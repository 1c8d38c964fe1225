"""One attack after the other on one session, each undone: what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from finance_pipeline.services.campaigns.attacks import decisions
from finance_pipeline.services.campaigns.attacks.by_hand import (
    INSERT,
    SOUND,
    Connection,
    complete,
    copy_all,
    open_batch,
    write,
    write_into,
)
from finance_pipeline.services.campaigns.attacks.statements import BY_HAND, HARMLESS, made
from finance_pipeline.services.campaigns.attacks.unsound import TOGETHER, UNSOUND
from finance_pipeline.store.roles import Roles

BY_HAND_GROUP = "statements as app, by hand"
DECISIONS_BY_HAND = "decisions by hand"
CONTRADICTORY_DECISIONS = "contradictory decisions"
_FIRST_SAID = dict.fromkeys(("book", "source", "source_id", "purpose", "version"), 'column "entry_id"') | {
    "accounting_on": "no partition"
}
"""What refuses a row without a part of its key, or without a month, before the column's own rule is asked."""
_BY_ID: dict[str, object] = {"accounts": [1, 2], "number": 6}
"""Accounts and number by themselves: of an entry that names no book they cannot be looked up."""
WAYS: dict[str, Callable[[Connection, dict[str, object]], object]] = {
    "inserted": lambda conn, changes: write(conn, **changes),
    "copied in": lambda conn, changes: _copy(conn, changes),
    "inserted by a query of a query": lambda conn, changes: write_into(conn, _IN_A_QUERY, **changes),
    "merged in": lambda conn, changes: write_into(conn, _MERGE, **changes),
    "inserted unless it is there": lambda conn, changes: write_into(conn, _UNLESS, **changes),
    "inserted under another search path": lambda conn, changes: elsewhere(conn, "public, pg_temp, pg_catalog", changes),
    "inserted among kindlier operators": lambda conn, changes: elsewhere(conn, "shadow, pg_catalog", changes),
}
_COLUMNS: LiteralString = INSERT[INSERT.index("(") : INSERT.index("values")]
_VALUES: LiteralString = INSERT[INSERT.index("values") :]
_IN_A_QUERY: LiteralString = "with added as (" + INSERT + " returning 1) table added"
_UNLESS: LiteralString = INSERT + " on conflict do nothing"
_MERGE: LiteralString = (
    "merge into ledger.entry using (select 1) as one on false when not matched then insert " + _COLUMNS + _VALUES
)
_STATE: LiteralString = """
    select sha256(string_agg(sha256(convert_to(entry::text, 'UTF8')), ''::bytea order by entry_id)),
        (select string_agg(seal::text, '' order by position) from ledger.seal),
        (select string_agg(period::text, '' order by book, month) from ledger.period),
        (select string_agg(account::text, '' order by account_id) from ledger.account),
        (select string_agg(movement::text, '' order by movement::text) from ledger.movement),
        (select string_agg(numbering::text, '' order by numbering::text) from ledger.numbering),
        (select string_agg(control_seal::text, '' order by position) from ledger.control_seal)
    from ledger.entry
"""


@dataclass(frozen=True)
class Attack:
    """One thing to try. expected: words of the refusal, empty where any refusal will do."""

    group: str
    name: str
    role: str
    """app, reader, owner (whom the migrating login becomes), or login: the running one before it takes a role."""
    act: Callable[[Connection], object]
    expected: str = ""
    may_run: bool = False
    """A statement that is no offence by itself: the ledger stays as it is, and goes on refusing what is unsound."""

    @property
    def key(self) -> str:
        """What tells attacks apart."""
        return f"{self.role}/{self.name}"


@dataclass(frozen=True)
class Outcome:
    """succeeded: it was not refused, or not by the rule that should, or it changed something."""

    attack: Attack
    succeeded: bool
    words: str
    code: str = ""
    """The refusal's code (SQLSTATE)."""


def all_attacks(conn: Connection) -> list[Attack]:
    """Every attack on the ledger as it is now. conn: may read the catalogue."""
    attacks = [
        Attack(f"unsound entries {way}", f"{name}, {way}", "app", _bound(act, dict(changes)), expected)
        for way, act in WAYS.items()
        for name, (changes, expected) in UNSOUND.items()
    ]
    attacks += [
        Attack("entries together", name, "app", _together(entries), expected)
        for name, (entries, expected) in TOGETHER.items()
    ]
    attacks += [
        Attack(
            "nothing in a column",
            f"nothing in {column}",
            "app",
            _bound(WAYS["inserted"], _BY_ID | {column: None}),
            _FIRST_SAID.get(column, f'column "{column}" of relation "entry'),
        )
        for column in (*SOUND, "batch_id", "number")
        if column not in ("functional_amounts", "match_id", "reverses")
    ]
    attacks += [Attack("tokens", name, "app", act, expected) for name, (act, expected) in _TOKENS.items()]
    attacks += [
        Attack(
            BY_HAND_GROUP if name in BY_HAND or name.startswith("a new ") else f"statements as {role}",
            name,
            role,
            _run(statement),
            expected=f'column "{name.split()[-1]}"' if name.startswith("a new ") else "",
        )
        for role, statements in made(conn).items()
        for name, statement in statements.items()
    ]
    attacks += [
        Attack(DECISIONS_BY_HAND, name, "app", _run(sql.Composed([sql.SQL(text)])), expected)
        for name, (text, expected) in decisions.BY_HAND.items()
    ]
    attacks += [
        Attack(CONTRADICTORY_DECISIONS, name, "owner", _run(statement), expected)
        for name, statement, expected in decisions.contradictions(conn)
    ]
    attacks += [
        Attack("harmless statements", name, "app", _run(sql.Composed([sql.SQL(text)])), may_run=True)
        for name, text in HARMLESS.items()
    ]
    return attacks


def attempt(conn: Connection, roles: Roles, attack: Attack) -> Outcome:
    """Try one attack in a transaction, or a savepoint, that is undone."""
    with conn.transaction(force_rollback=True):
        before = _state(conn, roles) if attack.may_run else None
        try:
            # Undone here too: that constraints are checked at once would outlive a savepoint that is released.
            with conn.transaction(force_rollback=True):
                if attack.role != "login":
                    conn.execute(sql.SQL("set local role {}").format(sql.Identifier(f"{roles.prefix}_{attack.role}")))
                attack.act(conn)
                conn.execute("set constraints all immediate")
                if not attack.may_run:
                    return Outcome(attack, succeeded=True, words="it was not refused")
                takes_unsound = _takes_unsound(conn)
                changed = _state(conn, roles) != before
        except psycopg.Error as refusal:
            words = " ".join(str(refusal).split())
            named = attack.expected in words or not attack.expected or _matches(attack.expected, words)
            return Outcome(attack, succeeded=attack.may_run or not named, words=words, code=refusal.sqlstate or "")
    words = (
        "the ledger was changed" if changed else "an unsound entry was taken after it" if takes_unsound else "nothing"
    )
    return Outcome(attack, succeeded=changed or takes_unsound, words=words)


def _takes_unsound(conn: Connection) -> bool:
    try:
        with conn.transaction(force_rollback=True):
            write(conn, amounts=[100, -99])
    except psycopg.Error:
        return False
    return True


def _state(conn: Connection, roles: Roles) -> object:
    """Every row of the ledger, as text that no setting of the session changes."""
    with conn.transaction():
        roles.become(conn, "reader")
        conn.execute("set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'")
        found = conn.execute(_STATE).fetchone()
        conn.execute("set local role none")
    return found


def _matches(expected: str, words: str) -> bool:
    """expected may have .* in it, for a name that differs."""
    before, _, after = expected.partition(".*")
    return bool(after) and before in words and after in words


def _copy(conn: Connection, changes: dict[str, object]) -> None:
    columns = complete(conn, changes)
    statement = sql.SQL("copy ledger.entry ({}) from stdin").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write_row(tuple(columns.values()))


def elsewhere(conn: Connection, path: LiteralString, changes: Mapping[str, object]) -> None:
    """Insert the sound entry with some columns changed, under another search path."""
    columns = complete(conn, dict(changes))
    conn.execute(sql.SQL("set local search_path = ") + sql.SQL(path))
    conn.execute(INSERT, columns)


def _bound(
    act: Callable[[Connection, dict[str, object]], object], changes: dict[str, object]
) -> Callable[[Connection], object]:
    return lambda conn: act(conn, changes)


def _together(entries: list[dict[str, object]]) -> Callable[[Connection], object]:
    return lambda conn: copy_all(conn, *entries)


def _token(conn: Connection, book: str, run_id: str, *, again: bool = False) -> None:
    """Write in a batch with the token of a book and run, which was perhaps taken once more since."""
    row = conn.execute("select ledger.take_token(%s, %s)", (book, run_id)).fetchone()
    if again:
        conn.execute("select ledger.take_token(%s, %s)", (book, run_id))
    opened = conn.execute("select ledger.open_batch('run', 'correlation', %s)", row).fetchone()
    write(conn, batch_id=opened[0] if opened else None)


def _sealed_early(conn: Connection) -> None:
    """Have a batch sealed before its transaction ends, and add to it."""
    batch = write(conn)
    conn.execute("set constraints all immediate")
    write(conn, batch_id=batch, source_id="two")


_TOKENS: dict[str, tuple[Callable[[Connection], object], str]] = {
    "the token of a run that was begun again": (lambda conn: _token(conn, "us", "run", again=True), "was begun again"),
    "another book's token": (lambda conn: _token(conn, "de", "run"), "was begun again"),
    "a batch that was sealed already": (lambda conn: _sealed_early(conn), "or is sealed"),
    "another run's token": (lambda conn: _token(conn, "us", "another"), "was begun again"),
    "two batches in one statement": (
        lambda conn: copy_all(conn, {"number": 6}, {"source_id": "two", "number": 7, "batch_id": open_batch(conn)}),
        "by one statement",
    ),
}


def _run(statement: sql.Composed) -> Callable[[Connection], object]:
    return lambda conn: conn.execute(statement)
