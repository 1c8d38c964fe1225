"""The HTTP application: one prefix a connection, and `/control` for health, faults, chaos and limits."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from finance_pipeline.core.identity import digest
from finance_pipeline.sandbox.clock import read_clock
from finance_pipeline.sandbox.servers.calls import Call, Vendor
from finance_pipeline.sandbox.servers.credentials import served_connections, vendor_of
from finance_pipeline.sandbox.servers.ecb import Ecb
from finance_pipeline.sandbox.servers.faults import PLAIDS_OWN, Chaos, Fault, Faults
from finance_pipeline.sandbox.servers.log import Served
from finance_pipeline.sandbox.servers.plaid import Plaid
from finance_pipeline.sandbox.servers.spoiling import plain, spoiled
from finance_pipeline.sandbox.servers.stripe import Stripe
from finance_pipeline.sandbox.servers.version import code_version, home_id
from finance_pipeline.sandbox.servers.webhooks import signed_event
from finance_pipeline.sandbox.servers.xero import Limits, Xero


class Sandbox:
    """Every connection of one data folder."""

    def __init__(self, home: Path) -> None:
        self.home, self.faults = home, Faults()
        self.calls: dict[str, int] = {}
        self.version = code_version()
        self.largest_page: int | None = None
        self._vendors: dict[str, Vendor] = {}
        self._kinds: dict[str, str] = {}

    def vendor(self, connection: str) -> Vendor | None:
        """The server of a connection, from the moment on that the world has written something for it."""
        if connection not in self._vendors:
            folder = self.home / "sandbox" / "served" / connection
            kind = vendor_of(folder)
            if kind is None:
                return None
            self._vendors[connection], self._kinds[connection] = self._open(kind, connection, Served(folder)), kind
            self._vendors[connection].largest_page = self.largest_page
        return self._vendors[connection]

    def _open(self, kind: str, connection: str, served: Served) -> Vendor:
        if kind == "stripe":
            return Stripe(connection, served, self.home / "sandbox" / "state" / f"{connection}.json")
        made: dict[str, type[Plaid] | type[Xero] | type[Ecb]] = {"plaid": Plaid, "xero": Xero, "ecb": Ecb}
        return made[kind](connection, served)

    async def serve(self, request: Request) -> Response:
        """One call to one connection, with the fault that waits for it."""
        connection, path = request.path_params["connection"], request.path_params["path"].strip("/")
        vendor = self.vendor(connection)
        if vendor is None:
            error = {"type": "not_found", "message": f"the sandbox serves no connection {connection!r}"}
            return JSONResponse({"error": error}, 404)
        self.calls[connection] = self.calls.get(connection, 0) + 1
        call = Call(
            request.method,
            path,
            {name.lower(): value for name, value in request.headers.items()},
            tuple(request.query_params.multi_items()),
            await request.body(),
            read_clock(self.home),
            sum(self.calls.values()),
        )
        fingerprint = digest(call.method, path, *(part for pair in call.query for part in pair), call.body)
        fault = self.faults.take(connection, path, self._kinds[connection], fingerprint)
        return plain(vendor.answer(call)) if fault is None else await spoiled(vendor, call, fault)

    async def health(self, request: Request) -> Response:  # noqa: ARG002
        now = read_clock(self.home).isoformat()
        state: dict[str, Any] = {"home": home_id(self.home), "version": self.version, "pid": os.getpid(), "now": now}
        return JSONResponse(state | {"connections": served_connections(self.home), "calls": self.calls})

    async def order_fault(self, request: Request) -> Response:
        """POST a fault (see Fault), or DELETE those of ?connection=, or all."""
        if request.method == "DELETE":
            self.faults.clear(request.query_params.get("connection"))
            return JSONResponse({"cleared": True})
        try:
            fault = Fault.model_validate_json(await request.body())
        except ValidationError as wrong:
            return JSONResponse({"error": wrong.errors(include_url=False, include_context=False)}, 422)
        if fault.kind in PLAIDS_OWN and isinstance(self.vendor(fault.connection), Stripe | Xero | Ecb):
            return JSONResponse({"error": f"only Plaid knows {fault.kind}"}, 422)
        self.faults.order(fault)
        return JSONResponse(fault.model_dump())

    async def let_loose(self, request: Request) -> Response:
        """POST a Chaos: faults at random from now on; DELETE: no more. GET: what was met, by connection and kind."""
        if request.method == "POST":
            try:
                self.faults.let_loose(Chaos.model_validate_json(await request.body()))
            except ValidationError as wrong:
                return JSONResponse({"error": wrong.errors(include_url=False, include_context=False)}, 422)
        met = [[connection, kind, count] for (connection, kind), count in sorted(self.faults.injected.items())]
        aftermath = [[kind, what, count] for (kind, what), count in sorted(self.faults.aftermath.items())]
        if request.method == "DELETE":
            self.faults.let_loose(None)
        return JSONResponse({"injected": met, "aftermath": aftermath})

    async def sign_event(self, request: Request) -> Response:
        """POST {connection}: a webhook of its vendor, signed now: its headers and body, to be sent on as they are."""
        connection = str((await request.json()).get("connection"))
        if self.vendor(connection) is None or self._kinds[connection] == "ecb":
            return JSONResponse({"error": "only Plaid, Stripe and Xero connections send webhooks"}, 422)
        headers, body = signed_event(connection, self._kinds[connection], time.time())
        return JSONResponse({"headers": headers, "body": body.decode()})

    async def set_pages(self, request: Request) -> Response:
        """POST {largest}: no page of any list is larger from now on, whatever is asked for; null is no such bound."""
        self.largest_page = (await request.json())["largest"]
        for vendor in self._vendors.values():
            vendor.largest_page = self.largest_page
        return JSONResponse({"largest": self.largest_page})

    async def set_limits(self, request: Request) -> Response:
        """POST {connection, per_minute, per_day}: a Xero tenant's limits from now on; null is none."""
        wanted = await request.json()
        vendor = self.vendor(str(wanted.get("connection")))
        if not isinstance(vendor, Xero):
            return JSONResponse({"error": "only a Xero connection has limits"}, 422)
        vendor.limits = Limits(wanted.get("per_minute"), wanted.get("per_day"))
        return JSONResponse(wanted)


def build_app(home: Path) -> Starlette:
    """The application for one data folder."""
    sandbox = Sandbox(home)
    return Starlette(
        routes=[
            Route("/control/health", sandbox.health),
            Route("/control/fault", sandbox.order_fault, methods=["POST", "DELETE"]),
            Route("/control/chaos", sandbox.let_loose, methods=["GET", "POST", "DELETE"]),
            Route("/control/event", sandbox.sign_event, methods=["POST"]),
            Route("/control/pages", sandbox.set_pages, methods=["POST"]),
            Route("/control/limits", sandbox.set_limits, methods=["POST"]),
            Route("/{connection}/{path:path}", sandbox.serve, methods=["GET", "POST", "PUT", "DELETE"]),
        ]
    )
