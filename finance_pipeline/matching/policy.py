"""Policy: what a book allows the engine. Every limit, window and word list that is an opinion stands here.

Here: defaults with their reasons. Not here: reading overrides (policy_reading), any matching.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

from finance_pipeline.core.identity import digest
from finance_pipeline.matching.autonomy import Limit, MonthlyLimit
from finance_pipeline.matching.coding import OUT, CodingRule
from finance_pipeline.matching.terms import DiscountTerm


@dataclass(frozen=True)
class Nature:
    """Lines that have no document by nature, and how to know them."""

    name: str
    """What the exception calls it."""
    words: tuple[str, ...]
    """Words or phrases of the text, whole words, case and accents aside."""
    codes: tuple[str, ...] = ()
    """Beginnings of the bank's transaction code."""
    account_code: str | None = None
    """Ledger account that its lines are coded to where no rule of the book's own wants them; None: a person's."""
    direction: str = ""
    """Only lines of this direction are coded: in, out, or both (empty)."""


_NATURES = (
    Nature(
        "bank fee",
        (
            *(
                "bank fee",
                "bank charges",
                "service fee",
                "service charge",
                "account fee",
                "account charges",
                "wire fee",
            ),
            *("monthly fee", "maintenance fee", "kontofuehrung", "entgelt", "abschluss", "frais bancaires"),
        ),
        ("BANK_FEES", "CHRG", "ACMT-MCOP-CHRG"),
        account_code="6820",
    ),
    Nature(
        "payroll payment",
        ("payroll", "salary", "salaries", "wages", "lohn", "gehalt", "gehaelter", "loehne", "salaire", "salaires"),
        ("INCOME_WAGES", "PMNT-ICDT-SALA", "SALA"),
        account_code="6000",
        direction=OUT,
    ),
    Nature(
        "posting of interest",
        ("interest", "zinsen", "habenzinsen", "sollzinsen", "interets"),
        ("INCOME_INTEREST", "INTR"),
        account_code="6930",
    ),
    Nature(
        "tax payment",
        (
            *("tax payment", "usataxpymt", "irs", "hmrc", "paye", "finanzamt", "umsatzsteuer", "lohnsteuer"),
            *("vat payment", "corporation tax", "franchise tax", "sales tax"),
        ),
        ("GOVERNMENT_AND_NON_PROFIT_TAX", "TAXS"),
        account_code="2210",
        direction=OUT,
    ),
    Nature(
        "rent payment",
        ("rent", "miete", "loyer", "office lease"),
        ("RENT_AND_UTILITIES_RENT", "RENT"),
        account_code="6100",
        direction=OUT,
    ),
)
KNOWN_TIERS = (0, 1, 2, 3, 4, 5, 6)
"""Tiers that a policy may name. Suggestions (7) are never automatic."""


