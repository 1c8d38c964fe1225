"""A fault campaign: the same days of a simulated company, lived many times under faults, and what is left of them.

Each run begins with nothing landed. At each of a few moments, processes tend the connections until all is read, retried
and mapped, while the servers fail in some way at so many per cent of all calls, and half of the processes are killed.
Statement files come late, cut off, twice and out of order meanwhile (`inbox`).
What is then landed and mapped is compared with what the same moments leave without any fault.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from finance_pipeline.cli.bench.inbox import Inbox
from finance_pipeline.cli.bench.tending import start_tending
from finance_pipeline.core.problems import PermanentProblem
from finance_pipeline.core.settings import HOME_VARIABLE

if TYPE_CHECKING:
    from finance_pipeline.sandbox.world.options import WorldOptions
    from finance_pipeline.services.workspace import Workspace

TIME_SCALE = 0.0005
"""How much of each wait is waited: a minute is 30 ms."""
READ_TIMEOUT_S = 1
MOST_ROUNDS = 300
"""At a moment. A round takes a tenth of a second where all that is left to read is left alone for a while: the run of
seed 176 takes more than 60."""
_CALLS_A_FAULT = 2
"""What a fault costs at most, besides the pull that it may end: the call again, and one for a new token."""
_PERCENT = 30
_LARGEST_PAGE = 25
_PAUSE_S = 0.03
_ENVIRONMENT = {"PGOPTIONS": "-c synchronous_commit=off"}
"""Processes are killed here, and never the server: what it said that it committed is committed."""
_CHAOS = {"retry_after_s": 20, "day_limit_s": 600, "delay_s": 0.01, "stall_s": READ_TIMEOUT_S + 0.2}
_BEFORE_THE_END = (timedelta(days=20), timedelta())
_TABLES = ("bank_transaction", "invoice", "payment", "balance", "party")


class DidNotEnd(PermanentProblem):
    """A run did not come to its end within its bound of rounds."""


@dataclass
class Lived:
    """One run. state: every version of every canonical record, and every landed record that exists or did."""

    seed: int
    calls: int = 0
    bound: int = 0
    """Calls that what the run met gives reason for (`Campaign._bound`)."""
    processes: int = 0
    kills: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    aftermath: Counter[tuple[str, str]] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    """What happened to statement files on their way."""
    letters: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind (page, file, record) and standing."""
    pulls: Counter[str] = field(default_factory=Counter)
    """Pulls by the outcome that was noted."""
    apart: tuple[str, ...] = ()
    """Facts that only this run or only the one without faults has, the first of each table."""


Facts = dict[str, set[tuple[Any, ...]]]


