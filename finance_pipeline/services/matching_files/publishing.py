"""Four files into a folder, all or none: what a reader finds is one run's result, whole, or what was there before.

New files are written beside the old ones and made durable first; only renames are left, which take microseconds. Where
one of them fails, the old files are put back; where the process is killed between two, the next run does so before
anything else. A folder that does not exist yet comes into being whole, by one rename.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from finance_pipeline.core.problems import BadInput, Busy, PermanentProblem
from finance_pipeline.matching import schemas
from finance_pipeline.services.matching_files.fitting import LIST_SEPARATOR

RESULT = (schemas.MATCHES, schemas.ALLOCATIONS, schemas.EXCEPTIONS, schemas.EXPLANATIONS)
NAMES = tuple(table.name for table in RESULT)
FORMATS = ("parquet", "csv")
_OURS = tuple(f"{name}.{ending}" for name in NAMES for ending in FORMATS)
_LIKE_A_FORMULA = r"\A(?:[=@\t\r]|[+-](?:[^0-9]|[0-9.,]*[^0-9.,]))"
"""What a spreadsheet computes when it opens CSV; a signed number is none."""
_WORK = ".finance-pipeline-match"
"""Folder inside the output folder where new files are made and old ones are kept until the new ones are in place."""


def check_target(folder: Path, source: Path) -> None:
    """Refuse a folder that cannot take the result, before any work. Raises BadInput."""
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file, not a folder.", kept="Nothing was written.", todo="Check --out.")
    if folder.resolve() == source.resolve():
        raise BadInput(
            f"{folder} is where the input is; results beside it would be read as input, or replace it.",
            kept="Nothing was written.",
            todo="Give --out another folder.",
        )
    standing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not os.access(standing, os.W_OK | os.X_OK):
        raise BadInput(f"{standing} is not ours to write to.", kept="Nothing was written.", todo="Check --out.")


def publish(frames: dict[str, pl.DataFrame], folder: Path, form: str) -> list[Path]:
    """Write each frame as a file of its name, replacing what an earlier run left there, in either format.

    Files of others in the folder are not touched. Raises PermanentProblem where writing fails: the folder is then as
    it was; and Busy while another process writes to it.
    """
    try:
        if folder.exists():
            with _alone(folder):
                restore(folder)
                _replace(frames, folder, form)
        else:
            _create(frames, folder, form)
    except OSError as cause:
        raise PermanentProblem(
            f"the result could not be written: {cause.strerror or cause}.",
            where=str(folder),
            kept="What was there before is as it was.",
            todo="Make room or give --out another folder, and run the command again.",
        ) from cause
    return [folder / f"{name}.{form}" for name in frames]


def restore(folder: Path) -> None:
    """Undo what a process that was killed left half done: the files that it had kept come back.

    They stay kept until all are back, so that this too can be killed at any moment.
    """
    work = folder / _WORK
    if (work / "kept").exists():
        for name in _OURS:
            if (work / "kept" / name).exists():
                (work / "back").unlink(missing_ok=True)
                _link(work / "kept" / name, work / "back")
                (work / "back").replace(folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
        (work / "kept").rename(work / "done")
    shutil.rmtree(work, ignore_errors=True)


def _create(frames: dict[str, pl.DataFrame], folder: Path, form: str) -> None:
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    made = folder.absolute().parent / f".{folder.name}-{os.getpid()}"
    shutil.rmtree(made, ignore_errors=True)
    try:
        made.mkdir()
        for name, frame in frames.items():
            _write(frame, made / f"{name}.{form}")
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _replace(frames: dict[str, pl.DataFrame], folder: Path, form: str) -> None:
    work = folder / _WORK
    try:
        (work / "new").mkdir(parents=True)
        for name, frame in frames.items():
            _write(frame, work / "new" / f"{name}.{form}")
        _keep(folder, work)
        for path in sorted((work / "new").iterdir()):
            path.replace(folder / path.name)
        for name in {*_OURS} - {f"{name}.{form}" for name in frames}:
            (folder / name).unlink(missing_ok=True)
        _sync(folder)
        (work / "kept").rename(work / "done")
    finally:
        # After the last rename nothing is kept any more, and this only clears up.
        restore(folder)


def _keep(folder: Path, work: Path) -> None:
    """Second names of the files that stand; complete before `kept` has its name, so that it is never half a set."""
    (work / "keeping").mkdir()
    for name in _OURS:
        if (folder / name).exists():
            _link(folder / name, work / "keeping" / name)
    (work / "keeping").rename(work / "kept")


def _link(path: Path, other: Path) -> None:
    try:
        other.hardlink_to(path)
    except OSError:  # a file system without hard links
        shutil.copy2(path, other)


def _write(frame: pl.DataFrame, path: Path) -> None:
    """One file, durable when this returns. The same rows are the same bytes, however they came together."""
    whole = frame.rechunk()
    with path.open("wb") as file:
        if path.suffix == ".parquet":
            # Digests do not compress: higher levels take twice the time for larger files.
            whole.write_parquet(file, compression="zstd", compression_level=1)
        else:
            whole.with_columns(_for_csv(whole)).write_csv(file)
        file.flush()
        os.fsync(file.fileno())


def _for_csv(frame: pl.DataFrame) -> list[pl.Expr]:
    """Lists as CSV has them; and a text that a spreadsheet would take for a formula is marked as a text."""
    lists = [
        pl.col(name).list.join(LIST_SEPARATOR) for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)
    ]
    texts = [_no_formula(name) for name, dtype in frame.schema.items() if dtype == pl.String]
    return lists + texts


def _no_formula(name: str) -> pl.Expr:
    text = pl.col(name)
    return pl.when(text.str.contains(_LIKE_A_FORMULA)).then(pl.lit("'") + text).otherwise(text).alias(name)


def _sync(folder: Path) -> None:
    """Names are durable too: none of them can be older than the end of `kept`."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other run writes to the folder meanwhile; the lock goes with the process."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise Busy(
                "another run writes its result there.",
                where=str(folder),
                kept="Nothing was written.",
                todo="Wait for it, or give --out another folder.",
            ) from cause
        yield
    finally:
        os.close(handle)
