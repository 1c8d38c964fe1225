"""What the elements of camt.052, .053 and .054 mean: trees of texts in, entries and heads out.

Here: names and rules of the standard, over plain dictionaries. Not here: XML (parse).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from finance_pipeline.sources.statements.figures import NotADate, iso_day, masked, minor_of
from finance_pipeline.sources.statements.model import Balance, Detail, Entry, Head, MalformedStatement

Tree = dict[str, Any]
"""An element's wanted children by local name: text, (text, currency) for amounts, or a Tree; lists for REPEATED."""
AMOUNTS = frozenset({"Amt", "TtlChrgsAndTaxAmt"})
REPEATED = frozenset({"Bal", "NtryDtls", "TxDtls", "Ustrd", "Strd", "RfrdDocInf", "AddtlRmtInf", "Rcrd"})
_HEADER = (
    "Id",
    "CreDtTm",
    "FrToDt",
    "FrDtTm",
    "FrDt",
    "ToDtTm",
    "ToDt",
    "Acct",
    "IBAN",
    "BBAN",
    "Othr",
    "Ccy",
    "Bal",
    "Tp",
)
_TOTALS = ("TxsSummry", "TtlNtries", "NbOfNtries", "Sum")
_AMOUNT = ("CdOrPrtry", "Cd", "Amt", "CdtDbtInd", "Dt", "DtTm", "AmtDtls", "InstdAmt", "TxAmt")
_EXCHANGE = ("CntrValAmt", "CcyXchg", "XchgRate")
_ENTRY = ("NtryRef", "RvslInd", "Sts", "BookgDt", "ValDt", "AcctSvcrRef", "AddtlNtryInf", "NtryDtls", "Btch", "NbOfTxs")
_CODE = ("BkTxCd", "Domn", "Fmly", "SubFmlyCd", "Prtry")
_PARTY = ("TxDtls", "Refs", "EndToEndId", "RltdPties", "Dbtr", "DbtrAcct", "Cdtr", "CdtrAcct", "Pty", "Nm")
_REMITTANCE = ("RmtInf", "Ustrd", "Strd", "CdtrRefInf", "Ref", "RfrdDocInf", "Nb", "AddtlRmtInf", "AddtlTxInf")
_CHARGES = ("Chrgs", "Rcrd", "TtlChrgsAndTaxAmt")
WANTED = frozenset((*_HEADER, *_TOTALS, *_AMOUNT, *_EXCHANGE, *_ENTRY, *_CODE, *_PARTY, *_REMITTANCE, *_CHARGES))
INTERIM = frozenset({"camt.052", "camt.054"})
_NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "0"})
STATUS = {"BOOK": "booked", "PDNG": "pending", "FUTR": "pending", "INFO": "information"}
_NOTHING: Tree = {}


def at(tree: Any, *path: str) -> Any:
    """What stands at a path, or None."""
    for name in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(name)
    return tree


def _text(tree: Any, *path: str) -> str | None:
    found = at(tree, *path)
    return found if isinstance(found, str) and found else None


def _branch(tree: Tree, name: str) -> Tree:
    """The element below, or nothing where it is missing or holds a mere text."""
    found = tree.get(name)
    return found if isinstance(found, dict) else _NOTHING


def _reference(tree: Tree, name: str) -> str | None:
    found = tree.get(name)
    return None if not isinstance(found, str) or found.upper() in _NO_REFERENCE else found


def _day(tree: Any) -> date | None:
    """The date of a Dt or DtTm choice. Raises NotADate."""
    if not isinstance(tree, dict):
        return iso_day(tree) if tree else None
    text = tree.get("Dt") or tree.get("DtTm")
    if isinstance(text, dict):
        return _day(text)
    return iso_day(text) if text else None


def _signed_minor(tree: Tree) -> tuple[int, str]:
    """Minor units and currency of an Amt beside a CdtDbtInd; without an indicator it is a credit. Raises NotMoney."""
    amount = tree.get("Amt")
    if not isinstance(amount, tuple) or not amount[1]:
        raise MalformedStatement("an amount or its currency is missing.")
    minor = minor_of(*amount)
    return (-minor if tree.get("CdtDbtInd") == "DBIT" else minor), amount[1]


