"""The CSV profiles that somebody saved: YAML files in a folder of the data folder.

Here: files to texts, each checked. Not here: what a profile says (csv.profile); it is loaded only where there is one.
"""

from __future__ import annotations

from pathlib import Path

from finance_pipeline.core.problems import BadInput

PROFILES_FOLDER = "csv-profiles"


def profiles_of(home: Path, more: Path | None = None) -> tuple[str, ...]:
    """The profiles of a data folder, and one more, as YAML. Raises BadSettings for one that is wrong, BadInput."""
    files = [*sorted((home / PROFILES_FOLDER).glob("*.yaml")), *([more] if more else [])]
    if not files:
        return ()
    from finance_pipeline.sources.statements.csv.profile import profile_of

    texts = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as cause:
            raise BadInput(f"the profile {file} cannot be read: {cause}.") from cause
        profile_of(text, str(file))
        texts.append(text)
    return tuple(texts)
