"""The child process that reads statement files for others: python -m finance_pipeline.sources.statements.worker.

Bytes from outside are read where nothing is lost if reading goes wrong: with a bound of memory on what it holds
already, and no file that it could write. Requests come on standard input, one JSON object a line, followed by the bytes
of the file where they are sent along; each is answered by one line of JSON on standard output.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from finance_pipeline.sources.statements.containers import members
from finance_pipeline.sources.statements.evidence import Row, rows_of
from finance_pipeline.sources.statements.model import MalformedStatement, StatementDoesNotFoot
from finance_pipeline.sources.statements.reading import LARGEST_FILE_BYTES, Declared, read_stream

if TYPE_CHECKING:
    from finance_pipeline.sources.statements.csv.profile import Profile

MEMORY_BYTES = 1_500_000_000
"""Beyond what the process holds when it begins."""
Answer = dict[str, Any]


def main() -> int:
    from lxml import etree

    etree.fromstring(b"<loaded/>")
    _limit_memory(MEMORY_BYTES)
    requests, answers = sys.stdin.buffer, sys.stdout
    for line in requests:
        request = json.loads(line)
        raw = requests.read(request["sent_bytes"]) if "sent_bytes" in request else None
        _limit_time(request["limit_s"])
        answers.write(json.dumps(answer_to(request, raw), ensure_ascii=True) + "\n")
        answers.flush()
    return 0


def _limit_memory(more_bytes: int) -> None:
    """No more address space than is in use, and so much more; no core file, no file written."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    statistics = Path("/proc/self/statm")
    if statistics.exists():
        held_bytes = int(statistics.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held_bytes + more_bytes, held_bytes + more_bytes))


def _limit_time(limit_s: float) -> None:
    """No more processor time for this request than it may take: whoever waits for the answer may be gone by then."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until_s = int(used.ru_utime + used.ru_stime + limit_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until_s, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def answer_to(request: dict[str, Any], raw: bytes | None) -> Answer:
    """{"found": ...}, {"refused": words} for a file that is no statement, or {"held": words} for one that is wrong."""
    asked = _ASKED[request["want"]]
    try:
        if raw is not None:
            return {"found": asked(io.BytesIO(raw), len(raw), request)}
        path = Path(request["path"])
        with path.open("rb") as stream:
            return {"found": asked(stream, path.stat().st_size, request)}
    except MalformedStatement as problem:
        return {"refused": problem.what}
    except StatementDoesNotFoot as problem:
        return {"held": str(problem)}
    except (MemoryError, RecursionError):
        return {"refused": "reading it takes more memory than a statement needs."}
    except OSError as problem:
        return {"refused": f"it cannot be opened: {problem.strerror or problem}."}


def _summaries(stream: IO[bytes], size_bytes: int, request: dict[str, Any]) -> list[Answer]:
    """One object a statement, of all members of an archive."""
    from finance_pipeline.sources.statements.looking import summaries

    found: list[Answer] = []
    declared = _declared(request, proposes=True)
    for member in members(stream, size_bytes):
        name = f"{request['name']}/{member.name}" if member.name else request["name"]
        said = replace(declared, table=member.table)
        found += summaries(name, member.stream, member.size_bytes, said)
    return found


def _declared(request: dict[str, Any], *, proposes: bool) -> Declared:
    """What the request says that somebody declared."""
    said = request.get("declared", {})
    profiles: list[Profile] = []
    for text in said.get("profiles", []):
        from finance_pipeline.sources.statements.csv.profile import profile_of

        profiles.append(profile_of(text, "profile"))
    return Declared(tuple(profiles), proposes, said.get("account"), said.get("currency"))


def _rows(stream: IO[bytes], size_bytes: int, request: dict[str, Any]) -> list[Row]:
    """Rows of evidence (evidence.Row) of all members; one that is wrong holds all. Raises StatementDoesNotFoot."""
    from finance_pipeline.sources.statements.assemble import check_footing, joined, statements_of
    from finance_pipeline.sources.statements.model import StatementFile

    if size_bytes > LARGEST_FILE_BYTES:
        raise MalformedStatement(f"the file is larger than {LARGEST_FILE_BYTES:,} bytes, the most we land.")
    declared = _declared(request, proposes=False)
    events = (
        event
        for each in members(stream, size_bytes)
        for event in read_stream(each.stream, each.size_bytes, replace(declared, table=each.table))
    )
    file = StatementFile(request["name"], tuple(statements_of(events)))
    check_footing(file)
    return rows_of(joined(file))


def _proposal(stream: IO[bytes], size_bytes: int, request: dict[str, Any]) -> str:
    """A proposed CSV profile as YAML. Raises MalformedStatement for what is no table, or leaves questions open."""
    from finance_pipeline.sources.statements.csv.guess import proposal_for
    from finance_pipeline.sources.statements.csv.profile import yaml_of
    from finance_pipeline.sources.statements.texts import text_of

    if size_bytes > LARGEST_FILE_BYTES:
        raise MalformedStatement(f"the file is larger than {LARGEST_FILE_BYTES:,} bytes, the most we read.")
    member = next(iter(members(stream, size_bytes)))
    proposal = proposal_for(text_of(member.stream.read()), request["name"])
    if proposal.profile is None:
        raise MalformedStatement(f"{'; '.join(proposal.open_questions)}.")
    return yaml_of(proposal.profile)


_ASKED: dict[str, Callable[[IO[bytes], int, dict[str, Any]], Any]] = {
    "summaries": _summaries,
    "rows": _rows,
    "proposal": _proposal,
}

if __name__ == "__main__":
    sys.exit(main())
