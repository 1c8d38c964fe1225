"""OFX and QFX: version 1, which is SGML with tags that are not closed, and version 2, which is XML; read alike.

Only the tags that hold others are known by name; every other tag is a value, closed or not. Here: tags and what they
mean. Not here: bytes to text. The ledger balance stands at its own moment, which may be after the last line listed;
no opening balance is stated.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from finance_pipeline.core.money import NotMoney
from finance_pipeline.sources.statements.figures import NotADate, compact_day, is_currency, loose_minor
from finance_pipeline.sources.statements.model import Balance, Detail, Entry, Head, MalformedStatement, Reading, Unread

_TOKEN = re.compile(r"<(/?)([A-Za-z0-9_.]{1,40})(?:\s[^<>]{0,400})?/?>([^<]*)")
_STATEMENTS = ("STMTRS", "CCSTMTRS", "INVSTMTRS")
_HOLDS_OTHERS = frozenset({
    "OFX", "SIGNONMSGSRSV1", "SONRS", "STATUS", "FI", "BANKMSGSRSV1", "STMTTRNRS", *_STATEMENTS, "BANKACCTFROM",
    "CCACCTFROM", "BANKTRANLIST", "BANKTRANLISTP", "STMTTRN", "STMTTRNP", "LEDGERBAL", "AVAILBAL", "CREDITCARDMSGSRSV1",
    "CCSTMTTRNRS", "PAYEE", "CURRENCY", "ORIGCURRENCY", "BANKACCTTO", "CCACCTTO", "BALLIST", "BAL", "INVSTMTMSGSRSV1",
    "INVSTMTTRNRS", "INVACCTFROM", "INVTRANLIST", "INVBANKTRAN", "INVPOSLIST", "INVBAL", "SECLISTMSGSRSV1",
})  # fmt: skip
_REPEATED = frozenset({
    "BANKMSGSRSV1", "CREDITCARDMSGSRSV1", "INVSTMTMSGSRSV1", "STMTTRNRS", "CCSTMTTRNRS", "INVSTMTTRNRS", *_STATEMENTS,
    "STMTTRN", "INVBANKTRAN",
})  # fmt: skip
_ONCE = ("TRNAMT", "BALAMT")
_LINES = ("STMTTRN", "INVBANKTRAN")
"""No line stands in another: where one begins, the one before has ended, whether it says so or not."""
_DEEPEST = 60
_DATA = "<![CDATA["
_INTUIT = re.compile(r"<INTU\.", re.IGNORECASE)
Tree = dict[str, Any]


def read_ofx(text: str) -> Reading:
    """Every account's entries and head. Raises MalformedStatement where there is no statement."""
    upper = text[:10_000].upper()
    if "<!DOCTYPE" in upper or "<!ENTITY" in upper:
        raise MalformedStatement("the file has a document type declaration, which no bank statement needs.")
    form = "QFX" if _INTUIT.search(text) else "OFX"
    tree = _tree(_without_data_sections(text))
    found = False
    for answer in _below(tree, _STATEMENTS):
        found = True
        yield from _statement(answer, form)
    if not found:
        said = next(
            (str(status.get("MESSAGE") or status.get("CODE")) for status in _below(tree, ("STATUS",))), "nothing"
        )
        raise MalformedStatement(f"the file holds no statement (its status says: {said[:80]}).")


def _without_data_sections(text: str) -> str:
    """CDATA as escaped text."""
    parts, place = [], 0
    while (start := text.find(_DATA, place)) >= 0:
        end = text.find("]]>", start)
        if end < 0:
            break
        parts += [text[place:start], html.escape(text[start + len(_DATA) : end], quote=False)]
        place = end + len("]]>")
    return "".join((*parts, text[place:]))


def _tree(text: str) -> Tree:
    """The tags that hold others as dictionaries, every other as its text; of a value stated twice the first counts,
    but an amount stated twice is none.

    Raises MalformedStatement beyond a depth that no statement has.
    """
    root: Tree = {}
    stack: list[tuple[str, Tree]] = [("", root)]
    for closes, name, value in _TOKEN.findall(text):
        tag = name.upper()
        if tag not in _HOLDS_OTHERS:
            if not closes:
                here, said = stack[-1][1], html.unescape(value.strip()) or None
                if here.setdefault(tag, said) != said and tag in _ONCE:
                    here[tag] = f"{here[tag]} and {said}"
            continue
        if (closes or tag in _LINES) and any(opened == tag for opened, _ in stack):
            while stack.pop()[0] != tag:
                pass
        if closes:
            continue
        if len(stack) > _DEEPEST:
            raise MalformedStatement("its tags are nested deeper than those of any statement.")
        branch: Tree = {}
        here = stack[-1][1]
        if tag in _REPEATED:
            here.setdefault(tag, []).append(branch)
        else:
            here.setdefault(tag, branch)
        stack.append((tag, branch))
    return root


