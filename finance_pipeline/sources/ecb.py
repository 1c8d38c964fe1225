"""The European Central Bank's euro reference rates: one file of every day since 1999, as zip or CSV.

Here: fetching, unpacking within bounds, one piece of evidence a day. Not here: what a rate is used for.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import urllib3

from finance_pipeline.core.problems import NeedsItsOwner, PermanentProblem
from finance_pipeline.core.settings import Connection, Settings
from finance_pipeline.sources.base import Page, Update
from finance_pipeline.sources.gather import Gathering, base_url_of
from finance_pipeline.sources.http import RetryPolicy, Transient, transient_of

ECB_URL = "https://www.ecb.europa.eu/stats/eurofxref"
_FILE = "eurofxref-hist.zip"
_HISTORY = timedelta(days=730)
_BEFORE_BOOKS = timedelta(days=31)
"""A first day on a holiday takes the rate of a day before it."""
_LARGEST_BYTES, _LARGEST_RATIO = 32 * 2**20, 50
_RATE = re.compile(r"\d+(\.\d+)?")
_NO_RATE = frozenset({"", "N/A"})


class Ecb:
    """One update a pull, none if the file is the one of last time. Kind: rates, one a day: {"date", "rates"}.

    Rates are the file's own texts, in units of the currency for one euro. Days are read from two years back, or from
    before the first book if that is earlier. cursor: {"etag": of the last file}.
    """

    def __init__(self, policy: RetryPolicy | None = None) -> None:
        self._policy = policy or RetryPolicy()

    def pull(
        self, connection: Connection, settings: Settings, cursor: Mapping[str, Any] | None, now: datetime
    ) -> Iterator[Update]:
        base = base_url_of(connection, ECB_URL)
        url = base if base.endswith((".zip", ".csv")) else f"{base}/{_FILE}"
        endpoint = url.rpartition("/")[2]
        etag = (cursor or {}).get("etag")
        where = f"connection {connection.id}, {endpoint}"
        found = self._policy.call(where, lambda: _fetch(url, etag, where, self._policy))
        if found is None:
            return
        raw, new_etag = found
        gathering = Gathering(connection)
        page = gathering.page(endpoint, raw)
        begins = [now.date() - _HISTORY, *(book.starts_on - _BEFORE_BOOKS for book in settings.books)]
        try:
            _gather(gathering, page, _rows(raw), min(begins))
        except ValueError as wrong:
            problem = gathering.malformed(page, str(wrong))
            yield gathering.update(cursor)
            raise problem from None
        yield gathering.update({"etag": new_etag} if new_etag else {})


def _fetch(url: str, etag: str | None, where: str, policy: RetryPolicy) -> tuple[bytes, str | None] | None:
    """The file and its ETag; None if it has not changed. Raises Transient, NeedsItsOwner, PermanentProblem."""
    headers = {"If-None-Match": etag} if etag else {}
    redirects_only = urllib3.Retry(2, connect=0, read=0, other=0, status=0, respect_retry_after_header=False)
    with urllib3.PoolManager(retries=redirects_only, timeout=urllib3.Timeout(*policy.timeout)) as pool:
        try:
            answer = pool.request("GET", url, headers=headers, preload_content=False)
            raw = policy.body(answer, _LARGEST_BYTES)
        except urllib3.exceptions.HTTPError as broken:
            raise Transient(f"the connection failed ({type(broken).__name__})") from None
    if answer.status == 304:
        return None
    if again := transient_of(answer.status, answer.headers, "the rates' server failed"):
        raise again
    if answer.status in (401, 403):
        raise NeedsItsOwner(f"the rates are refused (HTTP {answer.status}).", where=where, todo="Check base_url.")
    if answer.status != 200:
        raise PermanentProblem(f"there are no rates (HTTP {answer.status}).", where=where, todo="Check base_url.")
    if len(raw) > _LARGEST_BYTES:
        raise PermanentProblem(f"the file has more than {_LARGEST_BYTES} bytes.", where=where, todo="Check base_url.")
    return raw, answer.headers.get("ETag")


def _rows(raw: bytes) -> list[list[str]]:
    """The lines of the file, header first. Raises ValueError when it is no such file."""
    text = _unzipped(raw) if raw.startswith(b"PK") else raw
    try:
        rows = [row for row in csv.reader(io.StringIO(text.decode("utf-8-sig"))) if row]
    except csv.Error as cause:
        raise ValueError(f"it is no CSV ({cause})") from None
    if not rows or rows[0][0].strip() != "Date":
        raise ValueError("it is not a file of reference rates: its first line does not begin with Date")
    return rows


def _unzipped(raw: bytes) -> bytes:
    """The CSV of an archive, within bounds. Raises ValueError."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            files = [info for info in archive.infolist() if info.filename.endswith(".csv")]
            if len(files) != 1:
                raise ValueError("the archive does not hold exactly one CSV file")
            bound = min(_LARGEST_BYTES, len(raw) * _LARGEST_RATIO)
            with archive.open(files[0]) as file:
                text = file.read(bound + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as cause:
        raise ValueError(f"the archive cannot be read ({type(cause).__name__})") from None
    if len(text) > bound:
        raise ValueError(f"the archive unpacks to more than {bound} bytes")
    return text


def _gather(gathering: Gathering, page: Page, rows: list[list[str]], begin: date) -> None:
    """One piece of evidence a day from `begin` on; a line that does not fit is set aside."""
    currencies = [name.strip() for name in rows[0][1:]]
    for row in rows[1:]:
        day_text, quoted = row[0].strip(), [value.strip() for value in row[1:]]
        try:
            on = date.fromisoformat(day_text)
        except ValueError:
            gathering.refuse("rates", day_text, "it has no date", row, page)
            continue
        if on < begin:
            continue
        rates = {c: v for c, v in zip(currencies, quoted, strict=False) if c and v not in _NO_RATE}
        if len(quoted) != len(currencies) or not all(_RATE.fullmatch(rate) for rate in rates.values()):
            gathering.refuse("rates", day_text, "its rates are not numbers, or not one a currency", row, page)
            continue
        gathering.add("rates", day_text, {"date": day_text, "rates": rates}, page, on=on)
