"""Field :86:, what the bank tells the holder about a line: subfields, tags, or plain text.

Three families: German and Polish subfields (a code of three digits, then ?20 text ?32 name, with ?, >, ~, ^ or < as
the mark), tags between slashes (/EREF/.../NAME/.../REMI/...), and free lines.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from finance_pipeline.sources.statements.model import Detail

_MARKED = re.compile(r"^(?P<code>\d{3})?\s*(?P<mark>[?>~^<@+])(?=\d\d)")
_SPLITS = {mark: re.compile(rf"{re.escape(mark)}(?=\d\d)") for mark in "?>~^<@+"}
_SEPA = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP|RTRN|MTLG)[+:]\s?")
_SLASHED = re.compile(
    r"/(ACCW|ADDR|BENM|BIC|BUSP|CNTP|CRED|CSID|EREF|EXCH|IBAN|ID|IREF|ISDT|MARF|NAME|OCMT|ORDP|PREF|PURP|REMI|RTRN|SVCL"
    r"|TRCD|TRTP|ULTB|ULTC|ULTD|CHGS|PY|RFB|CD|MREF|IND|CHGS1|CHGS2)/"
)
_IBAN_FIRST = re.compile(r"([A-Z]{2}\d{2}[A-Z0-9]{11,30})\s+(\S.*)$")
_ORIGINAL = re.compile(r"/OCMT/([A-Z]{3})(\d[\d,]{0,20})/")
_CHARGES = re.compile(r"/CHGS\d?/([A-Z]{3})(\d[\d,]{0,20})/")
_FULL_LINE_CHARS = 65
"""A line as long as the field allows goes on in the next one without a space."""
_FULL_SUBFIELD_CHARS = 27
_NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOT PROVIDED"})


class Told(NamedTuple):
    """What :86: says of an entry."""

    detail: Detail
    code: str | None
    """Business transaction code (GVC), where it begins with one."""


def told_by(lines: list[str]) -> Told | None:
    """What the lines of :86: say, or None where they say nothing."""
    if not any(line.strip() for line in lines):
        return None
    marked = _MARKED.match(lines[0].lstrip())
    if marked:
        return _subfields("".join(lines), marked["mark"], marked["code"])
    joined = "".join(lines)
    if len(_SLASHED.findall(joined)) >= 2 or _SLASHED.match(joined):
        return Told(_slashed(joined), None)
    return Told(_with_account(lines), None)


def _with_account(lines: list[str]) -> Detail:
    """Free lines; where the first begins with an IBAN, the rest of it is the name."""
    found = _IBAN_FIRST.match(lines[0])
    if found is None:
        return Detail(remittance=_free(lines))
    return Detail(
        remittance=_free(lines[1:]) or _free(lines),
        counterparty_name=_squeezed(found.group(2)),
        counterparty_account=found.group(1),
    )


def exchanged(text: str) -> tuple[str | None, str | None, str | None]:
    """Original amount and its currency, and charges with theirs, from what stands between slashes in a line's text."""
    original, charges = _ORIGINAL.search(text), _CHARGES.findall(text)
    taken = " ".join(f"{_plain(amount)} {currency}" for currency, amount in charges) or None
    return (_plain(original.group(2)), original.group(1), taken) if original else (None, None, taken)


def _plain(amount: str) -> str:
    """An amount with a comma as a decimal text."""
    return amount.rstrip(",").replace(",", ".")


def _free(lines: list[str]) -> str | None:
    """Lines as one text; a line of full length was broken in the middle."""
    text = ""
    for line in lines:
        text += line if len(line) >= _FULL_LINE_CHARS else f"{line.strip()} "
    return text.strip() or None


def _subfields(joined: str, mark: str, code: str | None) -> Told:
    """?20 to ?29 and ?60 to ?63 are text, ?31 the account, ?32 and ?33 the name, ?00 what kind of posting it is."""
    parts: dict[str, str] = {}
    for part in _SPLITS[mark].split(joined)[1:]:
        parts[part[:2]] = parts.get(part[:2], "") + part[2:]
    purpose = _run_on([parts[key] for key in sorted(parts) if "20" <= key <= "29" or "60" <= key <= "63"])
    tags = _tagged(_SEPA, purpose)
    text = tags.get("SVWZ") or tags.get("")
    account = tags.get("IBAN") or parts.get("31", "") or parts.get("38", "")
    detail = Detail(
        end_to_end_id=_reference(tags.get("EREF") or tags.get("KREF")),
        remittance=_squeezed(text or "") or _squeezed(parts.get("00", "")),
        counterparty_name=_squeezed(tags.get("ABWA") or _run_on([parts.get("32", ""), parts.get("33", "")])),
        counterparty_account=account.replace(" ", "").upper() or None,
    )
    return Told(detail, code)


def _run_on(parts: list[str]) -> str:
    """Subfields as one text: one of full length was broken in the middle, a shorter one ended there."""
    return "".join([part if len(part) >= _FULL_SUBFIELD_CHARS else f"{part} " for part in parts])


def _slashed(joined: str) -> Detail:
    """Tags between slashes; CNTP holds account, BIC, name and town one after another, REMI perhaps a kind before."""
    tags = _tagged(_SLASHED, joined)
    counterparty = [part.strip() for part in tags.get("CNTP", "").split("/")] + [""] * 3
    account = tags.get("IBAN") or counterparty[0]
    remittance = tags.get("REMI", "")
    structured = re.match(r"(?:USTD|STRD)//?(?:CUR/|ISO/)?", remittance)
    if structured:
        remittance = remittance[structured.end() :]
    party = tags.get("NAME") or counterparty[2] or tags.get("ORDP") or tags.get("BENM") or ""
    named = re.search(r"/?NAME/([^/]+)", party)
    return Detail(
        end_to_end_id=_reference(tags.get("EREF")),
        remittance=_squeezed(remittance.rstrip("/")) or _squeezed(tags.get("", "")),
        counterparty_name=_squeezed(named.group(1) if named else party.strip("/")),
        counterparty_account=account.strip("/ ").replace(" ", "").upper() or None,
    )


def _tagged(tags: re.Pattern[str], text: str) -> dict[str, str]:
    """Tag -> what stands after it, the first of each; what stands before all tags is under the empty tag."""
    parts = tags.split(text)
    found = {"": parts[0]}
    for tag, value in zip(parts[1::2], parts[2::2], strict=True):
        found.setdefault(tag, value.strip())
    return found


def _reference(text: str | None) -> str | None:
    stripped = (text or "").strip("/ ")
    return None if stripped.upper() in _NO_REFERENCE else stripped


def _squeezed(text: str) -> str | None:
    """A text with single spaces, None if empty."""
    return " ".join(text.split()) or None