class Campaign:
    """Runs in one data folder with its servers. Each starts from nothing."""

    def __init__(self, workspace: Workspace, options: WorldOptions, urls: dict[str, str]) -> None:
        self._workspace, self._moments = workspace, [options.complete_at - each for each in _BEFORE_THE_END]
        self._address = urlsplit(next(iter(urls.values()))).netloc
        self._environment = {**os.environ, HOME_VARIABLE: str(workspace.home), **_ENVIRONMENT}
        self._control("POST", "pages", {"largest": _LARGEST_PAGE})
        self.calls_of_a_pull: Counter[str] = Counter()
        """By connection, the most that one pull takes without faults."""

    def undisturbed(self) -> tuple[Lived, Facts]:
        """The same days without a fault or a kill."""
        calm, facts = self._live(0, 0)
        calm.bound = calm.calls
        return calm, facts

    def under_faults(self, seed: int, expected: Facts) -> Lived:
        """A run under faults, compared with what is expected; one that does not end is apart for that."""
        try:
            lived, found = self._live(seed, _PERCENT)
        except DidNotEnd as problem:
            return Lived(seed, apart=(str(problem),))
        apart = [
            f"{table}: {'only' if row in rows else 'lacks'} {row}"
            for table, rows in found.items()
            for row in sorted(rows ^ expected[table], key=repr)[:1]
        ]
        lived.apart = tuple(apart)
        return lived

    def _live(self, seed: int, percent: int) -> tuple[Lived, Facts]:
        from finance_pipeline.sandbox.clock import advance_clock, forget_clock
        from finance_pipeline.sandbox.world.statements import sent_statements

        lived, rng = Lived(seed), Random(f"campaign/{seed}")
        self._forget_everything()
        home = self._workspace.home
        forget_clock(home)
        first = before = self._calls()
        self._control("POST", "chaos", {"seed": seed, "percent": percent, "time_scale": TIME_SCALE, **_CHAOS})
        inbox = Inbox(home, partial(sent_statements, home), Random(f"inbox/{seed}") if percent else None)
        for moment in self._moments:
            advance_clock(home, moment)
            inbox.it_is(moment)
            self._until_all_is_done(lived, rng if percent else None, inbox)
            if not percent:
                before, earlier = self._calls(), before
                self.calls_of_a_pull |= before - earlier
        lived.files = inbox.met
        met = self._control("DELETE", "chaos")
        for _, kind, count in met["injected"]:
            lived.injected[kind] += count
        lived.aftermath.update({(kind, what): count for kind, what, count in met["aftermath"]})
        lived.calls = (self._calls() - first).total()
        self._look_back(lived)
        return lived, self._facts()

    def _until_all_is_done(self, lived: Lived, rng: Random | None, inbox: Inbox) -> None:
        """Processes one after the other, sometimes two at once, half of them killed, until one has done all and no
        file is on its way any more."""
        since = datetime.now(UTC)
        for _ in range(MOST_ROUNDS):
            at_once = 2 if rng is not None and rng.random() < 0.2 else 1
            lived.processes += at_once
            processes = [start_tending(self._workspace.home, since, self._environment) for _ in range(at_once)]
            if rng is not None and rng.random() < 0.5:
                processes[0].join(rng.uniform(0, 0.8))
                if processes[0].exitcode is None and processes[0].pid is not None:
                    os.kill(processes[0].pid, signal.SIGKILL)
                    lived.kills += 1
            for process in processes:
                process.join()
            is_done = any(process.exitcode == 0 for process in processes)
            if is_done and inbox.everything_came():
                return
            if not is_done:
                time.sleep(_PAUSE_S)
        raise DidNotEnd(f"seed {lived.seed} was not done after {MOST_ROUNDS} rounds.", todo="Run it alone: --seed.")

    def _look_back(self, lived: Lived) -> None:
        """What the run noted of its own troubles."""
        with self._workspace.database.transaction(role="reader") as conn:
            letters = conn.execute(
                """
                select case when kind in ('page', 'file') then kind else 'record' end, standing, count(*)
                from landing.dead_letter_standing group by 1, 2
                """
            ).fetchall()
            pulls = conn.execute("select outcome, count(*) from landing.sync group by 1").fetchall()
        lived.letters.update({(kind, standing): count for kind, standing, count in letters})
        lived.pulls.update(dict(pulls))
        lived.bound = self._bound(lived)

    def _bound(self, lived: Lived) -> int:
        """How many calls a run may make, by what it met.

        Each connection is pulled once a moment, again after a pull that ended with a problem, and from its beginning
        for what did not fit. A kill costs the pull that it meets: of the connections of a process one is pulled at a
        time. A fault costs its own calls. Nothing else is a reason for a call.
        """
        with self._workspace.database.transaction(role="reader") as conn:
            again = conn.execute(
                """
                select connection_id, count(*) from (
                    select connection_id from landing.sync where outcome = 'failed'
                    union all
                    select connection_id from landing.dead_letter
                ) as reason group by 1
                """
            ).fetchall()
        reasons = Counter({name: len(self._moments) for name in self.calls_of_a_pull}) + Counter(dict(again))
        pulls = sum(calls * reasons[name] for name, calls in self.calls_of_a_pull.items())
        killed = lived.kills * max(self.calls_of_a_pull.values(), default=0)
        return pulls + killed + lived.injected.total() * _CALLS_A_FAULT

    def _facts(self) -> Facts:
        """Ids, versions, contents and tombstones. A record's hash is of what was mapped: fields that a vendor has only
        just introduced change its evidence, not what it says."""
        with self._workspace.database.transaction(role="reader") as conn:
            facts: Facts = {
                table: set(
                    conn.execute(
                        f"select record_id, version, removed, md5((to_jsonb(record) - array['recorded_seq', "  # noqa: S608
                        f"'recorded_at', 'content_hash'])::text) from canonical.{table} as record"
                    ).fetchall()
                )
                for table in _TABLES
            }
            facts["fx_rate"] = set(
                conn.execute("select rate_on, currency, per_eur, content_hash from canonical.fx_rate").fetchall()
            )
            facts["landed"] = set(
                conn.execute(
                    """
                    select distinct on (connection_id, kind, source_id) connection_id, kind, source_id, removed
                    from landing.record order by connection_id, kind, source_id, version desc
                    """
                ).fetchall()
            )
        return facts

    def _forget_everything(self) -> None:
        with self._workspace.database.transaction(role="owner") as conn:
            conn.execute(
                """
                truncate landing.sync, landing.file, landing.page, landing.record, landing.dead_letter,
                    landing.dead_letter_decision, landing.cursor, landing.mapping, landing.mapping_step,
                    staging.evidence, canonical.bank_transaction, canonical.invoice, canonical.payment,
                    canonical.balance, canonical.party, canonical.fx_rate, ops.rate_budget, ops.connection_state
                """
            )
        shutil.rmtree(self._workspace.landing.root, ignore_errors=True)

    def _calls(self) -> Counter[str]:
        return Counter(self._control("GET", "health")["calls"])

    def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        with closing(http.client.HTTPConnection(self._address, timeout=30)) as connection:
            connection.request(method, f"/control/{path}", json.dumps(body) if body is not None else None)
            response = connection.getresponse()
            said = json.loads(response.read())
        if response.status != 200:
            raise PermanentProblem(f"the sandbox refused {path}: {said}.")
        return said
