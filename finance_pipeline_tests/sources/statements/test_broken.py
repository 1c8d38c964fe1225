"""Files of the corpus with bytes changed, taken away, doubled: they are read or refused, and nothing else happens."""

import io
import random
from pathlib import Path

import pytest

from finance_pipeline.sources.statements.assemble import check_footing, statements_of
from finance_pipeline.sources.statements.containers import members
from finance_pipeline.sources.statements.evidence import rows_of
from finance_pipeline.sources.statements.model import MalformedStatement, StatementDoesNotFoot, StatementFile
from finance_pipeline.sources.statements.reading import Declared, read_stream
from finance_pipeline.sources.statements.summary import summaries

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.stat().st_size)
PIECES = (b"0", b"-", b"9" * 20, b"\xff", b"\n", b"/", b",", b"<", b'"', b":61:", b"\0", b".", b"EUR", b"0000")
DECLARED = Declared(proposes=True, account="A", currency="EUR")
_TIMES = 2


def broken(raw: bytes, chance: random.Random) -> bytes:
    """A file with one to three things changed."""
    lines = raw.split(b"\n")
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(raw))
        piece = chance.choice(PIECES)
        again = chance.choice(lines)
        raw = (
            chance.choice(
                [
                    raw[:place] + piece + raw[place:],
                    raw[:place] + piece + raw[place + len(piece) :],
                    raw[:place] + raw[place + chance.randint(1, 20) :],
                    raw[:place] + again + raw[place:],
                    raw.replace(again + b"\n", b"", 1),
                ]
            )
            or b"x"
        )
    return raw


def refusal_of(raw: bytes, name: str) -> str | None:
    """Why a file is refused or held; None for one that is read and adds up."""
    try:
        inside = list(members(io.BytesIO(raw), len(raw)))
        events = [e for each in inside for e in read_stream(each.stream, each.size_bytes, DECLARED)]
        assert list(summaries(name, iter(events)))
        file = StatementFile(name, tuple(statements_of(events)))
        check_footing(file)
        assert rows_of(file)
    except (MalformedStatement, StatementDoesNotFoot) as refused:
        return refused.what
    return None


@pytest.mark.parametrize("folder", sorted({path.parent.name for path in FILES}))
def test_a_file_that_is_broken_anyhow_is_read_or_refused_in_words(folder: str) -> None:
    chance = random.Random(folder)
    for path in FILES * _TIMES:
        if path.parent.name == folder:
            words = refusal_of(broken(path.read_bytes(), chance), path.name)
            assert words is None or 10 < len(words) < 500, path.name
