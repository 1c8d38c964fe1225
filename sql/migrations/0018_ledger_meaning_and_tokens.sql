-- ledger.account_seal: one row per account that was ever moved, with a hash of what it meant when its first movement was
-- sealed; the seal at that position covers the row. ledger.run_token: one row per time that a run took a book.
--
-- Promises: an account or a book that is given another meaning shows in the proof, by name; a worker whose run was begun
-- again is refused at its first write; nothing is accounted for before it happened.

create table ledger.account_seal (
    account_id integer primary key,
    position bigint not null,
    meaning bytea not null
);

comment on table ledger.account_seal is 'One row per account that was ever moved: what it meant when that was first sealed. Append-only.';
comment on column ledger.account_seal.position is 'Seal (ledger.seal) that covers this row: the first that moved the account.';
comment on column ledger.account_seal.meaning is 'SHA-256 of the account''s row, but for whether it is still used, and of its book''s row.';

-- What an account means: who it belongs to, its code, name, kind, side, role and currency, and how its book is kept.
create function ledger.meaning_of(wanted_account integer) returns bytea
stable strict language sql
begin atomic
    select sha256(convert_to(
        account_id::text || ledger.part(book) || ledger.part(code) || ledger.part(name) || ledger.part(kind)
            || ledger.part(normal_side) || ledger.part(role) || ledger.part(account.currency) || is_control::text
            || ledger.part(functional_currency) || (starts_on - date '2000-01-01')::text || ':'
            || fiscal_year_starts_month::text,
        'UTF8'
    ))
    from ledger.account
    join ledger.book using (book)
    where account_id = wanted_account;
end;

-- What was moved before this migration is covered by the next seal.
insert into ledger.account_seal (account_id, position, meaning)
select account_id, head.position + 1, ledger.meaning_of(account_id)
from (select distinct account_id from ledger.movement) as moved
cross join ledger.head;

-- The accounts whose first seal is at a position, as one hash.
create function ledger.accounts_root(wanted_position bigint) returns bytea
stable strict language sql
begin atomic
    select sha256(coalesce(string_agg(int8send(account_id) || meaning, ''::bytea order by account_id), ''::bytea))
    from ledger.account_seal
    where position = wanted_position;
end;

alter table ledger.seal add column accounts_root bytea;
comment on column ledger.seal.accounts_root is 'SHA-256 over the accounts first moved here; null: sealed before there was one.';
comment on column ledger.seal.link is 'SHA-256 of the previous link, the position, the root, the count, the recorded time and the accounts'' root.';

drop function ledger.link_of(bytea, bigint, bigint, bigint, bytea, timestamptz);
create function ledger.link_of(
    previous_link bytea, seal_position bigint, batch_id bigint, entry_count bigint, root bytea, recorded_at timestamptz,
    accounts_root bytea
) returns bytea
stable language sql
return sha256(
    previous_link || int8send(seal_position) || int8send(batch_id) || int8send(entry_count) || root
        || int8send((extract(epoch from recorded_at) * 1000000)::bigint) || coalesce(accounts_root, ''::bytea)
);

create table ledger.run_token (
    token bigint generated always as identity primary key,
    book text collate "C" not null,
    run_id text not null,
    taken_at timestamptz not null default clock_timestamp()
);

create index run_token_by_run on ledger.run_token (book, run_id, token);

comment on table ledger.run_token is 'One row per time that a run took a book to post to it. Append-only; the highest of a run counts.';

-- Take a book for a run: from now on, what an earlier beginning of the same run still writes to it is refused.
create function ledger.take_token(book text, run_id text) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
    insert into ledger.run_token (book, run_id) values (take_token.book, take_token.run_id) returning token;
end;

alter table ledger.batch add column token bigint;
comment on column ledger.batch.token is 'Token of its run for the book; null for what one transaction reads, decides and posts by itself.';

drop function ledger.open_batch(text, text);
create function ledger.open_batch(run_id text, correlation_id text, token bigint default null) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
    insert into ledger.batch (run_id, correlation_id, token)
    values (open_batch.run_id, open_batch.correlation_id, open_batch.token)
    returning batch_id;
end;

alter table ledger.entry add constraint nothing_is_accounted_for_before_it_happens check (accounting_on >= effective_on);

revoke execute on function ledger.open_batch, ledger.take_token from public;
grant execute on function ledger.open_batch, ledger.take_token to finance_pipeline_app;
grant select on ledger.account_seal, ledger.run_token to finance_pipeline_app, finance_pipeline_reader;
