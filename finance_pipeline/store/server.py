"""The embedded PostgreSQL server of a data folder: start or reuse, stop, status.

Its data is HOME/postgres, its log HOME/logs/postgres.log; it listens on a socket in a folder that only its account may
enter, and on no port. It stays up when the command that started it ends, and recovers when it was killed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from psycopg import sql

from finance_pipeline.core.problems import BadInput, BadSettings, DatabaseDown
from finance_pipeline.store import postmaster
from finance_pipeline.store.account import Account, server_account
from finance_pipeline.store.address import connect, shown
from finance_pipeline.store.locks import home_lock
from finance_pipeline.store.place import Place, discard_orphans, make_place, make_sockets, place_of
from finance_pipeline.store.postmaster import Postmaster, ServerDoesNotStart
from finance_pipeline.store.programs import programs_for

URL_VARIABLE = "DATABASE_URL"
SUPERUSER = "postgres"
LOGIN = "finance_pipeline"
"""Login that runs the pipeline: it may become the application and the reader."""
MIGRATOR = "finance_pipeline_migrator"
"""Login that migrates: it may become the owner."""
DATABASE = "finance_pipeline"
START_LOCK_WAIT_S = 360.0
SETTINGS = {
    # fsync, full_page_writes, synchronous_commit and data checksums are on by PostgreSQL's own defaults.
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "wal_buffers": "64MB",  # of the default, writers of large batches fill 8 MB and wait for each other
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",  # nobody replicates from it, and bulk loads write less
    "max_wal_senders": "0",
    "max_parallel_workers_per_gather": "0",  # two cores, shared with the pipeline; and /dev/shm is small in containers
    "max_parallel_maintenance_workers": "0",
    "jit": "off",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "client_connection_check_interval": "2s",  # a killed client's query ends, and lets go of its locks
}


@dataclass(frozen=True)
class ServerStatus:
    """The embedded server of a data folder."""

    running: bool
    pid: int | None
    version: str
    data_folder: Path
    socket_folder: Path | None
    since: datetime | None
    log: Path
    external: str = ""
    """The server of one's own that DATABASE_URL names instead, without its password."""

    def __str__(self) -> str:
        if self.external:
            return f"{self.external} (DATABASE_URL) {'answers' if self.running else 'does not answer'}; " + (
                f"PostgreSQL {self.version}." if self.running else "the embedded server is not used."
            )
        if not self.running:
            return f"PostgreSQL is not running; data folder {self.data_folder}."
        return (
            f"PostgreSQL {self.version} runs as process {self.pid} since {self.since:%Y-%m-%d %H:%M:%S} UTC; "
            f"data folder {self.data_folder}, socket folder {self.socket_folder}, log {self.log}."
        )


def ensure_server(home: Path) -> str:
    """The URL of the database: DATABASE_URL if that is set, else of the embedded server, which then runs and answers.

    Raises BadSettings (folder, account, wheel), ServerDoesNotStart, Busy (somebody else is starting it for minutes).
    """
    return os.environ.get(URL_VARIABLE) or socket_url(_running(home.resolve(), {}), LOGIN, DATABASE)


