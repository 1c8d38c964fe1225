"""How connections do, and the dead letters: what did not fit, and what somebody does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, console, count, show_frame, show_json, text

if TYPE_CHECKING:
    from finance_pipeline.services.workspace import Workspace

app = typer.Typer(no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="Number of the dead letter, as `deadletters list` prints it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines.")]
_PAYLOAD_CHARS = 2_000
_STATE_WORDS = {
    "healthy": "[green]healthy[/]",
    "throttled": "[yellow]throttled[/]",
    "needs_owner": "[red]needs its owner[/]",
    "refused": "[red]refused[/]",
    "stale": "[yellow]stale[/]",
}


def show_connections(workspace: Workspace, *, as_json: bool) -> None:
    """Print how each connection does, since when, why, and what to do."""
    from finance_pipeline.services.intake.connections import connection_states

    columns = [
        text("Connection", "connection_id"),
        Shown("State", lambda row: _STATE_WORDS[row["state"]]),
        _moment("Since", "since"),
        _moment("Last read", "read_at"),
        _moment("Left alone until", "open_until"),
        count("Dead letters", "dead_letters"),
        text("Why", "reason"),
        text("What to do", "todo"),
    ]
    show_frame("Connections", connection_states(workspace), columns, as_json=as_json, empty="none is declared")


@app.command("list")
def list_letters(
    connection: Annotated[str | None, typer.Option("--connection", help="Only those of this connection.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Settled and dismissed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Records, pages and files that did not fit, newest first, and what to do about each."""
    from finance_pipeline.services.intake.dead_letters import dead_letters

    columns = [
        count("Number", "dead_letter_id"),
        text("Connection", "connection_id"),
        text("Kind", "kind"),
        text("Id", "source_id"),
        _moment("Landed", "landed_at"),
        text("Standing", "standing"),
        text("Why", "reason"),
        Shown("What to do", _todo),
    ]
    with opened() as workspace:
        found = dead_letters(workspace, connection, every=every)
    show_frame("Dead letters", found.drop("payload"), columns, as_json=as_json)


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """One dead letter: why, where its bytes are, what was decided, and what it held."""
    from finance_pipeline.services.intake.dead_letters import dead_letter

    with opened() as workspace:
        letter = dead_letter(workspace, number)
        where = workspace.landing.root / letter["path"] if letter["path"] else None
    if as_json:
        show_json(letter)
        return
    named = f"{letter['kind']} {letter['source_id']}".strip()
    console.print(f"[bold]Dead letter {number}[/], {letter['standing']}: {named} of {letter['connection_id']}")
    console.print(f"Why: {letter['reason']}", markup=False)
    console.print(f"Its bytes: {where}, hash {letter['page_hash']}", markup=False, soft_wrap=True)
    if letter["actor"]:
        decided = f"{letter['decided_at']:%Y-%m-%d %H:%M} by {letter['actor']}: {letter['decided_because']}"
        console.print(f"Last decision: {decided}", markup=False)
    console.print(f"What to do: {_todo(letter) or 'nothing'}", markup=False)
    if letter["payload"]:
        console.print(letter["payload"][:_PAYLOAD_CHARS], markup=False)


@app.command()
def retry(
    numbers: Annotated[list[int] | None, typer.Argument(help="Numbers of dead letters; all that wait if none.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read again what they are about, as a first read does. What is known already adds nothing."""
    from finance_pipeline.cli.environment import prepare_sources
    from finance_pipeline.services.intake.dead_letters import dead_letters
    from finance_pipeline.services.intake.dead_letters import retry as retry_letters

    with opened() as workspace:
        prepare_sources(workspace.home)
        wanted = numbers or dead_letters(workspace)["dead_letter_id"].to_list()
        results = retry_letters(workspace, wanted)
    failed = [each.problem for each in results if each.problem is not None]
    if as_json:
        show_json(
            [
                {"connection": r.connection_id, "letters": r.letters, "settled": r.settled, "versions": r.new_versions}
                for r in results
            ]
        )
    else:
        for r in results:
            console.print(
                f"{r.connection_id}: {r.settled} of {r.letters} fit now, {r.new_versions} new versions.", markup=False
            )
        if not results:
            console.print("No dead letter waits.")
    if failed:
        raise failed[0]


@app.command()
def dismiss(
    number: Number, reason: Annotated[str, typer.Option("--reason", help="Why it needs nothing more.")]
) -> None:
    """Record that a dead letter needs nothing more. It stays as it was written."""
    from finance_pipeline.services.intake.dead_letters import dismiss as dismiss_letter

    with opened() as workspace:
        letter = dismiss_letter(workspace, number, reason)
    console.print(f"Dead letter {number} is dismissed by {letter['actor']}.", markup=False)


def _todo(letter: dict[str, Any]) -> str:
    """The next step for a letter that waits."""
    if letter["standing"] != "waiting":
        return ""
    step = f"finance-pipeline deadletters retry {letter['dead_letter_id']}"
    return {
        "page": "nothing: it is asked for again at the next sync",
        "file": f"import a corrected file, or {step}",
    }.get(letter["kind"], f"{step}, once it is mended at the source or here; or dismiss it")


def _moment(heading: str, name: str) -> Shown:
    return Shown(heading, lambda row: "" if row[name] is None else f"{row[name]:%Y-%m-%d %H:%M}")
