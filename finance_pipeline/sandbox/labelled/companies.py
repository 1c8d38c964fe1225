"""The companies whose books are matched: their accounts, customers and suppliers.

Here: who there is, with habits that last (how a party names documents, how its bank prints it). Not here: what happens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled import names
from finance_pipeline.sandbox.labelled.draft import MENTION, NAME, NONE, Bools, Ints, chosen, happens, stream
from finance_pipeline.sandbox.labelled.options import Options
from finance_pipeline.sandbox.labelled.profiles import CURRENCIES, CURRENCY, PROFILES

_LINES_A_BOOK = 60_000
_LINES_A_CUSTOMER = 13
_LINES_A_SUPPLIER = 40
_PARTIES_A_PART = 10_000_000
_TERMS_DAYS = (0, 7, 10, 14, 30, 30, 30, 45, 60)


@dataclass(frozen=True)
class Companies:
    """Arrays by position. Books: profile. Accounts: book, currency. Parties: book, role (0 customer, 1 supplier) and
    habits; party_name, party_alias and party_account are texts, listed_* whether our tables know them."""

    first_book: int
    profile: Ints
    account_book: Ints
    account_currency: Ints
    accounts: Ints
    """Account of a book in a currency (book, currency), NONE where it has none."""
    second_account: Ints
    """A book's other account in its own currency."""
    party_book: Ints
    party_role: Ints
    party_currency: Ints
    party_terms: Ints
    party_discount_tenths: Ints
    party_discount_days: Ints
    party_mention: Ints
    party_name_style: Ints
    party_number: Ints
    listed_account: Bools
    listed_alias: Bools
    in_table: Bools
    party_name: pl.Series
    party_alias: pl.Series
    pools: dict[tuple[int, int], tuple[Ints, np.ndarray[tuple[int], np.dtype[np.float64]]]]
    """Parties of (book, role), and the cumulated weights by which they turn up."""

    @property
    def book_count(self) -> int:
        return len(self.profile)

    def home_currency(self, book: Ints) -> Ints:
        return np.array([CURRENCY[PROFILES[p].currency] for p in self.profile], dtype=np.int64)[book]

    def books(self, rng: np.random.Generator, count: int) -> Ints:
        return rng.integers(0, self.book_count, count)

    def parties(self, rng: np.random.Generator, book: Ints, role: int) -> Ints:
        """A party of that role for each book: a few turn up often, most seldom."""
        found = np.empty(len(book), dtype=np.int64)
        for each in range(self.book_count):
            mine = np.flatnonzero(book == each)
            members, cumulated = self.pools[(each, role)]
            found[mine] = members[np.searchsorted(cumulated, rng.random(len(mine)) * cumulated[-1], side="right")]
        return found

    def account_for(self, book: Ints, currency: Ints, rng: np.random.Generator) -> Ints:
        """An account of the book in the currency; in its own currency, now and then the second one."""
        first = self.accounts[book, currency]
        other = (currency == self.home_currency(book)) & happens(rng, len(book), 0.15)
        return np.where(other, self.second_account[book], first)


