"""The inbox of a fault campaign: statement files come as banks, mailboxes and people send them.

Each file is there whole in the end. Before that some come late, some are cut off first, some come twice under two names
or once more later, and they are not read in the order of their days.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import Random

MISHAPS = ("late", "truncated", "twice", "sent again")
_PER_CENT_EACH = 12


class Inbox:
    """The watched folder of one run. rng: of what goes wrong with files; None: nothing does.

    met: how often each mishap was met.
    """

    def __init__(self, home: Path, sent_by: Callable[[datetime], list[Path]], rng: Random | None) -> None:
        self._folder, self._sent_by, self._rng = home / "inbox", sent_by, rng
        self._known: set[str] = set()
        self._waiting: list[tuple[Path, str]] = []
        self.met: Counter[str] = Counter()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()

    def it_is(self, moment: datetime) -> None:
        """The files that the banks have sent by a moment, and were not put there before."""
        for file in self._sent_by(moment):
            if file.name not in self._known:
                self._known.add(file.name)
                self._put(file)

    def everything_came(self) -> bool:
        """Whether all came that was kept back; if not, it comes now."""
        waiting, self._waiting = self._waiting, []
        for file, name in waiting:
            self._copy(file.read_bytes(), name)
        return not waiting

    def _put(self, file: Path) -> None:
        if self._rng is None:
            self._copy(file.read_bytes(), file.name)
            return
        name = f"{self._rng.randrange(10**6):06d} {file.name}"
        drawn = self._rng.randrange(100) // _PER_CENT_EACH
        mishap = MISHAPS[drawn] if drawn < len(MISHAPS) else ""
        if mishap:
            self.met[mishap] += 1
        content = file.read_bytes()
        if mishap in ("late", "truncated"):
            self._waiting.append((file, name))
        if mishap == "truncated":
            self._copy(content[: self._rng.randrange(1, len(content))], name)
        elif mishap != "late":
            self._copy(content, name)
        if mishap == "twice":
            self._copy(content, f"copy of {name}")
        elif mishap == "sent again":
            self._waiting.append((file, f"again {name}"))

    def _copy(self, content: bytes, name: str) -> None:
        """Whole at once, as a mail client or a bank's client leaves it."""
        beside = self._folder / f".{name}.new"
        beside.write_bytes(content)
        beside.replace(self._folder / name)