def start_on_port(folder: Path, port: int, password: str) -> str:
    """A second server of the same programs on a loopback port, with a password: stands for a server of one's own.

    Returns the URL of its superuser. stop_server(folder) ends it.
    """
    found = _running(folder.resolve(), {"listen_addresses": "127.0.0.1", "port": str(port)})
    with connect(socket_url(found, SUPERUSER, "postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(SUPERUSER), password))
    return f"postgresql://{SUPERUSER}:{quote(password, safe='')}@127.0.0.1:{found.port}/postgres"


def superuser_url(home: Path) -> str:
    """URL of the embedded server's superuser, to set up roles and databases. Raises BadInput if it does not run."""
    found = postmaster.running_in(place_of(home.resolve()).data)
    if found is None:
        raise BadInput("the embedded server does not run.", where=str(home), todo="finance-pipeline db start")
    return socket_url(found, SUPERUSER, "postgres")


def socket_url(server: Postmaster, user: str, database: str) -> str:
    """URL of a database over the server's socket. The port is in it, or else PGPORT would choose another."""
    return f"postgresql://{user}@/{database}?host={server.sockets}&port={server.port}"


def stop_server(home: Path) -> bool:
    """Stop the embedded server of a data folder; data stays. False if it was not running."""
    home = home.resolve()
    stopped = False
    if (home / "postgres").is_dir():
        with home_lock(home, "postgres", START_LOCK_WAIT_S):
            stopped = postmaster.stop(place_of(home).data)
    discard_orphans(server_account())
    return stopped


def server_status(home: Path) -> ServerStatus:
    """What is known about the embedded server of a data folder, or of DATABASE_URL's, without starting it."""
    home = home.resolve()
    if os.environ.get(URL_VARIABLE):
        return _external_status(home, os.environ[URL_VARIABLE])
    data = place_of(home).data
    found = postmaster.running_in(data)
    version = (data / "PG_VERSION").read_text(encoding="utf-8").strip() if (data / "PG_VERSION").exists() else ""
    return ServerStatus(
        running=found is not None,
        pid=found.pid if found else None,
        version=version,
        data_folder=data,
        socket_folder=found.sockets if found else None,
        since=found.since if found else None,
        log=_log(home),
    )


def _external_status(home: Path, url: str) -> ServerStatus:
    """Whether a server of one's own answers."""
    running, version = True, ""
    try:
        with connect(url) as conn:
            version = str(conn.info.server_version // 10000)
    except DatabaseDown:
        running = False
    return ServerStatus(running, None, version, home / "postgres" / "data", None, None, _log(home), shown(url))


def _log(home: Path) -> Path:
    return home / "logs" / "postgres.log"


def _running(home: Path, settings: dict[str, str]) -> Postmaster:
    """The server of a data folder, started if need be. Whoever comes second waits for the first."""
    if (home / "postgres").is_dir():
        found = postmaster.running_in(place_of(home).data)
        if found and found.ready and _answers(found):
            return found
    account = server_account()
    with home_lock(home, "postgres", START_LOCK_WAIT_S):
        discard_orphans(account)
        place = make_place(home, account)
        found = postmaster.wait_until_ready(place.data)
        if found and _answers(found):
            return found
        if found:
            postmaster.wait_for_end_of(found)
        programs = _with_cluster(place, account)
        chosen = SETTINGS | {"unix_socket_directories": str(make_sockets(place, account))} | settings
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs / "bin" / "postgres"), "-D", str(place.data), *options]
        return postmaster.start(account, command, place.data, _log(home))


def _answers(server: Postmaster) -> bool:
    """Whether a server that seems to run takes sessions: one that was just killed seems so for a moment."""
    try:
        connect(socket_url(server, SUPERUSER, "postgres")).close()
    except DatabaseDown:
        return False
    return True


def _with_cluster(place: Place, account: Account) -> Path:
    """The programs that fit the cluster, which is made first if there is none: aside, then renamed into place."""
    for half_made in place.folder.glob("data.new-*"):
        postmaster.end_all_naming(half_made)
        shutil.rmtree(half_made)
    stated = place.data / "PG_VERSION"
    if place.data.exists():
        if not account.reaches(place.data):
            raise BadSettings(
                f"the account {account.name}, which the server runs as, can no longer enter the database's folder.",
                where=str(place.data),
                kept="The data is as it was.",
                todo="Let others enter the folders above it again (chmod o+x).",
            )
        return programs_for(account, int(stated.read_text(encoding="utf-8")))
    programs = programs_for(account)
    making = Path(tempfile.mkdtemp(prefix="data.new-", dir=place.folder))
    account.own(making)
    said = account.run(
        [
            str(programs / "bin" / "initdb"),
            f"--pgdata={making}",
            f"--username={SUPERUSER}",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if said.returncode != 0:
        raise ServerDoesNotStart(f"a cluster could not be made. initdb said: {said.stdout[-2000:]}", where=str(making))
    making.rename(place.data)
    return programs
