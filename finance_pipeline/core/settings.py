"""Settings: what a person declares about books, accounts and connections, and where data lives.

`finance_pipeline.yaml` declares; every `*.yaml` in `finance_pipeline.d` beside it adds books, accounts and connections,
or replaces a book's policy (the command line writes there when it binds an account or saves a policy). Secrets are
never in a file: a connection names the environment variables that hold them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
)

from finance_pipeline.core.money import UnknownCurrency, exponent
from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput, BadSettings

HOME_VARIABLE = "FINANCE_PIPELINE_HOME"
ACTOR_VARIABLE = "FINANCE_PIPELINE_ACTOR"
SETTINGS_NAME = "finance_pipeline.yaml"
STATEMENTS = "statements"
"""The connection that statement files arrive by when none is declared: a watched folder needs no login."""
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
ConnectionKind = Literal["plaid", "stripe", "xero", "ecb", "camt053"]
STATEMENT_KIND: ConnectionKind = "camt053"
"""Statement files of every format. The first that were read were camt.053, and ids are for ever: this word stands in
those of all records since. People may say `statements` in settings and commands."""
CloseRole = Literal["accountant", "controller"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BankAccount(_Declared):
    """One bank account of a book."""

    id: Slug
    name: str = ""
    currency: str
    gl_account: str
    """Ledger account code of this bank account alone, for example '1010'."""
    feed: Slug | None = None
    """Connection that brings its lines; without one, the lines come from its bank statements."""
    external_id: str = ""
    """The account's id within the feed."""
    statement_ids: tuple[str, ...] = ()
    """IBANs or account numbers by which statement files name it."""

    @field_validator("currency")
    @classmethod
    def _is_a_currency(cls, value: str) -> str:
        try:
            exponent(value)
        except UnknownCurrency as cause:
            raise ValueError(str(cause)) from cause
        return value


class ProcessorAccount(_Declared):
    """A balance that a card processor keeps for a book, one per currency."""

    id: Slug
    currency: str
    feed: Slug


