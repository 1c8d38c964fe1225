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
    from finance_pipeline.services import administration

    say(administration.start(home_folder()))


@app.command()
def stop() -> None:
    """Stop the embedded server, and the sandbox's where there is one; data stays."""
    from finance_pipeline.cli.environment import has_sandbox
    from finance_pipeline.services import administration

    home = home_folder()
    if has_sandbox(home):
        from finance_pipeline.sandbox.process import stop_sandbox

        stop_sandbox(home)
    administration.stop(home)
    say("The server is stopped. Data stays in the data folder.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Whether the server runs, since when, and where its data is."""
    from finance_pipeline.services import administration

    found = administration.status(home_folder())
    if as_json:
        show_json(found)
    else:
        say(found["words"])


@app.command()
def migrate() -> None:
    """Apply migrations that wait; each file is one transaction."""
    from finance_pipeline.services import administration

    applied = administration.migrate(home_folder())
    say(f"Applied {', '.join(applied)}." if applied else "Nothing to apply: the database is up to date.")
