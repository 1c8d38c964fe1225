"""Attacks on what people decide: rows that contradict others or themselves, made from the catalogue, and calls by hand.

The first are the owner's, who may switch off triggers: what refuses them is the one constraint that each is about. A
row is a copy of one that is there with some columns changed; see `decided`, which has something in every table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

from psycopg import sql

from finance_pipeline.services.campaigns.attacks.by_hand import Connection

_TABLES: LiteralString = """
    select table_name, array(
        select attname::text from pg_attribute
        where attrelid = table_name::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum
    ), array(
        select attname::text from pg_attribute
        where attrelid = table_name::regclass and attnum > 0 and attnotnull and not attisdropped
    )
    from (
        select table_name from ledger.control_table union all values ('ledger.control_seal'), ('ledger.control_table')
    ) as each
    order by 1
"""
DECISIONS = (
    "close.difference_decision", "close.document_decision", "close.explanation", "close.review",
    "close.rule_decision", "close.signature", "close.signed_balance", "close.signed_item",
    "close.signed_line", "close.signed_record", "ledger.explained_difference",
    "ledger.other_balance", "ledger.other_trial_balance", "ledger.period_event", "ledger.posting_permission",
    "ledger.settings_approval", "ledger.settings_proposal", "ledger.submission", "ledger.submitted_balance",
    "ledger.submitted_item", "ledger.submitted_line", "ledger.verdict",
)  # fmt: skip
"""Tables of decisions about the books: what the seals of decisions cover (ledger.control_table)."""
_CONSTRAINTS: LiteralString = """
    select contype::text, conname::text, array(select attname::text from pg_attribute
        where attrelid = conrelid and attnum = any(conkey) order by attnum)
    from pg_constraint where conrelid = %s::regclass and contype in ('c', 'p', 'u', 'f') order by conname
"""
_INDEXES: LiteralString = """
    select relname::text from pg_index join pg_class on pg_class.oid = indexrelid
    where indrelid = %s::regclass and indisunique
        and not exists (select from pg_constraint where conindid = indexrelid)
