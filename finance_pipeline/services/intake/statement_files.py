"""Looking at statement files without landing them: what they say, and whether it adds up.

Each file is read in the child process that reads all files from outside; one that cannot be read stops no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from finance_pipeline.core.problems import BadInput


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files that paths name: of a folder all below it that are not hidden, by name; else the path, there or not."""
    from finance_pipeline.sources.statement_files import files_below

    return [file for path in paths for file in (files_below(path) or [path] if path.is_dir() else [path])]


def present_files_of(paths: Iterable[Path]) -> list[Path]:
    """The files that paths name. Raises BadInput for the first that is none."""
    files = files_of(paths)
    for file in files:
        if said := _no_file(file):
            raise BadInput(said, where=str(file), kept="Nothing was read.", todo="Check the path.")
    return files


def _no_file(path: Path) -> str | None:
    """Why a path is no file to read; None for one that is. A pipe or a device has no end."""
    if path.is_file():
        return None
    if path.is_dir():
        return "this folder holds no file."
    return "this is a pipe or a device, not a file." if path.exists() else "there is no such file."


def parsed(files: Iterable[Path], home: Path, profile: Path | None) -> Iterator[dict[str, Any]]:
    """One object a statement (sources.statements.summary), or one with `error` for a file that cannot be read.

    CSV is read by a profile of the data folder or the one given; else by a proposed one, which is said. Raises
    BadSettings for a profile that is wrong.
    """
    from finance_pipeline.sources.statements.child import Told, shared_reader
    from finance_pipeline.sources.statements.model import MalformedStatement
    from finance_pipeline.sources.statements.profiles import profiles_of

    told = Told(profiles_of(home, profile))
    for file in files_of(files):
        if said := _no_file(file):
            yield {"file": str(file), "error": said}
            continue
        try:
            yield from shared_reader().summaries(file, str(file), told)
        except MalformedStatement as problem:
            yield {"file": str(file), "error": problem.what}


def read_here(file: Path) -> list[dict[str, Any]]:
    """What `parsed` gives of one file, read in this process: to measure reading alone. Raises MalformedStatement."""
    from finance_pipeline.sources.statements.looking import summaries
    from finance_pipeline.sources.statements.reading import Declared

    with file.open("rb") as stream:
        return summaries(file.name, stream, file.stat().st_size, Declared())


def proposed_profile(file: Path) -> str:
    """A proposed profile of a CSV file, as YAML to read, correct and save. Raises BadInput saying what is open."""
    from finance_pipeline.sources.statements.child import shared_reader
    from finance_pipeline.sources.statements.model import MalformedStatement

    present, *others = present_files_of([file])
    if others:
        raise BadInput("this folder holds several files.", where=str(file), todo="Name the one to look at.")
    try:
        return shared_reader().proposal(present)
    except MalformedStatement as problem:
        raise BadInput(problem.what, where=str(file)) from problem
