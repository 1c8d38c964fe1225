"""The endpoint for the vendors' webhooks: reads a bounded body, hands it to the service, answers. No rule is here."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from finance_pipeline.cli.environment import opened, prepare_sources
from finance_pipeline.cli.show import say
from finance_pipeline.core.problems import BadInput, BadSettings

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

    from finance_pipeline.services.intake.webhooks import Webhooks

app = typer.Typer(no_args_is_help=True)
LARGEST_BYTES = 1 << 20
_LISTENS_TO_BYTES = 8 * LARGEST_BYTES
BODY_WITHIN_S = 10.0
_AT_ONCE = 64
_STATUS = {"due": 200, "known": 200, "replayed": 409, "not_verified": 401, "not_now": 503, "no_such_connection": 404}


@app.callback()
def webhooks() -> None:
    """Messages of Plaid, Stripe and Xero that something is new: verified, and a reason to pull sooner."""


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 3100,
    host: Annotated[str, typer.Option(help="Address; put a proxy with TLS before it.")] = "127.0.0.1",
) -> None:
    """Receive webhooks at /webhooks/CONNECTION until Ctrl-C. The sensor `announced` then requests the sync.

    Plaid needs nothing more; Stripe's connections declare the secret `webhook_secret`, Xero's `webhook_key`.
    """
    import socket

    import uvicorn

    from finance_pipeline.services.intake.webhooks import Webhooks

    with opened() as workspace, socket.socket() as listening:
        prepare_sources(workspace.home)
        receiver = Webhooks(workspace)
        if not receiver.connection_ids:
            raise BadSettings(
                "no connection takes webhooks.",
                where=str(workspace.home),
                todo="Declare one to Plaid, or the secret webhook_secret (Stripe) or webhook_key (Xero) of one.",
            )
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as cause:
            raise BadInput(
                f"it cannot be listened on: {cause.strerror}.", where=f"{host}:{port}", todo="Choose another --port."
            ) from cause
        for connection in receiver.connection_ids:
            say(f"http://{host}:{port}/webhooks/{connection}")
        served = uvicorn.Config(
            endpoint(receiver), log_level="warning", access_log=False, limit_concurrency=_AT_ONCE,
            server_header=False, timeout_keep_alive=5,
        )  # fmt: skip
        uvicorn.Server(served).run(sockets=[listening])


def endpoint(receiver: Webhooks) -> Starlette:
    """The ASGI application. A message that counts is answered with 200 and nothing, any other with the reason."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    async def receive(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return PlainTextResponse("a webhook is application/json.", 415)
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                body = await _bounded_body(request)
        except TimeoutError:
            return PlainTextResponse("the body took too long.", 408)
        if body is None:
            return PlainTextResponse(f"a webhook has {LARGEST_BYTES} bytes at most.", 413, {"Connection": "close"})
        headers = {name.lower(): value for name, value in request.headers.items()}
        received = await run_in_threadpool(
            receiver.receive, request.path_params["connection"], headers, body, time.time()
        )
        status = _STATUS[received.outcome]
        return Response(status_code=status) if status == 200 else PlainTextResponse(received.words, status)

    return Starlette(routes=[Route("/webhooks/{connection}", receive, methods=["POST"])])


async def _bounded_body(request: Request) -> bytes | None:
    """The raw bytes; None where they are too many.

    Some of what is too much is read and thrown away: a sender that still sends would not hear why it is turned away.
    """
    body, read = bytearray(), 0
    async for chunk in request.stream():
        read += len(chunk)
        if read > _LISTENS_TO_BYTES:
            return None
        if read <= LARGEST_BYTES:
            body += chunk
    return bytes(body) if read <= LARGEST_BYTES else None
