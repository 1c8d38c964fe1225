"""By the schema's owner, which has every right: rows that contradict others, or themselves."""

from __future__ import annotations

from typing import LiteralString

_SEAL: LiteralString = ", root, previous_link, link, recorded_at, accounts_root from ledger.seal limit 1"
CONTRADICTIONS: dict[str, LiteralString] = {
    "a second end of the chain": "insert into ledger.head select true, position, link, recorded_at from ledger.head",
    "an end of the chain beside it": "insert into ledger.head select false, 9, link, recorded_at from ledger.head",
    "a second seal at a place": "insert into ledger.seal select position, 99, entry_count" + _SEAL,
    "a second seal of a batch": "insert into ledger.seal select 99, batch_id, entry_count" + _SEAL,
    "a seal at no place": "insert into ledger.seal select 0, 99, entry_count" + _SEAL,
    "a seal of no entry": "insert into ledger.seal select 99, 99, 0" + _SEAL,
    "a seal of no batch": "insert into ledger.seal select 99, 99, entry_count" + _SEAL,
    "a counter of numbers twice": "insert into ledger.numbering select * from ledger.numbering",
    "what was posted twice": "insert into ledger.business_key select * from ledger.business_key",
    "what was moved twice": "insert into ledger.movement select * from ledger.movement",
    "what an account meant twice": "insert into ledger.account_seal select * from ledger.account_seal",
    "a token twice": "insert into ledger.run_token (token, book, run_id) overriding system value"
    " select 1, 'us', 'run' from generate_series(1, 2)",
    "a batch twice": "insert into ledger.batch (batch_id, run_id, correlation_id) overriding system value"
    " select batch_id, 'run', 'correlation' from ledger.batch limit 1",
    "a batch of no transaction": "insert into ledger.batch (opened_xid, run_id, correlation_id)"
    " values (null, 'r', 'c')",
    "an account's number twice": "insert into ledger.account (account_id, book, code, name, kind, normal_side, role,"
    " is_control) overriding system value select account_id, book, 'x', name, kind, normal_side, role, is_control"
    " from ledger.account limit 1",
    "a period that is ajar": "update ledger.period set state = 'ajar'",
    "a period in the middle of a month": "insert into ledger.period (book, month) values ('us', '2026-11-02')",
    "a period of no book": "insert into ledger.period (book, month) values ('fr', '2026-11-01')",
    "a period twice": "insert into ledger.period (book, month) values ('us', '2026-05-01')",
    "a lock of no area": "update ledger.period set locked_areas = '{attic}'",
    "a lock of an area that is null": "update ledger.period set locked_areas = '{null}'",
    "a reopening without end": "update ledger.period set reopened_areas = '{AR}'",
    "a reopening for ever": "update ledger.period set reopened_areas = '{AR}', open_until = 'infinity'",
}
