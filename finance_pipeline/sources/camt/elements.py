"""What the elements of camt.053 mean: trees of texts in, balances and entries out.

Here: names and rules of the standard, over plain dictionaries. Not here: XML (parse).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from finance_pipeline.core.money import to_minor
from finance_pipeline.sources.camt.statement import Detail, Entry, MalformedStatement, Statement

Tree = dict[str, Any]
"""An element's wanted children by local name: text, (text, currency) for amounts, or a Tree; lists for REPEATED."""
AMOUNTS = frozenset({"Amt"})
REPEATED = frozenset({"Bal", "NtryDtls", "TxDtls", "Ustrd", "Strd", "RfrdDocInf", "AddtlRmtInf"})
_HEADER = ("Id", "CreDtTm", "FrToDt", "FrDtTm", "FrDt", "ToDtTm", "ToDt", "Acct", "IBAN", "Othr", "Ccy", "Bal", "Tp")
_AMOUNT = ("CdOrPrtry", "Cd", "Amt", "CdtDbtInd", "Dt", "DtTm", "AmtDtls", "InstdAmt", "TxAmt")
_ENTRY = ("NtryRef", "RvslInd", "Sts", "BookgDt", "ValDt", "AcctSvcrRef", "AddtlNtryInf", "NtryDtls", "Btch", "NbOfTxs")
_CODE = ("BkTxCd", "Domn", "Fmly", "SubFmlyCd", "Prtry")
_PARTY = ("TxDtls", "Refs", "EndToEndId", "RltdPties", "Dbtr", "DbtrAcct", "Cdtr", "CdtrAcct", "Pty", "Nm")
_REMITTANCE = ("RmtInf", "Ustrd", "Strd", "CdtrRefInf", "Ref", "RfrdDocInf", "Nb", "AddtlRmtInf", "AddtlTxInf")
WANTED = frozenset((*_HEADER, *_AMOUNT, *_ENTRY, *_CODE, *_PARTY, *_REMITTANCE))
_NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "0"})
_STATUS = {"BOOK": "booked", "PDNG": "pending", "FUTR": "pending", "INFO": "information"}
_LONG_WEEKEND_DAYS = 6
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)


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


def _reference(tree: Any, *path: str) -> str | None:
    found = _text(tree, *path)
    return None if found is None or found.upper() in _NO_REFERENCE else found


def _day(tree: Any) -> date | None:
    """The date of a Dt or DtTm choice as the bank wrote it: its own calendar, no conversion."""
    text = _text(tree, "Dt") or _text(tree, "DtTm")
    return date.fromisoformat(text[:10]) if text else None


def _signed_minor(tree: Tree) -> tuple[int, str]:
    """Minor units and currency of an Amt beside a CdtDbtInd; without an indicator it is a credit."""
    amount = tree.get("Amt")
    if not isinstance(amount, tuple) or not amount[1]:
        raise MalformedStatement("an amount or its currency is missing.")
    minor = to_minor(amount[0], amount[1])
    return (-minor if tree.get("CdtDbtInd") == "DBIT" else minor), amount[1]


def entry_of(tree: Tree) -> tuple[Entry, str]:
    """An entry and its currency. Raises MalformedStatement, NotMoney, UnknownCurrency, ValueError for a bad date."""
    amount_minor, currency = _signed_minor(tree)
    if tree.get("CdtDbtInd") not in ("CRDT", "DBIT"):
        raise MalformedStatement("an entry does not say whether it is a credit or a debit.")
    reversal = tree.get("RvslInd") in ("true", "1")
    # The indicator gives the direction of the money even in a reversal; only who the other party is turns round.
    incoming = (tree["CdtDbtInd"] == "CRDT") != reversal
    groups: list[Any] = tree.get("NtryDtls", [])
    details = tuple(
        _detail(each, currency, incoming=incoming) for group in groups if group for each in group.get("TxDtls", [])
    )
    original, original_currency = _original(tree, currency)
    if original is None and len(details) == 1:
        original, original_currency = details[0].original_amount, details[0].original_currency
    status = _text(tree, "Sts", "Cd") or _text(tree, "Sts") or "BOOK"
    if status not in _STATUS:
        raise MalformedStatement(f"the entry status {status!r} is unknown.")
    return Entry(
        amount_minor=amount_minor,
        status=_STATUS[status],
        booked_on=_day(tree.get("BookgDt")),
        value_on=_day(tree.get("ValDt")),
        bank_reference=_reference(tree, "AcctSvcrRef"),
        entry_reference=_reference(tree, "NtryRef"),
        reversal=reversal,
        transaction_code=_transaction_code(tree.get("BkTxCd")),
        information=_text(tree, "AddtlNtryInf"),
        original_amount=original,
        original_currency=original_currency,
        detail_count=max(1, len(details), sum(int(_text(group, "Btch", "NbOfTxs") or 0) for group in groups)),
        details=details,
    ), currency


def _detail(tree: Any, currency: str, *, incoming: bool) -> Detail:
    role = "Dbtr" if incoming else "Cdtr"
    parties = at(tree, "RltdPties")
    stated = at(tree, "Amt") or at(tree, "AmtDtls", "TxAmt", "Amt")
    original, original_currency = _original(tree, currency)
    return Detail(
        amount=f"{stated[0]} {stated[1] or currency}" if isinstance(stated, tuple) else None,
        end_to_end_id=_reference(tree, "Refs", "EndToEndId"),
        remittance=_remittance(at(tree, "RmtInf")) or _text(tree, "AddtlTxInf"),
        counterparty_name=_text(parties, role, "Nm") or _text(parties, role, "Pty", "Nm"),
        counterparty_account=_account_id(at(parties, f"{role}Acct")),
        original_amount=original,
        original_currency=original_currency,
        bank_reference=_reference(tree, "Refs", "AcctSvcrRef"),
    )