class Intercompany(_Declared):
    """Another book of the same group: what moves between the two is owed by one to the other, and is no profit."""

    book: Slug
    gl_account: str
    """Ledger account of what it owes us (+) or we owe it (-), for example '1280'. One a book."""
    names: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names by which bank lines print it."""


class TaxRate(_Declared):
    """A rate for estimates of tax, from a day on until the next one of the same account."""

    account: str
    """Account code of the accounting system, as lines of documents name it."""
    percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
    """Of the net amount, for example '20'."""
    since: date


class LedgerPolicy(_Declared):
    """What a book's ledger does by itself, and how far."""

    rate_greatest_age_days: int = Field(default=5, ge=0, le=31)
    """A reference rate serves so many days after its own, over weekends and holidays, no longer."""
    late_item_limit_minor: int = Field(default=100_000, ge=0)
    """What arrives late for a closed month posts by itself on the first open day up to this amount, in minor units of
    the book's currency, within its fiscal year; above it, and whatever changed or was removed, waits for a person. An
    adjustment above it takes two."""
    late_items_limit_minor: int = Field(default=1_000_000, ge=0)
    """So much may post by itself of what is late for one closed month, all together; what is beyond waits as well."""
    statutory: Literal["ours", "accounting"] | None = None
    """Which ledger is the legal one: this, or the accounting system's. Once it is named, both are tied account by
    account before a month is signed; while none is named, our trial balance is labelled partial."""
    supplier_payments_leave: Literal["when_sent", "when_confirmed"] = "when_sent"
    """When a payment to a supplier, as the accounting system recorded it, leaves payables: when it was sent, to
    outstanding payments until the bank shows it; or when the bank confirms it, and nothing is posted before."""
    tax_rates: tuple[TaxRate, ...] = ()
    """What tax on documents should be by these rates, shown beside what they state. An estimate never posts."""

    @model_serializer(mode="wrap")
    def _as_it_was_approved(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what is younger than the first approvals and as it was then: they stay what was approved."""
        younger = {"supplier_payments_leave": "when_sent", "tax_rates": ()}
        said: dict[str, Any] = serialize(self)
        return {
            name: value for name, value in said.items() if name not in younger or getattr(self, name) != younger[name]
        }


class Book(_Declared):
    """A legal entity with a ledger of its own."""

    id: Slug
    name: str
    currency: str
    """Functional currency."""
    time_zone: str = "UTC"
    starts_on: date
    """First day kept here; what is older opens the ledger against opening balances."""
    fiscal_year_starts_month: int = Field(1, ge=1, le=12)
    bank_accounts: tuple[BankAccount, ...] = ()
    processor_accounts: tuple[ProcessorAccount, ...] = ()
    accounting: Slug | None = None
    """Connection of the accounting system that brings invoices and bills."""
    chart: Mapping[str, str] = Field(default_factory=dict)
    """Account codes of the accounting system -> ledger account codes."""
    policy: Mapping[str, Any] = Field(default_factory=dict)
    """Overrides of the matching policy."""
    ledger: LedgerPolicy = LedgerPolicy()
    intercompany: tuple[Intercompany, ...] = ()
    """Other books of its group. Each names this one too."""

    @property
    def accounts(self) -> tuple[BankAccount | ProcessorAccount, ...]:
        """Every account that holds the book's money."""
        return (*self.bank_accounts, *self.processor_accounts)

    @property
    def first_month(self) -> Month:
        return Month.of(self.starts_on)


class Connection(_Declared):
    """One login at one system."""

    id: Slug
    kind: ConnectionKind
    base_url: str = ""
    token_url: str = ""
    tenant_id: str = ""
    calls_a_day: int | None = Field(None, ge=1)
    """For Xero: what the organisation's tier allows, where it is not 5,000."""
    folder: str = ""
    """For statement files: the watched folder, absolute or below the data folder."""
    secrets: Mapping[str, str] = Field(default_factory=dict)
    """Name of each secret -> the environment variable that holds it."""

    @field_validator("kind", mode="before")
    @classmethod
    def _by_its_lasting_name(cls, kind: object) -> object:
        return kind_of(kind)

    def secret(self, name: str) -> SecretStr:
        """A secret from the environment. Raises BadSettings naming the variable, never a value."""
        variable = self.secrets.get(name)
        if not variable:
            raise BadSettings(
                f"connection {self.id} declares no secret {name!r}.",
                todo=f"Add `secrets: {{{name}: NAME_OF_AN_ENVIRONMENT_VARIABLE}}` to it.",
            )
        value = os.environ.get(variable)
        if not value:
            raise BadSettings(
                f"the environment variable {variable} is not set.",
                where=f"connection {self.id}",
                todo=f"Set {variable} to the {name} of this connection.",
            )
        return SecretStr(value)


class Calls(_Declared):
    """How patient we are with the servers of others."""

    attempts: int = Field(default=5, ge=1, le=20)
    """Of one call, the first included."""
    budget_s: float = Field(default=90, gt=0)
    """What one call may take with all its waits; a server that asks for more is left alone until then."""
    connect_s: int = Field(default=5, ge=1)
    read_s: int = Field(default=30, ge=1)
    answer_s: float = Field(default=120, gt=0)
    """For a whole answer."""
    time_scale: float = Field(default=1, gt=0, le=1)
    """How much of each wait is really waited; below 1 only against simulated servers."""


class Settings(_Declared):
    """Everything declared, checked together."""

    home: Path
    calls: Calls = Calls()
    actor: str = "operator"
    """Who decides on the command line; FINANCE_PIPELINE_ACTOR stands before it."""
    people: Mapping[str, tuple[CloseRole, ...]] = Field(default_factory=dict)
    """Who closes months, and as what: an accountant explains and puts forward, a controller signs, locks and reopens
    too. While nobody is declared, everybody with a name may do either; two people are two people all the same."""
    books: tuple[Book, ...] = ()
    connections: tuple[Connection, ...] = ()

    @cached_property
    def book_ids(self) -> list[str]:
        return [book.id for book in self.books]

    def book(self, book_id: str) -> Book:
        """A book by id. Raises BadInput that lists the known ones."""
        for book in self.books:
            if book.id == book_id:
                return book
        known = ", ".join(self.book_ids) or "none yet"
        raise BadInput(f"there is no book {book_id!r}.", todo=f"Known books: {known}.")

    def connection(self, connection_id: str) -> Connection:
        """A connection by id. Raises BadInput that lists the known ones."""
        for connection in self.connections:
            if connection.id == connection_id:
                return connection
        known = ", ".join(c.id for c in self.connections) or "none yet"
        raise BadInput(f"there is no connection {connection_id!r}.", todo=f"Known connections: {known}.")

    def book_of_statement_account(self, statement_id: str) -> tuple[Book, BankAccount] | None:
        """The book and bank account that a statement file's IBAN or account number names, if any is bound to it."""
        for book in self.books:
            for account in book.bank_accounts:
                if statement_id in account.statement_ids:
                    return book, account
        return None


def kind_of(said: object) -> object:
    """A kind of connection by what people call it: `statements` is STATEMENT_KIND, any other word is itself."""
    return STATEMENT_KIND if said == STATEMENTS else said


def home_folder() -> Path:
    """The one folder that holds all data: FINANCE_PIPELINE_HOME, or .finance_pipeline beside the project."""
    named = os.environ.get(HOME_VARIABLE)
    return Path(named).expanduser().resolve() if named else Path(__file__).resolve().parents[2] / ".finance_pipeline"


def load_settings(home: Path | None = None) -> Settings:
    """Settings of a data folder; an empty folder has no books. Raises BadSettings naming file and key."""
    folder = home or home_folder()
    merged: dict[str, Any] = {"books": [], "connections": []}
    for file in (folder / SETTINGS_NAME, *sorted((folder / "finance_pipeline.d").glob("*.yaml"))):
        if file.exists():
            _merge(merged, _read(file), file)
    if not any(kind_of(connection.get("kind")) == STATEMENT_KIND for connection in merged["connections"]):
        merged["connections"].append({"id": STATEMENTS, "kind": STATEMENT_KIND, "folder": "inbox"})
    if os.environ.get(ACTOR_VARIABLE):
        merged["actor"] = os.environ[ACTOR_VARIABLE]
    try:
        settings = Settings.model_validate({**merged, "home": folder})
    except ValidationError as cause:
        first = cause.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BadSettings(f"{key}: {first['msg']}", where=str(folder / SETTINGS_NAME)) from cause
    _check_together(settings)
    return settings


@lru_cache(maxsize=16)
def _parsed(text: str) -> Any:
    """What a settings file holds. A run loads the same files for each asset; parsing is most of what that takes."""
    return yaml.safe_load(text)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = deepcopy(_parsed(file.read_text(encoding="utf-8"))) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as cause:
        raise BadSettings(f"not readable as YAML: {cause}", where=str(file)) from cause
    if not isinstance(content, dict):
        raise BadSettings("a settings file is a mapping of keys.", where=str(file))
    return content


def _merge(merged: dict[str, Any], more: dict[str, Any], file: Path) -> None:
    """Add one file: new books and connections are appended; a known book gets more accounts, or another policy."""
    for book in more.pop("books", None) or []:
        known = next((each for each in merged["books"] if each.get("id") == book.get("id")), None)
        if known is None:
            merged["books"].append(book)
        elif set(book) <= {"id", "bank_accounts", "policy"}:
            known["bank_accounts"] = [*known.get("bank_accounts", []), *book.get("bank_accounts", [])]
            known["policy"] = book.get("policy", known.get("policy", {}))
        else:
            raise BadSettings(f"book {book.get('id')!r} is declared twice.", where=str(file))
    merged["connections"] += more.pop("connections", None) or []
    merged.update(more)


def _check_together(settings: Settings) -> None:
    """What no single declaration can see: unique ids, and names that lead somewhere. Raises BadSettings."""
    connection_ids = [c.id for c in settings.connections]
    account_ids = [a.id for b in settings.books for a in b.accounts]
    statement_ids = [s for b in settings.books for a in b.bank_accounts for s in a.statement_ids]
    for what, ids in {
        "book": settings.book_ids,
        "connection": connection_ids,
        "account": account_ids,
        "statement account": statement_ids,
    }.items():
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise BadSettings(f"{what} {twice[0]!r} is declared twice.", where=str(settings.home / SETTINGS_NAME))
    for book in settings.books:
        feeds = [a.feed for a in book.accounts if a.feed]
        for named in (*feeds, *([book.accounting] if book.accounting else [])):
            if named not in connection_ids:
                raise BadSettings(f"book {book.id} names a connection {named!r} that is not declared.")
        _check_group(settings, book)


def _check_group(settings: Settings, book: Book) -> None:
    """Raise BadSettings where a book of the group is unknown, or does not say the same of this one."""
    for other in book.intercompany:
        known = next((each for each in settings.books if each.id == other.book), None)
        where = f"intercompany of book {book.id}"
        if known is None or known.id == book.id:
            raise BadSettings(f"there is no other book {other.book!r}.", where=where)
        if book.id not in [back.book for back in known.intercompany]:
            raise BadSettings(
                f"book {other.book} does not name {book.id} in turn.",
                where=where,
                todo="What one owes the other is compared: declare it in both.",
            )
