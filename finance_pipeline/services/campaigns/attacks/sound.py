"""The work of every day, in a transaction that is undone: what of it fails while a rule is taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import LiteralString

import psycopg

from finance_pipeline.ledger import journal, proof, reports
from finance_pipeline.services.campaigns.attacks.attempts import elsewhere
from finance_pipeline.services.campaigns.attacks.by_hand import Connection, open_batch, write
from finance_pipeline.services.campaigns.attacks.ledger import MAY, standing
from finance_pipeline.services.campaigns.attacks.unsound import ABROAD, EURO, TAKEN_BACK
from finance_pipeline.store.roles import Roles

_DECIDED: LiteralString = """
    select close.explain('us', '2026-05', array['1'], array['USD'], array[1], 'explained', 'Dan', 'c', 'r', 'o', '{}');
    select close.sign(min(review_seq), 'Eve', 'c', 'r', 'o', '{}', '{}') from close.review where month = '2026-05';
    select close.put_forward('us', '2026-09', 'Ann', 'c', 'r', 'o', '{}');
    insert into close.difference_decision (
        difference_id, book, month, signature_id, table_name, record_id, version, cause, verdict, amount_minor,
        limit_minor, together_limit_minor, actor, reason, seen, run_id
    )
    values ('2', 'us', '2026-06', 'us2026-06', 'invoice', 'two', 2, 'late', 'let_in', 1, 5, 5, 'Ann', 'r', '{}', 'run');
    insert into close.rule_decision (
        difference_id, book, month, signature_id, source, source_id, purpose, verdict, actor, reason, seen, run_id
    )
    values ('2', 'us', '2026-06', 'us2026-06', 'xero', 'two', 'document', 'proposed', 'Ann', 'why', '{}', 'run');
    insert into close.document_decision (book, record_id, party_id, number, verdict, actor, reason, origin, seen)
    values ('us', 'two', 'supplier', '7', 'refused', 'Ann', 'why', 'here', '{}');
    insert into ledger.settings_proposal (book, settings, digest, proposed_by, reason)
    values ('de', '{}', repeat('0', 64), 'Ann', 'r');
    insert into ledger.settings_approval (proposal_seq, approved_by, reason)
    select max(proposal_seq), 'Ben', 'r' from ledger.settings_proposal;
    insert into ledger.submission (submission_id, kind, book, files, page_hashes, line_count, submitted_by, reason)
    values (repeat('8', 64), 'opening', 'de', '{f}', '{h}', 1, 'Ann', 'r');
    insert into ledger.submitted_balance values (repeat('8', 64), 1, '1010', 'EUR', -1, -1, 'h');
    insert into ledger.submitted_item (
        submission_id, ordinal, kind, number, party_name, currency, amount_minor, functional_minor, issued_on,
        evidence_hash
    ) values (repeat('8', 64), 2, 'invoice', 'one', 'a party', 'EUR', 1, 1, '2026-04-01', 'h');
    insert into ledger.submitted_line (
        submission_id, ordinal, journal, effective_on, code, currency, amount_minor, functional_minor, description,
        evidence_hash
    ) values (repeat('8', 64), 1, 'one', '2026-05-20', '1010', 'EUR', 0, 0, 'words', 'h');
    insert into ledger.verdict (submission_id, actor, verdict, reason) values (repeat('8', 64), 'Ben', 'sign', 'r');
    insert into ledger.other_trial_balance (book, month, file, page_hash, brought_by)
    values ('de', '2026-05-01', 'f', 'h', 'Ann');
    insert into ledger.other_balance
    select max(trial_balance_seq), '1010', 'Bank', 1 from ledger.other_trial_balance;
    insert into ledger.explained_difference (book, month, code, difference_minor, actor, reason)
    values ('de', '2026-05-01', '1010', 1, 'Ann', 'r');
    select ledger.lock_area('us', '2026-05-01', 'AP', 'Ann', 'c', 'r', 'o', '{}');
    select ledger.approve_reopening(
        ledger.ask_reopening('us', '2026-06-01', null, clock_timestamp() + '1 day', 'Ann', 'c', 'r', 'o', '{}'), 'Ben',
        'c', 'r', 'o', '{}'
    );
    select ledger.soft_close_period('us', '2026-05-01', array['Sam'], 'Ann', 'c', 'r', 'o', '{}');