def entry_of(tree: Tree) -> tuple[Entry, str]:
    """An entry and its currency. Raises MalformedStatement, NotMoney, NotADate."""
    amount_minor, currency = _signed_minor(tree)
    indicator = tree.get("CdtDbtInd")
    if indicator not in ("CRDT", "DBIT"):
        raise MalformedStatement("an entry does not say whether it is a credit or a debit.")
    reversal = tree.get("RvslInd") in ("true", "1")
    # The indicator gives the direction of the money even in a reversal; only who the other party is turns round.
    role = "Dbtr" if (indicator == "CRDT") != reversal else "Cdtr"
    groups: list[Any] = [group for group in tree.get("NtryDtls", ()) if isinstance(group, dict)]
    members = [each for group in groups for each in group.get("TxDtls", ()) if isinstance(each, dict)]
    details = tuple([_detail(each, currency, role) for each in members])
    original, original_currency = _original(tree, currency)
    if original is None and len(details) == 1:
        original, original_currency = details[0].original_amount, details[0].original_currency
    stated = tree.get("Sts")
    status = (stated if isinstance(stated, str) else _text(stated, "Cd") or _text(stated, "Prtry")) or "BOOK"
    if status not in STATUS:
        raise MalformedStatement(f"the entry status {status[:20]!r} is unknown.")
    return Entry(
        amount_minor=amount_minor,
        status=STATUS[status],
        booked_on=_day(tree.get("BookgDt")),
        value_on=_day(tree.get("ValDt")),
        bank_reference=_reference(tree, "AcctSvcrRef"),
        entry_reference=_reference(tree, "NtryRef"),
        reversal=reversal,
        transaction_code=_transaction_code(tree.get("BkTxCd")),
        information=tree.get("AddtlNtryInf") or None,
        original_amount=original,
        original_currency=original_currency,
        exchange_rate=_exchange_rate(tree) or (_exchange_rate(members[0]) if len(members) == 1 else None),
        charges=_charges(tree),
        detail_count=max(1, len(details), sum(_batched(group) for group in groups if "Btch" in group)),
        details=details,
    ), currency


def _batched(group: Tree) -> int:
    """How many transactions a batch says that it has. Raises MalformedStatement for what is no count."""
    stated = _text(group, "Btch", "NbOfTxs") or "0"
    if not (stated.isascii() and stated.isdecimal() and len(stated) <= 15):
        raise MalformedStatement(f"a batch of {stated[:20]!r} transactions is none.")
    return int(stated)


def _detail(tree: Tree, currency: str, role: str) -> Detail:
    parties, refs = _branch(tree, "RltdPties"), _branch(tree, "Refs")
    party, account = _branch(parties, role), parties.get(f"{role}Acct")
    stated = tree.get("Amt") or at(tree, "AmtDtls", "TxAmt", "Amt")
    original, original_currency = _original(tree, currency)
    return Detail(
        f"{stated[0]} {stated[1] or currency}" if isinstance(stated, tuple) else None,
        _reference(refs, "EndToEndId"),
        _remittance(tree.get("RmtInf")) or tree.get("AddtlTxInf") or None,
        party.get("Nm") or _text(party, "Pty", "Nm"),
        _account_id(account) if account else None,
        original,
        original_currency,
        _reference(refs, "AcctSvcrRef"),
        _charges(tree),
    )


def _original(tree: Tree, currency: str) -> tuple[str | None, str | None]:
    """The instructed amount, where the bank converted it."""
    if "AmtDtls" not in tree:
        return None, None
    stated = at(tree, "AmtDtls", "InstdAmt", "Amt")
    return stated if isinstance(stated, tuple) and stated[1] not in (None, currency) else (None, None)


def _exchange_rate(tree: Tree) -> str | None:
    """The rate, under whichever of the amounts it stands."""
    if "AmtDtls" not in tree:
        return None
    rates = (_text(tree, "AmtDtls", amount, "CcyXchg", "XchgRate") for amount in ("InstdAmt", "TxAmt", "CntrValAmt"))
    return next((rate for rate in rates if rate), None)


def _charges(tree: Tree) -> str | None:
    """What the bank took: each record's amount; in versions up to 001.02 the charges are an amount themselves."""
    if "Chrgs" not in tree:
        return None
    charges = _branch(tree, "Chrgs")
    records = [each for each in charges.get("Rcrd", ()) if isinstance(each, dict)] or [charges]
    stated = [each.get("Amt") or each.get("TtlChrgsAndTaxAmt") for each in records]
    return " ".join(f"{amount[0]} {amount[1] or ''}".strip() for amount in stated if isinstance(amount, tuple)) or None


def _remittance(tree: Any) -> str | None:
    """Unstructured lines first, then structured references and document numbers, each once."""
    if not isinstance(tree, dict):
        return None
    parts = [line for line in tree.get("Ustrd", ()) if isinstance(line, str)]
    for structured in tree.get("Strd", ()):
        parts.append(_text(structured, "CdtrRefInf", "Ref") or "")
        parts += [_text(document, "Nb") or "" for document in at(structured, "RfrdDocInf") or []]
        parts += [line for line in at(structured, "AddtlRmtInf") or [] if isinstance(line, str)]
    if len(parts) == 1:
        return parts[0] or None
    return " ".join(dict.fromkeys(part for part in parts if part)) or None


