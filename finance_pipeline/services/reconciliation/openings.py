"""What one month of a book is folded from, read from the database: records, what stands, what people decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from finance_pipeline.canonical import schemas
from finance_pipeline.core.identity import content_hash, digest
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.rates import functional
from finance_pipeline.matching import schemas as engine_schemas
from finance_pipeline.matching.month import candidates, frames
from finance_pipeline.matching.month.fold import Given
from finance_pipeline.matching.month.learning import TAUGHT, with_learnt
from finance_pipeline.matching.month.opening import open_month
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.transfers import OwnAccount
from finance_pipeline.services import records
from finance_pipeline.services.reconciliation.named_items import named_by, named_items, priced, with_names
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_NOT_ASKED = pl.DataFrame(schema=candidates.ALIKE_SCHEMA)
_DECIDED = pl.Schema((column.name, column.dtype) for column in engine_schemas.DECISIONS.columns)


def given(conn: Connection, book: Book, policy: Policy, month: Month) -> Given:
    """What a month of a book is folded from, with what stands and what people decided."""
    carried_ids, carried_items = carried(conn, book.id, month.previous)
    seen = records.as_counted(conn, book.id)
    opening = opening_of(conn, book, month, carried_ids, carried_items, seen)
    split = standing(conn, book.id, month, policy)
    decided = decisions(conn, book.id, month)
    return given_of(conn, book, policy, month, opening, split, decisions=decided, taught_until=month, seen=seen)


def given_of(
    conn: Connection,
    book: Book,
    policy: Policy,
    month: Month,
    opening: frames.Opening,
    standing: frames.Standing,
    *,
    decisions: pl.DataFrame,
    taught_until: Month,
    seen: records.Seen | None = None,
) -> Given:
    """The same with what stands and what was decided given; parties as confirmed lines up to a month taught."""
    seen = seen or records.as_counted(conn, book.id)
    past = records.current(conn, schemas.BANK_TRANSACTIONS, book.id, "", "", _lines_held(standing.past), seen)
    no_amount = pl.lit(None, pl.Int64).alias("functional_minor")
    lines = candidates.lines(past.with_columns(no_amount), schemas.PAYMENTS.empty().with_columns(no_amount))
    return Given(
        month,
        replace(opening, past=lines),
        standing,
        decisions,
        parties_of(conn, book, policy, taught_until),
        own_accounts(book),
        engine_rates(conn),
        items_of=lambda ids: items_by_id(conn, book, ids, seen),
        alike=_alike(conn, book, opening.items["item_id"].to_list(), seen) if policy.oldest_first else _NOT_ASKED,
    )


def _alike(conn: Connection, book: Book, ids: Sequence[str], seen: records.Seen) -> pl.DataFrame:
    """What items are told apart by beside their amounts (candidates.ALIKE_SCHEMA), of the documents among them."""
    return candidates.alike(records.current(conn, schemas.INVOICES, book.id, "", "", ids, seen))


def no_decisions() -> pl.DataFrame:
    """Nothing was decided (matching.schemas.DECISIONS)."""
    return engine_schemas.DECISIONS.empty()


def opening_of(
    conn: Connection,
    book: Book,
    month: Month,
    carried_lines: Sequence[str],
    carried_items: pl.DataFrame,
    seen: records.Seen | None = None,
) -> frames.Opening:
    """What a month works on: what is carried from the month before, and its own records.

    A payment without a rate has no carrying amount. Nothing is guessed for it: the ledger holds its entry, and here it
    is no item and settles none until the rate is published.
    """
    first, last = records.first_and_last(book, month)
    seen = seen or records.as_counted(conn, book.id)
    bank = records.current(conn, schemas.BANK_TRANSACTIONS, book.id, first, last, carried_lines, seen)
    payments = records.current(conn, schemas.PAYMENTS, book.id, first, last, carried_lines, seen)
    mine = payments.filter(pl.col("month").is_between(pl.lit(first), pl.lit(last)))
    payable = priced(conn, book, mine)
    named = named_items(conn, book, named_by(payable), seen)
    payable = candidates.that_settle(payable, named)
    items = candidates.items(records.current(conn, schemas.INVOICES, book.id, first, last, seen=seen), payable)
    settled = candidates.recorded_settlements(payable)
    here = pl.concat([items["item_id"], carried_items["item_id"]]).implode()
    elsewhere = named.filter((pl.col("issued_on") > month.last_day) | ~pl.col("item_id").is_in(here))
    rates = records.rates(conn)
    lines = candidates.lines(
        functional(bank, rates, book, on="booked_on"),
        functional(with_names(conn, book, payments), rates, book, on="occurred_on"),
    )
    return open_month(lines, carried_items, items, settled, elsewhere)


def items_by_id(conn: Connection, book: Book, ids: Sequence[str], seen: records.Seen | None = None) -> pl.DataFrame:
    """Items by id (candidates.ITEM_SCHEMA), nothing of them open: what was settled before and may be open again."""
    nothing = pl.lit(0, pl.Int64)
    return named_items(conn, book, ids, seen).with_columns(open_minor=nothing, open_functional_minor=nothing)


def carried(conn: Connection, book: str, previous: Month) -> tuple[list[str], pl.DataFrame]:
    """Ids of the lines without a counterpart, and the items still open, at the end of the month before."""
    parameters = {"book": book, "month": str(previous)}
    lines = conn.execute(
        "select line_id from recon.open_line where book = %(book)s and month = %(month)s", parameters
    ).fetchall()
    items = copy_out(conn, query("carried_items"), parameters, candidates.ITEM_SCHEMA)
    return [row[0] for row in lines], items


def standing(
    conn: Connection, book: str, month: Month, policy: Policy, at: datetime | str = records.NOW
) -> frames.Standing:
    """Matches that stand: of this month, of later ones, and of earlier ones what lines of this month may refer to.

    at: as they stood then; what settles items in later months does so now.
    """
    parameters = {"book": book, "month": str(month), "at": records.NOW}
    found = copy_out(conn, query("standing_allocations"), parameters, frames.ALLOCATION_SCHEMA)
    later = found.filter(pl.col("month") != str(month))
    if at != records.NOW:
        found = copy_out(conn, query("standing_allocations"), parameters | {"at": at}, frames.ALLOCATION_SCHEMA)
    here = found.filter(pl.col("month") == str(month))
    past = copy_out(
        conn,
        query("past_allocations"),
        parameters
        | {
            "at": at,
            "since": month.first_day - timedelta(days=policy.return_days),
            "named": here["other_line_id"].drop_nulls().unique().sort().to_list(),
        },
        frames.ALLOCATION_SCHEMA,
    )
    return frames.Standing(here=here, later=later, past=past)


def past_without(past: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Standing allocations of earlier months without those of lines that are the month's own (LINE_SCHEMA): one whose
    day is another now is where it is known to be, whatever it was matched to before."""
    own = lines["line_id"].implode()
    other = pl.col("other_line_id").is_in(own).fill_null(False)
    return past.filter(~pl.col("line_id").is_in(own), ~other)