def _original(tree: Any, currency: str) -> tuple[str | None, str | None]:
    """The instructed amount, where the bank converted it."""
    stated = at(tree, "AmtDtls", "InstdAmt", "Amt")
    return stated if isinstance(stated, tuple) and stated[1] not in (None, currency) else (None, None)


def _remittance(tree: Any) -> str | None:
    """Unstructured lines first, then structured references and document numbers, each once."""
    if not isinstance(tree, dict):
        return None
    parts = [line for line in tree.get("Ustrd", []) if isinstance(line, str)]
    for structured in tree.get("Strd", []):
        parts.append(_text(structured, "CdtrRefInf", "Ref") or "")
        parts += [_text(document, "Nb") or "" for document in at(structured, "RfrdDocInf") or []]
        parts += [line for line in at(structured, "AddtlRmtInf") or [] if isinstance(line, str)]
    return " ".join(dict.fromkeys(part for part in parts if part)) or None


def _transaction_code(tree: Any) -> str | None:
    domain = (_text(tree, "Domn", "Cd"), _text(tree, "Domn", "Fmly", "Cd"), _text(tree, "Domn", "Fmly", "SubFmlyCd"))
    return "-".join(part for part in domain if part) or _text(tree, "Prtry", "Cd")


def _account_id(tree: Any) -> str | None:
    """An IBAN without spaces in capitals, or the bank's own number as it stands."""
    iban = _text(tree, "Id", "IBAN")
    return iban.replace(" ", "").upper() if iban else _text(tree, "Id", "Othr", "Id")


def statement_of(tree: Tree, entries: list[tuple[Entry, str]]) -> Statement:
    """A statement from its header, and the entries read before with their currencies.

    Raises MalformedStatement, NotMoney, UnknownCurrency, ValueError for a bad date.
    """
    account = _account_id(tree.get("Acct"))
    if account is None:
        raise MalformedStatement("a statement names no account.")
    opening_minor, opening_currency, stated_on = _balance(tree, _OPENING, account)
    closing_minor, closing_currency, closing_day = _balance(tree, _CLOSING, account)
    own = _text(tree, "Acct", "Ccy") or opening_currency
    stated = {own, opening_currency, closing_currency, *(currency for _, currency in entries)}
    if len(stated) > 1:
        raise MalformedStatement(f"account {account} mixes currencies: {', '.join(sorted(stated))}.")
    period = tree.get("FrToDt")
    closing_on = closing_day or _period_day(period, "To") or _created_on(tree)
    if closing_on is None:
        raise MalformedStatement(f"the statement of account {account} has no date.")
    dated = tuple(_dated(entry, len(entries), stated_on or closing_on, closing_on) for entry, _ in entries)
    return Statement(
        account=account,
        currency=opening_currency,
        statement_id=_text(tree, "Id") or "",
        created_at=_text(tree, "CreDtTm"),
        opening_minor=opening_minor,
        opening_on=_opening_on(_period_day(period, "Fr"), stated_on, closing_on, dated),
        closing_minor=closing_minor,
        closing_on=closing_on,
        entries=dated,
    )


def _balance(tree: Tree, codes: tuple[str, ...], account: str) -> tuple[int, str, date | None]:
    """Amount, currency and date of the first balance with one of some codes, the earlier code preferred."""
    balances = tree.get("Bal", [])
    for code in codes:
        for balance in balances:
            if _text(balance, "Tp", "CdOrPrtry", "Cd") == code:
                return (*_signed_minor(balance), _day(balance.get("Dt")))
    raise MalformedStatement(f"the statement of account {account} has no {' or '.join(codes)} balance.")


def _period_day(period: Any, end: str) -> date | None:
    text = _text(period, f"{end}DtTm") or _text(period, f"{end}Dt")
    return date.fromisoformat(text[:10]) if text else None


def _created_on(tree: Tree) -> date | None:
    text = _text(tree, "CreDtTm")
    return date.fromisoformat(text[:10]) if text else None


def _dated(entry: Entry, count: int, first_day: date, last_day: date) -> Entry:
    """An entry with a date, and without a reference that only counts lines.

    Real files leave out booking dates: a value date within the statement stands for it, else the statement's own date.
    """
    reference = entry.entry_reference
    if reference is not None and reference.isdecimal() and int(reference) <= count:
        entry = entry._replace(entry_reference=None)
    if entry.booked_on is not None:
        return entry
    valued = entry.value_on
    return entry._replace(booked_on=valued if valued and first_day <= valued <= last_day else last_day)


def _opening_on(from_day: date | None, stated_on: date | None, closing_on: date, entries: tuple[Entry, ...]) -> date:
    """The first day of the statement, before whose lines the opening balance stands.

    Some banks date an opening balance with that day, others with the day before, and some with the closing day. A
    stated period decides; without one, the balance still stood on the day of the first line, whichever of the two was
    meant. A single day is believed unless lines are older than a long weekend: then it is only the closing day.
    """
    if from_day is not None:
        return min(max(from_day, stated_on or from_day), closing_on)
    first_line = min((e.booked_on for e in entries if e.booked_on and e.status == "booked"), default=closing_on)
    if stated_on == closing_on and (closing_on - first_line).days > _LONG_WEEKEND_DAYS:
        return first_line
    return min(max(first_line, stated_on or first_line), closing_on)
