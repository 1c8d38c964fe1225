"""Breaking connections: a server that hangs up in the middle, which HTTP frameworks have no word for."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_OPEN: dict[tuple[str, int], asyncio.Transport] = {}
"""Open connections by the address of the client."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class BreakableProtocol(H11Protocol):
    """Uvicorn's HTTP protocol, which also remembers the transport of each client."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        _OPEN[transport.get_extra_info("peername")] = transport
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        _OPEN.pop(self.transport.get_extra_info("peername"), None)
        super().connection_lost(exc)


class Reset(Response):
    """Instead of an answer: the connection is reset, as a machine on the way would do."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        client: Any = scope["client"]
        transport = _OPEN.get(tuple(client))
        if transport is None:  # the client hung up first
            return
        connected: socket.socket = transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()


class CutShort(Response):
    """An answer that promises its whole length, and whose connection ends in the middle."""

    def __init__(self, body: bytes, sent: bytes, status: int, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(body, status, dict(headers), media_type)
        self.sent = sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        transport = _OPEN.get(tuple(scope["client"]))
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.sent, "more_body": True})
        if transport is not None:
            transport.close()
