"""All attacks, and all rules taken away, in a database of their own: what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from finance_pipeline.services.campaigns.attacks.attempts import Attack, Outcome, all_attacks, attempt
from finance_pipeline.services.campaigns.attacks.by_hand import Connection
from finance_pipeline.services.campaigns.attacks.ledger import make_ledger
from finance_pipeline.services.campaigns.attacks.mutations import (
    Mutation,
    all_mutations,
    attempt_as_login,
    noticed_by,
)
from finance_pipeline.services.campaigns.attacks.unsound import SHADOWS
from finance_pipeline.services.campaigns.own_database import database_of_its_own, login_of, superuser_of
from finance_pipeline.store.database import Database

Tell = Callable[[str, bool], None]


@contextmanager
def attacked() -> Iterator[tuple[Database, Connection, list[Attack]]]:
    """A database with the ledger that is attacked, its superuser's session, and all attacks on it."""
    with database_of_its_own() as (home, database):
        make_ledger(database)
        with superuser_of(home, database) as superuser:
            superuser.execute(SHADOWS)
            yield database, superuser, all_attacks(superuser)


def try_attacks() -> list[Outcome]:
    """Every attack, as the login that runs the pipeline and its roles; those of the owner, as the migrating login."""
    with (
        attacked() as (database, _, attacks),
        login_of(database) as running,
        login_of(database, migrating=True) as migrating,
    ):
        return [attempt(migrating if attack.role == "owner" else running, database.roles, attack) for attack in attacks]


def take_rules_away(tell: Tell) -> list[tuple[Mutation, str | None]]:
    """Every rule taken away in turn, and what noticed; None where nothing did."""
    noticed: list[tuple[Mutation, str | None]] = []
    with attacked() as (database, superuser, attacks):
        usual = usual_outcomes(superuser, database, attacks)
        sound = [each for each in attacks if not usual[each.key].succeeded]
        mutations = all_mutations(superuser, database.roles)
        for turn, mutation in enumerate(mutations, start=1):
            noticed.append((mutation, noticed_by(superuser, database.roles, mutation, sound, usual)))
            tell(f"{turn} of {len(mutations)} rules", turn == len(mutations))
    return noticed


def usual_outcomes(superuser: Connection, database: Database, attacks: list[Attack]) -> dict[str, Outcome]:
    """What comes of each attack while all rules stand, in a session that a superuser gave to the logins.

    There alone one succeeds: a superuser's session may always become another's.
    """
    with superuser.transaction(force_rollback=True):
        return {each.key: attempt_as_login(superuser, database.roles, each) for each in attacks}