"""
_NOBODY = "' '"
_WRONG: dict[str, LiteralString] = {
    "action": "'pondered'", "actor": _NOBODY, "role": _NOBODY, "reason": _NOBODY, "origin": _NOBODY,
    "submitted_by": _NOBODY, "proposed_by": _NOBODY, "approved_by": _NOBODY, "brought_by": _NOBODY,
    "verdict": "'maybe'", "cause": "'because'", "kind": "'other'", "table_name": "'thing'", "digest": "'x'",
    "submission_id": "'x'", "files": "'{}'", "page_hashes": "'{a,b}'", "line_count": "0", "sequence": "0",
    "version": "0", "limit_minor": "-1",
    "together_limit_minor": "-1", "number": "''", "amount_minor": "0", "currency": "'usd'", "journal": "''",
    "issued_on": "'infinity'", "effective_on": "'infinity'", "reverses_on": "effective_on", "other_code": "''",
    "difference_minor": "0", "position": "0", "row_count": "0",
}  # fmt: skip
"""By column: what its check refuses. A month's depends on its type."""
_CHECKS: dict[str, dict[str, LiteralString]] = {
    "period_event_check": {"answers": "1"},
    "period_event_check1": {"open_until": "now()"},
    "period_event_check2": {"signature_id": "'us2026-06'"},
    "takes_two_people": {"signed_by": "upper(prepared_by)"},
    "by_itself_only_late_and_small": {"verdict": "'let_in'", "cause": "'changed'"},
    "above_the_limit_takes_two_people": {"verdict": "'adjusted'", "amount_minor": "9"},
    "nobody_approves_their_own": {"proposed_by": "lower(actor)"},
    "difference_decision_cause_check": {"cause": "'because'", "verdict": "'proposed'"},
    "difference_decision_limit_minor_check": {
        "limit_minor": "-1",
        "together_limit_minor": "-1",
        "verdict": "'proposed'",
    },
    "submission_files_check": {"files": "'{}'", "page_hashes": "'{}'"},
    "adjusting_takes_two_people": {"verdict": "'adjusted'", "proposed_by": "null"},
    "posting_takes_two_people": {"verdict": "'posted'", "proposed_by": "null"},
    "submission_check": {"page_hashes": "'{a,b}'"},
    "submitted_line_check": {"reverses_on": "effective_on"},
}
_FRESH: dict[str, dict[str, LiteralString]] = {
    "ledger.period_event": {"event_seq": "999", "answers": "null", "action": "'soft_closed'", "open_until": "null",
        "signature_id": "null"},
    "ledger.posting_permission": {"book": "'x'"},
    "close.explanation": {"explanation_seq": "999"},
    "close.review": {"review_seq": "999"},
    "close.signature": {"signature_id": "'fresh'", "sequence": "99", "review_seq": "(select max(review_seq) from"
        " close.review)"},
    "close.signed_balance": {"currency": "'XXX'"},
    "close.signed_record": {"record_id": "'fresh'"},
    "close.signed_item": {"item_id": "'fresh'"},
    "close.signed_line": {"line_id": "'fresh'"},
    "close.difference_decision": {"decision_seq": "999", "record_id": "'fresh'"},
    "close.rule_decision": {"decision_seq": "999", "difference_id": "'fresh'"},
    "close.document_decision": {"decision_seq": "999", "record_id": "'fresh'"},
    "ledger.settings_proposal": {"proposal_seq": "999"},
    "ledger.settings_approval": {"proposal_seq": "2"},
    "ledger.submission": {"submission_id": "repeat('a', 64)"},
    "ledger.submitted_balance": {"currency": "'XXX'"},
    "ledger.submitted_item": {"number": "'fresh'"},
    "ledger.submitted_line": {"ordinal": "99"},
    "ledger.verdict": {"verdict_seq": "999", "actor": "'Zoe'"},
    "ledger.other_trial_balance": {"trial_balance_seq": "999"},
    "ledger.other_balance": {"other_code": "'fresh'"},
    "ledger.explained_difference": {"explanation_seq": "999"},
    "ledger.control_seal": {"position": "999", "key": "'fresh'"},
    "ledger.control_table": {"table_name": "'fresh'"},
}  # fmt: skip
"""By table: what makes a copied row one of its own, so that only its foreign keys can refuse it."""
_FOREIGN: dict[str, LiteralString] = {
    "book": "'none'", "answers": "-1", "signature_id": "'none'", "batch_id": "-1", "event_seq": "-1",
    "review_seq": "-1", "account_id": "-1", "proposal_seq": "-1", "submission_id": "repeat('f', 64)",
    "trial_balance_seq": "-1", "matter": "'none'", "month": "'1999-01-01'",
}  # fmt: skip
_WITH: dict[tuple[str, str], dict[str, LiteralString]] = {
    ("ledger.period_event", "answers"): {"action": "'reopened'", "open_until": "now()"},
    ("ledger.period_event", "signature_id"): {"action": "'locked'"},
}
"""By table and column: what must change with it, or another rule would refuse first."""
_UNIQUE: dict[str, dict[str, LiteralString]] = {
    "period_event_answers_key": {"event_seq": "999"},
    "signature_book_month_sequence_key": {"signature_id": "'fresh'", "review_seq": "(select max(review_seq) from"
        " close.review)"},
    "signature_review_seq_key": {"signature_id": "'fresh'", "sequence": "99"},
    "control_seal_matter_key_key": {"position": "999"},
    "difference_is_let_in_once": {"decision_seq": "999", "verdict": "'let_in'"},
    "rule_difference_is_adjusted_once": {"decision_seq": "999"},
    "difference_is_dismissed_once": {"decision_seq": "999", "verdict": "'dismissed'"},
    "verdict_of_person": {"verdict_seq": "999"},
    "verdict_verdict_seq_key": {"actor": "'Zoe'"},
}  # fmt: skip
"""By constraint or index: what keeps the other ones of its table from refusing first."""
_SAMPLES: dict[str, LiteralString] = {
    "period_event_answers_key": "answers is not null",
    "rule_difference_is_adjusted_once": "verdict = 'adjusted'",
    "period_event_check": "action = 'soft_closed'",
    "period_event_check1": "action = 'soft_closed'",
    "period_event_check2": "action = 'soft_closed'",
}
LATE: dict[str, LiteralString] = {
    "ledger.posting_permission": "", "close.signed_balance": "", "close.signed_record": "", "close.signed_item": "",
    "close.signed_line": "", "ledger.submitted_balance": "check_submitted", "ledger.submitted_item": "check_submitted",
    "ledger.submitted_line": "check_submitted", "ledger.other_balance": "check_other_balance",
}  # fmt: skip
"""Parts of matters, and the trigger that would refuse a late row before the seals do."""

