"""The European Central Bank's file of reference rates, as far as it was published by the sandbox clock."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from finance_pipeline.sandbox.servers.calls import Answer, Call
from finance_pipeline.sandbox.servers.log import Served, file_version

FILE = "eurofxref-hist"
_FRANKFURT = ZoneInfo("Europe/Berlin")
_PUBLISHED_AT = time(16, 0)


class Ecb:
    """Serves .../eurofxref-hist.zip and .csv with ETag and Last-Modified."""

    def __init__(self, connection: str, served: Served) -> None:
        self.connection, self.served = connection, served
        self.largest_page: int | None = None

    def answer(self, call: Call) -> Answer:
        name = call.path.rpartition("/")[2]
        if call.method not in ("GET", "HEAD") or name not in (f"{FILE}.zip", f"{FILE}.csv"):
            return Answer(404, b"Not Found", content_type="text/plain")
        file = self.served.folder / f"{FILE}.csv"
        text, published_on = published(file, file_version(file), _last_published_on(call.now))
        changed_at = datetime.combine(published_on, _PUBLISHED_AT, _FRANKFURT).astimezone(UTC)
        headers = {
            "ETag": f'"{hashlib.sha256(text).hexdigest()[:32]}"',
            "Last-Modified": format_datetime(changed_at, usegmt=True),
        }
        if _is_known(call, headers["ETag"], changed_at):
            return Answer(304, b"", headers)
        if name.endswith(".csv"):
            return Answer(200, text, headers, "text/csv")
        return Answer(200, zipped(text, published_on), headers, "application/zip")

    def refusal(self, kind: str, call: Call, retry_after_s: int) -> Answer:  # noqa: ARG002
        status = {"status_429": 429, "bare_429": 429, "day_limit": 429, "status_500": 500}.get(kind, 403)
        headers = {"Retry-After": str(retry_after_s)} if kind in ("status_429", "day_limit") else {}
        return Answer(status, b"", headers, "text/html")

    def forget_tokens(self, *, next_too: bool) -> None:
        """The file is public."""


def _last_published_on(now: datetime) -> date:
    """The last day whose rates could be out: each day's at 16:00 in Frankfurt."""
    local = now.astimezone(_FRANKFURT)
    return local.date() if local.time() >= _PUBLISHED_AT else local.date() - timedelta(days=1)


@lru_cache(maxsize=4)
def published(file: Path, version: tuple[int, int], until: date) -> tuple[bytes, date]:  # noqa: ARG001
    """The lines not later than a day, and the latest day among them. version: of the file, for the cache."""
    header, *lines = file.read_text(encoding="utf-8").splitlines()
    out = [line for line in lines if line and line[:10] <= str(until)]
    latest = date.fromisoformat(max((line[:10] for line in out), default="1999-01-04"))
    return "".join(f"{line}\n" for line in (header, *out)).encode(), latest


@lru_cache(maxsize=4)
def zipped(text: bytes, on: date) -> bytes:
    """A zip of the file whose bytes depend on nothing but its content."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{FILE}.csv", (on.year, on.month, on.day, 16, 0, 0)), text)
    return packed.getvalue()


def _is_known(call: Call, etag: str, changed_at: datetime) -> bool:
    """Whether the caller's validators say that it has this version; the ETag decides where both are given."""
    if given := call.headers.get("if-none-match"):
        return etag in [each.strip().removeprefix("W/") for each in given.split(",")]
    try:
        since = parsedate_to_datetime(call.headers.get("if-modified-since", ""))
    except (TypeError, ValueError):
        return False
    return changed_at <= since.astimezone(UTC)
