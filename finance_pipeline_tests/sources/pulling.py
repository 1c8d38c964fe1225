"""A connection in the language of these tests: set it up, pull it, look at what a landing would know afterwards."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.problems import Problem
from finance_pipeline.core.settings import BankAccount, Book, Connection, ConnectionKind, ProcessorAccount, Settings
from finance_pipeline.sandbox.servers.credentials import secrets_of, tenant_of
from finance_pipeline.sources.base import EVIDENCE, DeadLetter, Page, Source, Update
from finance_pipeline.sources.http import RetryPolicy
from finance_pipeline_tests.sandbox.serving import Running

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Connected:
    """One connection to the sandbox, and everything that was landed of it: the latest payload of each record."""

    def __init__(self, running: Running, kind: ConnectionKind, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.running, self.name = running, name
        self.secrets = secrets_of(name, kind)
        for secret, value in self.secrets.items():
            monkeypatch.setenv(f"TEST_{secret.upper()}", value)
        self.connection = Connection(
            id=name,
            kind=kind,
            base_url=running.url(name),
            tenant_id=tenant_of(name) if kind == "xero" else "",
            secrets={secret: f"TEST_{secret.upper()}" for secret in self.secrets},
        )
        self.slept: list[float] = []
        self.policy = RetryPolicy(sleep=self.slept.append)
        self.source = _source(kind, self.policy)
        self.cursor: dict[str, Any] | None = None
        self.records: dict[tuple[str, str], str | None] = {}
        self.pages: list[Page] = []
        self.dead_letters: list[DeadLetter] = []
        self.problem: Problem | None = None
        self.last: list[Update] = []

    def pull(self, now: datetime = NOW) -> int:
        """Land every update of one pull, as the landing does. Returns the number of new versions."""
        self.problem, self.last, new = None, [], 0
        try:
            for update in self.source.pull(self.connection, self._settings(), self.cursor, now):
                self.last.append(update)
                new += self._land(update)
        except Problem as problem:
            self.problem = problem
        return new

    def ask(self, url: str) -> None:
        """Pull from another server than the sandbox; tokens still come from there."""
        token_url = f"{self.running.url(self.name)}/connect/token"
        self.connection = self.connection.model_copy(update={"base_url": url, "token_url": token_url})
        self.pull()

    def _land(self, update: Update) -> int:
        assert update.evidence.schema == EVIDENCE.schema
        pages = {page.hash for page in update.pages}
        new = 0
        for row in update.evidence.iter_rows(named=True):
            assert row["page_hash"] in pages
            key, said = (row["kind"], row["source_id"]), None if row["removed"] else row["payload"]
            if self.records.get(key) != said:
                self.records[key] = said
                new += 1
        self.pages += update.pages
        self.dead_letters += update.dead_letters
        self.cursor = dict(update.cursor)
        return new

    def _settings(self) -> Settings:
        book = Book(
            id="us",
            name="Test",
            currency="USD",
            time_zone="America/New_York",
            starts_on=date(2026, 5, 1),
            bank_accounts=(BankAccount(id="us-bank", currency="USD", gl_account="1010", feed=self.name),),
            processor_accounts=(ProcessorAccount(id="us-card", currency="USD", feed=self.name),),
            accounting=self.name,
        )
        return Settings.model_validate({"home": self.running.home, "books": [book], "connections": [self.connection]})

    def ids(self, kind: str) -> set[str]:
        """Ids of the records that exist."""
        return {source_id for (each, source_id), said in self.records.items() if each == kind and said is not None}

    def payload(self, kind: str, source_id: str) -> Mapping[str, Any]:
        said = self.records[kind, source_id]
        assert said is not None
        return parse_json(said)  # type: ignore[no-any-return]

    def day(self, kind: str, source_id: str) -> date | None:
        """The accounting day that the last pull gave a record."""
        for update in self.last:
            for row in update.evidence.iter_rows(named=True):
                if (row["kind"], row["source_id"]) == (kind, source_id):
                    return row["accounting_on"]  # type: ignore[no-any-return]
        raise AssertionError(f"the last pull said nothing of {kind} {source_id}")

    def says_no_secret(self) -> bool:
        """Whether the problem and everything behind it keep quiet about the secrets."""
        text, cause = "", self.problem if isinstance(self.problem, BaseException) else None
        seen: list[BaseException] = []
        while cause is not None and cause not in seen:
            seen.append(cause)
            text += f"{cause} {cause!r} "
            cause = cause.__cause__
        return not any(secret in text for secret in self.secrets.values())


def _source(kind: ConnectionKind, policy: RetryPolicy) -> Source:
    from finance_pipeline.sources import ecb, plaid, stripe, xero

    made = {"plaid": plaid.Plaid, "stripe": stripe.Stripe, "xero": xero.Xero, "ecb": ecb.Ecb}
    return made[kind](policy)


@contextmanager
def answering(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """A server that says one thing, whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
