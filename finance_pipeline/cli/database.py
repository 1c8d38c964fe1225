"""Commands about the database server."""

from __future__ import annotations

from typing import Annotated

import typer

from finance_pipeline.cli.show import say, show_json
from finance_pipeline.core.settings import home_folder

app = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines.")]


@app.command()
def start() -> None:
    """Start the embedded server, or find it running."""
    from finance_pipeline.store.server import ensure_server, server_status

    ensure_server(home_folder())
    say(str(server_status(home_folder())))


@app.command()
def stop() -> None:
    """Stop the embedded server; data stays."""
    from finance_pipeline.store.server import stop_server

    stop_server(home_folder())
    say("The server is stopped. Data stays in the data folder.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Whether the server runs, where its data is, and which migrations wait."""
    from dataclasses import asdict

    from finance_pipeline.store.server import server_status

    found = server_status(home_folder())
    if as_json:
        show_json({name: str(value) for name, value in asdict(found).items()})
    else:
        say(str(found))


@app.command()
def migrate() -> None:
    """Apply migrations that wait; each file is one transaction."""
    from finance_pipeline.store.database import Database

    database = Database.open(home_folder())
    try:
        applied = database.migrate()
    finally:
        database.close()
    say(f"Applied {', '.join(applied)}." if applied else "Nothing to apply: the database is up to date.")
