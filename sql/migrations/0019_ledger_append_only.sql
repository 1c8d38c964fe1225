-- Append-only, for the schema's owner too: what is posted, sealed or noted is neither updated nor deleted by whoever holds
-- a role of ours. The application has no right to; the owner, which migrations run as, would first have to switch these
-- triggers off, which is a statement of its own. The proof and the anchor show what is done to the ledger after that.

create function ledger.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '% of ledger.% is refused: it only grows', lower(tg_op), tg_table_name
        using errcode = 'integrity_constraint_violation';
end
$$;

-- By row on entries, because partitions get those; a statement on a partition fires no statement trigger of the whole.
create trigger only_grows before update or delete on ledger.entry
for each row execute function ledger.refuse_change();
create trigger is_not_emptied before truncate on ledger.entry
for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.batch
for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.business_key
for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.seal
for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.movement
for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.account_seal
for each statement execute function ledger.refuse_change();
create trigger only_grows before update or delete or truncate on ledger.run_token
for each statement execute function ledger.refuse_change();
create trigger is_not_deleted before delete or truncate on ledger.account
for each statement execute function ledger.refuse_change();
create trigger is_not_deleted before delete or truncate on ledger.book
for each statement execute function ledger.refuse_change();
create trigger is_not_deleted before delete or truncate on ledger.period
for each statement execute function ledger.refuse_change();
