"""Simulated worlds for tests: as they were simulated, and as their files say, read by nobody's code but this."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.money import to_minor
from finance_pipeline.sandbox.servers.log import COLUMNS
from finance_pipeline.sandbox.world import WorldOptions, build_world
from finance_pipeline.sandbox.world.cards import CardProcessor
from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.feed import Feed
from finance_pipeline.sandbox.world.model import Document, Line
from finance_pipeline.sandbox.world.profiles import Account
from finance_pipeline.sandbox.world.rates import Rates
from finance_pipeline.sandbox.world.simulate import simulate

SMALL = WorldOptions(bank_lines=240, month_count=2)
MEDIUM = WorldOptions(bank_lines=4_000, card_charge_share=0.6)
_CAMT = {"": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}


@dataclass(frozen=True)
class Simulated:
    """One company as the simulator knows it; no file is written. Its lines have their ids in the feed."""

    company: Company
    processor: CardProcessor

    @property
    def lines(self) -> list[Line]:
        return self.company.world.lines

    @property
    def documents(self) -> list[Document]:
        return self.company.world.documents

    def natures(self) -> Counter[str]:
        return Counter(line.nature for line in self.lines)

    def shapes(self) -> Counter[str]:
        settlements = (*self.lines, *self.company.world.card)
        return Counter(allocation.shape for each in settlements for allocation in each.allocations)


def simulated(options: WorldOptions) -> list[Simulated]:
    rates = Rates(options)
    found = [Simulated(*simulate(book, options, rates)) for book in options.books]
    for each in found:
        Feed(each.company).transactions()
    return found


@dataclass(frozen=True)
class Entry:
    day: date
    amount_minor: int
    reference: str


@dataclass(frozen=True)
class Statement:
    """A statement file: first and last day, balances before and after, entries in between."""

    account: str
    currency: str
    first: date
    last: date
    opening_minor: int
    closing_minor: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Built:
    """A world in a data folder, seen through its files."""

    home: Path
    options: WorldOptions

    @classmethod
    def of(cls, home: Path, options: WorldOptions) -> "Built":
        build_world(home, options)
        return cls(home, options)

    @property
    def served(self) -> Path:
        return self.home / "sandbox" / "served"

    @cached_property
    def truth(self) -> pl.DataFrame:
        return pl.read_parquet(self.home / "sandbox-truth" / "truth.parquet")

    @cached_property
    def truth_alone(self) -> pl.DataFrame:
        return pl.read_parquet(self.home / "sandbox-truth" / "truth_lines.parquet")

    def events(self, connection: str, kind: str) -> pl.DataFrame:
        """A log in order; the world writes no file for what never happened."""
        file = self.served / connection / f"{kind}.parquet"
        return pl.read_parquet(file).sort("sort") if file.exists() else pl.DataFrame(schema=COLUMNS)

    def shown(self, connection: str, kind: str, at: datetime | None = None) -> dict[str, dict[str, Any]]:
        """Every record that a vendor shows at a moment (at the end of the world without one), by id."""
        found: dict[str, dict[str, Any]] = {}
        for visible_at, op, key, text in self.events(connection, kind).select("visible_at", "op", "id", "json").rows():
            if at is not None and visible_at > at:
                break
            if op == "removed":
                del found[key]
            else:
                found[key] = parse_json(text)
        return found

    @cached_property
    def statements(self) -> Mapping[str, list[Statement]]:
        """Every statement by account, in order of time."""
        found: dict[str, list[Statement]] = {}
        for file in sorted((self.home / "sandbox" / "statements").glob("*.xml")):
            statement = _statement(file)
            found.setdefault(statement.account, []).append(statement)
        return found

    def files(self) -> dict[str, bytes]:
        return dict(_bytes(self.home))


def _bytes(home: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(home.rglob("*")):
        if file.is_file():
            yield str(file.relative_to(home)), file.read_bytes()


def _statement(file: Path) -> Statement:
    root = ElementTree.parse(file).getroot().find("BkToCstmrStmt/Stmt", _CAMT)
    assert root is not None

    def said(of: ElementTree.Element, path: str) -> str:
        return of.findtext(path, namespaces=_CAMT) or ""

    def signed(of: ElementTree.Element) -> int:
        amount = of.find("Amt", _CAMT)
        assert amount is not None
        size = to_minor(amount.text or "", amount.attrib["Ccy"])
        return size if said(of, "CdtDbtInd") == "CRDT" else -size

    balances = {said(each, "Tp/CdOrPrtry/Cd"): signed(each) for each in root.findall("Bal", _CAMT)}
    entries = (
        Entry(date.fromisoformat(said(each, "BookgDt/Dt")), signed(each), said(each, "AcctSvcrRef"))
        for each in root.findall("Ntry", _CAMT)
    )
    return Statement(
        said(root, "Acct/Id/IBAN") or said(root, "Acct/Id/Othr/Id"),
        said(root, "Acct/Ccy"),
        date.fromisoformat(said(root, "FrToDt/FrDtTm")[:10]),
        date.fromisoformat(said(root, "FrToDt/ToDtTm")[:10]),
        balances["OPBD"],
        balances["CLBD"],
        tuple(entries),
    )


def fed_accounts(company: Company) -> list[Account]:
    return [account for account in company.profile.accounts if account.external_id]
