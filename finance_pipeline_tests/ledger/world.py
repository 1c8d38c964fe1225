"""A book in the language of accountants: what happened, and what the ledger says of it.

Amounts are decimal texts in the currency beside them, as on paper; the world turns them into minor units.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import psycopg

from finance_pipeline.canonical import schemas
from finance_pipeline.core.identity import digest
from finance_pipeline.core.money import format_money, to_minor
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import BankAccount, Book
from finance_pipeline.ledger import journal, reports
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.ledger.posting import PostingInputs, Postings, entries_for
from finance_pipeline.ledger.rates import functional
from finance_pipeline.ledger.schemas import SETTLED_ITEMS, SETTLEMENTS
from finance_pipeline.matching.month.candidates import items

Connection = psycopg.Connection[Any]
MAY = Month(2026, 5)
US = Book(
    id="us",
    name="A book in dollars",
    currency="USD",
    starts_on=date(2026, 5, 1),
    bank_accounts=(
        BankAccount(id="operating", currency="USD", gl_account="1010"),
        BankAccount(id="reserve", currency="USD", gl_account="1020"),
        BankAccount(id="euro", currency="EUR", gl_account="1030"),
    ),
    chart={"200": "4000", "400": "5000"},
)


def day(number: int, month: int = 5) -> date:
    return date(2026, month, number)


MAY_1, MAY_2, MAY_3, MAY_4, MAY_5 = (day(number) for number in range(1, 6))


@dataclass
class World:
    """Facts of one book, added by its methods; `postings` is what they call for."""

    book: Book = US
    facts: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in ("bank", "document", "payment", "balance", "rate", "match")}
    )

    def without(self, kind: str, name: str) -> World:
        """The same world, in which one fact never was."""
        facts = {k: {n: row for n, row in rows.items() if (k, n) != (kind, name)} for k, rows in self.facts.items()}
        return replace(self, facts=facts)

    def rate(self, on: date, per_euro: str, currency: str = "USD") -> World:
        row = {"rate_on": on, "currency": currency, "per_eur": Decimal(per_euro), "source": "ecb", "content_hash": "r"}
        self.facts["rate"][f"{on}{currency}"] = row
        return self

    def line(
        self, name: str, amount: str, on: date = MAY_4, account: str = "operating", status: str = "booked"
    ) -> World:
        """A bank line; + is money into the account."""
        currency = next((a.currency for a in self.book.bank_accounts if a.id == account), self.book.currency)
        return self._add(
            "bank",
            name,
            on,
            {
                "bank_account": account,
                "currency": currency,
                "amount_minor": to_minor(amount, currency),
                "booked_on": on,
                "status": status,
                "detail_count": 1,
                "source": "plaid",
            },
        )

    def document(
        self, name: str, total: str, *, tax: str = "0", kind: str = "invoice", on: date = MAY_2, currency: str = "USD",
        account: str = "200", functional_total: str | None = None, status: str = "authorised", net: str | None = None,
    ) -> World:  # fmt: skip
        """An invoice, bill or credit note; + is owed to us."""
        total_minor, tax_minor = to_minor(total, currency), to_minor(tax, currency)
        carried = to_minor(functional_total, self.book.currency) if functional_total else total_minor
        return self._add(
            "document",
            name,
            on,
            {
                "kind": kind,
                "number": name.upper(),
                "references": [],
                "party_id": "party",
                "party_name": "a party",
                "currency": currency,
                "total_minor": total_minor,
                "tax_minor": tax_minor,
                "functional_minor": carried,
                "line_accounts": [account],
                "line_nets_minor": [to_minor(net, currency) if net else total_minor - tax_minor],
                "issued_on": on,
                "status": status,
                "source": "xero",
            },
        )

    def movement(
        self, name: str, kind: str, amount: str, *, fee: str = "0", on: date = MAY_3, currency: str = "USD",
        settles: str | None = None, settled: str | None = None, side: str | None = None,
    ) -> World:  # fmt: skip
        """A movement of the processor's balance, or a payment recorded in the accounting system."""
        gross, kept = to_minor(amount, currency), to_minor(fee, currency)
        is_recorded = kind.startswith("recorded")
        net = 0 if kind == "dispute_lost" else gross - kept
        return self._add(
            "payment",
            name,
            on,
            {
                "kind": kind,
                "account": "operating" if is_recorded else "card",
                "currency": currency,
                "amount_minor": gross,
                "fee_minor": kept,
                "net_minor": net,
                "occurred_on": on,
                "references": [],
                "settles": self.id_of("document", settles) if settles else None,
                "settled_minor": to_minor(settled or amount, currency) if settles else None,
                "status": "said",
                "side": side,
                "source": "xero" if is_recorded else "stripe",
            },
        )

    def allocation(
        self, name: str, amount: str, *, of: str, to: str, on: date = MAY_4, currency: str = "USD"
    ) -> World:  # fmt: skip
        """A part of a credit that was applied to a document: + to an invoice. of: an item's kind of fact and name."""
        minor = to_minor(amount, currency)
        row = {
            "kind": "allocation", "currency": currency, "amount_minor": minor, "fee_minor": 0, "net_minor": 0,
            "occurred_on": on, "references": [], "settles": self.id_of("document", to), "settled_minor": minor,
            "credit": f"{self.book.id}/{of}", "status": "said", "source": "xero",
        }  # fmt: skip
        return self._add("payment", name, on, row)

    def opening(self, account: str, amount: str, on: date = MAY_1) -> World:
        """The first opening balance that the bank states of an account."""
        row = {"account": account, "currency": "USD", "kind": "opening", "balance_minor": to_minor(amount, "USD")}
        return self._add("balance", account, on, row | {"balance_on": on, "source": "camt053"})

    def match(self, name: str, line: str, *parts: tuple[str, str, str | None], on: date = MAY_5) -> World:
        """A match of a line. parts: (role, amount of the line's currency, document or movement settled or None).

        A residual is on account of who is party to the first of the documents.
        """
        for ordinal, (role, amount, item) in enumerate(parts):
            part = self._part(name, line, on, role, amount, item)
            if role == "residual":
                part |= self._on_account(part, self.facts["document"][str(parts[0][2])]["kind"])
            self.facts["match"][f"{name}/{ordinal}"] = part
        return self

    def coded(self, name: str, line: str, code: str, on: date = MAY_5) -> World:
        """A match of a whole line with an account."""
        self.match(name, line, ("principal", self._text(self._line_of(line)), None), on=on)
        self.facts["match"][f"{name}/0"] |= {"account_code": code}
        return self

    def across(self, name: str, line: str, item: str, on: date = MAY_5) -> World:
        """A match of a whole line with a whole document in another currency."""
        owed = self.facts["document"][item]
        self.match(name, line, ("principal", self._text(self._line_of(line)), item))
        settled = {"item_amount_minor": owed["total_minor"], "item_functional_minor": owed["functional_minor"]}
        self.facts["match"][f"{name}/0"] |= settled | {"matched_on": on}
        return self

    def transfer(self, name: str, sent: str, received: str, on: date = MAY_5, fee: str = "0") -> World:
        """A match of two legs; fee: what the bank kept of the first."""
        return self._related(name, sent, received, on, "transfer", fee)

    def netted(self, name: str, back: str, original: str, on: date = MAY_5, fee: str = "0") -> World:
        """A match of a line with the payment that it gives back, which had settled nothing."""
        return self._related(name, back, original, on, "netted", fee)

    def duplicate(self, name: str, line: str, original: str, on: date = MAY_5) -> World:
        """A match of a line with the one that it repeats."""
        self._related(name, line, original, on, "duplicate", "0")
        self.facts["match"][f"{name}/0"] |= {"other_amount_minor": None}
        return self

    def returned(self, name: str, back: str, original: str, match: str, on: date = MAY_5, fee: str = "0") -> World:
        """A match of a line that gives back a payment: the parts of that payment's own match with the other sign."""
        other = self._line_of(original)
        amounts = ("amount_minor", "item_amount_minor", "item_functional_minor")
        for part_name, said in list(self.facts["match"].items()):
            if part_name.startswith(f"{match}/"):
                negated = {amount: -said[amount] for amount in amounts if said.get(amount) is not None}
                about = {
                    "relation": "returned",
                    "other_line_id": other["record_id"],
                    "other_line_on": other["booked_on"],
                }
                line = self._part(name, back, on, said["role"], "0", None)
                kept = {k: said.get(k) for k in ("item_kind", "item_currency", "item_total_minor", "item_tax_minor")}
                self.facts["match"][f"{name}/{part_name}"] = line | kept | negated | about
        if Decimal(fee):
            self.facts["match"][f"{name}/fee"] = self._part(name, back, on, "fee", f"-{fee}", None)
        return self

    def _related(self, name: str, line: str, other: str, on: date, relation: str, fee: str) -> World:
        one, two = self.facts["bank"][line], self.facts["bank"][other]
        about = {
            "relation": relation,
            "other_line_id": two["record_id"],
            "other_line_on": two["booked_on"],
            "other_line_currency": two["currency"],
            "other_line_amount_minor": two["amount_minor"],
        }
        kept = Decimal(fee)
        whole = Decimal(self._text(one)) + kept
        self.facts["match"][f"{name}/0"] = (
            self._part(name, line, on, "principal", str(whole), None)
            | about
            | {"other_amount_minor": two["amount_minor"]}
        )
        if kept:
            part = self._part(name, line, on, "fee", str(-kept), None)
            self.facts["match"][f"{name}/1"] = part | about | {"other_amount_minor": 0}
        return self

    @staticmethod
    def _text(line: dict[str, Any]) -> str:
        return format_money(line["amount_minor"], line["currency"]).replace(",", "")

    def _on_account(self, part: dict[str, Any], kind: str) -> dict[str, Any]:
        whose = "customer" if kind in ("invoice", "credit_note") else "supplier"
        minor = part["amount_minor"]
        return {
            "relation": "on_account", "item_kind": f"{whose}_on_account", "item_currency": part["line_currency"],
            "item_amount_minor": minor, "item_functional_minor": minor, "item_total_minor": -minor,
        }  # fmt: skip

    def id_of(self, kind: str, name: str) -> str:
        return f"{self.book.id}/{kind}/{name}"

    @property
    def inputs(self) -> PostingInputs:
        documents, payments = self._frame("document", schemas.INVOICES), self._frame("payment", schemas.PAYMENTS)
        rates = schemas.FX_RATES.frame(list(self.facts["rate"].values()))
        carried = functional(payments, rates, self.book, on="occurred_on")
        priced = pl.DataFrame(list(self.facts["match"].values()), schema=SETTLEMENTS.schema, strict=True)
        return PostingInputs(
            bank_transactions=self._frame("bank", schemas.BANK_TRANSACTIONS),
            invoices=documents,
            payments=payments,
            settled_items=items(documents, carried).drop_nulls("open_functional_minor").select(SETTLED_ITEMS.names),
            balances=self._frame("balance", schemas.BALANCES),
            settlements=functional(
                priced, rates, self.book, amount="line_amount_minor", currency="line_currency", on="line_on",
                into="line_functional_minor",
            ),
            rates=rates,
        )  # fmt: skip

    @property
    def postings(self) -> Postings:
        return entries_for(self.inputs, self.book)

    def said(self, purpose: str | None = None) -> dict[str, list[str]]:
        """Entries by record or match and purpose, as a bookkeeper writes them: 'Dr 1100 120.00 USD [...]'."""
        rows = self.postings.entries.filter(pl.col("purpose") == purpose if purpose else pl.lit(True))
        return {f"{row['source_id'].split('/')[-1]} {row['purpose']}": self._lines(row) for row in rows.to_dicts()}

    def balances(self) -> dict[str, str]:
        """What is left on each account in the book's currency, once everything is posted; zeros left out."""
        entries = self.postings.entries.with_columns(carried=pl.coalesce("functional_amounts", "amounts"))
        lines = entries.select("accounts", "carried").explode("accounts", "carried", empty_as_null=False)
        sums = lines.group_by(code="accounts").agg(pl.col("carried").sum()).filter(pl.col("carried") != 0).sort("code")
        return {code: format_money(amount, self.book.currency) for code, amount in sums.rows()}

    def _lines(self, row: dict[str, Any]) -> list[str]:
        carried = row["functional_amounts"] or [None] * len(row["amounts"])
        return [
            f"{'Dr' if (amount or own) > 0 else 'Cr'} {code} {format_money(abs(amount), row['currency'])}"
            + ("" if own is None else f" [{format_money(abs(own), self.book.currency)}]")
            for code, amount, own in zip(row["accounts"], row["amounts"], carried, strict=True)
        ]

    def _add(self, kind: str, name: str, on: date, row: dict[str, Any]) -> World:
        self.facts[kind][name] = {
            "record_id": self.id_of(kind, name),
            "book": self.book.id,
            "month": str(Month.of(on)),
            "removed": False,
            "content_hash": digest(kind, name, row),
        } | row
        return self

    def _frame(self, kind: str, table: Any) -> pl.DataFrame:
        return table.frame(list(self.facts[kind].values()))

    def _line_of(self, name: str) -> dict[str, Any]:
        return self.facts["bank"].get(name) or self.facts["payment"][name]

    def _part(self, name: str, line: str, on: date, role: str, amount: str, item: str | None) -> dict[str, Any]:
        paid = self._line_of(line)
        minor = to_minor(amount, paid["currency"])
        settled = self.facts["document"].get(item or "") or self.facts["payment"].get(item or "") or {}
        share = {
            "item_kind": settled.get("kind"),
            "item_currency": settled.get("currency"),
            "item_total_minor": settled.get("total_minor"),
            "item_tax_minor": settled.get("tax_minor"),
        }
        if settled and role != "principal":
            share |= {"item_amount_minor": 0, "item_functional_minor": 0}
        elif settled:
            whole = settled.get("functional_minor", minor)
            share |= {"item_amount_minor": minor, "item_functional_minor": whole}
        return {
            "match_id": digest(name),
            "rule": "reference",
            "matched_on": on,
            "line_id": paid["record_id"],
            "line_kind": "bank" if line in self.facts["bank"] else paid["kind"],
            "line_account": paid.get("bank_account") or paid.get("account"),
            "line_on": paid.get("booked_on") or paid["occurred_on"],
            "line_currency": paid["currency"],
            "line_amount_minor": paid["amount_minor"],
            "amount_minor": minor,
            "role": role,
            "evidence_hash": paid["content_hash"],
            **share,
        }


def post(conn: Connection, world: World, *months: Month, token: int | None = None) -> journal.PostingReport:
    """Publish what a world calls for in some months (May without any)."""
    ensure_accounts(conn, [world.book])
    said = {"run_id": "run", "correlation_id": "correlation"}
    return journal.publish(conn, world.book.id, months or [MAY], world.postings.entries, token=token, **said)


def closing(conn: Connection, month: Month = MAY) -> dict[str, int]:
    """Closing balances of a month by account code, in minor units; zeros left out."""
    balance = reports.trial_balance(conn, US.id, month)
    return {code: minor for code, minor in balance.select("code", "closing_minor").rows() if minor}
