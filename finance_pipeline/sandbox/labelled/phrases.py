"""What banks and payers write around numbers and names, by language. {b}: the payer's words, {n}: the name.

{c} customer number, {d} date, {x} a trace number, {e} an end-to-end id, {a} the amount. Words only; nothing here knows
what a line pays.
"""

from __future__ import annotations

NUMBER_WORDS = {
    "en": ("", "", "INV ", "Invoice ", "inv no ", "Bill ", "Ref ", "INVOICES ", "#"),
    "de": ("", "", "RE ", "Rechnung ", "RG Nr ", "Rg.-Nr. ", "ReNr.", "Rechnungsnr. ", "RNr "),
    "fr": ("", "", "FACT ", "Facture ", "fact. no ", "REGLEMENT FACTURE ", "Vos factures "),
    "nl": ("", "", "Factuur ", "factuurnr ", "FACT ", "betreft ", "Uw factuur "),
    "sv": ("", "", "Faktura ", "fakt ", "Fakturanr ", "avser "),
    "no": ("", "", "Faktura ", "fakt.nr ", "Betaling av faktura ", "gjelder "),
    "jp": ("", "", "INVOICE ", "INV ", "SEIKYUSHO ", "NO."),
}
SILENT = {
    "en": ("", "PAYMENT", "Payment on account", "thank you", "SUPPLIER PAYMENT", "REMITTANCE", "AP PMT"),
    "de": ("", "Zahlung", "Akonto", "vielen Dank", "Ausgleich", "Lieferantenzahlung", "Kontoausgleich"),
    "fr": ("", "REGLEMENT", "Virement", "paiement fournisseur", "solde de compte"),
    "nl": ("", "Betaling", "voldoening", "crediteuren betaling", "onze betaling"),
    "sv": ("", "Betalning", "inbetalning", "leverantörsbetalning"),
    "no": ("", "Betaling", "innbetaling", "oppgjør"),
    "jp": ("", "FURIKOMI", "SHIHARAI", "PAYMENT"),
}
TRAILS = {
    "en": ("", "", "", " acct {c}", " dated {d}", " {a}", " cust {c}"),
    "de": ("", "", "", " Kd-Nr {c}", " vom {d}", " KdNr. {c}", " Betrag {a}"),
    "fr": ("", "", "", " du {d}", " client {c}"),
    "nl": ("", "", "", " d.d. {d}", " debiteur {c}", " klantnr {c}"),
    "sv": ("", "", "", " kundnr {c}", " {d}"),
    "no": ("", "", "", " kundenr {c}", " {d}"),
    "jp": ("", "", "", " {d}"),
}
FRAMES = {
    "en": (
        *("{b}", "{b}", "{b}", "BGC {b}", "FASTER PAYMENT {b}", "ACH CREDIT {b}", "{b} FP {d} {x}", "REF:{b}"),
        "ORIG ID:{x} DESC DATE:{d} CO ENTRY DESCR:PAYMENT SEC:CCD IND ID:{b}",
        "ACH CREDIT SEC:PPD TRACE#:{x} {b}",
        "WIRE IN {d} TRN {x} RFB {b} OBI INV",
        "RMR*IV*{b}*PI*{a}",
    ),
    "de": (
        *("{b}", "{b}", "{b}", "SVWZ+{b}", "EREF+NOTPROVIDED SVWZ+{b}", "EREF+{e} SVWZ+{b}", "GUTSCHRIFT {b}"),
        "EREF+{e} KREF+{x} SVWZ+{b}",
        "EREF+{e} MREF+{x} CRED+DE98ZZZ{x} SVWZ+{b}",
        "SEPA-UEBERWEISUNG {b} DATUM {d}",
    ),
    "fr": ("{b}", "{b}", "VIR SEPA {b}", "VIR RECU /MOTIF {b} /REFDO {x}", "VIREMENT {x} /RNF {b}", "VIR INST {b}"),
    "nl": ("{b}", "{b}", "/TRTP/SEPA OVERBOEKING/REMI/{b}/EREF/{e}", "Omschrijving: {b} Kenmerk: {e}", "SEPA {b}"),
    "sv": ("{b}", "{b}", "BG {b}", "INS {x} {b}", "BANKGIRO {d} {b}"),
    "no": ("{b}", "{b}", "OCR GIRO {b}", "Giro {x} {b}", "Fra: {b}"),
    "jp": ("{b}", "{b}", "FURIKOMI {b}", "SOKIN {x} {b}"),
}
NAMED_FRAMES = {
    "en": (
        *("{n} {b}", "ACH CREDIT {n} {b}", "BACS {n} {b}", "FROM {n} REF {b}", "{b} {n}"),
        "ORIG CO NAME:{n} ORIG ID:{x} DESC DATE:{d} CO ENTRY DESCR:PAYMENT SEC:CCD IND ID:{b}",
        "WIRE TYPE:WIRE IN DATE:{d} TRN:{x} ORIG:{n} OGB:BANK PMT DET:{b}",
    ),
    "de": ("{n} {b}", "VON {n} SVWZ+{b}", "EREF+{e} SVWZ+{b} ABWA+{n}", "GUTSCHRIFT {n} {b}"),
    "fr": ("VIR SEPA DE {n} {b}", "VIR RECU /DE {n} /MOTIF {b} /REF {x}", "{n} {b}"),
    "nl": ("/TRTP/SEPA OVERBOEKING/NAME/{n}/REMI/{b}/EREF/{e}", "Naam: {n} Omschrijving: {b}", "{n} {b}"),
    "sv": ("{n} {b}", "BG FRÅN {n} {b}", "INS {n} {b}"),
    "no": ("{n} {b}", "Fra: {n} Betalt: {d} {b}", "GIRO {n} {b}"),
    "jp": ("{n} {b}", "FURIKOMI {n} {b}"),
}
FLOWS: dict[str, dict[str, tuple[str, ...]]] = {
    "payment": {
        "en": (
            "{b}",
            "{b}",
            "BILL PAYMENT {b}",
            "ACH DEBIT {b}",
            "FPO {b} {d}",
            "ONLINE PAYMENT {x} {b}",
            "WIRE OUT {x} {b}",
        ),
        "de": ("{b}", "{b}", "SVWZ+{b}", "ÜBERWEISUNG {b}", "EREF+{e} SVWZ+{b}", "ONLINE-UEBERWEISUNG {b} DATUM {d}"),
        "fr": ("{b}", "{b}", "VIR SEPA EMIS {b}", "VIREMENT EMIS /MOTIF {b} /REF {x}"),
        "nl": ("{b}", "{b}", "/TRTP/SEPA OVERBOEKING/REMI/{b}/EREF/{e}", "Betaling {b}"),
        "sv": ("{b}", "{b}", "BG-BETALNING {b}", "LB {d} {b}"),
        "no": ("{b}", "{b}", "Nettgiro {b}", "Til: {b} {x}"),
        "jp": ("{b}", "{b}", "FURIKOMI {b}", "SOKIN {x} {b}"),
    },
    "deposit": {"": ("DEPOSIT {b}", "LOCKBOX {x} {b}", "REMISE CHEQUES {b}", "{b}")},
    "payout": {"": ("{p} PAYOUT {k}", "{p} {k}", "{p} TRANSFER {k}", "AUSZAHLUNG {p} {k}", "{k} {p} SETTLEMENT {d}")},
    "acquirer": {"": ("{p} MERCHANT {x} NET SALES", "{p} SETTLEMENT {d}", "KARTENUMSATZ {p} {x}", "REMISE CB {p}")},
    "payment_run": {"": ("PAYMENT RUN {k} {x}", "SAMMLER {k}", "BACS RUN {k}", "VIREMENTS GROUPES {k}", "BATCH {k}")},
    "cheque": {"": ("CHECK {k}", "CHQ {k}", "CHEQUE NO {k}", "SCHECK NR {k}", "CHEQUE {k} PAID {d}")},
    "direct_debit": {
        "en": ("DIRECT DEBIT {b}", "DD {b} MANDATE {x}"),
        "de": ("LASTSCHRIFT {b}", "EREF+{e} MREF+{x} SVWZ+{b}", "SEPA-BASISLASTSCHRIFT {b} MREF+{x}"),
        "": ("DD {b}", "PRLV SEPA {b}", "AUTOGIRO {b}", "INCASSO {b} MACHTIGING {x}"),
    },
    "refund": {
        "en": ("REFUND {b}", "CREDIT NOTE {b}", "{b} refund"),
        "de": ("Erstattung {b}", "GUTSCHRIFT {b}", "Rückzahlung {b}"),
        "": ("REMBOURSEMENT {b}", "REFUND {b}", "{b}", "Retur {b}"),
    },
    "returned": {
        "en": ("RETURNED {b} {k}", "UNPAID {b} {k}", "REJECTED PAYMENT {k} {b}", "RETURN R03 {k} {b}"),
        "de": ("RÜCKLASTSCHRIFT {b} {k}", "RETOURE {k} {b}", "RUECKUEBERWEISUNG SVWZ+{b} {k}"),
        "": ("RETURN {k} {b}", "REJET {b} {k}", "RETOUR {b} {k}"),
    },
    "chargeback": {"": ("CHARGEBACK {p} {b}", "{p} DISPUTE {b}", "RETROFACTURATION {b}", "CB REVERSAL {b} {x}")},
    "cash": {"": ("CASH DEPOSIT {x}", "BAREINZAHLUNG", "VERSEMENT ESPECES {d}", "STORTING {x}", "NIGHT SAFE {d}")},
    "bank_fee": {
        "en": ("MONTHLY ACCOUNT FEE", "BANK CHARGES {d}", "WIRE FEE {x}", "SERVICE CHARGE"),
        "de": ("ENTGELTABSCHLUSS", "Kontoführung {d}", "BUCHUNGSENTGELT"),
        "fr": ("FRAIS BANCAIRES", "COMMISSION DE MOUVEMENT"),
        "": ("BANK FEE {d}", "Kosten betaalpakket", "Bankavgift", "Omkostninger", "TESURYO"),
    },
    "payroll": {
        "en": ("PAYROLL {d}", "SALARIES {d}", "WAGES RUN {x}"),
        "de": ("LOHN/GEHALT {d}", "Gehälter {d}"),
        "": ("SALAIRES {d}", "SALARIS {d}", "LÖNER {d}", "LØNN {d}", "PAYROLL {d}"),
    },
    "interest": {"": ("INTEREST {d}", "ZINSEN {d}", "INTERETS", "RENTE {d}", "RÄNTA", "Renter {d}")},
    "tax": {
        "en": ("TAX PAYMENT {x}", "VAT PAYMENT {x}", "IRS USATAXPYMT {x}", "HMRC VAT {x}"),
        "de": ("FINANZAMT UST {d}", "Umsatzsteuer {d} StNr {x}", "LOHNSTEUER {d}"),
        "": ("TVA {d}", "BELASTINGDIENST {x}", "SKATTEVERKET {x}", "SKATT {x}", "VAT PAYMENT {x}"),
    },
    "rent": {"": ("RENT {d}", "MIETE {d}", "LOYER {d}", "HUUR {d}", "HYRA {d}", "OFFICE RENT")},
    "card": {"": ("CARD {x} FUEL STATION", "POS {d} OFFICE STORE", "KARTENZAHLUNG {d} TANKSTELLE", "CB HOTEL {d}")},
    "transfer": {
        "en": ("ONLINE TRANSFER {x}", "TRANSFER BETWEEN ACCOUNTS", "INTERNAL TRANSFER", "transfer to own account {x}"),
        "de": ("UMBUCHUNG", "Übertrag {d}", "Umbuchung auf eigenes Konto", "EIGENÜBERTRAG {x}"),
        "fr": ("VIREMENT INTERNE", "VIR COMPTE A COMPTE {d}"),
        "nl": ("overboeking eigen rekening", "Interne overboeking {x}"),
        "sv": ("ÖVERFÖRING {x}", "Överföring egna konton"),
        "no": ("OVERFØRING {x}", "Overføring mellom egne konti"),
        "jp": ("FURIKAE", "ACCOUNT TRANSFER {x}"),
    },
}
CODES = {
    "receipt": ("PMNT-RCDT-ESCT", "NTRF", "ACH_CREDIT"),
    "payment": ("PMNT-ICDT-ESCT", "NTRF", "ACH_DEBIT"),
    "direct_debit": ("PMNT-RDDT-ESDD", "NDDT", "ACH_DEBIT"),
    "refund": ("PMNT-ICDT-ESCT", "NTRF", "ACH_CREDIT"),
    "deposit": ("PMNT-RCHQ-CCHQ", "NCHK", "DEPOSIT"),
    "payout": ("PMNT-RCDT-ESCT", "NTRF", "ACH_CREDIT"),
    "acquirer": ("PMNT-MCRD-POSC", "NTRF", "ACH_CREDIT"),
    "payment_run": ("PMNT-ICDT-ESCT", "NTRF", "ACH_DEBIT"),
    "cheque": ("PMNT-ICHQ-CCHQ", "NCHK", "CHECK"),
    "transfer": ("PMNT-RCDT-BOOK", "NTRF", "TRANSFER"),
    "returned": ("PMNT-RCDT-RRTN", "NRTI", "RETURN"),
    "chargeback": ("PMNT-MCRD-CHRG", "NMSC", "CHARGEBACK"),
    "cash": ("PMNT-CNTR-CDPT", "NMSC", "DEPOSIT"),
    "bank_fee": ("ACMT-MDOP-CHRG", "NCHG", "FEE"),
    "payroll": ("PMNT-ICDT-SALA", "NTRF", "PAYROLL"),
    "interest": ("ACMT-MCOP-INTR", "NINT", "INTEREST"),
    "tax": ("PMNT-ICDT-TAXS", "NTRF", "ACH_DEBIT"),
    "rent": ("PMNT-ICDT-STDO", "NSTO", "ACH_DEBIT"),
    "card": ("PMNT-CCRD-POSD", "NMSC", "CARD"),
    "stranger": ("PMNT-RCDT-ESCT", "NTRF", "ACH_CREDIT"),
}
"""By flow: as ISO 20022 banks, MT940 banks and American banks code it."""
