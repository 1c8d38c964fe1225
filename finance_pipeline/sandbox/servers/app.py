"""The HTTP application: one prefix a connection, and `/control` for health, faults and limits."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from finance_pipeline.sandbox.clock import read_clock
from finance_pipeline.sandbox.servers.calls import Answer, Call, Vendor
from finance_pipeline.sandbox.servers.credentials import served_connections, vendor_of
from finance_pipeline.sandbox.servers.ecb import Ecb
from finance_pipeline.sandbox.servers.faults import REFUSALS, Fault, Faults
from finance_pipeline.sandbox.servers.log import Served
from finance_pipeline.sandbox.servers.network import Reset
from finance_pipeline.sandbox.servers.plaid import Plaid
from finance_pipeline.sandbox.servers.stripe import Stripe
from finance_pipeline.sandbox.servers.version import code_version, home_id
from finance_pipeline.sandbox.servers.xero import Limits, Xero


class Sandbox:
    """Every connection of one data folder."""

    def __init__(self, home: Path) -> None:
        self.home, self.faults = home, Faults()
        self.calls: dict[str, int] = {}
        self.version = code_version()
        self._vendors: dict[str, Vendor] = {}

    def vendor(self, connection: str) -> Vendor | None:
        """The server of a connection, from the moment on that the world has written something for it."""
        if connection not in self._vendors:
            folder = self.home / "sandbox" / "served" / connection
            kind = vendor_of(folder)
            if kind is None:
                return None
            self._vendors[connection] = self._open(kind, connection, Served(folder))
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
        fault = self.faults.take(connection, path)
        return _http(vendor.answer(call)) if fault is None else await _spoiled(vendor, call, fault)

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
        self.faults.order(fault)
        return JSONResponse(fault.model_dump())

    async def set_limits(self, request: Request) -> Response:
        """POST {connection, per_minute, per_day}: a Xero tenant's limits from now on; null is none."""
        wanted = await request.json()
        vendor = self.vendor(str(wanted.get("connection")))
        if not isinstance(vendor, Xero):
            return JSONResponse({"error": "only a Xero connection has limits"}, 422)
        vendor.limits = Limits(wanted.get("per_minute"), wanted.get("per_day"))
        return JSONResponse(wanted)


async def _spoiled(vendor: Vendor, call: Call, fault: Fault) -> Response:
    """The answer as a fault leaves it."""
    if fault.kind == "reset":
        return Reset()
    if fault.kind in REFUSALS:
        return _http(vendor.refusal(fault.kind, call, fault.retry_after_s))
    if fault.kind == "slow":
        await asyncio.sleep(fault.delay_s)
    if fault.kind == "expired_token":
        vendor.forget_tokens()
    answer = vendor.answer(call)
    if fault.kind == "reset_after":
        return Reset()
    if fault.kind == "malformed":
        half = answer.body[: len(answer.body) // 2]
        answer = Answer(answer.status, half, answer.headers, answer.content_type)
    return _http(answer)


def _http(answer: Answer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers), answer.content_type)


def build_app(home: Path) -> Starlette:
    """The application for one data folder."""
    sandbox = Sandbox(home)
    return Starlette(
        routes=[
            Route("/control/health", sandbox.health),
            Route("/control/fault", sandbox.order_fault, methods=["POST", "DELETE"]),
            Route("/control/limits", sandbox.set_limits, methods=["POST"]),
            Route("/{connection}/{path:path}", sandbox.serve, methods=["GET", "POST", "PUT", "DELETE"]),
        ]
    )
