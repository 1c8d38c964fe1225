"""The banks' own statements: camt.053.001.08, one file an account and week, cut at the end of each month.

Here: what the bank booked, on the day it booked it, and balances. Not here: anything that a feed shows; the two are
made from the same lines and nothing else, so that one can prove the other.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from xml.sax.saxutils import escape

from finance_pipeline.core.money import to_decimal
from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.days import DAY, business_day
from finance_pipeline.sandbox.world.model import Line, RecordedPayment
from finance_pipeline.sandbox.world.options import WorldOptions
from finance_pipeline.sandbox.world.profiles import Account

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_DELIVERED_AT = time(5, 30)
_CODES = {
    "receipt": ("PMNT", "RCDT", "ESCT"),
    "payout": ("PMNT", "RCDT", "ESCT"),
    "deposit": ("PMNT", "RCHQ", "CCHQ"),
    "supplier": ("PMNT", "ICDT", "ESCT"),
    "refund": ("PMNT", "ICDT", "ESCT"),
    "payroll": ("PMNT", "ICDT", "SALA"),
    "direct_debit": ("PMNT", "RDDT", "ESDD"),
    "card_purchase": ("PMNT", "CCRD", "POSD"),
    "transfer": ("PMNT", "RCDT", "BOOK"),
    "bank_fee": ("ACMT", "MDOP", "CHRG"),
    "interest": ("ACMT", "MCOP", "INTR"),
}


def deliver_statements(home: Path, now: datetime) -> list[Path]:
    """Copy the statements that the banks have sent by a moment into the inbox; those already there stay. New files."""
    inbox = home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    delivered = []
    for file in sent_statements(home, now):
        target = inbox / file.name
        if target.exists():
            continue
        beside = inbox / f".{file.name}.new"
        shutil.copyfile(file, beside)
        os.replace(beside, target)  # noqa: PTH105 - says that it replaces
        delivered.append(target)
    return delivered


def sent_statements(home: Path, now: datetime) -> list[Path]:
    """The files that the banks have sent by a moment, in the order of their days."""
    return [file for file in sorted((home / "sandbox" / "statements").glob("*.xml")) if _sent_at(file) <= now]


def _sent_at(file: Path) -> datetime:
    """The morning after the last day of a statement, which its name begins with."""
    return datetime.combine(date.fromisoformat(file.name[:10]) + DAY, _DELIVERED_AT, UTC)


def statement_periods(options: WorldOptions) -> list[tuple[date, date]]:
    """Weeks that end on Sundays, cut at the end of each month: first and last day of each."""
    found, begin, day = [], options.first_day, options.first_day
    while day <= options.last_day:
        if day.weekday() == 6 or (day + DAY).day == 1:
            found.append((begin, day))
            begin = day + DAY
        day += DAY
    return found


def opening_balances(company: Company) -> dict[str, int]:
    """What each account held before the first day: enough that it is never overdrawn, and some more."""
    rng = company.chance("openings")
    found = {}
    for account in company.profile.accounts:
        by_day: dict[date, int] = defaultdict(int)
        for line in company.world.lines:
            if line.account is account:
                by_day[line.booked_on] += line.amount_minor
        lowest = balance = 0
        for day in sorted(by_day):
            balance += by_day[day]
            lowest = min(lowest, balance)
        found[account.id] = -lowest + rng.randint(1_500_000, 22_000_000)
    return found


def give_bank_references(company: Company) -> None:
    """Each line gets the bank's own reference, unique in its account, and a value date."""
    rng = company.chance("references")
    taken: set[str] = set()
    for line in company.world.lines:
        reference = ""
        while not reference or reference in taken:
            reference = f"{line.booked_on:%y%m%d}{rng.randrange(10**10):010d}"
        taken.add(reference)
        line.bank_reference = reference
        later = rng.random() < 0.06
        line.value_on = business_day(line.booked_on, company.profile.country, 1) if later else line.booked_on


def statements(company: Company, openings: dict[str, int]) -> Iterator[tuple[str, str]]:
    """File name and XML of every statement of a company, account by account in order of time."""
    for account in company.profile.accounts:
        lines = [line for line in company.world.lines if line.account is account]
        lines.sort(key=lambda line: (line.booked_on, line.bank_reference))
        balance, at = openings[account.id], 0
        for number, (first, last) in enumerate(statement_periods(company.options), start=1):
            end = at
            while end < len(lines) and lines[end].booked_on <= last:
                end += 1
            entries = lines[at:end]
            closing = balance + sum(line.amount_minor for line in entries)
            yield (
                f"{last}_{account.id}.xml",
                _file(company, account, number, (first, last), (balance, closing), entries),
            )
            balance, at = closing, end


