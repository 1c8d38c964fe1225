"""The words of headers and kinds, in the languages that lists of open items come in.

Here: words, and how a header is made comparable. Not here: which column is what (headers).
Phrases are as `plain` makes them: lower case, no accents, one space between words.
"""

from __future__ import annotations

import re
import unicodedata

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "đ": "d", "ł": "l"})
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def plain(text: str) -> str:
    """A header as words: 'Fällig am' and 'FÄLLIG_AM' are 'fallig am', 'InvoiceNumber' is 'invoice number'."""
    apart = _CAMEL.sub(" ", text).casefold().translate(_LETTERS)
    bare = "".join(c for c in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", bare).strip()


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase for line in text.split("\n") if (stripped := line.strip()) for phrase in stripped.split(", "))


FIELDS: dict[str, tuple[str, ...]] = {
    "number": _phrases(
        """
        invoice number, invoice no, invoice nr, invoice id, invoice, invoice num, document number, document no, document
        doc number, doc no, doc nr, bill number, bill no, bill, num, number, no, nr, voucher number, voucher no, voucher
        rechnungsnummer, rechnungs nummer, rechnungsnr, rechnungs nr, rechnung nr, rechnung, re nr, belegnummer
        beleg nr, belegnr, beleg, nummer
        numero de facture, numero facture, n de facture, n facture, no facture, num facture, facture n, facture
        numero de piece, n piece, no piece, piece, numero, n
        factuurnummer, factuur nummer, factuurnr, factuur nr, factuur, boekstuknummer, boekstuk, stuknummer
        numero de la factura, num factura, n de factura, factura, numero de documento
        numero fattura, n fattura, fattura n, fattura, numero documento, n documento, numero doc, documento
        fakturanummer, fakturanr, faktura nr, faktura, fakturanro, bilagsnummer, bilagsnr, bilag
        laskun numero, laskunumero, laskunro, lasku
        """
    ),
    "party": _phrases(
        """
        customer, customer name, client, client name, debtor, debtor name, account name, party, contact, contact name
        bill to, sold to, payer, company, company name, name, supplier, supplier name, vendor, vendor name, payee
        creditor, creditor name, business partner
        kunde, kundenname, debitor, debitorname, debitorenname, lieferant, lieferantenname, kreditor, kreditorname
        kreditorenname, geschaftspartner, firma, firmenname
        nom du client, nom client, raison sociale, societe, nom, fournisseur, nom du fournisseur, nom fournisseur, tiers
        klant, klantnaam, debiteur, debiteurnaam, leverancier, leveranciersnaam, naam leverancier, crediteur
        crediteurnaam, relatie, relatienaam, bedrijf, bedrijfsnaam, naam, naam klant
        cliente, nombre del cliente, nombre cliente, razon social, nombre, proveedor, nombre del proveedor
        nombre proveedor
        ragione sociale, nome cliente, nome, fornitore, nome fornitore, denominazione, intestatario
        kund, kundnamn, namn, foretag, leverantor, leverantorsnamn, kundenavn, kundens navn, navn, leverandor
        leverandornavn, asiakas, asiakkaan nimi, nimi, toimittaja, toimittajan nimi
        """
    ),
    "party-id": _phrases(
        """
        customer number, customer no, customer nr, customer id, customer code, client id, client number, client no
        client code, vendor number, vendor no, vendor id, vendor code, supplier number, supplier no, supplier id
        supplier code, debtor number, debtor no
        kundennummer, kundennr, kunden nr, kunde nr, kdnr, kd nr, debitorennummer, debitorennr, debitor nr
        debitornummer, kreditorennummer, kreditorennr, kreditor nr, lieferantennummer, lieferantennr, lieferanten nr
        code client, numero client, n client, no client, code fournisseur, numero fournisseur, n fournisseur
        klantnummer, klantnr, klantcode, debiteurnummer, debiteurennummer, debiteurnr, leveranciersnummer
        crediteurnummer
        codigo cliente, codigo de cliente, codigo proveedor, codigo de proveedor, codice cliente, codice fornitore
        kundnummer, kundnr, kundenummer, kundenr, leverantorsnummer, leverandornummer, asiakasnumero, toimittajanumero
        """
    ),
    "open": _phrases(
        """
        open amount, amount open, open balance, open, outstanding, outstanding amount, amount outstanding
        outstanding balance, balance, balance due, amount due, due amount, total due, total amount due, remaining
        remaining amount, amount remaining, remaining balance, unpaid, unpaid amount, residual, residual amount
        offen, offener betrag, offene summe, offener saldo, offener posten, betrag offen, noch offen, restbetrag, rest
        saldo, rechnungsbetrag offen
        solde, solde du, solde restant, reste a payer, reste du, restant du, montant du, montant restant
        openstaand, openstaand bedrag, openstaand saldo, openstaande bedrag, restbedrag, nog te betalen, te betalen
        pendiente, importe pendiente, saldo pendiente, pendiente de cobro, pendiente de pago
        residuo, importo residuo, importo aperto, da incassare, da pagare, saldo aperto
        restbelop, restbelopp, restbelob, utestaende, utestaende belop, utestaende belopp
        kvarstar, kvarstaende, apent belop, apen saldo, abent belob
        aben saldo, avoin, avoinna, avoin summa, avoin saldo
        """
    ),
    "total": _phrases(
        """
        amount, total, total amount, invoice amount, invoice total, bill amount, document amount, gross amount
        amount gross, gross, original amount, value, sum, amount incl vat, total incl vat
        betrag, rechnungsbetrag, gesamtbetrag, bruttobetrag, brutto, endbetrag, gesamt, summe, belegbetrag
        montant, montant ttc, montant total, total ttc, ttc, montant facture
        bedrag, factuurbedrag, totaalbedrag, totaal, bedrag incl btw, bruto
        importe, importe total, importe factura, total factura, monto
        importo, importo totale, importo fattura, totale, totale fattura, totale documento
        belop, belopp, belob, fakturabelop, fakturabelopp, fakturabelob
        totalbelop, totalbelopp, totalt, summa, laskun summa, loppusumma
        """
    ),
    "currency": _phrases(
        """
        currency, currency code, ccy, curr, cur, wahrung, waehrung, whg, wkz, devise, monnaie, valuta, munt, muntsoort
        moneda, divisa, valutakode, valutakod, valuutta
        """
    ),
    "issued": _phrases(
        """
        date, invoice date, issue date, issued, issued on, date issued, document date, doc date, bill date
        transaction date
        datum, rechnungsdatum, rechnung vom, belegdatum, ausstellungsdatum, re datum
        date de facture, date facture, date de la facture, date de facturation, date d emission, date piece
        factuurdatum, boekdatum, fecha, fecha factura, fecha de factura, fecha de emision, fecha emision
        data, data fattura, data documento, data emissione, data di emissione
        fakturadatum, fakturadato, dato, bilagsdato, paivays, laskun paivays, laskupaiva, laskun pvm, pvm
        """
    ),
    "due": _phrases(
        """
        due, due date, due on, date due, payment due, payment due date, maturity, maturity date, pay by
        fallig, fallig am, falligkeit, falligkeitsdatum, falligkeitstag, nettofalligkeit, zahlbar bis
        echeance, date d echeance, date echeance, vervaldatum, vervaldag, vervalt op
        vencimiento, fecha de vencimiento, fecha vencimiento, scadenza, data scadenza, data di scadenza
        forfallodatum, forfallodag, forfaller, forfallsdato, forfall, forfaldsdato, forfald, erapaiva, erapvm
        """
    ),
    "kind": _phrases(
        """
        type, kind, document type, doc type, transaction type, art, belegart, belegtyp, dokumentart, typ
        type de document, type de piece, type piece, soort, documentsoort, tipo, tipo de documento, tipo documento
        bilagstype, laji, tyyppi
        """
    ),
    "account": _phrases(
        """
        iban, bank account, bank account number, bank account no, customer iban, vendor iban, supplier iban
        bankverbindung, iban kunde, iban lieferant, bankkonto, compte bancaire, iban client, bankrekening
        bankrekeningnummer, rekeningnummer, cuenta bancaria, conto corrente, coordinate bancarie, bankkontonummer
        tilinumero
        """
    ),
    "reference": _phrases(
        """
        reference, your reference, your ref, payment reference, structured reference, creditor reference, ref
        customer reference, customer ref, remittance reference, purchase order, po number, po no, po, order number
        order no, qr reference
        referenz, ihre referenz, ihr zeichen, zahlungsreferenz, bestellnummer, auftragsnummer, verwendungszweck
        reference client, votre reference, reference de paiement, communication structuree, numero de commande
        n commande
        referentie, uw referentie, kenmerk, uw kenmerk, betalingskenmerk, gestructureerde mededeling, ordernummer
        bestelnummer
        referencia, su referencia, referencia de pago, numero de pedido, riferimento, vostro riferimento
        riferimento ordine
        referens, er referens, ocr, ocr nummer, kid, kid nummer, betalingsreferanse, referanse, deres ref, betalingsid
        viite, viitenumero
        """
    ),
    "discount": _phrases(
        """
        discount, discount percent, discount percentage, discount rate, cash discount, early payment discount
        skonto, skonto prozent, skonto in prozent, skontosatz, escompte, taux d escompte, taux escompte
        korting, betalingskorting, kortingspercentage, descuento, descuento pronto pago, sconto, sconto percentuale
        kassarabatt, kontantrabatt, kasserabat, kassaalennus
        """
    ),
    "discount-until": _phrases(
        """
        discount until, discount date, discount due date, discount by, discount till, skonto bis, skontofrist
        skontodatum, skontotag, escompte jusqu au, date d escompte, korting tot, kortingsdatum, descuento hasta
        fecha descuento, sconto fino al, data sconto, kassarabatt tom, kasserabat til
        """
    ),
}
GENERIC = frozenset(
    _phrases(
        """
        number, no, nr, n, num, numero, nummer, name, naam, nom, nombre, nome, namn, navn, nimi, company, firma, contact
        party, date, datum, fecha, data, dato, pvm, document, documento, beleg, piece, bilag, voucher, type, kind, typ
        reference, ref, open, due, bill
        """
    )
)
"""Words that give way to a column with a fuller name, and are only known alone."""
IGNORED = frozenset(
    _phrases(
        """
        paid, net, netto, vat, tax, steuer, mwst, ust, tva, ht, btw, iva, imponibile, moms, alv, bezahlt, gezahlt, paye
        betaald, pagado, pagato, betalt, limit, days, tage, jours, dagen, dias, giorni, discount amount, skontobetrag
        discounted, overdue, local, functional, rate, kurs, status, email, phone
        """
    )
)
"""Words of columns that hold something else, whatever else their header says."""
CREDIT_WORDS = frozenset(
    _phrases(
        """
        credit note, credit memo, credit, creditnote, cn, cm, cr, refund, gutschrift, gs, storno, rechnungskorrektur
        avoir, note de credit, creditnota, creditfactuur, credit nota, abono, nota de credito, nota de abono
        factura rectificativa, nota di credito, nota credito, nc, kreditnota, kreditfaktura, kreditering, hyvityslasku
        accreccredit, accpaycredit, supplier credit, vendor credit, bill credit
        """
    )
)
BILL_WORDS = frozenset(
    _phrases(
        """
        bill, supplier invoice, vendor invoice, purchase invoice, ap invoice, accpay, eingangsrechnung
        lieferantenrechnung, kreditorenrechnung, facture fournisseur, facture d achat, inkoopfactuur
        leveranciersfactuur, factura de proveedor, factura de compra, fattura fornitore, fattura di acquisto
        leverantorsfaktura, leverandorfaktura, ostolasku
        """
    )
)
SUPPLIER_CREDIT_WORDS = frozenset(("accpaycredit", "supplier credit", "vendor credit", "bill credit"))
INVOICE_WORDS = frozenset(
    _phrases(
        """
        invoice, inv, customer invoice, sales invoice, ar invoice, accrec, rechnung, re, rg, ausgangsrechnung
        kundenrechnung, facture, fa, facture client, facture de vente, factuur, verkoopfactuur, factura, fc
        factura de venta, fattura, ft, fattura di vendita, faktura, kundefaktura, kundfaktura, lasku, myyntilasku
        """
    )
)
TOTAL_WORDS = (
    *("total", "totals", "grand total", "sub total", "subtotal", "sum", "summe", "gesamt", "gesamtsumme"),
    *("zwischensumme", "totaal", "totale", "totaux", "sous total", "suma", "somma", "totalt", "yhteensa"),
)
SYMBOLS = {"€": "EUR", "£": "GBP", "euro": "EUR", "euros": "EUR"}
"""Of one currency alone: a dollar may be of many countries."""
