"""A world in its data folder: the same for the same seed to the last byte, whole or not there, its truth walled off."""

import ast
import os
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from finance_pipeline.core.problems import BadInput
from finance_pipeline.sandbox.servers.credentials import secrets_of
from finance_pipeline.sandbox.world import WorldOptions, build_world, world_options
from finance_pipeline_tests.sandbox.serving import serving
from finance_pipeline_tests.sandbox.worlds import SMALL, Built

PACKAGE = Path(__file__).resolve().parents[2] / "finance_pipeline"
BUILD = """
from pathlib import Path
import sys
from finance_pipeline.sandbox.world import WorldOptions, build_world
build_world(Path(sys.argv[1]), WorldOptions(bank_lines=240, month_count=2))
"""


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    here = Built.of(tmp_path / "here", SMALL).files()
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    subprocess.run([sys.executable, "-c", BUILD, str(tmp_path / "there")], env=environment, check=True)
    there = Built(tmp_path / "there", SMALL).files()
    assert {name for name in here if here[name] != there.get(name)} == set()
    assert here.keys() == there.keys()


def test_another_seed_gives_another_world(tmp_path: Path) -> None:
    one = Built.of(tmp_path / "one", SMALL).files()
    other = Built.of(tmp_path / "other", WorldOptions(bank_lines=240, month_count=2, seed=1)).files()
    assert {Path(name).name for name in one.keys() & other.keys() if one[name] == other[name]} == {
        "organisation.parquet", "currency.parquet", "tax_rate.parquet"
    }  # fmt: skip


def test_a_world_that_is_there_is_kept_and_never_becomes_another(tmp_path: Path) -> None:
    first = build_world(tmp_path, SMALL)
    before = Built(tmp_path, SMALL).files()
    again = build_world(tmp_path, SMALL)
    assert (first.built, again.built) == (True, False)
    assert {**vars(again), "built": True} == vars(first)
    assert world_options(tmp_path) == SMALL
    with pytest.raises(BadInput, match="other options"):
        build_world(tmp_path, WorldOptions(bank_lines=241, month_count=2))
    assert Built(tmp_path, SMALL).files() == before


def test_the_summary_counts_what_was_written(tmp_path: Path) -> None:
    summary = build_world(tmp_path, SMALL)
    world = Built(tmp_path, SMALL)
    statements = [each for found in world.statements.values() for each in found]
    assert summary.statements == len(statements)
    assert summary.bank_lines == sum(len(each.entries) for each in statements)
    assert summary.allocations == world.truth.height
    assert summary.documents == sum(
        len(world.shown(f"{book}-xero", kind)) for book in SMALL.books for kind in ("invoice", "credit_note")
    )
    assert summary.payouts == sum(len(world.shown(f"{book}-stripe", "payout")) for book in SMALL.books)


def test_an_interrupted_build_is_no_world_and_the_next_one_is_whole(tmp_path: Path) -> None:
    """The description is written last; without it there is no world, whatever else lies there already."""
    whole = Built.of(tmp_path, SMALL).files()
    (tmp_path / "sandbox" / "world.json").unlink()
    (tmp_path / "sandbox" / "statements" / "2026-05-03_us-operating.xml").write_text("half of it")
    (tmp_path / ".sandbox-building" / "served").mkdir(parents=True)
    (tmp_path / ".sandbox-building" / "served" / "leftover").write_text("")
    assert world_options(tmp_path) is None
    assert build_world(tmp_path, SMALL).built
    assert Built(tmp_path, SMALL).files() == whole


@cache
def imports_of(file: Path) -> frozenset[str]:
    """Modules of ours that a file imports, wherever in it; of `from a import b`, both a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(each for each in found if each.startswith("finance_pipeline"))


def file_of(module: str) -> Path | None:
    path = PACKAGE.parent.joinpath(*module.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.exists()), None)


def reached_from(*starts: Path) -> set[str]:
    """Every module of ours that loads when some files do, the packages on the way included."""
    reached: set[str] = set()
    waiting = {module for file in starts for module in imports_of(file)}
    while waiting:
        module = waiting.pop()
        reached.add(module)
        parents = {module.rpartition(".")[0]} if "." in module else set()
        file = file_of(module)
        waiting |= (parents | (imports_of(file) if file else frozenset())) - reached
    return reached


TRUTH = {"finance_pipeline.sandbox.scoring", "finance_pipeline.sandbox.world.truth"}


def test_nobody_but_the_demo_and_the_sandbox_itself_can_load_what_knows_the_truth() -> None:
    outside = [file for file in PACKAGE.rglob("*.py") if (PACKAGE / "sandbox") not in file.parents]
    readers = [str(file.relative_to(PACKAGE)) for file in outside if imports_of(file) & TRUTH]
    assert len(readers) == 1
    assert readers[0].startswith("cli/demo")
    stages = [file for file in outside if (PACKAGE / "cli") not in file.parents]
    assert not reached_from(*stages) & TRUTH
    assert not any(module.startswith("finance_pipeline.sandbox") for module in reached_from(*stages))


def test_the_servers_load_nothing_of_the_world_and_name_its_truth_nowhere() -> None:
    servers = sorted((PACKAGE / "sandbox" / "servers").glob("*.py"))
    assert "finance_pipeline.sandbox.process" in reached_from(*servers)
    assert not any(
        module in TRUTH or module.startswith("finance_pipeline.sandbox.world") for module in reached_from(*servers)
    )
    named = [file for file in PACKAGE.rglob("*.py") if "sandbox-truth" in file.read_text(encoding="utf-8")]
    assert {str(file.relative_to(PACKAGE)) for file in named} == {"sandbox/scoring.py", "sandbox/world/writing.py"}


def test_what_is_served_is_no_different_when_the_truth_is_gone(tmp_path: Path) -> None:
    world = Built.of(tmp_path, SMALL)
    headers = {"Authorization": f"Bearer {secrets_of('us-stripe', 'stripe')['api_key']}"}
    lists = ("charges", "payouts", "refunds", "balance_transactions", "disputes")

    def answers() -> list[bytes]:
        with serving(tmp_path) as running:
            running.at(datetime(2026, 7, 2, tzinfo=UTC).replace(tzinfo=None).isoformat())
            return [running.raw("GET", f"/us-stripe/v1/{each}?limit=100", headers)[1] for each in lists]

    before = answers()
    for file in (world.home / "sandbox-truth").iterdir():
        file.unlink()
    assert answers() == before
    assert b'"balance_transaction"' in before[0]
