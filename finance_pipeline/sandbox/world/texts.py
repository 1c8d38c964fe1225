"""What a bank prints on a line: who, and the payer's own words, with all that people and banks do to them.

Here: the shown name, memo and references of each line, and from these the clue that the line gives. Not here: in which
fields a feed or a statement puts them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.faults import alphanumeric, cut_off, loosely_written
from finance_pipeline.sandbox.world.model import Document, Line, Party, Payout, RecordedPayment
from finance_pipeline.sandbox.world.names import PEOPLE, company_names, printed_name
from finance_pipeline.sandbox.world.numbers import Numbers
from finance_pipeline.sandbox.world.wordlists import words

_INVOICE_WORD = {
    "us": ("Invoice", "INV", "Inv."),
    "uk": ("Invoice", "Inv", "Bill ref"),
    "de": ("Rechnung", "Rg.", "RNr."),
}
_NO_WORDS = {
    "us": ("PAYMENT", "VENDOR PMT", "AP PAYMENT", "SERVICES", "THANK YOU", ""),
    "uk": ("PAYMENT", "ACCOUNT", "SERVICES", "BACS PAYMENT", "THANKS", ""),
    "de": ("Zahlung", "Überweisung", "Begleichung offener Posten", "Danke", "Gutschrift", ""),
}
_NOBODY = {
    "us": ("TRANSFER", "INSURANCE CLAIM", "REBATE", "GIFT", "ADJUSTMENT", "DEPOSIT"),
    "uk": ("REFUND", "HMRC VTR", "REBATE", "FAMILY", "GRANT", "ADJUSTMENT"),
    "de": ("Erstattung", "Rückzahlung", "Bonus", "Versicherungsleistung", "Einzahlung", "Korrektur"),
}
_MERCHANTS = words(
    "UBER TRIP|AMAZON MARKETPLACE|SHELL 4471|STAPLES|ADOBE SYSTEMS|DELTA AIR|MARRIOTT|"
    "DHL EXPRESS|GITHUB|ZOOM.US|IKEA|LINKEDIN|COSTA COFFEE|BP CONNECT|PARKING SERVICES|"
    "HILTON|NOTION LABS|CANVA|TRAINLINE|OFFICE DEPOT|BAUHAUS|LIDL"
)
_FIXED = {
    "payroll": ("PAYROLL", "SALARIES BACS", "Lohn und Gehalt"),
    "tax": ("IRS USATAXPYMT", "HMRC PAYE", "Finanzamt Steuerzahlung"),
    "rent": ("OFFICE RENT", "RENT UNIT 7", "Miete Geschäftsräume"),
    "loan": ("LOAN PAYMENT 4410022", "LOAN REPAYMENT", "Darlehen Rate 4410022"),
    "bank_fee": ("ANALYSIS FEE", "ACCOUNT CHARGES", "Entgelt Kontoführung"),
    "interest": ("INTEREST PAYMENT", "GROSS INTEREST", "Habenzinsen"),
    "expense": ("UTILITIES", "DIRECT DEBIT UTILITIES", "Stadtwerke Abschlag"),
}
_STRIPE_NAME = {"us": "STRIPE", "uk": "STRIPE PAYMENTS UK LTD", "de": "Stripe Technology Europe Ltd"}
_LONGEST_MEMO = {"us": 210, "uk": 140, "de": 140}


@dataclass
class Texts:
    """Writes the texts of one company's lines, once all documents have their numbers."""

    company: Company

    def __post_init__(self) -> None:
        self.rng = self.company.chance("texts")
        self.country = self.company.profile.country
        self.at = ("us", "uk", "de").index(self.country)
        self.numbers = Numbers(self.company.world.documents)
        self.strangers = company_names(self.company.chance("strangers"), self.country, 60)
        self.flows: dict[str, Callable[[Line], None]] = {
            "receipt": self._receipt,
            "deposit": self._deposit,
            "supplier": self._supplier,
            "direct_debit": self._supplier,
            "refund": self._refund,
            "payout": self._payout,
            "transfer": self._transfer,
            "card_purchase": self._card_purchase,
        }

    def write(self) -> None:
        for line in self.company.world.lines:
            self.flows.get(line.flow, self._fixed)(line)
            _see_clues(line)

    def _receipt(self, line: Line) -> None:
        rng = self.rng
        if line.nature == "unidentified":
            line.shown_name = rng.choice((*PEOPLE, *self.strangers)) if rng.random() < 0.75 else ""
            line.memo = rng.choice(_NOBODY[self.country])
            return
        assert line.party is not None
        self._name(line, line.party, 0.12 if self.country == "us" else 0.05)
        if line.twin is not None:
            line.memo = line.twin.memo
            return
        documents = [each.other for each in line.allocations if isinstance(each.other, Document)]
        text = self._reference(line, line.party, documents)
        if line.original is not None:
            amount, currency, rate = line.original
            text = f"{text} {currency} {amount // 100:,}.{amount % 100:02d} @ {rate}".strip()
        if self.country == "uk" and len(documents) == 1 and rng.random() < 0.4:
            text = text[:18].rstrip()
        line.memo = cut_off(rng, text, 0.05)[: _LONGEST_MEMO[self.country]]

    def _name(self, line: Line, party: Party, missing_share: float) -> None:
        """Who it says it is from: the party, now and then its parent company or a private account."""
        rng = self.rng
        if rng.random() < 0.015:
            line.shown_name = rng.choice((*PEOPLE, *self.strangers))
            return
        line.shown_name = printed_name(rng, party.name, self.country, missing_share)
        if self.country != "us" and rng.random() < 0.6:
            line.shown_iban = party.iban

    def _reference(self, line: Line, party: Party, documents: list[Document]) -> str:
        """The payer's words by its habit: all numbers, the order's number, or none at all."""
        rng = self.rng
        if party.habit == "words" or rng.random() < 0.05:
            return rng.choice(_NO_WORDS[self.country])
        if len(documents) > 1:
            return self._list(documents)
        document = documents[0]
        if party.habit == "order" and document.reference:
            return document.reference
        number = document.number
        if rng.random() < 0.035:
            number = self.numbers.mistyped(rng, document, bool(line.shown_name))
        number = loosely_written(rng, number)
        word = rng.choice(_INVOICE_WORD[self.country])
        if party.habit == "invoice_number":
            return f"{word} {number}"
        if party.habit == "customer_and_number":
            return f"{'Kd-Nr' if self.country == 'de' else 'Acct'} {int(party.id[:4], 16):05d} {number}"
        if party.habit == "number_and_date":
            day = document.issued_on
            return f"{number} vom {day:%d.%m.%Y}" if self.country == "de" else f"{number} dated {day:%d %b %Y}"
        return number

    def _list(self, documents: list[Document]) -> str:
        """Many numbers in one memo: in full, or only the first in full, or, of one batch in seven, none."""
        rng = self.rng
        if rng.random() < 0.14:
            return rng.choice(_NO_WORDS[self.country])
        numbers = [each.number for each in documents]
        separator = rng.choice((", ", " ", ",", "; ", " + ", "/"))
        if len(numbers) > 9 or rng.random() < 0.12:
            numbers = [numbers[0], *(each.rpartition("-")[2] for each in numbers[1:])]
        prefix = f"{rng.choice(_INVOICE_WORD[self.country])} " if rng.random() < 0.3 else ""
        return prefix + separator.join(numbers)

    def _deposit(self, line: Line) -> None:
        line.memo = f"DEPOSIT ID NUMBER {self.rng.randrange(100_000, 999_999)}"

    def _supplier(self, line: Line) -> None:
        """Our own payments, in our bookkeeper's words, hardly ever wrong; a direct debit, in the supplier's."""
        rng = self.rng
        if line.party is None:
            word = ("PAYMENT RUN", "PAYMENT RUN", "SAMMLER Zahllauf")[self.at]
            line.memo = f"{word} {line.end_to_end_id} {len(line.allocations)} PAYMENTS"
            return
        self._name(line, line.party, 0.02)
        numbers = [document.number for document in _documents(line)]
        how = rng.random()
        if how < 0.09:
            text = rng.choice(_NO_WORDS[self.country])
        elif line.flow == "direct_debit":
            text = f"{('DIRECT DEBIT', 'DD', 'Lastschrift')[self.at]} {numbers[0]} MREF {rng.randrange(10**7, 10**8)}"
        else:
            word = f"{rng.choice(_INVOICE_WORD[self.country])} " if how < 0.4 else ""
            text = word + rng.choice((", ", " ")).join(numbers)
        if line.end_to_end_id and rng.random() < 0.5:
            text = f"{text} {line.end_to_end_id}".strip()
        line.memo = cut_off(rng, text, 0.04)[: _LONGEST_MEMO[self.country]]

    def _refund(self, line: Line) -> None:
        assert line.party is not None
        self._name(line, line.party, 0.02)
        word = ("REFUND", "REFUND", "Erstattung")[self.at]
        numbers = [each.number for each in _documents(line)]
        line.memo = f"{word} {numbers[0]}" if numbers and self.rng.random() < 0.85 else word

    def _payout(self, line: Line) -> None:
        """Most say the payout's trace number; some only that it is the processor's money."""
        rng, payout = self.rng, line.allocations[0].other
        assert isinstance(payout, Payout)
        line.shown_name = _STRIPE_NAME[self.country] if rng.random() < 0.92 else ""
        how = rng.random()
        if how < 0.55:
            line.memo = f"STRIPE PAYOUT {payout.trace}"
        elif how < 0.7:
            line.memo = f"STRIPE {payout.id}"
        else:
            line.memo = rng.choice(("STRIPE PAYOUT", "STRIPE", "STRIPE TRANSFER"))

    def _transfer(self, line: Line) -> None:
        rng, profile = self.rng, self.company.profile
        other = profile.second if line.account is profile.main else profile.main
        going = line.amount_minor < 0
        line.shown_name = profile.name if rng.random() < 0.7 else ""
        line.shown_iban = other.statement_id if self.country != "us" and rng.random() < 0.6 else ""
        word = ("ONLINE TRANSFER", "TRANSFER", "Umbuchung")[self.at]
        where = ("TO" if going else "FROM") if self.country != "de" else ("an" if going else "von")
        line.memo = f"{word} {where} {other.name} ...{other.statement_id[-4:]}" if rng.random() < 0.7 else word
        if line.original is not None and rng.random() < 0.7:
            amount, currency, rate = line.original
            line.memo += f" {currency} {amount // 100:,}.{amount % 100:02d} @ {rate}"

    def _card_purchase(self, line: Line) -> None:
        line.shown_name = self.rng.choice(_MERCHANTS)
        line.memo = f"CARD {self.rng.randrange(1000, 9999)} {line.shown_name}"

    def _fixed(self, line: Line) -> None:
        line.memo = _FIXED[line.flow][self.at]
        if line.flow in ("rent", "loan", "expense", "tax") and self.rng.random() < 0.7:
            line.shown_name = line.memo.split(" ")[0].upper()


