"""Saving a policy: only what a backtest on the book's history was made of, and that people's decisions bear out.

A policy is a declaration, so it is written where declarations are: `finance_pipeline.d/policy-BOOK.yaml` beside the
settings, whole, by rename. Who saved it, why, and what the backtest showed is an append-only record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from finance_pipeline.core.problems import BadInput, PermanentProblem
from finance_pipeline.core.settings import Settings, load_settings
from finance_pipeline.services.intake.bindings import write_declared
from finance_pipeline.services.reconciliation.backtest import Backtest, backtest, widening
from finance_pipeline.services.reconciliation.policies import checked, policy_of, policy_with
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.locks import book_lock

_KEPT = "The policy stays as it is."


class NotBorneOut(PermanentProblem):
    """A policy that would contradict people's decisions, or accept more than they bear out; nothing was saved."""


def save_policy(
    workspace: Workspace, book_id: str, overrides: Mapping[str, Any], *, reason: str, actor: str | None = None
) -> tuple[Backtest, Settings]:
    """Backtest these overrides on the whole history of a book and make them its policy; returns what that showed.

    Raises NotBorneOut, naming what is missing, where the backtest contradicts decisions that the present policy does
    not, or where more would be accepted without a person than confirmed decisions bear out.
    """
    who = (actor if actor is not None else workspace.settings.actor).strip()
    if not who or not reason.strip():
        raise BadInput("a policy is saved by a named actor, with a reason.", kept="Nothing was saved.")
    book = workspace.settings.book(book_id)
    _, lacking = widening(workspace, book, checked(policy_with(overrides), book))
    if lacking:
        raise NotBorneOut(
            f"it would accept more without a person than decisions bear out. {'; '.join(lacking)}.",
            where=f"policy of book {book_id}",
            kept=_KEPT,
            todo="Confirm or decline what exceptions show beyond the limits, and try again.",
        )
    found = backtest(workspace, book_id, overrides)
    _check(found)
    file = workspace.home / "finance_pipeline.d" / f"policy-{book_id}.yaml"
    text = yaml.safe_dump(dict(overrides), sort_keys=False, allow_unicode=True)
    with workspace.database.transaction() as conn:
        book_lock(conn, book_id)
        conn.execute(
            """
            insert into recon.policy_change (
                book, old_digest, new_digest, policy, actor, reason, backtest, evidence
            ) values (%s, %s, %s, %s, %s, %s, %s, %s)
            """,
            (
                book_id,
                policy_of(book).digest,
                policy_with(overrides).digest,
                text,
                who,
                reason.strip(),
                json.dumps(found.figures),
                json.dumps([str(each) for each in found.widenings]),
            ),
        )
    declared = [{"id": book_id, "policy": dict(overrides)}]
    write_declared(file, declared, "finance-pipeline policy save", who)
    return found, load_settings(workspace.home)


def _check(found: Backtest) -> None:
    wrong = found.new_contradictions
    if wrong.height:
        first = wrong.row(0, named=True)
        raise NotBorneOut(
            f"on {found.first} to {found.last} it would contradict {wrong.height} decisions, the first on "
            f"{first['line_id']}: {first['words']}.",
            where=f"policy of book {found.book}",
            kept=_KEPT,
            todo=f"`finance-pipeline policy try --book {found.book} --file FILE` lists all of them.",
        )