_PROPOSE: LiteralString = "insert into ledger.settings_approval (proposal_seq, approved_by, reason) values "
_VERDICT: LiteralString = "insert into ledger.verdict (submission_id, actor, verdict, reason) values "
_REVIEW: LiteralString = "select close.sign((select min(review_seq) from close.review where month = "
BY_HAND: dict[str, tuple[LiteralString, str]] = {
    "signing what nobody put forward": ("select close.sign(-1, 'Eve', 'c', 'r', 'o', '{}', '{}')", "nothing was put"),
    "signing what one put forward oneself": (
        _REVIEW + "'2026-05'), ' ANN', 'c', 'r', 'o', '{}', '{}')",
        "put it forward",
    ),
    "signing what one explained": (_REVIEW + "'2026-05'), 'dan', 'c', 'r', 'o', '{}', '{}')", "explained items of it"),
    "signing what does not tie": (_REVIEW + "'2026-08'), 'Eve', 'c', 'r', 'o', '{}', '{}')", "that must be equal"),
    "signing twice": (
        "select close.sign((select max(review_seq) from close.review where month = '2026-06'), 'Eve', 'c', 'r', 'o',"
        " '{}', '{}')",
        "it is signed already",
    ),
    "signing what moved since": (_REVIEW + "'2026-07'), 'Eve', 'c', 'r', 'o', '{}', '{}')", "balances have moved"),
    "approving one's own settings": (_PROPOSE + "(3, ' ann', 'so')", "another person approves"),
    "approving settings that were proposed anew": (_PROPOSE + "(2, 'Ben', 'so')", "there is a later proposal"),
    "approving one's own journals": (_VERDICT + "(repeat('1', 64), ' ann', 'sign', 'so')", "another person approves"),
    "approving journals that do not add up": (
        _VERDICT + "(repeat('2', 64), 'Ben', 'sign', 'so')",
        "of a journal differ",
    ),
    "approving what was refused": (_VERDICT + "(repeat('3', 64), 'Cara', 'sign', 'so')", "it was refused"),
    "refusing what stands": (_VERDICT + "(repeat('4', 64), 'Cara', 'refuse', 'so')", "it stands approved"),
    "a second opening": (_VERDICT + "(repeat('6', 64), 'Ben', 'sign', 'so')", "has a signed opening"),
    "an opening that does not add up": (
        _VERDICT + "(repeat('7', 64), 'Ben', 'sign', 'so')",
        "debits and credits differ",
    ),
    "a late line of a journal": (
        "insert into ledger.submitted_line select submission_id, 99, journal, effective_on, reverses_on, code,"
        " currency, amount_minor, functional_minor, description, evidence_hash from ledger.submitted_line limit 1",
        "is complete",
    ),
    "a late balance of the other ledger": (
        "insert into ledger.other_balance select trial_balance_seq, 'x', name, 1 from ledger.other_balance limit 1",
        "is complete",
    ),
    "late items beyond their limit together": (
        "insert into close.difference_decision (difference_id, book, month, signature_id, table_name, record_id,"
        " version, cause, verdict, amount_minor, limit_minor, together_limit_minor, actor, reason, seen, run_id)"
        " values ('9', 'us', '2026-06', 'us2026-06', 'invoice', 'nine', 2, 'late', 'let_in', 5, 5, 5, 'Ann', 'r', '{}',"
        " 'run')",
        "beyond their limit",
    ),
    "adjusting for a rule what nobody proposed": (
        "insert into close.rule_decision (difference_id, book, month, signature_id, source, source_id, purpose,"
        " verdict, proposed_by, actor, reason, seen, run_id) values ('9', 'us', '2026-06', 'us2026-06', 'xero', 'one',"
        " 'document', 'adjusted', 'Zoe', 'Ben', 'r', '{}', 'run')",
        "was not proposed by",
    ),
    "posting a second document that nobody proposed": (
        "insert into close.document_decision (book, record_id, party_id, number, verdict, proposed_by, actor, reason,"
        " origin, seen) values ('us', 'nine', 'supplier', '7', 'posted', 'Zoe', 'Ben', 'r', 'o', '{}')",
        "was not proposed by",
    ),
    "soft-closing what is closed": (
        "select ledger.soft_close_period('us', '2026-06-01', '{Eve}', 'Eve', 'c', 'r', 'o', '{}')",
        "is locked already",
    ),
    "posting softly without being named": (
        "select ledger.allow_posting(ledger.open_batch('run', 'correlation'), 'us', '2026-07-01', 'Eve', 'c', 'r',"
        " 'o')",
        "may not post to period",
    ),
    "posting softly with another's batch": (
        "select ledger.soft_close_period('us', '2026-05-01', '{Eve}', 'Eve', 'c', 'r', 'o', '{}');"
        " select ledger.allow_posting(1, 'us', '2026-05-01', 'Eve', 'c', 'r', 'o')",
        "was not opened by this transaction",
    ),
    "locking an area twice": (
        "select ledger.lock_area('us', '2026-10-01', 'bank', 'Eve', 'c', 'r', 'o', '{}')",
        "is locked for bank already",
    ),
    "asking to reopen what is open": (
        "select ledger.ask_reopening('us', '2026-05-01', null, clock_timestamp() + '1 day', 'Eve',"
        " 'c', 'r', 'o', '{}')",
        "is not closed",
    ),
    "asking to reopen for a year": (
        "select ledger.ask_reopening('us', '2026-06-01', null, clock_timestamp() + '1 year', 'Eve',"
        " 'c', 'r', 'o', '{}')",
        "ends within 31 days",
    ),
    "asking to reopen no area": (
        "select ledger.ask_reopening('us', '2026-06-01', '{}', clock_timestamp() + '1 day', 'Eve',"
        " 'c', 'r', 'o', '{}')",
        "ends within 31 days",
    ),
    "reopening what was asked long ago": (
        "select ledger.approve_reopening((select max(event_seq) from ledger.period_event"
        " where action = 'reopening_asked'), 'Ben', 'c', 'r', 'o', '{}')",
        "to reopen a period waits",
    ),
    "reopening what one asked for oneself": (
        "select ledger.approve_reopening(ledger.ask_reopening('us', '2026-06-01', null, clock_timestamp() + '1 day',"
        " 'Eve', 'c', 'r', 'o', '{}'), ' eve', 'c', 'r', 'o', '{}')",
        "takes a second person",
    ),
    "locking at the end of a transaction": (
        "select ledger.take_token('us', 'run');"
        " select ledger.lock_period('us', '2026-05-01', 'E', 'c', 'r', 'o', '{}')",
        "at the beginning of a transaction",
    ),
}
"""By the application: what is tried, and words of what refuses it."""


