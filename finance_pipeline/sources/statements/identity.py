"""By what the lines of statement files are known, so that a line in two files is one line, and two lines are two.

A file says of no line what it is called for ever. The bank's reference would do, but a fee often carries its
payment's, and short references begin again every day: so account, reference, day and amount together name a line, and
where the bank gives no reference, a digest of what the line says stands for it. Lines of one file that are equal in
all of that are told apart by counting: the second is /2, here and in the next file that holds both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from finance_pipeline.core.identity import digest
from finance_pipeline.core.money import to_decimal
from finance_pipeline.sources.statements.model import Entry, Statement


def statement_source_id(statement: Statement) -> str:
    """account/closing date/statement id: banks repeat ids, and issue a corrected statement under the same one."""
    parts = (statement.account, statement.closing_on.isoformat(), statement.statement_id)
    return "/".join(part for part in parts if part)


def entry_source_ids(lines: Sequence[tuple[Statement, Entry, str]]) -> list[str]:
    """Ids of all lines of one file, in their order. lines: statement, entry, payload.

    Equal lines are counted in the order of their payloads, not of the file, so that a bank that sorts anew changes
    nothing.
    """
    names = [_name(statement.account, statement.currency, entry) for statement, entry, _ in lines]
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        places[name].append(place)
    for name, equal in places.items():
        for ordinal, place in enumerate(sorted(equal, key=lambda i: lines[i][2])):
            names[place] = f"{name}/{ordinal + 1}" if ordinal else name
    return names


def _name(account: str, currency: str, entry: Entry) -> str:
    said = entry.bank_reference or _digest_of(entry, currency)
    return f"{account}/{said}/{entry.booked_on}/{to_decimal(entry.amount_minor, currency)}"


def _digest_of(entry: Entry, currency: str) -> str:
    """What a line says about itself; not what another export may word differently: codes, batches, free information."""
    words: list[object] = [currency, entry.entry_reference, entry.original_amount, entry.original_currency]
    for detail in entry.details:
        words += [detail.end_to_end_id, detail.remittance, detail.counterparty_name, detail.counterparty_account]
    if not entry.details:
        words.append(entry.information)
    return digest(*words)[:20]
