"""The XML of camt.053, any version from 001.02 on: bytes in, statements out.

Read as a stream, entry by entry. Nothing is fetched and nothing is expanded: a document type declaration is refused,
size is bounded here and depth by the parser (256). Names are matched without their namespace, so that a new version
needs no new code.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finance_pipeline.core.money import NotMoney, UnknownCurrency
from finance_pipeline.sources.camt.elements import AMOUNTS, REPEATED, WANTED, Tree, entry_of, statement_of
from finance_pipeline.sources.camt.statement import Entry, MalformedStatement, Statement, StatementFile

if TYPE_CHECKING:
    from lxml.etree import _Element

LARGEST_FILE_BYTES = 200_000_000
_MESSAGE = "BkToCstmrStmt"
_OTHER_MESSAGES = {"BkToCstmrAcctRpt": "a camt.052 report", "BkToCstmrDbtCdtNtfctn": "a camt.054 notification"}


def parse_statement_file(source: Path | bytes, name: str = "") -> StatementFile:
    """The statements of a camt.053 file; a statement that the file repeats word for word counts once.

    Raises MalformedStatement naming the file and, where known, the entry. Whether balances add up is not asked here.
    """
    from lxml import etree

    raw = source if isinstance(source, bytes) else source.read_bytes()
    shown = name or (source.name if isinstance(source, Path) else "file")
    try:
        if len(raw) > LARGEST_FILE_BYTES:
            raise MalformedStatement(f"the file is larger than {LARGEST_FILE_BYTES:,} bytes, the most we read.")
        return StatementFile(shown, tuple(dict.fromkeys(_statements(raw))))
    except etree.XMLSyntaxError as cause:
        raise _malformed(f"not well-formed XML: {cause}.", shown) from cause
    except (MalformedStatement, NotMoney, UnknownCurrency) as cause:
        raise _malformed(cause.what, shown) from cause
    except ValueError as cause:
        raise _malformed(f"{cause}.", shown) from cause


def _malformed(what: str, where: str) -> MalformedStatement:
    return MalformedStatement(
        what,
        where=where,
        kept="The file is kept as it came and nothing of it is used.",
        todo="Export the statement again as camt.053 and import that.",
    )


def _statements(raw: bytes) -> list[Statement]:
    """Every statement in the order of the file."""
    from lxml import etree

    events = etree.iterparse(
        io.BytesIO(raw),
        events=("end",),
        tag=("{*}Ntry", "{*}Stmt"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    found: list[Statement] = []
    entries: list[tuple[Entry, str]] = []
    prefix = -1
    for _, element in events:
        if prefix < 0:
            prefix = _prefix_of_a_statement(element.getroottree().getroot())
        if element.tag[prefix:] == "Ntry":
            entries.append(_entry(_tree(element, prefix), len(entries) + 1))
        else:
            found.append(statement_of(_tree(element, prefix), entries))
            entries = []
        element.clear()
    if not found:
        _prefix_of_a_statement(events.root)
        raise MalformedStatement("the file holds no statement.")
    return found


def _entry(tree: Tree, number: int) -> tuple[Entry, str]:
    """An entry and its currency. Raises MalformedStatement saying which entry of its statement is wrong."""
    try:
        return entry_of(tree)
    except (MalformedStatement, NotMoney, UnknownCurrency) as cause:
        raise MalformedStatement(f"entry {number}: {cause.what}") from cause
    except ValueError as cause:
        raise MalformedStatement(f"entry {number}: {cause}.") from cause


def _prefix_of_a_statement(root: _Element) -> int:
    """Length of the namespace prefix of every tag. Raises MalformedStatement for a DTD or another message."""
    if root.getroottree().docinfo.doctype:
        raise MalformedStatement("the file has a document type declaration, which no bank statement needs.")
    prefix: int = root.tag.rfind("}") + 1
    message = root[0].tag[prefix:] if len(root) else root.tag[prefix:]
    if message != _MESSAGE:
        raise MalformedStatement(f"this is {_OTHER_MESSAGES.get(message, f'<{message}>')}, not a camt.053 statement.")
    return prefix


def _tree(element: _Element, prefix: int) -> Tree:
    """The wanted texts below an element. The one hot loop: it runs for every element of an entry."""
    tree: dict[str, Any] = {}
    for child in element:
        name = child.tag[prefix:]
        if name not in WANTED:
            continue
        value: Any
        if len(child):
            value = _tree(child, prefix)
        elif name in AMOUNTS:
            value = ((child.text or "").strip(), child.get("Ccy"))
        else:
            value = (child.text or "").strip()
        if name in REPEATED:
            tree.setdefault(name, []).append(value)
        else:
            tree.setdefault(name, value)
    return tree
