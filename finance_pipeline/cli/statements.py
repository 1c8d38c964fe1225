"""Commands about statement files that need no database: what is in them, and whether it adds up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from finance_pipeline.cli.show import Shown, console, count, show_json, show_table, text

app = typer.Typer(no_args_is_help=True)


@app.command()
def parse(
    files: Annotated[list[Path], typer.Argument(help="Statement files, zip and gzip archives, or folders of them.")],
    profile: Annotated[Path | None, typer.Option("--profile", help="YAML: what the columns of a CSV are.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A list, one object a statement.")] = False,
) -> None:
    """Read statement files and say what is in them, without importing anything.

    Ends with 1 if a file cannot be read; the others are printed all the same.
    """
    from finance_pipeline.core.settings import home_folder
    from finance_pipeline.services.intake.statement_files import parsed

    found = list(parsed(files, home_folder(), profile))
    failed = [each for each in found if "error" in each]
    if as_json:
        show_json(found)
    else:
        show_table("Statements", (each for each in found if "error" not in each), _COLUMNS)
        for each in found:
            for words in each.get("problems", []):
                console.print(f"{each['file']}: {words}", soft_wrap=True, markup=False)
        for each in failed:
            console.print(f"Not read. {each['file']}: {each['error']}", soft_wrap=True, markup=False, style="red")
    if failed:
        raise typer.Exit(1)


@app.command("profile")
def propose_profile(file: Annotated[Path, typer.Argument(help="A CSV file of a bank.")]) -> None:
    """Propose a CSV profile as YAML: read it, correct it, and save it in csv-profiles of the data folder."""
    from finance_pipeline.services.intake.statement_files import proposed_profile

    console.print(proposed_profile(file), markup=False, soft_wrap=True, end="")


def _figure(heading: str, name: str) -> Shown:
    return Shown(heading, lambda row: "-" if row[name] is None else str(row[name]), is_figure=True)


def _foots(row: dict[str, Any]) -> str:
    return {True: "yes", False: f"no, {row['difference']} apart", None: "not known"}[row["foots"]]


_COLUMNS = [
    text("File", "file"),
    text("Format", "format"),
    text("Account", "account"),
    text("", "currency"),
    _figure("Opening", "opening"),
    _figure("Entries", "sum"),
    _figure("Closing", "closing"),
    count("Lines", "entry_count"),
    Shown("Adds up", _foots),
]