def contradictions(conn: Connection) -> Iterator[tuple[str, sql.Composed, str]]:
    """Names, statements and words of what refuses them: one for each constraint of each table, and for late rows.

    conn: may read the catalogue. Raises KeyError for a rule that nothing above is about.
    """
    for table, columns, needed in conn.execute(_TABLES).fetchall():
        name = table.partition(".")[2]
        for column in needed:
            yield f"{name}: nothing in {column}", _copied(table, columns, {column: "null"}), f'column "{column}" of'
        for kind, rule, about in conn.execute(_CONSTRAINTS, (table,)).fetchall():
            yield (
                f"{name}: against {rule}",
                _copied(table, columns, _against(conn, table, kind, rule, about), rule),
                rule,
            )
        for (rule,) in conn.execute(_INDEXES, (table,)).fetchall():
            yield f"{name}: against {rule}", _copied(table, columns, _UNIQUE[rule], rule), rule
        if table in LATE:
            yield f"{name}: a late row", _late(table, columns, LATE[table]), "is sealed"


def _against(conn: Connection, table: str, kind: str, rule: str, about: list[str]) -> dict[str, LiteralString]:
    """What breaks a constraint and, as far as another would be asked first, no other."""
    if kind == "c":
        return _CHECKS.get(rule) or {about[0]: _wrong(conn, table, about[0])}
    if kind == "f":
        broken = about[-1] if table == "ledger.period_event" and "month" in about else about[0]
        return _FRESH[table] | _WITH.get((table, broken), {}) | {broken: _FOREIGN[broken]}
    return _UNIQUE.get(rule, {})


def _wrong(conn: Connection, table: str, column: str) -> LiteralString:
    if column != "month":
        return _WRONG[column]
    row = conn.execute(
        "select atttypid = 'date'::regtype from pg_attribute where attrelid = %s::regclass and attname = 'month'",
        (table,),
    ).fetchone()
    return "'2026-05-02'" if row and row[0] else "'2026-13'"


def _copied(table: str, columns: list[str], changes: dict[str, LiteralString], rule: str = "") -> sql.Composed:
    """A copy of a row with some columns changed, with the table's own triggers off."""
    return sql.SQL("alter table {} disable trigger user;").format(_named(table)) + _inserted(
        table, columns, changes, _SAMPLES.get(rule, "true")
    )


def _late(table: str, columns: list[str], first: LiteralString) -> sql.Composed:
    """A row that is added to a matter that was sealed, with what else would refuse it switched off."""
    off = sql.SQL("alter table {} disable trigger {};").format(_named(table), sql.Identifier(first)) if first else None
    return sql.Composed([off] if off else []) + _inserted(table, columns, _FRESH[table], "true")


def _inserted(table: str, columns: list[str], changes: dict[str, LiteralString], where: LiteralString) -> sql.Composed:
    values = [sql.SQL(changes[name]) if name in changes else sql.Identifier(name) for name in columns]
    return sql.SQL("insert into {} ({}) overriding system value select {} from {} where {} limit 1").format(
        _named(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(values),
        _named(table),
        sql.SQL(where),
    )


def _named(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))
