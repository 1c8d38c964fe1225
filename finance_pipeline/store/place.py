"""Where a data folder's cluster and sockets are, and what is left over from folders that are gone.

A cluster is HOME/postgres/data. As root the server runs as somebody else; if that account cannot enter HOME, the
cluster is below MACHINE_FOLDER, and HOME/postgres/elsewhere is a hard link of its `token`: when HOME is removed, the
token's link count falls, and whoever starts or stops a server next discards the cluster. So removing the folder removes
everything, a folder that was only renamed keeps its data, and a disk that is only unmounted is not taken for removed.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from finance_pipeline.core.problems import BadSettings, PermanentProblem
from finance_pipeline.store import postmaster
from finance_pipeline.store.account import Account
from finance_pipeline.store.programs import MACHINE_FOLDER, machine_folder

SOCKET_BASE = Path("/tmp")
"""Short, since a socket's path has at most 107 bytes; fixed, since TMPDIR differs between a shell and a scheduler."""
SOCKET_PREFIX = "finance-pipeline-"
PATH_LIMIT_BYTES = 900
"""PostgreSQL's own limit is 1024 for any path inside its data folder."""
HALF_MADE_S = 3600.0


class DataIsElsewhere(PermanentProblem):
    """HOME says that its cluster is outside, but that cluster is gone or belongs to another folder."""


@dataclass(frozen=True)
class Place:
    """The folders of one cluster."""

    home: Path
    folder: Path
    """Holds `data`, and `data.new-*` while a cluster is being made."""
    socket_base: Path
    """Holds the socket folder, and a file `home` that says whose it is."""

    @property
    def data(self) -> Path:
        return self.folder / "data"


def place_of(home: Path) -> Place:
    """Where the cluster of a data folder is, or would be; nothing is made."""
    pointer = home / "postgres" / "elsewhere"
    folder = _outside(home, pointer) if pointer.exists() else pointer.parent
    return Place(home, folder, SOCKET_BASE / (SOCKET_PREFIX + _hash(home)))


def make_place(home: Path, account: Account) -> Place:
    """The same, with its folders made. The caller holds the start lock. Raises BadSettings, DataIsElsewhere."""
    if len(os.fsencode(home)) > PATH_LIMIT_BYTES:
        raise BadSettings(
            f"the path of the data folder has more than {PATH_LIMIT_BYTES} bytes; PostgreSQL cannot use it.",
            where=str(home),
            todo="Choose a shorter FINANCE_PIPELINE_HOME.",
        )
    inside = home / "postgres"
    try:
        inside.mkdir(parents=True, exist_ok=True)
        inside.chmod(0o755 if account.dropped else 0o700)
    except OSError as cause:
        raise BadSettings(
            f"the data folder cannot be written: {cause.strerror}.",
            where=str(inside),
            todo="Choose another with FINANCE_PIPELINE_HOME, or give yourself access.",
        ) from cause
    (inside / "elsewhere.new").unlink(missing_ok=True)
    if not (inside / "elsewhere").exists() and not (inside / "data").exists() and not account.reaches(inside):
        _make_outside(home, inside)
    return place_of(home)


def _hash(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:12]


def _make_outside(home: Path, inside: Path) -> None:
    """An empty folder for the cluster below MACHINE_FOLDER, tied to HOME by a token. Killed anywhere: made anew."""
    parent = machine_folder("data")
    folder = parent / f"{_hash(home)}-{secrets.token_hex(8)}"
    making = parent / f"making-{folder.name}"
    making.mkdir(mode=0o755)
    making.chmod(0o755)
    token = making / "token"
    token.write_text(folder.name, encoding="utf-8")
    new = inside / "elsewhere.new"
    try:
        os.link(token, new)
        linked = True
    except OSError:  # another file system: then the path and its device have to do
        new.write_text(folder.name, encoding="utf-8")
        linked = False
    about = {"home": str(home), "device": home.stat().st_dev, "linked": linked}
    (making / "home").write_text(json.dumps(about), encoding="utf-8")
    making.rename(folder)
    new.rename(inside / "elsewhere")


