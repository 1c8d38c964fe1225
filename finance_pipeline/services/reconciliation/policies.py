"""The policy of a book: the matching defaults with its overrides, checked against its chart.

Not here: what a value means (matching.policy), how one is saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from finance_pipeline.core.problems import BadSettings
from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import codable_accounts
from finance_pipeline.matching.coding import CodingRule, of_natures
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.policy_reading import policy_from

_OF_LEDGERS = {"overpayment_max_percent": 25}
"""Where payments are recorded in the accounting system too, what exceeds a document by more is more often one of those
told late than money on account."""


def policy_of(book: Book) -> Policy:
    """A book's policy. Raises BadSettings for what it cannot be, such as a rule that codes to no account."""
    return checked(policy_with(book.policy), book)


def policy_with(overrides: Mapping[str, Any]) -> Policy:
    """The policy of a book with some overrides: the engine's defaults, but for what a ledger has reason to narrow."""
    return policy_from({**_OF_LEDGERS, **overrides})


def checked(policy: Policy, book: Book) -> Policy:
    """The policy with the rules of the book's group before its own, if every account that it codes to is one of the
    book's chart that lines may be coded to."""
    group = [
        CodingRule(f"intercompany {other.book}", other.gl_account, counterparty_names=other.names)
        for other in book.intercompany
    ]
    policy = replace(policy, coding_rules=(*group, *policy.coding_rules)) if group else policy
    codes = codable_accounts(book)
    for rule in (*policy.coding_rules, *of_natures(policy.natures)):
        if rule.account_code not in codes:
            raise BadSettings(
                f"the rule {rule.name!r} codes to {rule.account_code}, and no line may be coded to that account.",
                where=f"policy of book {book.id}",
                todo="Name an account of the chart that is neither a bank's nor cleared by matching, or map to one in "
                "`chart`. There is no default account.",
            )
    return policy


def check_policies(books: Iterable[Book]) -> None:
    """Raise BadSettings for the first book whose policy cannot be."""
    for book in books:
        policy_of(book)
