"""The card processor's event logs: what its API shows of each object, and when it changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from finance_pipeline.core.identity import exact_json
from finance_pipeline.sandbox.world import stripe_format
from finance_pipeline.sandbox.world.cards import CardProcessor, Charge, Dispute, Refund
from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.faults import loosely_written
from finance_pipeline.sandbox.world.feed import Event
from finance_pipeline.sandbox.world.model import CardTransaction, Party, Payout
from finance_pipeline.sandbox.world.numbers import Numbers
from finance_pipeline.sandbox.world.stripe_format import ChargeTexts


@dataclass
class StripeLog:
    """The logs of one company's account, by kind. members: which movements each payout carries."""

    company: Company
    processor: CardProcessor
    logs: Mapping[str, list[Event]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.rng = self.company.chance("stripe texts")
        self.numbers = Numbers(self.company.world.documents)
        self.currency = self.company.profile.currency
        self.own = {each.id: each for each in self.processor.transactions if each.kind == "payout"}

    def write(self) -> Mapping[str, list[Event]]:
        payers: dict[str, tuple[datetime, Party]] = {}
        for charge in self.processor.charges:
            self._charge(charge)
            at, party = payers.get(charge.party.id, (charge.at, charge.party))
            payers[party.id] = (min(at, charge.at), party)
        for at, party in payers.values():
            self._say("customer", at, "added", stripe_format.customer(party, at))
        for payout in self.company.world.payouts:
            self._payout(payout)
        for each in self.processor.transactions:
            if each.kind == "stripe_fee":
                words = f"Billing - Usage Fee ({each.created_at - timedelta(days=31):%Y-%m})"
                self._movement(each, [(each.created_at, None)], words)
        return self.logs

    def _say(self, kind: str, at: datetime, op: str, content: dict[str, Any]) -> None:
        self.logs[kind].append((at, op, content["id"], exact_json(content)))

    def _movement(
        self,
        of: CardTransaction,
        sources: list[tuple[datetime, dict[str, Any] | None]],
        description: str | None,
        rate: str | None = None,
    ) -> None:
        """A balance transaction, again whenever its expanded source changes, and when it becomes available."""
        turns = sorted([*((at, 0, source) for at, source in sources), (of.available_at, 1, None)], key=lambda t: t[:2])
        source, available, op = sources[0][1], of.available_at <= of.created_at, "added"
        for at, is_settling, changed in turns:
            if is_settling and available:
                continue
            source, available = (source, True) if is_settling else (changed, available)
            text = stripe_format.balance_transaction(of, self.currency, source, description, rate, available)
            self.logs["balance_transaction"].append((at, op, of.id, text))
            op = "modified"

    def _charge(self, of: Charge) -> None:
        texts = self._texts(of)
        rate = of.original[2] if of.original else None
        changes: list[tuple[datetime, int, bool]] = [(of.at, 0, False)]
        refunded = 0
        for refund in of.refunded:
            self._refund(refund, rate)
            refunded += stripe_format.refund(refund, self.currency, {})["amount"]
            changes.append((refund.at, refunded, False))
        if of.dispute:
            self._dispute(of.dispute, rate)
            changes.append((of.dispute.at, 0, True))
        states = [(at, stripe_format.charge(of, self.currency, texts, amount, hit)) for at, amount, hit in changes]
        for turn, (at, content) in enumerate(states):
            self._say("charge", at, "modified" if turn else "added", content)
        self._movement(of.transaction, list(states), texts.description, rate)

    def _texts(self, of: Charge) -> ChargeTexts:
        """How the charge names its invoice: in metadata, in the description, mistyped, or not at all."""
        number = of.invoice.number if of.invoice else ""
        name = of.party.name if self.rng.random() < 0.93 else None
        metadata: dict[str, str] = {}
        description: str | None = None
        if of.clue == "reference":
            metadata = {"invoice_number": number}
            description = f"Invoice {number}" if self.rng.random() < 0.5 else None
        elif of.clue == "description":
            description = f"Payment for {loosely_written(self.rng, number)}"
        elif of.clue == "typo_reference":
            assert of.invoice is not None
            metadata = {"invoice_number": self.numbers.mistyped(self.rng, of.invoice, name is not None)}
        elif self.rng.random() < 0.5:
            description = self.rng.choice(("Online payment", "Subscription update", "Card payment"))
        return ChargeTexts(name, of.party.email, description, metadata)

    def _refund(self, of: Refund, rate: str | None) -> None:
        metadata = {"credit_note_number": of.note.number} if of.note and of.clue == "reference" else {}
        content = stripe_format.refund(of, self.currency, metadata)
        self._say("refund", of.at, "added", content)
        self._movement(of.transaction, [(of.at, content)], f"REFUND FOR CHARGE ({of.charge.id})", rate)

    def _dispute(self, of: Dispute, rate: str | None) -> None:
        answered = of.at + timedelta(days=2, hours=5)
        states = [(of.at, "needs_response"), (answered, "under_review")]
        if of.outcome:
            states.append((of.closed_at, of.outcome))
        contents = [(at, stripe_format.dispute(of, self.currency, status)) for at, status in states]
        for turn, (at, content) in enumerate(contents):
            self._say("dispute", at, "modified" if turn else "added", content)
        words = f"Chargeback withdrawal for {of.charge.id}"
        self._movement(of.opened, list(contents), words, rate)
        if of.returned:
            self._movement(of.returned, [contents[-1]], f"Chargeback reversal for {of.charge.id}", rate)

    def _payout(self, of: Payout) -> None:
        arrived = datetime.combine(of.arrives_on, time(12, 5), UTC)
        failure = self.processor.failures.get(of.id)
        states = [(of.created_at, "pending"), (of.created_at + timedelta(hours=9), "in_transit"), (arrived, "paid")]
        if failure:
            states.append((failure.created_at, "failed"))
        failed_by = failure.id if failure else None
        contents = [(at, stripe_format.payout(of, self.currency, status, failed_by)) for at, status in states]
        for turn, (at, content) in enumerate(contents):
            self._say("payout", at, "modified" if turn else "added", content)
        self._movement(self.own[of.transaction_id], list(contents), "STRIPE PAYOUT")
        if failure:
            self._movement(failure, [contents[-1]], "STRIPE PAYOUT FAILURE")
