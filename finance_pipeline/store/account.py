"""The operating system account that the embedded server runs as. PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finance_pipeline.core.problems import BadSettings

USER_VARIABLE = "FINANCE_PIPELINE_SERVER_USER"


@dataclass(frozen=True)
class Account:
    """An existing unprivileged account of this machine, or our own when we are not root."""

    name: str
    uid: int
    gid: int
    dropped: bool
    """True when we are root and the server runs as somebody else."""

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, away from our environment (PG* variables would change what it does)."""
        if self.dropped:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.run(command, cwd="/", env=environment, text=True, check=False, **options)

    def reaches(self, folder: Path) -> bool:
        """Whether it can enter a folder. Asked of the system itself: modes alone do not tell (ACLs, mounts)."""
        if not self.dropped:
            return os.access(folder, os.X_OK)
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)], **quiet).returncode == 0

    def own(self, folder: Path, mode: int = 0o700) -> None:
        """Give a folder of ours to the account."""
        if self.dropped:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(mode)


def server_account() -> Account:
    """Who the server runs as: ourselves, or as root `nobody` (another by FINANCE_PIPELINE_SERVER_USER)."""
    if os.geteuid() != 0:
        return Account(str(os.geteuid()), os.geteuid(), os.getegid(), dropped=False)
    name = os.environ.get(USER_VARIABLE) or "nobody"
    try:
        entry = pwd.getpwnam(name)
    except KeyError as cause:
        raise BadSettings(
            f"there is no account {name!r} on this machine to run PostgreSQL as; it refuses to run as root.",
            todo=f"Set {USER_VARIABLE} to an unprivileged account.",
        ) from cause
    if entry.pw_uid == 0:
        raise BadSettings(
            f"the account {name!r} is root; PostgreSQL refuses that.", todo=f"Set {USER_VARIABLE} to another account."
        )
    return Account(name, entry.pw_uid, entry.pw_gid, dropped=True)
