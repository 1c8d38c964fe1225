-- ledger.seal: one row per batch, made when its transaction commits: a root over its entries, chained to the seal
-- before. Append-only. ledger.head: the one row that says where the chain ends; its lock orders the commits.

create table ledger.seal (
    position bigint primary key check (position > 0),
    batch_id bigint not null unique references ledger.batch,
    entry_count bigint not null check (entry_count > 0),
    root bytea not null,
    previous_link bytea not null,
    link bytea not null,
    recorded_at timestamptz not null
);

create table ledger.head (
    one boolean primary key default true check (one),
    position bigint not null,
    link bytea not null,
    recorded_at timestamptz not null
);

insert into ledger.head (position, link, recorded_at) values (0, sha256('finance_pipeline ledger'), '-infinity');

comment on table ledger.seal is 'One row per sealed batch, a hash chain: position, root over its entries, link to the one before.';
comment on column ledger.seal.root is 'SHA-256 over the seals of its entries, in the order of book, fiscal year and number.';
comment on column ledger.seal.link is 'SHA-256 of the previous link, the position, the root, the count and the recorded time.';
comment on column ledger.seal.recorded_at is 'When we learned; never before the seal before it.';
comment on table ledger.head is 'One row: where the chain ends. Working state; equals the last seal.';

-- How many entries a batch has, and one hash of every column of them. Each entry is hashed before the entries are put in
-- order (offset 0 keeps it so): sorting their hashes is quicker than sorting all their columns.
create function ledger.batch_root(wanted_batch bigint, out entry_count bigint, out root bytea)
stable language sql
begin atomic
    select count(*), sha256(string_agg(hashed.entry_hash, ''::bytea order by book, fiscal_year, number))
    from (
        select
            book, fiscal_year, number,
            sha256(digest || convert_to(
                entry_id::text || batch_id::text || ledger.part(book) || fiscal_year::text || ledger.part(number::text)
                    || (accounting_on - date '2000-01-01')::text || ledger.part(description) || ledger.part(source)
                    || ledger.part(source_id) || ledger.part(purpose) || ledger.part(version::text)
                    || ledger.part(evidence_id) || ledger.part(evidence_hash) || ledger.part(rule)
                    || ledger.part(reverses::text) || ledger.part(run_id) || ledger.part(correlation_id),
                'UTF8'
            )) as entry_hash
        from ledger.entry
        where entry.batch_id = wanted_batch
        offset 0
    ) as hashed;
end;

create function ledger.link_of(
    previous_link bytea, seal_position bigint, batch_id bigint, entry_count bigint, root bytea, recorded_at timestamptz
) returns bytea
stable language sql
return sha256(
    previous_link || int8send(seal_position) || int8send(batch_id) || int8send(entry_count) || root
        || int8send((extract(epoch from recorded_at) * 1000000)::bigint)
);

create function ledger.seal_batch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    head ledger.head;
    batch record;
    sealed_at timestamptz;
    new_link bytea;
begin
    select * into batch from ledger.batch_root(new.batch_id);
    if batch.entry_count = 0 then
        raise exception 'batch % is empty', new.batch_id using errcode = 'integrity_constraint_violation';
    end if;
    select * into strict head from ledger.head for update;
    sealed_at := greatest(clock_timestamp(), head.recorded_at + interval '1 microsecond');
    new_link := ledger.link_of(head.link, head.position + 1, new.batch_id, batch.entry_count, batch.root, sealed_at);
    insert into ledger.seal (position, batch_id, entry_count, root, previous_link, link, recorded_at)
    values (head.position + 1, new.batch_id, batch.entry_count, batch.root, head.link, new_link, sealed_at);
    update ledger.head as chain_end set position = head.position + 1, link = new_link, recorded_at = sealed_at;
    return null;
end
$$;

create constraint trigger seal_at_commit after insert on ledger.batch
deferrable initially deferred for each row execute function ledger.seal_batch();

grant select on ledger.seal, ledger.head to finance_pipeline_app, finance_pipeline_reader;