def found(options: Options) -> Companies:
    """The companies of a seed."""
    rng, level = stream(options.seed, "companies"), options.level
    repeats = max(1, round(options.line_count / (len(PROFILES) * _LINES_A_BOOK)))
    profile = np.tile(np.arange(len(PROFILES)), repeats)
    account_book, account_currency, accounts, second = _accounts(profile)
    book, role = _who(options, len(profile))
    count = len(book)
    name = _names(rng, book, role, profile, level.kin_share)
    home = np.array([CURRENCY[PROFILES[p].currency] for p in profile])[book]
    foreign = np.array([CURRENCY[PROFILES[p].foreign[0]] for p in profile])[book]
    discounts = rng.choice([10, 15, 20, 20, 25, 30], count)
    return Companies(
        first_book=options.part * len(profile),
        profile=profile,
        account_book=account_book,
        account_currency=account_currency,
        accounts=accounts,
        second_account=second,
        party_book=book,
        party_role=role,
        party_currency=np.where(happens(rng, count, 0.1), foreign, home),
        party_terms=np.array(_TERMS_DAYS)[rng.integers(0, len(_TERMS_DAYS), count)],
        party_discount_tenths=np.where(happens(rng, count, 0.18), discounts, 0),
        party_discount_days=rng.choice([7, 8, 10, 14], count),
        party_mention=chosen(rng, level.mentions, count, MENTION),
        party_name_style=chosen(rng, level.names, count, NAME),
        party_number=rng.permutation(count) + 10_000 + rng.integers(0, 5_000) + options.part * _PARTIES_A_PART,
        listed_account=happens(rng, count, level.listed_account_share),
        listed_alias=happens(rng, count, level.listed_alias_share),
        in_table=~happens(rng, count, 0.02),
        party_name=name,
        party_alias=names.aliases(name, rng),
        pools=_pools(rng, book, role, len(profile)),
    )


def _accounts(profile: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Two accounts in a book's own currency and one in each foreign one."""
    books: list[int] = []
    currencies: list[int] = []
    accounts = np.full((len(profile), len(CURRENCIES)), NONE, dtype=np.int64)
    second = np.empty(len(profile), dtype=np.int64)
    for book, position in enumerate(profile):
        for code in (PROFILES[position].currency, *PROFILES[position].foreign):
            accounts[book, CURRENCY[code]] = len(books)
            books.append(book)
            currencies.append(CURRENCY[code])
        second[book] = len(books)
        books.append(book)
        currencies.append(CURRENCY[PROFILES[position].currency])
    return np.array(books), np.array(currencies), accounts, second


def _who(options: Options, book_count: int) -> tuple[Ints, Ints]:
    """Book and role of each party."""
    customers = max(8 * book_count, options.line_count // _LINES_A_CUSTOMER)
    suppliers = max(4 * book_count, options.line_count // _LINES_A_SUPPLIER)
    book = np.concatenate([np.arange(customers) % book_count, np.arange(suppliers) % book_count])
    return book, (np.arange(customers + suppliers) >= customers).astype(np.int64)


def _names(rng: np.random.Generator, book: Ints, role: Ints, profile: Ints, kin_share: float) -> pl.Series:
    """A name for each party, mostly in its book's language; some are hard to tell from another's."""
    count = len(book)
    language = np.array([names.LANGUAGES.index(PROFILES[p].language) for p in profile])[book]
    language = np.where(happens(rng, count, 0.12), rng.integers(0, len(names.LANGUAGES), count), language)
    kin_of = _kin(rng, book, kin_share)
    person = (happens(rng, count, 0.12) & (role == 0))[kin_of] & (kin_of == np.arange(count))
    return names.party_names(rng, language[kin_of], person, kin_of)


def _kin(rng: np.random.Generator, book: Ints, share: float) -> Ints:
    """For some parties an earlier one of the same book whose name theirs is built on; else the party itself."""
    own = np.arange(len(book))
    repeats = int(book.max()) + 1
    earlier = own - repeats * rng.integers(1, 6, len(book))
    kin = happens(rng, len(book), share) & (earlier >= 0)
    kin &= np.where(kin, book[np.maximum(earlier, 0)] == book, False)
    first = np.where(kin, earlier, own)
    return np.where(first[first] == first, first, own)


def _pools(
    rng: np.random.Generator, book: Ints, role: Ints, book_count: int
) -> dict[tuple[int, int], tuple[Ints, np.ndarray[tuple[int], np.dtype[np.float64]]]]:
    pools = {}
    for each in range(book_count):
        for which in (0, 1):
            members = rng.permutation(np.flatnonzero((book == each) & (role == which)))
            pools[(each, which)] = (members, np.cumsum((np.arange(len(members)) + 6.0) ** -0.75))
    return pools