def _documents(line: Line) -> list[Document]:
    found = []
    for allocation in line.allocations:
        other = allocation.other
        if isinstance(other, RecordedPayment):
            found.append(other.document)
        elif isinstance(other, Document):
            found.append(other)
    return found


def _see_clues(line: Line) -> None:
    """Write down, for each allocation, what the line shows of its counterpart."""
    text = alphanumeric(line.memo)
    for allocation in line.allocations:
        other = allocation.other
        if isinstance(other, Line):
            allocation.clue = "opposite_amount"
        elif isinstance(other, Payout):
            shown = other.trace in line.memo or other.id in line.memo
            allocation.clue = "payout_id" if shown else "payout_amount"
        elif isinstance(other, RecordedPayment) and other.reference and line.end_to_end_id == other.reference:
            allocation.clue = "instruction"
        elif isinstance(other, RecordedPayment | Document):
            document = other.document if isinstance(other, RecordedPayment) else other
            allocation.clue = _document_clue(document, text, line)


def _document_clue(document: Document, text: str, line: Line) -> str:
    if alphanumeric(document.number) in text:
        return "reference"
    if document.reference and alphanumeric(document.reference) in text:
        return "order_reference"
    tail = alphanumeric(document.number)[-5:]
    if tail in text:
        return "bare_reference"
    if any(each.isdigit() for each in text) and len(line.allocations) == 1 and line.flow == "receipt":
        return "damaged_reference"
    return "party_amount" if line.shown_name else "none"