def _lines_held(standing: pl.DataFrame) -> list[str]:
    holding = standing.filter(pl.col("relation").is_in(frames.HOLDING_RELATIONS))["other_line_id"]
    return pl.concat([standing["line_id"], holding]).unique().sort().to_list()


def decisions(conn: Connection, book: str, month: Month, at: datetime | str = records.NOW) -> pl.DataFrame:
    """What people decided about lines booked up to a month's end, as far as it holds (matching.schemas.DECISIONS).

    at: as far as it held then.
    """
    return copy_out(conn, query("current_decisions"), {"book": book, "month": str(month), "at": at}, _DECIDED)


def taught(conn: Connection, book: str, month: Month) -> pl.DataFrame:
    """What confirmations of lines booked up to a month's end show of how parties are printed (learning.TAUGHT)."""
    return copy_out(conn, query("party_aliases"), {"book": book, "month": str(month)}, TAUGHT)


def decided_digest(conn: Connection, book: str, month: Month) -> str:
    """Digest of the decisions that count in a month, and of what they taught."""
    said = (decisions(conn, book, month), taught(conn, book, month))
    return digest(*(content_hash(frame.write_csv().encode()) for frame in said))


def parties_of(conn: Connection, book: Book, policy: Policy, month: Month) -> pl.DataFrame:
    """Customers and suppliers of the book as the engine reads them, with what was learnt of them by a month's end."""
    known = records.current(conn, schemas.PARTIES, book.id, records.BEFORE_ANY, records.AFTER_ALL)
    # A processor's customers lend their names to what they paid; whose documents are paid is who has them.
    parties = known.filter(~pl.col("removed"), pl.col("source") != "stripe").select(
        "book", "name", "account_numbers", party_id="record_id", aliases=pl.lit(None, pl.List(pl.String))
    )
    own = [name for account in own_accounts(book) for name in account.names]
    return with_learnt(parties, taught(conn, book.id, month), policy.processor_names, own)


def own_accounts(book: Book) -> list[OwnAccount]:
    """Accounts of ours, and how a bank's text may name them."""
    banks = [OwnAccount(a.id, names=tuple(n for n in (a.name, *a.statement_ids) if n)) for a in book.bank_accounts]
    return banks + [OwnAccount(a.id, processor=True) for a in book.processor_accounts]


def engine_rates(conn: Connection) -> pl.DataFrame:
    """Published reference rates as the engine reads them (matching.schemas.FX_RATES)."""
    return records.rates(conn).select("currency", "per_eur", date="rate_on")