def _file(
    company: Company,
    account: Account,
    number: int,
    days: tuple[date, date],
    balances: tuple[int, int],
    entries: list[Line],
) -> str:
    first, last = days
    created = f"{last + DAY}T05:00:00+00:00"
    number_id = f"{account.id.upper()}-{last:%Y%m%d}-{number:03d}"
    opening, closing = _balance("OPBD", account, balances[0], first), _balance("CLBD", account, balances[1], last)
    booked = "".join(_entry(line, company.profile.country) for line in entries)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_NAMESPACE}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>MSG-{number_id}</MsgId><CreDtTm>{created}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{number_id}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{created}</CreDtTm>"
        f"<FrToDt><FrDtTm>{first}T00:00:00</FrDtTm><ToDtTm>{last}T23:59:59</ToDtTm></FrToDt>"
        f"<Acct>{_account_id(account.statement_id)}<Ccy>{account.currency}</Ccy>"
        f"<Ownr><Nm>{escape(company.profile.name)}</Nm></Ownr></Acct>"
        f"{opening}{closing}{booked}</Stmt></BkToCstmrStmt></Document>\n"
    )


def _account_id(number: str) -> str:
    inner = f"<IBAN>{number}</IBAN>" if number[:2].isalpha() else f"<Othr><Id>{number}</Id></Othr>"
    return f"<Id>{inner}</Id>"


def _balance(kind: str, account: Account, amount_minor: int, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amount(amount_minor, account.currency)}"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _amount(amount_minor: int, currency: str) -> str:
    sign = "CRDT" if amount_minor >= 0 else "DBIT"
    return f'<Amt Ccy="{currency}">{to_decimal(abs(amount_minor), currency)}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def _entry(line: Line, country: str) -> str:
    """One booked entry. A payment run has one detail for each payment in it."""
    domain, family, sub = _CODES.get(line.flow, ("PMNT", "MDOP", "OTHR"))
    if line.flow == "transfer" and line.amount_minor < 0:
        family = "ICDT"
    payments = [each.other for each in line.allocations if isinstance(each.other, RecordedPayment)]
    if line.party is None and len(payments) > 1 and country == "de":
        batch = f"<Btch><PmtInfId>{line.end_to_end_id}</PmtInfId><NbOfTxs>{len(payments)}</NbOfTxs></Btch>"
        details = batch + "".join(_run_detail(each) for each in payments)
    else:
        details = _detail(line)
    return (
        f"<Ntry>{_amount(line.amount_minor, line.account.currency)}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{line.booked_on}</Dt></BookgDt><ValDt><Dt>{line.value_on}</Dt></ValDt>"
        f"<AcctSvcrRef>{line.bank_reference}</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _detail(line: Line) -> str:
    sign = "CRDT" if line.amount_minor >= 0 else "DBIT"
    amount = f'<Amt Ccy="{line.account.currency}">{to_decimal(abs(line.amount_minor), line.account.currency)}</Amt>'
    references = f"<Refs><EndToEndId>{line.end_to_end_id or 'NOTPROVIDED'}</EndToEndId></Refs>"
    memo = f"<RmtInf><Ustrd>{escape(line.memo)}</Ustrd></RmtInf>" if line.memo else ""
    parties = _parties("Dbtr" if line.amount_minor >= 0 else "Cdtr", line.shown_name, line.shown_iban)
    return f"<TxDtls>{references}{amount}<CdtDbtInd>{sign}</CdtDbtInd>{parties}{memo}</TxDtls>"


def _run_detail(payment: RecordedPayment) -> str:
    document = payment.document
    amount = f'<Amt Ccy="{document.currency}">{to_decimal(payment.amount_minor, document.currency)}</Amt>'
    parties = _parties("Cdtr", document.party.name, document.party.iban)
    memo = f"<RmtInf><Ustrd>{escape(document.number)}</Ustrd></RmtInf>"
    references = f"<Refs><EndToEndId>{payment.reference}</EndToEndId></Refs>"
    return f"<TxDtls>{references}{amount}<CdtDbtInd>DBIT</CdtDbtInd>{parties}{memo}</TxDtls>"


def _parties(role: str, name: str, number: str) -> str:
    named = f"<{role}><Pty><Nm>{escape(name)}</Nm></Pty></{role}>" if name else ""
    numbered = f"<{role}Acct>{_account_id(number)}</{role}Acct>" if number else ""
    return f"<RltdPties>{named}{numbered}</RltdPties>" if named or numbered else ""