def _transaction_code(tree: Any) -> str | None:
    if not isinstance(tree, dict):
        return None
    domain = _branch(tree, "Domn")
    if domain:
        family = _branch(domain, "Fmly")
        codes = (domain.get("Cd"), family.get("Cd"), family.get("SubFmlyCd"))
        return "-".join([code for code in codes if isinstance(code, str) and code]) or None
    return _text(tree, "Prtry", "Cd")


def _account_id(tree: Any) -> str | None:
    """An IBAN without spaces in capitals, or the bank's own number as it stands."""
    iban = _text(tree, "Id", "IBAN")
    if iban:
        return iban.replace(" ", "").upper()
    return _text(tree, "Id", "Othr", "Id") or _text(tree, "Id", "BBAN") or _text(tree, "Id", "Prtry", "Id")


def head_of(tree: Tree, form: str, currencies: frozenset[str], counted: tuple[int, int]) -> Head:
    """A statement's head from its elements, the currencies of its entries, and their count and sum without signs.

    Raises MalformedStatement, NotMoney, NotADate.
    """
    account = _account_id(tree.get("Acct"))
    own = _text(tree, "Acct", "Ccy")
    balances = [(_code(each), *_signed_minor(each), _day(each.get("Dt"))) for each in tree.get("Bal", []) if each]
    opening, closing = _chosen(balances, own)
    stated = {own, opening and opening[1], closing and closing[1], *currencies} - {None, ""}
    currency = own or (opening or closing or (0, None))[1] or min(currencies, default=None)
    codes = ", ".join(sorted(map(str, stated)))
    mixed = [f"account {masked(account)} mixes currencies: {codes}"] if len(stated) > 1 else []
    period = tree.get("FrToDt")
    available = next((Balance(minor, on) for code, minor, _, on in balances if code == "CLAV"), None)
    return Head(
        format=form,
        account=account,
        currency=currency,
        statement_id=_text(tree, "Id") or "",
        created_at=_text(tree, "CreDtTm"),
        opening=Balance(opening[0], opening[2]) if opening else None,
        closing=Balance(closing[0], closing[2]) if closing else None,
        available=available,
        from_on=_period_day(period, "Fr"),
        to_on=_period_day(period, "To"),
        interim=form[:8] in INTERIM,
        has_sum=not mixed,
        problems=(*mixed, *_wrong_totals(tree, currency, counted)),
    )


def _code(balance: Tree) -> str | None:
    kind = balance.get("Tp")
    return _text(kind, "CdOrPrtry", "Cd") or _text(kind, "CdOrPrtry", "Prtry") or _text(kind, "Cd")


_Stated = tuple[str | None, int, str, date | None]
_Chosen = tuple[int, str, date | None]


def _chosen(balances: list[_Stated], currency: str | None) -> tuple[_Chosen | None, _Chosen | None]:
    """The balance before the first entry and the one after the last: amount, currency and date.

    A statement over several days may state both for each day: the earliest and the latest count. Later pages of a
    statement and reports within the day have interim balances; one alone is the balance so far.
    """
    within = [each for each in balances if each[2] == currency] or balances

    def first(*codes: str) -> _Chosen | None:
        for code in codes:
            found = [each[1:] for each in within if each[0] == code]
            if found:
                return min(found, key=lambda each: each[2] or date.max)
        return None

    def last(code: str) -> _Chosen | None:
        found = [each[1:] for each in reversed(within) if each[0] == code]
        return max(found, key=lambda each: each[2] or date.min) if found else None

    opening, closing = first("OPBD", "PRCD"), last("CLBD")
    interim = [each[1:] for each in within if each[0] == "ITBD"]
    if closing is None and interim:
        closing = interim.pop()
    if opening is None and interim:
        opening = interim[0]
    return opening, closing


def _period_day(period: Any, end: str) -> date | None:
    text = _text(period, f"{end}DtTm") or _text(period, f"{end}Dt")
    return iso_day(text) if text else None


def _wrong_totals(tree: Tree, currency: str | None, counted: tuple[int, int]) -> list[str]:
    """What the bank's own totals of all entries say that the entries do not."""
    totals = at(tree, "TxsSummry", "TtlNtries")
    wrong = []
    count, whole = _text(totals, "NbOfNtries"), _text(totals, "Sum")
    if count is not None and count != str(counted[0]):
        wrong.append(f"it counts {count[:20]} entries, but holds {counted[0]}")
    if whole is not None and minor_of(whole, currency) != counted[1]:
        wrong.append(f"it says that its entries add to {whole[:40]}, but they do not")
    return wrong


__all__ = ["AMOUNTS", "INTERIM", "REPEATED", "WANTED", "NotADate", "Tree", "entry_of", "head_of"]
