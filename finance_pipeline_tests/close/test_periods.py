"""Periods: who may close and reopen them, what they refuse meanwhile, and for how long."""

from __future__ import annotations

import time

import psycopg
import pytest

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.store.database import Database
from finance_pipeline_tests.close.closing import HERE, Closing, soon
from finance_pipeline_tests.ledger.by_hand import open_batch, undone, write
from finance_pipeline_tests.ledger.world import MAY, World, post

APRIL, JUNE = Month(2026, 4), Month(2026, 6)
Refused = psycopg.errors.CheckViolation
NotNow = psycopg.errors.ObjectNotInPrerequisiteState


@pytest.fixture
def books(kept_database: Database, us: Book) -> Closing:
    closing = Closing.of(kept_database, us.id)
    closing.post("sale", accounts=("1100", "4000"))
    return closing


def test_a_period_that_nobody_signed_is_not_locked(books: Closing) -> None:
    with pytest.raises(NotNow, match="nobody has signed it"):
        books.lock()
    assert books.state() == ("open", [])


def test_nobody_signs_what_they_put_forward_or_explained(books: Closing) -> None:
    review = books.put_forward(by="Ann")
    for again in ("Ann", " ann "):
        with pytest.raises(Refused, match="put it forward: another person signs"):
            books.sign(review, by=again)
    books.ask(
        "select close.explain(%s, '2026-05', '{line}', '{USD}', '{100}', 'explained', 'Cid', 'clerk', 'old', %s, '{}')",
        books.book, HERE,
    )  # fmt: skip
    with pytest.raises(Refused, match="Cid explained items of it"):
        books.sign(review, by="Cid")
    books.sign(review, by="Bea")
    with pytest.raises(Refused, match="it is signed already"):
        books.sign(books.put_forward(by="Ann"), by="Bea")


def test_a_signature_lapses_when_a_signed_balance_moves_and_blocks_the_lock_until_it_is_signed_again(
    books: Closing,
) -> None:
    review = books.put_forward()
    books.post("seen by nobody", 10)
    with pytest.raises(Refused, match="balances have moved since it was put forward"):
        books.sign(review)
    books.signed()
    books.post("in June", 7, on="2026-06-02")
    assert not books.has_lapsed()
    books.post("after the signature", 3)
    assert books.has_lapsed()
    with pytest.raises(NotNow, match="a balance has moved since it was signed"):
        books.lock()
    books.closed()
    assert books.state() == ("locked", [])
    with pytest.raises(NotNow, match="locked already"):
        books.lock()


def test_a_signature_records_balances_by_both_dates_at_one_position_of_the_chain(books: Closing) -> None:
    books.post("late", 30, on="2026-06-01", accounts=("1100", "4000"))
    with books.database.transaction() as conn:
        write(
            conn, book=books.book, source_id="happened in May", effective_on="2026-05-30", accounting_on="2026-06-01",
            accounts=["1100", "4000"], amounts=[7, -7],
        )  # fmt: skip
    signed = books.signed()
    kept = books.row(
        """
        select balance.amount_minor, balance.functional_minor, balance.effective_amount_minor, seal.link = seal_link
        from close.signed_balance as balance
        join close.signature using (signature_id)
        join ledger.seal on seal.position = signature.seal_position
        where signature_id = %s and code = '1100'
        """,
        signed,
    )
    assert kept == (100, 100, 107, True)


def test_months_are_locked_in_their_order(books: Closing) -> None:
    books.post("in June", on="2026-06-02")
    books.signed(JUNE)
    with pytest.raises(NotNow, match="2026-05 is not locked"):
        books.lock(JUNE)
    books.closed(MAY)
    books.lock(JUNE)
    assert books.state(JUNE) == ("locked", [])


def test_a_lock_is_the_first_thing_in_its_transaction(books: Closing) -> None:
    books.signed()
    call = "select ledger.lock_period(%s, '2026-05-01', 'Bea', 'controller', 'closed', 'a test', '{}')"
    with undone(books.database) as conn:
        write(conn, book=books.book, source_id="unsealed")
        with pytest.raises(psycopg.errors.InvalidTransactionState), conn.transaction():
            conn.execute(call, (books.book,))
    with undone(books.database) as conn:
        conn.execute("set transaction isolation level repeatable read")
        with pytest.raises(psycopg.errors.InvalidTransactionState), conn.transaction():
            conn.execute(call, (books.book,))


