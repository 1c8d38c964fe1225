"""Attacks drawn from all that `bench attacks` makes, and rules taken away of all that `bench mutations` takes away."""

from __future__ import annotations

from random import Random

import pytest

from finance_pipeline.services.campaigns.attacks.attempts import Attack, all_attacks, attempt
from finance_pipeline.services.campaigns.attacks.campaign import usual_outcomes
from finance_pipeline.services.campaigns.attacks.mutations import Mutation, all_mutations, noticed_by
from finance_pipeline.services.campaigns.attacks.unsound import SHADOWS
from finance_pipeline.services.campaigns.own_database import login_of
from finance_pipeline.store.address import Connection
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.conftest import Superuser

SEED = 20_261_121
NAMED = (
    "changes rows of seal", "becoming the superuser", "becoming the owner",
    "the token of a run that was begun again", "one number twice",
    "changing movement", "a second end of the chain", "an entry that does not add to zero, merged in",
)  # fmt: skip
"""Attacks that every run tries; with them go those that are drawn."""


@pytest.fixture
def session(books: Database, superuser: Superuser) -> Connection:
    conn = superuser(books)
    conn.execute(SHADOWS)
    return conn


def drawn(session: Connection, count: int) -> list[Attack]:
    every = all_attacks(session)
    assert len(every) >= 1_000
    return [*Random(SEED).sample(every, count), *(each for each in every if each.name in NAMED)]


def test_no_attack_of_those_drawn_succeeds(books: Database, session: Connection) -> None:
    attacks = drawn(session, 60)
    with login_of(books) as running, login_of(books, migrating=True) as migrating:
        outcomes = [attempt(migrating if each.role == "owner" else running, books.roles, each) for each in attacks]
    assert [each for each in outcomes if each.succeeded] == []
    assert {each.role for each in attacks} == {"app", "reader", "login", "owner"}


def test_a_rule_that_is_taken_away_is_missed_by_an_attack_or_by_the_work_of_every_day(
    books: Database, session: Connection
) -> None:
    attacks = [each for each in drawn(session, 60) if each.name != "becoming the superuser"]
    usual = usual_outcomes(session, books, attacks)
    attacks = [each for each in attacks if not usual[each.key].succeeded]
    taken = {m.name.strip(): m for m in all_mutations(session, books.roles)}
    assert noticed_by(session, books.roles, Mutation("none", "nothing", "", "select"), attacks, usual) is None
    for name, noticed in {
        "entry.balanced": "attack: ",
        "update on seal to the app": "changes rows of seal",
        "movement.only_grows": "changing movement",
        "batch.seal_at_commit": "posting in dollars",
    }.items():
        found = noticed_by(session, books.roles, taken[name], attacks, usual)
        assert found is not None, name
        assert noticed in found
