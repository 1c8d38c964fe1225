"""What a superuser may change of the journal and of decisions, and where the proof says that it shows."""

from __future__ import annotations

from typing import LiteralString

SEALED_ANEW: LiteralString = """
    update ledger.seal set (entry_count, root) = (select * from ledger.batch_root(2)) where batch_id = 2;
"""
LINKED_ANEW: LiteralString = """
    update ledger.seal
    set link = ledger.link_of(previous_link, position, batch_id, entry_count, root, recorded_at, accounts_root)
    where batch_id = 2;
"""
POSTED_ANEW: LiteralString = """
    update ledger.business_key set digest = entry.digest from ledger.entry where entry.entry_id = business_key.entry_id;
"""
CHAINED_ANEW: LiteralString = """
    do $$
    declare
        before bytea := sha256('finance_pipeline ledger');
        each ledger.seal;
    begin
        for each in select * from ledger.seal order by position loop
            update ledger.seal
            set previous_link = before, (entry_count, root) = (select * from ledger.batch_root(batch_id))
            where position = each.position;
            update ledger.seal
            set link = ledger.link_of(previous_link, position, batch_id, entry_count, root, recorded_at, accounts_root)
            where position = each.position
            returning link into before;
        end loop;
        update ledger.head set link = before;
    end
    $$;
"""
MOVED_ANEW: LiteralString = """
    delete from ledger.movement;
    insert into ledger.movement
    select
        book, accounting_month, account_id, currency, effective_month, seal.position,
        debit_minor, credit_minor, functional_debit_minor, functional_credit_minor
    from ledger.seal cross join lateral ledger.movements_of(seal.batch_id);
"""
CUT_OFF: LiteralString = """
    delete from ledger.movement where position = 3;
    delete from ledger.business_key where entry_id in (select entry_id from ledger.entry where batch_id = 3);
    delete from ledger.entry where batch_id = 3;
    delete from ledger.seal where batch_id = 3;
    delete from ledger.batch where batch_id = 3;
    update ledger.head set (position, link, recorded_at) = (
        select position, link, recorded_at from ledger.seal where batch_id = 2
    );
    update ledger.numbering set last_number = (select count(*) from ledger.entry);
"""
FORGED: LiteralString = """
    insert into ledger.entry (
        batch_id, book, fiscal_year, number, effective_on, accounting_on, currency, description, accounts, amounts,
        source, source_id, purpose, version, evidence_id, evidence_hash, rule, run_id, correlation_id
    )
    select
        2, book, fiscal_year, 6, effective_on, accounting_on, currency, description, accounts, amounts,
        source, 'forged', purpose, 1, evidence_id, evidence_hash, rule, run_id, correlation_id
    from ledger.entry where batch_id = 3
"""
AMOUNTS: LiteralString = "update ledger.entry set amounts = array[9, -9] where batch_id = 2 and version = 2;"
EARLIER: LiteralString = "update ledger.seal set recorded_at = recorded_at - interval '1 hour' where position = 2;"