def test_a_reopening_takes_a_second_person_once_and_in_time(books: Closing) -> None:
    with pytest.raises(NotNow, match="is not closed"):
        books.ask_reopening()
    books.closed()
    for until in (soon(-1), soon(32 * 86400)):
        with pytest.raises(Refused, match="within 31 days"):
            books.ask_reopening(until=until)
    request = books.ask_reopening(by="Ann")
    with pytest.raises(Refused, match="is not open"):
        books.post("before anybody approved")
    for again in ("Ann", "ANN "):
        with pytest.raises(Refused, match="takes a second person"):
            books.approve(request, by=again)
    books.approve(request, by="Bea")
    assert books.state() == ("open", [])
    books.post("left out")
    with pytest.raises(psycopg.errors.UniqueViolation):
        books.approve(request, by="Cid")
    with pytest.raises(NotNow, match="no request"):
        books.approve(0)
    events = books.row(
        "select array_agg(action || ' by ' || actor order by event_seq) from ledger.period_event where book = %s",
        books.book,
    )[0]
    assert events == ["locked by Bea", "reopening_asked by Ann", "reopened by Bea"]


def test_a_reopening_ends_by_the_clock_and_leaves_a_lapsed_signature(books: Closing) -> None:
    books.closed()
    books.approve(books.ask_reopening(until=soon(0.4)))
    books.post("in time")
    time.sleep(0.4)
    assert books.state() == ("locked", [])
    with pytest.raises(Refused, match="is not open"):
        books.post("too late")
    assert books.has_lapsed()
    books.closed()
    assert not books.has_lapsed()


def test_a_soft_closed_month_takes_only_what_a_named_person_posts_with_a_reason(books: Closing) -> None:
    books.soft_close("Cid")
    with pytest.raises(Refused, match="is not open"):
        books.post("by anybody")
    allow = "select ledger.allow_posting(%s, %s, '2026-05-01', %s, 'controller', %s, 'a test')"
    with pytest.raises(Refused, match="Dan may not post"), undone(books.database) as conn:
        conn.execute(allow, (open_batch(conn), books.book, "Dan", "rent"))
    with pytest.raises(Refused), undone(books.database) as conn:
        conn.execute(allow, (open_batch(conn), books.book, "Cid", " "))
    with books.database.transaction() as conn:
        batch = open_batch(conn)
        conn.execute(allow, (batch, books.book, "Cid", "rent"))
        write(conn, book=books.book, source_id="accrual", batch_id=batch)
    with pytest.raises(psycopg.errors.IntegrityError, match="was not opened by this transaction"):
        books.ask(allow, batch, books.book, "Cid", "again")
    assert books.ask("select ledger.first_open_month(%s, '2026-05-01')", books.book) == JUNE.first_day


def test_a_month_that_is_locked_for_an_area_refuses_what_touches_it(books: Closing) -> None:
    books.lock_area("AR")
    with pytest.raises(Refused, match="locked for AR, which account 1100 belongs to"):
        books.post("one more sale", accounts=("1100", "4000"))
    books.post("a bank line", accounts=("1010", "3900"))
    books.lock_area("bank")
    with pytest.raises(Refused, match="locked for bank"):
        books.post("another bank line", accounts=("1010", "3900"))
    books.post("a bill", accounts=("5000", "2000"))
    assert books.state() == ("open", ["AR", "bank"])
    books.approve(books.ask_reopening(areas=["AR"]))
    assert books.state() == ("open", ["bank"])
    books.post("one more sale", accounts=("1100", "4000"))


def test_a_locked_month_is_reopened_for_an_area_alone(books: Closing) -> None:
    books.closed()
    books.approve(books.ask_reopening(areas=["AP", "GL"]))
    books.post("a bill left out", accounts=("5000", "2000"))
    with pytest.raises(Refused, match="locked for"):
        books.post("a sale left out", accounts=("1100", "4000"))


