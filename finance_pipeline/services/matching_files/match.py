"""One run on files: read, one pure call for each policy, publish, report."""

from __future__ import annotations

import re
import time
from dataclasses import fields
from datetime import date
from pathlib import Path

import polars as pl

from finance_pipeline.core.money import UnknownCurrency
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.tables import DoesNotFit
from finance_pipeline.matching.engine import Inputs, Outcome, reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.transfers import OwnAccount
from finance_pipeline.services.matching_files import publishing
from finance_pipeline.services.matching_files.folder import REQUIRED, Given, Tell, read_folder
from finance_pipeline.services.matching_files.policies import read_policies
from finance_pipeline.services.matching_files.summary import Summary, items_of, lines_of

_KNOWN_ON = {"bank_lines": "booked_on", "open_items": "issued_on", "remittances": "received_on", "fx_rates": "date"}
"""Table -> the day on which a row of it became known."""
_ACCOUNT_NUMBER = re.compile(r"(?=(?:.*\d){6})[A-Z0-9 -]{8,42}$")
"""An IBAN or another long number, not a name such as operating-1."""
_LOADING_ROWS = 1_000


def match_files(
    source: Path, target: Path, *, policy: Path | None, as_of: date | None, form: str, tell: Tell
) -> Summary:
    """Reconcile the files of one folder and write matches, allocations, exceptions and explanations to another.

    form: parquet or csv. as_of: what was not known on that day is left out. Raises BadInput for input that does not
    fit, and PermanentProblem where the result cannot be written; the target is then as it was.
    """
    publishing.check_target(target, source)
    began = time.perf_counter()
    given = read_folder(source, tell, aside=policy)
    policies = read_policies(policy, sorted(_books(given)))
    later = _leave_out_later(given, as_of) if as_of else {}
    lines = _with_status(given.frames["bank_lines"], ["line_id"])
    items = _with_status(given.frames["open_items"], ["item_id", "currency", "amount_minor"])
    read_ms = _since(began)
    tell("matching", False)
    began = time.perf_counter()
    if given.frames["bank_lines"].height > _LOADING_ROWS:
        _reconciled(_excerpt(given), policies)
    load_ms = _since(began)
    began = time.perf_counter()
    outcome = _reconciled(given, policies)
    engine_ms = _since(began)
    tell(f"matched: {outcome.matches.height:,} matches, {outcome.exceptions.height:,} exceptions", True)
    tell("writing", False)
    began = time.perf_counter()
    frames = {name: getattr(outcome, name) for name in publishing.NAMES}
    files = publishing.publish(frames, target, form)
    write_ms = _since(began)
    tell(f"written: {len(files)} files", True)
    return Summary(
        lines=lines_of(lines, later.pop("bank_lines", 0), outcome),
        items=items_of(items, later.pop("open_items", 0), outcome.allocations),
        matches=outcome.matches.height,
        left_out=later,
        read_ms=read_ms,
        load_ms=load_ms,
        engine_ms=engine_ms,
        write_ms=write_ms,
        files={str(path): frame.height for path, frame in zip(files, frames.values(), strict=True)},
        notices=given.notices,
    )


def _excerpt(given: Given) -> Given:
    """The first rows of each table: matched once for nothing, they load what the engine loads on first use."""
    return Given({name: frame.head(_LOADING_ROWS) for name, frame in given.frames.items()})


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _books(given: Given) -> set[str]:
    return {book for name in ("bank_lines", "open_items") for book in given.frames[name]["book"].unique()}


def _leave_out_later(given: Given, as_of: date) -> dict[str, int]:
    """Take away what was not known yet; returns how many rows of each table."""
    later = {}
    for name in (*_KNOWN_ON, "decisions"):
        if name in given.frames:
            known = given.frames[name].filter(_known_by(name, given.frames[name], as_of))
            later[name] = given.frames[name].height - known.height
            given.frames[name] = known
    return later


def _known_by(table: str, frame: pl.DataFrame, as_of: date) -> pl.Expr:
    """Whether a row was known at the end of a day. The time of a decision is free text: what is no day was known."""
    if table == "decisions":
        said = pl.col("decided_at") if "decided_at" in frame.columns else pl.lit(None, pl.String)
        return (said.str.head(10).str.to_date("%Y-%m-%d", strict=False) <= as_of).fill_null(True)
    return pl.col(_KNOWN_ON[table]) <= as_of


def _reconciled(given: Given, policies: dict[str, Policy]) -> Outcome:
    """The engine's outcome; where books have different policies, of one call for each, put together."""
    groups: dict[str, list[str]] = {}
    for book, policy in policies.items():
        groups.setdefault(policy.digest, []).append(book)
    own = _own_accounts(given)
    try:
        if len(groups) <= 1:
            policy = next(iter(policies.values()), Policy())
            return reconcile(Inputs(**given.handed_over(), own_accounts=own), policy)
        outcomes = [
            reconcile(Inputs(**_of_books(given, books), own_accounts=own), policies[books[0]])
            for books in groups.values()
        ]
    except (DoesNotFit, UnknownCurrency) as cause:
        raise BadInput(str(cause), kept="Nothing was written.") from cause
    return Outcome(*(_together(outcomes, each.name) for each in fields(Outcome)))


def _together(outcomes: list[Outcome], name: str) -> pl.DataFrame:
    """One frame of all outcomes, sorted, so that it does not depend on how books were grouped."""
    whole: pl.DataFrame = pl.concat([getattr(outcome, name) for outcome in outcomes])
    return whole.sort(whole.columns)


def _of_books(given: Given, books: list[str]) -> dict[str, pl.DataFrame]:
    """The tables with the lines and items of some books only; the other tables name no book, or several."""
    own = {name: given.frames[name].filter(pl.col("book").is_in(books)) for name in REQUIRED}
    return given.frames | own


def _own_accounts(given: Given) -> list[OwnAccount]:
    """Every account that has lines is ours; a processor's, where an item says so. An id that is an account number
    names it, too: the other leg of a transfer gives it as its counterparty's.
    """
    items = given.frames["open_items"]
    processors: set[str] = set()
    if "processor_account" in items.columns:
        processors = set(items["processor_account"].drop_nulls().unique())
    accounts = given.frames["bank_lines"]["account_id"].unique().sort()
    return [
        OwnAccount(account, account in processors, (account,) if _ACCOUNT_NUMBER.match(account) else ())
        for account in accounts
    ]


def _with_status(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Some columns and the status, which a file may leave out."""
    status = pl.col("status") if "status" in frame.columns else pl.lit(None, pl.String).alias("status")
    return frame.select(*columns, status)
