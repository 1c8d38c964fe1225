"""The landing on the command line: is the evidence whole, and do the canonical records follow from it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import console, progress, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.intake.replay import Replayed

app = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines.")]
_SHOWN = 50
"""Rows printed for people; --json prints all."""


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Hash every landed file, page and payload anew, and hold them against the manifest. Ends with 1 on any defect."""
    from finance_pipeline.services.intake.landing import verify as verify_landing

    with opened() as workspace:
        found = verify_landing(workspace, progress())
    if as_json:
        show_json(
            {
                "intact": not found.defects,
                "files": found.file_count,
                "bytes": found.byte_count,
                "pages": found.page_count,
                "versions": found.version_count,
                "defects": [defect.as_row() for defect in found.defects],
            }
        )
    else:
        held = f"{found.file_count:,} files, {found.page_count:,} pages, {found.version_count:,} versions of records"
        if found.defects:
            columns = [text("What", "kind"), text("Where", "where"), text("Why", "words"), text("What to do", "todo")]
            show_table("Defects", (defect.as_row() for defect in found.defects[:_SHOWN]), columns)
            console.print(f"{len(found.defects):,} defects in {held}.")
        else:
            console.print(f"All evidence is what the manifest lists, and nothing else is there: {held}.")
    if found.defects:
        raise SystemExit(1)


@app.command()
def replay(
    first_day: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Compare what was mapped since."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only compare; put nothing back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Map all evidence again, beside the canonical records that stand, and compare every version byte for byte.

    Versions that are missing are put back. What was changed, or stands without evidence, is listed and left as it is;
    the command then ends with 1.
    """
    from finance_pipeline.services.intake.replay import replay as replay_landing

    since = first_day.date() if first_day else None
    with opened() as workspace:
        found = replay_landing(workspace, progress(), since=since, restore=not check)
    if as_json:
        show_json(_as_json(found))
    else:
        _print(found)
    if not found.is_whole:
        raise SystemExit(1)


def _as_json(found: Replayed) -> dict[str, object]:
    return {
        "same": found.differences.is_empty(),
        "mappings": found.step_count,
        **{what: found.count(what) for what in ("added", "removed", "changed")},
        "restored": found.restored,
        "other_mappers": found.other_mappers,
        "tables": [
            {
                "table": table.table,
                "versions": table.version_count,
                "standing_hash": table.standing_hash,
                "replayed_hash": table.replayed_hash,
            }
            for table in found.tables
        ],
        "differences": found.differences.to_dicts(),
    }


def _print(found: Replayed) -> None:
    rows = (
        {
            "table": each.table,
            "versions": f"{each.version_count:,}",
            "hash": each.replayed_hash,
            **{what: f"{each.count(what):,}" for what in ("added", "removed", "changed")},
        }
        for each in found.tables
    )
    columns = [text(heading.capitalize(), heading) for heading in ("table", "versions", "added", "removed", "changed")]
    show_table("Mapped from evidence", rows, [*columns, text("SHA-256 of all versions", "hash")])
    if not found.differences.is_empty():
        names = [text("Table", "table"), text("Record", "key"), text("Version", "version"), text("What", "what")]
        show_table("Differences", found.differences.head(_SHOWN).iter_rows(named=True), names)
    if found.restored:
        console.print(f"{found.restored:,} versions were missing and stand again.")
    if found.other_mappers:
        console.print(f"The mapper of {', '.join(found.other_mappers)} is a newer one now than in some mappings.")
    if not found.is_whole:
        console.print("What differs was left as it is. Restore those rows from a backup, or find out who changed them.")