def test_the_application_reads_what_was_signed_and_writes_none_of_it_itself(books: Closing) -> None:
    books.closed()
    tables = (
        "close.explanation", "close.review", "close.signature", "close.signed_balance", "close.signed_record",
        "close.signed_item", "close.signed_line", "ledger.period_event", "ledger.posting_permission", "ledger.period",
    )  # fmt: skip
    for table in tables:
        rights = books.ask(
            "select array_agg(what) from unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as what"
            " where has_table_privilege(current_user, %s, what) or what <> 'DELETE' and what <> 'TRUNCATE'"
            " and has_any_column_privilege(current_user, %s, what)",
            table, table,
        )  # fmt: skip
        assert rights is None, table
    with pytest.raises(psycopg.errors.InsufficientPrivilege), undone(books.database) as conn:
        conn.execute("select ledger.take_period(%s, '2026-05-01')", (books.book,))
    for role, may in (("app", ["explain", "put_forward", "sign"]), ("reader", None)):
        callable_ones = books.ask(
            "select array_agg(proname::text order by proname) from pg_proc where prosecdef"
            " and pronamespace = 'close'::regnamespace and has_function_privilege(%s, oid, 'EXECUTE')",
            f"finance_pipeline_{role}",
        )
        assert callable_ones == may


def test_what_is_closed_already_and_what_is_no_area_is_refused_and_a_request_lapses(books: Closing) -> None:
    books.lock_area("AR")
    with pytest.raises(NotNow, match="locked for AR already"):
        books.lock_area("AR")
    with pytest.raises(Refused, match="AR, AP, bank or GL"):
        books.ask_reopening(areas=["cash"])
    request = books.ask_reopening(until=soon(0.2))
    time.sleep(0.2)
    with pytest.raises(NotNow, match=f"no request {request}"):
        books.approve(request)
    books.soft_close("Cid")
    with pytest.raises(NotNow, match="is soft_closed already"):
        books.soft_close("Dan")


def test_what_touches_a_locked_area_is_posted_on_the_next_open_day_and_the_rest_on_its_own(
    kept_database: Database, us: Book
) -> None:
    books = Closing.of(kept_database, us.id)
    world = World(us).line("paid", "5.00").document("inv", "9.00")
    world.document("bill", "-4.00", kind="bill", account="400")
    with kept_database.transaction() as conn:
        post(conn, world)
    books.lock_area("AR")
    more = world.without("document", "inv").document("more", "7.00")
    more.document("another bill", "-3.00", kind="bill", account="400")
    with kept_database.transaction() as conn:
        post(conn, more)
    posted = books.row(
        "select array_agg(distinct format('%%s %%s %%s', accounting_on, split_part(source_id, '/', 3), version)) "
        "from ledger.posting where book = %s",
        books.book,
    )[0]
    assert posted == [
        "2026-05-02 another bill 1",
        "2026-05-02 bill 1",
        "2026-05-02 inv 1",
        "2026-05-04 paid 1",
        "2026-06-01 inv -1",
        "2026-06-01 more 1",
    ]
    books.approve(books.ask_reopening(areas=["AR"]))
    with kept_database.transaction() as conn:
        post(conn, more.document("in May again", "1.00"))
    assert books.ask(
        "select accounting_on::text from ledger.posting where book = %s and source_id like '%%again'", books.book
    ) == "2026-05-02"  # fmt: skip


def test_no_figures_are_signed_that_must_be_equal_and_are_not_or_that_nobody_put_forward(books: Closing) -> None:
    review = books.put_forward()
    with books.database.transaction() as conn:
        conn.execute(
            "insert into report.tie_out (book, month, name, subject, on_day, currency, left_words, left_minor,"
            " right_words, right_minor, tied, words) values (%s, '2026-05', 'r', 'main', '2026-05-31', 'USD', 'l', 1,"
            " 'r', 2, false, 'they differ')",
            (books.book,),
        )
    with pytest.raises(Refused, match="figures that must be equal are not"):
        books.sign(review)
    with pytest.raises(Refused, match="nothing was put forward as 0"):
        books.sign(0)


def test_each_account_belongs_to_the_area_of_its_role(books: Closing) -> None:
    with books.database.transaction() as conn:
        found = dict(
            conn.execute(
                "select area, array_agg(distinct role order by role) from ledger.account where book = %s group by area",
                (books.book,),
            ).fetchall()
        )
    assert found["AR"] == [
        "disputes_receivable", "receivables", "refunds_awaiting_credit_note", "unapplied_card_receipts",
        "unidentified_receipts",
    ]  # fmt: skip
    assert found["AP"] == ["payables", "unidentified_payments"]
    assert found["bank"] == [
        "bank", "exchange", "outstanding_payments", "outstanding_receipts", "payouts_in_transit", "processor_clearing",
        "transfers_in_transit",
    ]  # fmt: skip
    assert {"sales", "bank_charges", "retained_earnings", "receivables_valuation"} <= set(found["GL"])