def _below(tree: Tree, names: tuple[str, ...]) -> Iterator[Tree]:
    """Every branch with one of some names, wherever it stands, in order."""
    for name, value in tree.items():
        for branch in value if isinstance(value, list) else [value]:
            if isinstance(branch, dict):
                if name in names:
                    yield branch
                else:
                    yield from _below(branch, names)


def _statement(answer: Tree, form: str) -> Reading:
    """One account. What of an amount or a day cannot be read is said."""
    lines = list(_below(answer, ("STMTTRN",)))
    currency = (answer.get("CURDEF") or _only_currency(lines) or "").upper()[:3] or None
    problems: list[str] = []
    if currency and not is_currency(currency):
        problems.append(f"{currency} is not a currency")
    origin = next(_below(answer, ("BANKACCTFROM", "CCACCTFROM", "INVACCTFROM")), {})
    listed = next(_below(answer, ("BANKTRANLIST", "INVTRANLIST")), {})
    for number, line in enumerate(lines, start=1):
        yield _entry(line, currency, number, problems)
    remarks = []
    if "INVACCTFROM" in answer:
        remarks.append("is of an investment account: only its cash movements are read")
    closing = _balance(answer, "LEDGERBAL", currency, problems)
    to_on = _day(listed.get("DTEND"), "DTEND", [])
    yield Head(
        format=form,
        account=origin.get("ACCTID"),
        currency=currency,
        closing=closing,
        available=_balance(answer, "AVAILBAL", currency, problems),
        from_on=_day(listed.get("DTSTART"), "DTSTART", []),
        to_on=to_on,
        closes_the_list=closing is not None and closing.on is not None and to_on is not None and closing.on <= to_on,
        problems=tuple(problems),
        remarks=tuple(remarks),
    )


def _only_currency(lines: list[Tree]) -> str | None:
    """The one currency that all lines name, where the account names none."""
    named = {own.get("CURSYM") for line in lines if isinstance(own := line.get("CURRENCY"), dict)}
    return named.pop() if len(named) == 1 else None


def _balance(answer: Tree, name: str, currency: str | None, problems: list[str]) -> Balance | None:
    stated = next(_below(answer, (name,)), {})
    if not stated.get("BALAMT"):
        return None
    try:
        return Balance(loose_minor(stated["BALAMT"], currency), _day(stated.get("DTASOF"), name, []))
    except NotMoney as cause:
        problems.append(f"{name}: {cause.what.rstrip('.')}")
        return None


def _day(text: str | None, where: str, problems: list[str]) -> date | None:
    """The day of a moment as the bank writes it: its first eight digits, no conversion to another zone."""
    if not text:
        return None
    try:
        return compact_day(text[:8])
    except NotADate as cause:
        problems.append(f"{where}: {cause}")
        return None


def _entry(line: Tree, currency: str | None, number: int, problems: list[str]) -> Entry | Unread:
    """One line. TRNAMT is signed: money out is negative."""
    where = f"entry {number}"
    if not line.get("TRNAMT"):
        return Unread(f"{where} has no amount")
    own = line.get("CURRENCY")
    if isinstance(own, dict) and own.get("CURSYM") not in (None, currency):
        return Unread(f"{where} is in {own['CURSYM'][:10]}, which is not the account's currency")
    try:
        amount_minor = loose_minor(line["TRNAMT"], currency)
    except NotMoney as cause:
        return Unread(f"{where}: {cause.what.rstrip('.')}")
    booked_on = _day(line.get("DTPOSTED"), where, problems) or _day(line.get("DTUSER"), where, [])
    if booked_on is None:
        problems.append(f"{where} has no date")
    original = line.get("ORIGCURRENCY")
    return Entry(
        amount_minor=amount_minor,
        booked_on=booked_on,
        value_on=_day(line.get("DTAVAIL"), where, []),
        bank_reference=line.get("FITID"),
        entry_reference=line.get("CHECKNUM") or line.get("REFNUM"),
        transaction_code=line.get("TRNTYPE"),
        original_currency=original.get("CURSYM") if isinstance(original, dict) else None,
        exchange_rate=original.get("CURRATE") if isinstance(original, dict) else None,
        details=(_detail(line),),
    )


def _detail(line: Tree) -> Detail:
    payee, account = line.get("PAYEE"), line.get("BANKACCTTO") or line.get("CCACCTTO")
    name = line.get("NAME") or (payee.get("NAME") if isinstance(payee, dict) else None)
    return Detail(
        remittance=line.get("MEMO") or line.get("EXTDNAME"),
        counterparty_name=name,
        counterparty_account=account.get("ACCTID") if isinstance(account, dict) else None,
    )
