"""What people have decided in the ledger that is attacked: something of every decision that a rule is about."""

from __future__ import annotations

from typing import LiteralString

DECIDED: LiteralString = """
    select close.explain('us', '2026-05', array['line'], array['USD'], array[100], 'explained', 'Dan', 'accountant',
        'why', 'here', '{}');
    select close.put_forward('us', month, 'Ann', 'accountant', 'done', 'here', '{}')
    from unnest(array['2026-05', '2026-06', '2026-08']) as month;
    insert into report.tie_out (
        book, month, name, subject, on_day, currency, left_words, left_minor, right_words, right_minor, tied, words
    )
    values ('us', '2026-08', 'debits_equal_credits', 'us', '2026-08-31', 'USD', '', 1, '', 2, false, 'they differ');
    insert into close.review (book, month, actor, role, reason, origin, seen, seal_position, seal_link)
    values ('us', '2026-07', 'Ann', 'accountant', 'before all', 'here', '{}', 0, '');
    insert into close.signed_balance
    select 'us2026-06', account_id, code, 'USD', 1, 1, 1, 1 from ledger.account where book = 'us' and code = '1010';
    insert into close.signed_record values ('us2026-06', 'invoice', 'one', 1, 'hash', false, 1);
    insert into close.signed_item (
        signature_id, item_id, kind, "references", currency, total_minor, open_minor, open_functional_minor, issued_on,
        evidence_hash
    ) values ('us2026-06', 'one', 'invoice', '{}', 'USD', 1, 1, 1, '2026-06-01', 'hash');
    insert into close.signed_line values ('us2026-06', 'one', 'bank', 'operating', 'USD', 1, '2026-06-01');
    insert into close.difference_decision (
        difference_id, book, month, signature_id, table_name, record_id, version, cause, verdict, amount_minor,
        limit_minor, together_limit_minor, actor, reason, seen, run_id
    )
    select 'one', 'us', '2026-06', 'us2026-06', 'invoice', 'one', 2, 'late', verdict, 1, 5, 5, 'Ann', 'why', '{}', 'run'
    from unnest(array['let_in', 'dismissed']) as verdict;
    insert into close.rule_decision (
        difference_id, book, month, signature_id, source, source_id, purpose, verdict, proposed_by, actor, reason, seen,
        run_id
    )
    select 'one', 'us', '2026-06', 'us2026-06', 'xero', 'one', 'document', verdict, proposed_by, actor, 'why', '{}',
        'run'
    from (values ('proposed', null, 'Ann'), ('adjusted', 'Ann', 'Ben')) as each (verdict, proposed_by, actor);
    insert into close.document_decision (
        book, record_id, party_id, number, verdict, proposed_by, actor, reason, origin, seen
    )
    select 'us', 'one', 'supplier', '7', verdict, proposed_by, actor, 'why', 'here', '{}'
    from (values ('proposed', null, 'Ann'), ('posted', 'Ann', 'Ben')) as each (verdict, proposed_by, actor);
    insert into ledger.settings_proposal (book, settings, digest, proposed_by, reason)
    values ('us', '{}', repeat('0', 64), 'Ann', 'why');
    insert into ledger.settings_approval (proposal_seq, approved_by, reason) values (1, 'Ben', 'so');
    insert into ledger.settings_proposal (book, settings, digest, proposed_by, reason)
    select 'us', '{}', repeat('0', 64), 'Ann', 'why' from generate_series(1, 2);
    insert into ledger.submission (submission_id, kind, book, files, page_hashes, line_count, submitted_by, reason)
    select repeat(digit, 64), kind, book, '{file}', '{hash}', 1, 'Ann', 'why'
    from (values ('1', 'journals', 'us'), ('2', 'journals', 'us'), ('3', 'journals', 'us'), ('4', 'journals', 'us'),
        ('5', 'opening', 'us'), ('6', 'opening', 'us'), ('7', 'opening', 'de')) as each (digit, kind, book);
    insert into ledger.submitted_line (
        submission_id, ordinal, journal, effective_on, code, currency, amount_minor, functional_minor, description,
        evidence_hash
    )
    select repeat(digit, 64), ordinal, 'one', '2026-05-04', code, 'USD', amount, amount, 'by hand', 'hash'
    from (values ('1', 1, '1010', 5), ('1', 2, '3900', -5), ('2', 1, '1010', 5), ('2', 2, '3900', -4),
        ('3', 1, '1010', 0), ('4', 1, '1010', 0)) as each (digit, ordinal, code, amount);
    insert into ledger.submitted_balance values
        (repeat('5', 64), 1, '1010', 'USD', 0, 0, 'hash'), (repeat('6', 64), 1, '1010', 'USD', 0, 0, 'hash'),
        (repeat('7', 64), 1, '1010', 'EUR', 7, 7, 'hash');
    insert into ledger.submitted_item (
        submission_id, ordinal, kind, number, party_name, currency, amount_minor, functional_minor, issued_on,
        evidence_hash
    ) values (repeat('7', 64), 2, 'invoice', 'one', 'a party', 'EUR', 1, 1, '2026-04-01', 'hash');
    insert into ledger.verdict (submission_id, actor, verdict, reason) values
        (repeat('3', 64), 'Ben', 'refuse', 'no'), (repeat('4', 64), 'Ben', 'sign', 'yes'),
        (repeat('5', 64), 'Ann', 'sign', 'yes'), (repeat('5', 64), 'Ben', 'sign', 'yes');
    insert into ledger.other_trial_balance (book, month, file, page_hash, brought_by)
    values ('us', '2026-05-01', 'file', 'hash', 'Ann');
    insert into ledger.other_balance
    select trial_balance_seq, '1010', 'Bank', 1 from ledger.other_trial_balance;
    insert into ledger.explained_difference (book, month, code, difference_minor, actor, reason)
    values ('us', '2026-05-01', '1010', 1, 'Ann', 'why');
    with asked as (
        insert into ledger.period_event
            (book, month, action, actor, role, reason, origin, seen, open_until, head_position, head_link)
        values ('us', '2027-02-01', 'reopening_asked', 'Ann', 'controller', 'why', 'here', '{}', '2026-01-01', 0, '')
        returning *
    )
    insert into ledger.period_event
        (book, month, action, actor, role, reason, origin, seen, open_until, answers, head_position, head_link)
    select book, month, 'reopened', 'Ben', role, reason, origin, seen, open_until, event_seq, 0, '' from asked;
    update ledger.period set open_until = '2026-01-01', reopened_areas = array['AP', 'AR', 'GL', 'bank']
    where book = 'us' and month = '2027-02-01';
    with allowed as (
        insert into ledger.period_event
            (book, month, action, actor, role, reason, origin, seen, head_position, head_link)
        values ('us', '2026-07-01', 'posting_allowed', 'Sam', 'clerk', 'why', 'here', '{}', 0, '')
        returning *
    )
    insert into ledger.posting_permission select 1, book, month, event_seq from allowed;
"""
