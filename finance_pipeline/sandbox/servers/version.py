"""Which data folder and which code a server is of, so that nobody takes another's, or an old one, for theirs."""

from __future__ import annotations

from pathlib import Path

from finance_pipeline.core.identity import digest


def home_id(home: Path) -> str:
    """A short name of a data folder."""
    return digest("sandbox", home.resolve())[:16]


def code_version() -> str:
    """Changes when the code of the servers does: a server of another version is replaced, not used."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return digest(*(part for file in files for part in (file.name, file.read_text(encoding="utf-8"))))[:16]
