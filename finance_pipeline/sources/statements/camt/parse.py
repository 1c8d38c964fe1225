"""The XML of camt.052, .053 and .054, any version from 001.01 on: a stream of bytes in, entries and heads out.

Read as a stream, entry by entry; what was read is dropped, so that memory does not grow with the file. Nothing is
fetched and nothing is expanded: a document type declaration is refused, depth is bounded by the parser (256). Names are
matched without their namespace, so that a new version needs no new code, and the message may stand in an envelope.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from finance_pipeline.core.money import NotMoney
from finance_pipeline.sources.statements.camt.elements import (
    AMOUNTS,
    REPEATED,
    WANTED,
    NotADate,
    Tree,
    entry_of,
    head_of,
)
from finance_pipeline.sources.statements.model import Entry, Event, Head, MalformedStatement, Reading

if TYPE_CHECKING:
    from lxml.etree import _Element

_MESSAGES = {"BkToCstmrAcctRpt": "camt.052", "BkToCstmrStmt": "camt.053", "BkToCstmrDbtCdtNtfctn": "camt.054"}
_STATEMENTS = ("Rpt", "Stmt", "Ntfctn")
_MOST_LOOKED_AT = 200
"""Elements of an envelope before the message."""
_MOST_ATTRIBUTES = 50
_ONCE = frozenset({"Amt", "CdtDbtInd"})
"""Of anything else that is stated twice the first counts."""
_VERSION = re.compile(r"camt\.05[234]\.\d{3}\.\d{2}")
_VERSIONED = re.compile(r"V\d\d$")


Counted = tuple[set[str], int, int]
"""Of a statement's entries: currencies, how many, and the sum of their amounts without signs."""


def read_camt(stream: IO[bytes]) -> Reading:
    """Every statement, report or notification in the order of the file.

    Raises MalformedStatement naming, where known, the entry.
    """
    return _read(stream, None)


def heads_of(stream: IO[bytes], counted: list[Counted]) -> list[Head]:
    """The heads of a file whose entries were taken out and counted. Raises MalformedStatement."""
    return [event for event in _read(stream, iter(counted)) if isinstance(event, Head)]


def _read(stream: IO[bytes], counted: Iterator[Counted] | None) -> Reading:
    from lxml import etree

    try:
        yield from _Reader(stream, counted).events()
    except etree.XMLSyntaxError as cause:
        raise MalformedStatement(f"not well-formed XML: {' '.join(str(cause).split())}.") from cause
    except NotMoney as cause:
        raise MalformedStatement(cause.what) from cause
    except NotADate as cause:
        raise MalformedStatement(f"{cause}.") from cause


class _Names(dict[str, str | None]):
    """Full tag -> local name if it is one that says something, else None. Filled as tags are met."""

    def __missing__(self, tag: str) -> str | None:
        local = tag.rpartition("}")[2]
        name = self[tag] = local if local in WANTED else None
        return name


class _Reader:
    """One file on its way: which message it is in, and the currencies, count and sum of the entries so far."""

    def __init__(self, stream: IO[bytes], counted: Iterator[Counted] | None) -> None:
        self._stream = stream
        self._counted = counted
        self._names = _Names()
        self._form = ""

    def events(self) -> Iterator[Event]:
        """Entries and heads. Raises MalformedStatement where the file holds no statement."""
        from lxml import etree

        wanted = [f"{{*}}{name}" for name in ("Ntry", *_STATEMENTS)]
        parsed = etree.iterparse(
            self._stream,
            events=("end",),
            tag=wanted,
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        found, before = False, None
        currencies: set[str] = set()
        count = sum_minor = 0
        for _, element in parsed:
            if not self._form:
                self._form = _form_of(element)
            if element.tag.endswith("}Ntry") or element.tag == "Ntry":
                entry, currency = self._entry(element, count + 1)
                count += 1
                sum_minor += abs(entry.amount_minor)
                currencies.add(currency)
                yield entry
                element.clear()
                if before is not None:
                    before.getparent().remove(before)
                before = element
            else:
                if len(element.attrib) > _MOST_ATTRIBUTES:
                    raise MalformedStatement(f"a statement with {len(element.attrib):,} attributes is none.")
                if self._counted is not None:
                    currencies, count, sum_minor = next(self._counted, (set(), 0, 0))
                yield head_of(self._tree(element), self._form, frozenset(currencies), (count, sum_minor))
                found, before, count, sum_minor = True, None, 0, 0
                currencies = set()
                element.clear()
                self._form = ""
        if not found:
            self._form = _form_of(parsed.root)
            raise MalformedStatement("the file holds no statement.")

    def _entry(self, element: _Element, number: int) -> tuple[Entry, str]:
        """An entry and its currency. Raises MalformedStatement saying which entry of its statement is wrong."""
        tree = self._tree(element)
        amount = tree.get("Amt")
        if isinstance(amount, tuple) and not amount[1]:
            tree["Amt"] = (amount[0], _currency_of_the_account(element))
        try:
            return entry_of(tree)
        except (MalformedStatement, NotMoney) as cause:
            raise MalformedStatement(f"entry {number}: {cause.what}") from cause
        except NotADate as cause:
            raise MalformedStatement(f"entry {number}: {cause}.") from cause

    def _tree(self, element: _Element) -> Tree:
        """The wanted texts below an element. The one hot loop: it runs for every element of an entry."""
        tree: dict[str, Any] = {}
        names = self._names
        for child in element:
            name = names[child.tag]
            if name is None:
                continue
            value: Any
            if len(child):
                value = self._tree(child)
            elif name in AMOUNTS:
                value = ((child.text or "").strip(), child.get("Ccy"))
            else:
                value = (child.text or "").strip()
            if name in REPEATED:
                tree.setdefault(name, []).append(value)
            elif name not in tree:
                tree[name] = value
            elif name in _ONCE:
                raise MalformedStatement(f"<{name}> stands twice where one is meant.")
        return tree


def _form_of(element: _Element) -> str:
    """The message that an element stands in, with its version. Raises MalformedStatement for another one, or a DTD."""
    if element.getroottree().docinfo.doctype:
        raise MalformedStatement("the file has a document type declaration, which no bank statement needs.")
    above = [element, *element.iterancestors()]
    if element.getparent() is None:
        above = [each for each in islice(element.iter(), _MOST_LOOKED_AT) if isinstance(each.tag, str)]
    for each in above:
        namespace, _, local = each.tag.rpartition("}")
        message = _MESSAGES.get(_VERSIONED.sub("", local))
        if message:
            version = _VERSION.search(namespace)
            return version.group() if version and version.group().startswith(message) else message
    raise MalformedStatement(f"this is <{above[0].tag.rpartition('}')[2][:60]}>, not a camt statement.")


def _currency_of_the_account(element: _Element) -> str | None:
    """Of an entry whose amount states none: that of its account, or of the balance before it."""
    around = element.getparent()
    if around is None:
        return None
    stated = around.findtext("{*}Acct/{*}Ccy")
    balance = around.find("{*}Bal/{*}Amt")
    return stated.strip() if stated else None if balance is None else balance.get("Ccy")
