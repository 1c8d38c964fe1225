"""The house: which room may import which, where vendors and the orchestrator may appear, how big a file may grow."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "finance_pipeline"
MAY_IMPORT = {
    "core": set(),
    "store": {"core"},
    "sources": {"core"},
    "landing": {"core", "store"},
    "canonical": {"core"},
    "matching": {"core", "canonical.schemas"},
    "ledger": {"core", "store", "canonical.schemas", "matching.schemas"},
    "cash": {"core", "store", "canonical.schemas", "ledger"},
    "close": {"core", "store", "canonical.schemas", "ledger"},
    "services": {"core", "store", "sources", "landing", "canonical", "matching", "ledger", "cash", "close"},
    "defs": {"core", "services"},
    "definitions": {"core", "services", "defs"},
    "sandbox": {"core"},
    "cli": {"core", "services", "defs", "sandbox"},
}
ONLY_IN = {
    "dagster": {"defs", "definitions"},
    "plaid": {"sources"},
    "stripe": {"sources"},
    "xero_python": {"sources"},
    "duckdb": {"canonical", "core", "landing", "services", "close", "cash"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    first = file.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imports_of(file: Path) -> list[str]:
    """Every module that a file imports, wherever in the file; type-checking imports included."""
    found: list[str] = []
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            found.append(node.module or "")
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_room_imports_only_from_the_rooms_it_may_know(file: Path) -> None:
    room = room_of(file)
    if room == "__init__":
        return
    for module in imports_of(file):
        top = module.split(".")[0]
        assert room in ONLY_IN.get(top, {room}), f"{room} imports {top}"
        if top != "finance_pipeline" or module == "finance_pipeline":
            continue
        inside = module.removeprefix("finance_pipeline.")
        allowed = {room, *MAY_IMPORT[room]}
        fits = any(inside == a or inside.startswith(f"{a}.") or a.startswith(f"{inside}.") for a in allowed)
        assert fits, f"{room} imports {module}"


def test_only_the_scoring_of_the_sandbox_reads_the_truth() -> None:
    readers = {
        str(file.relative_to(PACKAGE))
        for file in FILES
        if "sandbox-truth" in file.read_text(encoding="utf-8") and "def " in file.read_text(encoding="utf-8")
    }
    assert all(reader.startswith("sandbox/") for reader in readers)


def test_importing_the_engine_computes_nothing() -> None:
    """A frame worked out at import starts threads, and what is forked from such a process waits for them for ever."""
    asked = (
        "import psutil, polars as pl; own = psutil.Process(); before = own.num_threads();"
        "import finance_pipeline.services.reconciliation.reconcile; print(own.num_threads() - before)"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert int(said.stdout) == 0


def test_no_file_has_grown_past_one_idea() -> None:
    lengths = {str(f.relative_to(PACKAGE)): len(f.read_text(encoding="utf-8").splitlines()) for f in FILES}
    assert {name: length for name, length in lengths.items() if length > 410} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{file.relative_to(PACKAGE)}:{node.name}": node.end_lineno - node.lineno + 1
        for file in FILES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef) and node.end_lineno and node.end_lineno - node.lineno >= 60
    }
    assert long == {}