TAMPERED: dict[str, tuple[LiteralString, str]] = {
    "an amount is changed": (AMOUNTS, "batch 2 (link 2) holds other entries than were sealed"),
    "words are changed": (
        "update ledger.entry set description = 'rent' where batch_id = 2",
        "batch 2 (link 2) holds other entries",
    ),
    "evidence is changed": (
        "update ledger.entry set evidence_hash = '' where batch_id = 1",
        "batch 1 (link 1) holds other entries",
    ),
    "an entry goes to another day": (
        "update ledger.entry set accounting_on = accounting_on + 1 where batch_id = 2",
        "batch 2 (link 2) holds other entries",
    ),
    "an entry is deleted": (
        "delete from ledger.entry where batch_id = 2 and version = 2",
        "batch 2 (link 2) holds other entries",
    ),
    "all entries of a batch are deleted": (
        "delete from ledger.entry where batch_id = 1",
        "batch 1 (link 1) holds other",
    ),
    "an entry goes to another batch": (
        "update ledger.entry set batch_id = 1 where batch_id = 3",
        "batch 1 (link 1) holds other entries",
    ),
    "two entries change their numbers": (
        "update ledger.entry set number = 3 - number where batch_id = 1",
        "batch 1 (link 1) holds other entries",
    ),
    "an entry is inserted into a sealed batch": (FORGED, "batch 2 (link 2) holds other entries"),
    "an amount is changed and its batch sealed anew": (
        AMOUNTS + SEALED_ANEW,
        "batch 2 (link 2) is not what it was sealed as",
    ),
    "an amount is changed and its batch sealed and linked anew": (
        AMOUNTS + SEALED_ANEW + LINKED_ANEW,
        "batch 3 (link 3) is not linked to the seal before it",
    ),
    "an amount is changed and the whole chain made anew": (
        AMOUNTS + CHAINED_ANEW,
        "us-2026-4 is not what was posted under its business key",
    ),
    "a link is changed": (
        "update ledger.seal set link = sha256('') where position = 2",
        "batch 2 (link 2) is not what it was sealed as",
    ),
    "the link before is changed": (
        "update ledger.seal set previous_link = sha256('') where position = 3",
        "batch 3 (link 3) is not linked",
    ),
    "the time of recording is changed": (EARLIER, "batch 2 (link 2) is not what it was sealed as"),
    "the time of recording is changed and the whole chain made anew": (
        EARLIER + CHAINED_ANEW,
        "batch 2 (link 2) was recorded before the seal before it",
    ),
    "a seal is deleted": (
        "delete from ledger.seal where position = 2",
        "batch 3 (link 3) does not follow the seal before it",
    ),
    "the last seal is deleted": (
        "delete from ledger.seal where position = 3",
        "the chain ends at link 2, and its head",
    ),
    "the end of the chain is moved": ("update ledger.head set position = 2", "the chain ends at link 3, and its head"),
    "the end of the chain is deleted": (
        "delete from ledger.head",
        "the chain ends at link 3, and its head says nothing",
    ),
    "a batch is deleted": ("delete from ledger.batch where batch_id = 2", "batch 2 is sealed, and its row is gone"),
    "a batch is forged": (
        "insert into ledger.batch (run_id, correlation_id) values ('run', 'correlation')",
        "batch 4 is in no seal",
    ),
    "what was posted is forgotten": (
        "delete from ledger.business_key where version = -1",
        "us-2026-3 has no business key",
    ),
    "what was not posted is noted": (
        "insert into ledger.business_key select book, source, 'us/bank/next', purpose, version, entry_id, digest,"
        " accounting_on from ledger.business_key where version = 2",
        "us-2026-4 is noted as us/bank/next line, which is not its business key",
    ),
    "numbers are counted otherwise": (
        "update ledger.numbering set last_number = 7",
        "us-2026 has 5 entries, and the last number is 7",
    ),
    "the counter of numbers is deleted": (
        "delete from ledger.numbering",
        "us-2026 has 5 entries, and the last number is unknown",
    ),
    "an account gets another name": (
        "update ledger.account set name = 'Petty cash' where code = '1010'",
        "account 1010 of book us does not mean what it meant at link 1",
    ),
    "an account becomes income": (
        "update ledger.account set kind = 'income' where code = '2100'",
        "account 2100 of book us does not mean what it meant at link 1",
    ),
    "an account is deleted": ("delete from ledger.account where code = '2100'", "account "),
    "a book is kept in another currency": (
        "update ledger.book set functional_currency = 'EUR'",
        "account 1010 of book us does not mean what it meant at link 1",
    ),
    "what an account meant is noted anew": (
        "update ledger.account set kind = 'income' where code = '2100';"
        "update ledger.account_seal set meaning = ledger.meaning_of(account_id)",
        "batch 1 (link 1) is the first to move other accounts",
    ),
    "what an account meant is forgotten": ("delete from ledger.account_seal", "batch 1 (link 1) is the first to move"),
    "a batch says another run": (
        "update ledger.batch set run_id = 'another' where batch_id = 3",
        "us-2026-5 is of another run than its batch",
    ),
    "the end of the chain has another time": (
        "update ledger.head set recorded_at = recorded_at + interval '1 day'",
        "the head of the chain has another time",
    ),
    "a balance is changed": (
        "update ledger.movement set functional_debit_minor = 9 where position = 3 and debit_minor > 0",
        "account 1010 of book us in 2026-05 is noted to have moved otherwise at link 3",
    ),
    "what a batch moved is forgotten": (
        "delete from ledger.movement where position = 3",
        "account 1010 of book us in 2026-05 lacks what batch 3 moved",
    ),
    "an amount is changed and its digest kept": (
        "alter table ledger.entry alter column digest drop expression;" + AMOUNTS,
        "us-2026-4 is not what its digest says",
    ),
    "an amount is changed against the balance, without the check": (
        "alter table ledger.entry drop constraint balanced, alter column digest drop expression;"
        "update ledger.entry set amounts = array[9, -8] where batch_id = 3",
        "us-2026-5 does not balance",
    ),
    "somebody else is said to have signed a month": (
        "update close.signature set signed_by = 'Cara'",
        "close.signature us2026-05 says something else than when it was sealed",
    ),
    "another balance is said to be signed": (
        "update close.signed_balance set functional_minor = 9",
        "close.signature us2026-05 says something else",
    ),
    "a record that was signed is forgotten": (
        "delete from close.signed_record",
        "close.signature us2026-05 says something else",
    ),
    "a sign-off is deleted": ("delete from close.signature", "close.signature us2026-05 says something else"),
    "a sign-off is forged": (
        "insert into close.signature select book || '2026-06', book, '2026-06', sequence, seal_position, seal_link, 99,"
        " prepared_by, signed_by, role, reason, origin, seen, seen_digest, versions from close.signature",
        "close.signature us2026-06 is in no seal",
    ),
    "who prepared a month is changed": (
        "update close.review set actor = 'Cara'",
        "close.review 1 says something else than when it was sealed",
    ),
    "a locked month is opened": (
        "update ledger.period set state = 'open' where month = '2026-05-01'",
        "period 2026-05 of book us is open, and not what its events say",
    ),
    "a month is locked without an event": (
        "insert into ledger.period (book, month, state) values ('us', '2026-06-01', 'locked')",
        "period 2026-06 of book us is locked, and not what its events say",
    ),
    "a month is reopened without two people": (
        "update ledger.period set open_until = now() + interval '1 day', reopened_areas = '{AR}'"
        " where month = '2026-05-01'",
        "period 2026-05 of book us is locked, and not what its events say",
    ),
    "that a month was locked is forgotten": (
        "delete from ledger.period_event where action = 'locked'",
        "ledger.period_event 1 says something else",
    ),
    "a reopening is forged": (
        "insert into ledger.period_event (book, month, action, actor, role, reason, origin, seen, open_until, answers,"
        " head_position, head_link) select book, month, 'reopened', 'Cara', role, reason, origin, seen, now(), 1,"
        " head_position, head_link from ledger.period_event",
        "ledger.period_event 2 is in no seal",
    ),
    "a permission to post is forged": (
        "insert into ledger.posting_permission values (3, 'us', '2026-05-01', 1)",
        "ledger.period_event 1 says something else",
    ),
    "an approval is forged": (
        "insert into ledger.settings_approval (proposal_seq, approved_by, reason) values (7, 'Cara', 'so')",
        "ledger.settings_approval 7 is in no seal",
    ),
    "a seal of a decision is deleted": (
        "delete from ledger.control_seal where position = 2",
        "ledger.period_event 1 does not follow the decision before it",
    ),
    "the last seal of a decision is deleted": (
        "delete from ledger.control_seal where position = 3",
        "ledger.period_event 1 is in no seal",
    ),
    "the end of the chain of decisions is moved": (
        "update ledger.head set control_position = 1",
        "the chain of decisions ends at link 3, and its head says 1",
    ),
    "a sign-off is changed and sealed anew": (
        "update close.signature set signed_by = 'Cara';"
        "update ledger.control_seal set root = (ledger.control_root(matter, key)).root",
        "close.signature us2026-05 is not what it was sealed as",
    ),
}