def _outside(home: Path, pointer: Path) -> Path:
    """The outside folder that HOME points to. Raises DataIsElsewhere if it is gone or not HOME's."""
    folder = MACHINE_FOLDER / "data" / pointer.read_text(encoding="utf-8").strip()
    if not (folder / "token").exists():
        raise DataIsElsewhere(
            "the database of this data folder was kept elsewhere and is gone.",
            where=str(folder),
            todo=f"Restore it, or remove {pointer.parent} to begin with an empty database.",
        )
    about = json.loads((folder / "home").read_text(encoding="utf-8"))
    ours = pointer.samefile(folder / "token") if about["linked"] else about["home"] == str(home)
    if not ours:
        raise DataIsElsewhere(
            f"this folder is a copy of {about['home']}, whose database is kept elsewhere and was not copied.",
            where=str(home),
            kept="Both folders are as they were.",
            todo=f"Remove {pointer.parent} to begin with an empty database.",
        )
    if about["home"] != str(home):
        (folder / "home").write_text(json.dumps(about | {"home": str(home)}), encoding="utf-8")
    return folder


def make_sockets(place: Place, account: Account) -> Path:
    """An empty socket folder: only the server's account (and root) may enter, because the socket asks for no password.

    It lies in a folder of ours that names HOME, which nobody else can write, so that the name can be trusted.
    """
    base = place.socket_base
    if not base.exists() and not base.is_symlink():
        base.mkdir()
    if base.is_symlink() or base.stat().st_uid != os.geteuid():
        raise BadSettings(
            "this folder, meant for the server's socket, belongs to somebody else.",
            where=str(base),
            todo="Remove it, or use another FINANCE_PIPELINE_HOME.",
        )
    base.chmod(0o755 if account.dropped else 0o700)
    (base / "home").write_text(str(place.home), encoding="utf-8")
    sockets = next(each for each in map(base.joinpath, map(str, itertools.count())) if not postmaster.serves(each))
    sockets.mkdir(exist_ok=True)
    account.own(sockets)
    for left in sockets.glob(".s.PGSQL.*"):
        left.unlink()
    return sockets


def discard_orphans(account: Account) -> list[Path]:
    """Stop servers and remove clusters and sockets whose data folder no longer exists; returns what was removed."""
    outside = MACHINE_FOLDER / "data"
    gone = []
    if account.dropped and outside.is_dir():
        gone += [each for each in outside.iterdir() if _is_orphan(each)]
    for folder in gone:
        postmaster.end_all_in(folder / "data")
        shutil.rmtree(folder, ignore_errors=True)
    for base in SOCKET_BASE.glob(f"{SOCKET_PREFIX}*"):
        if _is_orphaned_socket(base) and not any(map(postmaster.serves, base.glob("[0-9]"))):
            shutil.rmtree(base, ignore_errors=True)
            gone.append(base)
    return gone


def _is_orphan(folder: Path) -> bool:
    """Whether an outside cluster's data folder was removed. In doubt it was not."""
    if folder.name.startswith("making-"):
        return time.time() - folder.stat().st_mtime > HALF_MADE_S
    try:
        about = json.loads((folder / "home").read_text(encoding="utf-8"))
        if about["linked"]:
            return (folder / "token").stat().st_nlink < 2
        home = Path(about["home"])
        if home.parent.stat().st_dev != about["device"]:
            return False  # its disk is not mounted
        pointer = home / "postgres" / "elsewhere"
        return not pointer.exists() or pointer.read_text(encoding="utf-8").strip() != folder.name
    except (OSError, ValueError, KeyError):
        return False


def _is_orphaned_socket(base: Path) -> bool:
    try:
        if base.is_symlink() or base.stat().st_uid != os.geteuid():
            return False
        home = Path((base / "home").read_text(encoding="utf-8"))
    except OSError:
        return False
    return not home.exists()