@dataclass(frozen=True)
class Policy:
    """What the engine may accept for one book. The defaults are the documentation."""

    tiers: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """Kinds of evidence that may match without a person."""
    early_days: int = 5
    """A document named by its number may be dated this many days after its money (paid at order, invoiced later)."""
    party_early_days: int = 0
    """The same where party and amount are all the evidence."""
    party_window_days: int = 365
    """Where party and amount are all the evidence, a document competes for money this many days after its date."""
    party_late_days: int = 60
    """It is taken only this many days after it was due (after its date, where it has no terms): later, that an amount
    agrees is as likely chance, or part of what was settled otherwise."""
    recorded_days: int = 10
    """A payment recorded in the accounting system meets its bank line within this many days, either way."""
    payout_early_days: int = 1
    """A payout may arrive this many days before it is expected."""
    payout_lag_days: int = 7
    """A payout may arrive this many days after it is expected (weekends, holidays)."""
    transfer_lag_days: int = 5
    """Two legs of a transfer between own accounts lie within this many days."""
    transfer_needs_words: bool = True
    """A transfer needs a text that says so on one leg at least, or the same name on both: two strangers' payments of
    one round amount in one week are not rare."""
    transfer_fee_limit_minor: int = 5_000
    """A transfer may lose a charge of at most this many minor units, and a fiftieth, on its way."""
    transfer_words: tuple[str, ...] = (
        *("own account", "own accounts", "internal transfer", "account transfer", "online transfer", "book transfer"),
        *("transfer to", "transfer from", "between accounts", "intra company", "sweep", "cash concentration"),
        *("umbuchung", "uebertrag", "ubertrag", "eigenuebertrag", "virement interne", "top up", "funding transfer"),
        *("vir interne", "eigen rekening", "eigen rekeningen", "tussen rekeningen", "interne overboeking", "giroconto"),
        *("girofondo", "trasferimento interno", "traspaso", "transferencia interna", "egen konto", "egne kontoer"),
        *("egna konton", "egen overforing", "intern overforing", "intern overfoering", "kontoubertrag", "internal trf"),
        *("przelew wlasny", "przelew wewnetrzny", "oma tilisiirto", "omien tilien", "own acct", "intercompany", "tfr"),
        *("int transfer", "account sweep", "zba transfer", "cash pooling", "pooling", "interaccount", "wire to self"),
        *("account to account", "own funds", "eigene konten", "eigenen konten", "eigenes konto", "konto zu konto"),
        *("compte a compte", "entre comptes", "comptes propres", "eigen rekening naar", "rekening naar rekening"),
        *("cuenta a cuenta", "entre cuentas", "cuentas propias", "conto a conto", "tra conti", "conti propri"),
        *("entre contas", "contas proprias", "egne konti", "mellom egne", "mellem egne", "mellan egna", "egna konto"),
        *("oma siirto", "omat tilit", "na wlasne konto", "miedzy rachunkami", "rachunki wlasne"),
    )
    """Phrases by which banks and people mark money that only changes accounts."""
    short_payment_limit_minor: int = 50
    """A reference whose money falls short by at most this many minor units settles in full; the rest is written off."""
    partial_least_rest_percent: int = 1
    """A part payment leaves at least this share open. Less missing is a short payment beyond its limit, which is asked
    about: a book that wants to be asked about deductions too raises it."""
    name_prefix_min_chars: int = 10
    """A name cut by a bank counts from this many characters, where it fits one party only."""
    memo_cut_lengths: tuple[int, ...] = (18, 27, 32, 35, 140)
    """A memo of exactly this length was probably cut, and may have named more."""
    processor_names: tuple[str, ...] = (
        *("stripe", "adyen", "paypal", "square", "braintree", "worldpay", "checkout com", "mollie", "sumup"),
        *("gocardless", "klarna", "zettle", "authorize net", "shopify payments", "amazon payments"),
    )
    """Names by which a processor's payout is known in a bank's text."""
    card_words: tuple[str, ...] = (
        *("card", "cards", "merchant", "acquirer", "acquiring", "settlement", "payout", "kartenzahlung", "cartes"),
        *("nexi", "sumup payments", "elavon", "concardis", "payone", "six payment", "global payments", "first data"),
    )
    """Words by which card settlements are known that name no processor."""
    processor_fee_max_basis_points: int = 500
    """What a processor may keep of a batch whose net is not known, in hundredths of a per cent of its gross."""
    pending_words: tuple[str, ...] = (
        *("pending", "vorgemerkt", "vormerkung", "en attente", "a venir", "in behandeling", "reserveret", "reservert"),
        *("in elaborazione", "pendiente", "w toku", "varattu"),
    )
    """Words by which banks mark a line that they have not booked yet; the booked one says the rest alone."""
    return_words: tuple[str, ...] = (
        *("return", "returned", "returns", "retour", "rueckgabe", "ruecklastschrift", "rueckueberweisung", "reject"),
        *("rejected", "rjct", "reversal", "reversed", "storno", "rimpatriato", "insoluto", "impaye", "devolucion"),
        *("chargeback return", "unpaid", "refused", "retur", "stornering", "palautus", "zwrot", "terugboeking"),
        *("storno lastschrift", "retoure", "rejet", "rifiutato", "devuelto", "recall", "bounced", "nsf", "ach return"),
        *("rueckleitung", "ruecklauf", "rueckbelastung", "ac01", "ac04", "ac06", "ac13", "am04"),
        *("md01", "md06", "md07", "ms02", "ms03", "rr04"),
    )
    """Words by which banks say that a payment came back, and the reasons that they give as codes."""
    return_days: int = 60
    """A payment comes back within this many days."""
    return_fee_limit_minor: int = 5_000
    """What a bank may keep, or charge with, a returned payment."""
    coincidences_per_million: int = 100
    """A sum without references is accepted only if chance would produce at most so many of a million like it."""
    fee_amounts_minor: tuple[int, ...] = (
        *(500, 600, 700, 750, 800, 900, 1_000, 1_200, 1_250, 1_500, 1_750, 1_800, 2_000, 2_200, 2_500, 2_800, 3_000),
        *(3_500, 4_000, 4_500, 5_000),
    )
    """Charges that banks on the way take off a payment, where it names its document (minor units)."""
    overpayment_max_percent: int = 50
    """A payment that names one document may exceed it by this share; what is over stands on account."""
    fx_band_basis_points: int = 300
    """A payment in another currency may differ so much from the day's reference rate, in hundredths of a per cent."""
    fx_unnamed_band_basis_points: int = 150
    """The same of a payment that names no document: whatever lies that near is near by chance too often beyond it."""
    recurring_words: tuple[str, ...] = (
        *("rent", "subscription", "monthly", "standing order", "abo", "abonnement", "abonnements", "miete", "wartung"),
        *(
            "loyer",
            "huur",
            "leie",
            "hyra",
            "vuokra",
            "affitto",
            "canone",
            "alquiler",
            "cuota",
            "membership",
            "retainer",
        ),
        *(
            "dauerauftrag",
            "pacht",
            "leasing",
            "lease",
            "maintenance",
            "service contract",
            "instalment plan",
            "abonnemang",
        ),
        *("tilaus", "husleje", "abbonamento", "suscripcion", "mensualite", "maandelijks", "monatlich", "czynsz"),
    )
    """Words by which payers say that a payment comes again and again."""
    recurring_days: int = 12
    """Of equal items of one party, months apart, that one is paid whose due date lies within this many days, alone."""
    oldest_first: bool = False
    """Of items of one party that are equal in amount, kind, tax, terms and accounts, a receipt that names none settles
    the oldest. Off by default: to the books it is all the same which, to the party it may not be."""
    natures: tuple[Nature, ...] = _NATURES
    """Lines without a document by nature. Those that name an account are coded there, after the book's own rules."""
    coding_rules: tuple[CodingRule, ...] = ()
    """The book's own rules, in order, for lines that no open item wants: the first that fits codes the line."""
    monthly_limits: tuple[MonthlyLimit, ...] = (MonthlyLimit("write_off", 10_000),)
    """What a book and month may give up by itself, by kind of difference and currency: each write-off is of cents, and
    two hundred of them are somebody's habit."""
    autonomy: tuple[Limit, ...] = ()
    """Limits, in order, up to which what was found is accepted without a person: the first that fits counts. Without
    any, tiers 0 to 6 are accepted whatever their amount."""

    discount_terms: tuple[DiscountTerm, ...] = ()
    """Early-payment discounts of documents that state none, since accounting systems rarely do: in order, the first
    that fits counts. None by default: a discount that nobody agreed on is a short payment."""

    @property
    def chance_bound(self) -> float:
        """How many coincidences may be expected of a sum that is accepted."""
        return self.coincidences_per_million / 1_000_000

    @cached_property
    def digest(self) -> str:
        """Changes when, and only when, a value does."""
        return digest(*(f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self)))
