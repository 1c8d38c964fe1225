"""`close documents`, `close post-document`, `close refuse-document`: suppliers' second documents of one number."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, console, money, show_frame, text

Book = Annotated[str, typer.Option("--book", help="Book (legal entity), as the settings name it.")]
Document = Annotated[str, typer.Argument(help="As `documents` prints it; its first letters will do.", metavar="ID")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in your own words.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines: minor units, ISO dates.")]


def documents(book: Book, as_json: AsJson = False) -> None:
    """Suppliers' documents with a number that another of theirs has: they count once two people said so."""
    from finance_pipeline.services.closing.documents import second_documents

    with opened() as workspace:
        found = second_documents(workspace, book)
    columns = [
        text("Month", "month"), text("Supplier", "party_name"),
        Shown("Document", lambda row: escape(f"{row['kind'].replace('_', ' ')} {row['number']}")),
        text("Dated", "issued_on"), text("The first", "first_on"), money("Total", "total_minor"), text("", "currency"),
        Shown("Stands", _stands), Shown("ID", lambda row: row["record_id"].split("/")[-1]),
    ]  # fmt: skip
    show_frame(f"Second documents of one number, {book}", found, columns, as_json=as_json, empty="none")


def _stands(row: dict[str, Any]) -> str:
    return escape(f"{row['state']} ({row['actor']}: {row['reason']})") if row["actor"] else str(row["state"])


def post_document(document: Document, book: Book, reason: Reason) -> None:
    """Let a second document be posted: one person proposes it, another does the same and it counts."""
    _decide(book, document, "post", reason)


def refuse_document(document: Document, book: Book, reason: Reason) -> None:
    """Keep a second document out of the books: no entry, no open item."""
    _decide(book, document, "refuse", reason)


def _decide(book: str, document: str, verdict: Literal["post", "refuse"], reason: str) -> None:
    from finance_pipeline.services.closing.documents import decide_document

    with opened() as workspace:
        said = decide_document(workspace, book, document, verdict, reason=reason)
        actor = workspace.settings.actor
    if said == "proposed":
        console.print(f"Proposed by {actor}. Next: another person runs the same, and it is posted.", markup=False)
    else:
        console.print(f"{said.capitalize()} by {actor}. Next: run its month.", markup=False)


def register(app: typer.Typer) -> None:
    """Add the three commands."""
    app.command("documents")(documents)
    app.command("post-document")(post_document)
    app.command("refuse-document")(refuse_document)