CONTROLS_CUT_OFF: LiteralString = """
    delete from close.signed_balance; delete from close.signed_record; delete from close.signature;
    delete from ledger.period_event; delete from close.review; delete from ledger.control_seal;
    update ledger.period set state = 'open';
    update ledger.head set control_position = 0, control_link = sha256('finance_pipeline controls');
"""
CONTROLS_ANEW: LiteralString = """
    update close.signature set signed_by = 'Cara';
    do $$
    declare
        each ledger.control_seal;
        before bytea := sha256('finance_pipeline controls');
    begin
        for each in select * from ledger.control_seal order by position loop
            update ledger.control_seal set previous_link = before, root = (ledger.control_root(matter, key)).root
            where position = each.position returning * into each;
            before := ledger.control_link_of(
                before, each.position, each.matter, each.key, each.row_count, each.root, each.recorded_at
            );
            update ledger.control_seal set link = before where position = each.position;
        end loop;
        update ledger.head set control_link = before;
    end
    $$;
"""
COLUMNS: LiteralString = """
    select attname, format_type(atttypid, null) from pg_attribute
    where attrelid = %s::regclass and attnum > 0 and attgenerated = '' and not attisdropped
"""
OF_THE_LAST: dict[str, LiteralString] = {
    "business_key": "source_id = 'us/bank/more'",
    "movement": "position = 3 and debit_minor > 0",
}
OTHERWISE: dict[str, LiteralString] = {
    "bigint": "9",
    "smallint": "2027",
    "integer": "2",
    "text": "'other'",
    "date": "'2026-05-31'",
    "uuid": "gen_random_uuid()",
    "bytea": "sha256('other')",
    "integer[]": "array[accounts[2], accounts[1]]",
    "bigint[]": "array[9, -9]",
    "timestamp with time zone": "clock_timestamp()",
}