"""


def missed_by_sound_work(conn: Connection, roles: Roles) -> Iterator[str]:
    """What goes wrong with the work of every day: posting, sealing, proving, reading, deciding."""
    sound: dict[str, Callable[[], None]] = {
        "posting in dollars": lambda: _posted(conn, roles, {}),
        "the journal writer": lambda: _published(conn, roles),
        "posting in euro": lambda: _posted(conn, roles, EURO),
        "a reversal": lambda: _posted(conn, roles, TAKEN_BACK),
        "a reversal in euro": lambda: _posted(conn, roles, ABROAD),
        "posting among kindlier operators": lambda: _elsewhere(conn, roles),
        "opening a month": lambda: _opened(conn, roles),
        "the trial balance": lambda: _read(conn, roles),
        "deciding": lambda: _decided(conn, roles),
    }
    for words, work in sound.items():
        try:
            with conn.transaction(force_rollback=True):
                work()
        except (psycopg.Error, ValueError) as failure:
            yield f"sound work: {words}: {' '.join(str(failure).split())[:100]}"


def _posted(conn: Connection, roles: Roles, changes: Mapping[str, object]) -> None:
    roles.become(conn, "app")
    write(conn, **changes)
    conn.execute("set constraints all immediate")
    roles.become(conn, "reader")
    report = proof.verify(conn)
    if report.entries != 6 or not report.holds:
        raise ValueError(f"the proof finds {report.entries} entries: {report.first_broken}")


def _published(conn: Connection, roles: Roles) -> None:
    roles.become(conn, "app")
    report = journal.publish(conn, "us", [MAY], standing(), run_id="run", correlation_id="correlation")
    reports.month_totals(conn, "us", [MAY])
    if (report.new, report.reversed) != (0, 0):
        raise ValueError("what stands was posted again")


def _elsewhere(conn: Connection, roles: Roles) -> None:
    roles.become(conn, "app")
    elsewhere(conn, "shadow, pg_catalog", {})
    conn.execute("set constraints all immediate")
    conn.execute("set local search_path = pg_catalog")
    row = conn.execute("select max(recorded_at) > now() from ledger.seal").fetchone()
    if not row or not row[0]:
        raise ValueError("the seal says another time")


def _opened(conn: Connection, roles: Roles) -> None:
    roles.become(conn, "app")
    conn.execute("select ledger.open_period('us', '2026-12-01')")
    conn.execute("select ledger.take_token('us', 'run')")
    conn.execute("insert into ledger.book values ('fr', 'EUR', '2026-01-01', 1)")
    conn.execute(
        "insert into ledger.account (book, code, name, kind, normal_side, role, is_control)"
        " values ('fr', '1000', 'Bank', 'asset', 'debit', 'bank', false)"
    )


def _read(conn: Connection, roles: Roles) -> None:
    roles.become(conn, "reader")
    if reports.trial_balance(conn, "us", MAY).height != 4:
        raise ValueError("the trial balance has other accounts")


def _decided(conn: Connection, roles: Roles) -> None:
    """Decide something of everything that the application may, and have it sealed and proven."""
    roles.become(conn, "app")
    before = conn.execute("select control_position from ledger.head").fetchone()
    conn.execute(_DECIDED)
    batch = open_batch(conn)
    conn.execute("select ledger.allow_posting(%s, 'us', '2026-05-01', 'Sam', 'c', 'r', 'o')", (batch,))
    write(conn, batch_id=batch)
    conn.execute("set constraints all immediate")
    roles.become(conn, "reader")
    report = proof.verify(conn)
    counted = conn.execute("select count(distinct matter) from ledger.control_seal where position > %s", before)
    row = counted.fetchone()
    if not report.holds or not row or row[0] != 13:
        raise ValueError(f"of thirteen kinds of decisions, {row[0] if row else 0} are sealed: {report.first_broken}")
