-- What was known at a moment: the versions of records that counted then, and the entries of a book that were sealed by
-- then. One row per record, or per entry. Of append-only tables, so that the same moment has the same answer for ever.
--
-- Bodies are texts and not parsed trees: a column that a later migration adds to a table is in the answer too.

create function canonical.bank_transaction_known(known_at timestamptz) returns setof canonical.bank_transaction
stable language sql as $$
    select this.*
    from canonical.bank_transaction as this
    where this.recorded_at <= known_at and not exists (
        select from canonical.bank_transaction as newer
        where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
            and newer.recorded_at <= known_at
    )
$$;

create function canonical.invoice_known(known_at timestamptz) returns setof canonical.invoice
stable language sql as $$
    select this.*
    from canonical.invoice as this
    where this.recorded_at <= known_at and not exists (
        select from canonical.invoice as newer
        where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
            and newer.recorded_at <= known_at
    )
$$;

create function canonical.payment_known(known_at timestamptz) returns setof canonical.payment
stable language sql as $$
    select this.*
    from canonical.payment as this
    where this.recorded_at <= known_at and not exists (
        select from canonical.payment as newer
        where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
            and newer.recorded_at <= known_at
    )
$$;

create function canonical.balance_known(known_at timestamptz) returns setof canonical.balance
stable language sql as $$
    select this.*
    from canonical.balance as this
    where this.recorded_at <= known_at and not exists (
        select from canonical.balance as newer
        where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
            and newer.recorded_at <= known_at
    )
$$;

create function ledger.entry_known(wanted_book text, up_to_position bigint) returns setof ledger.entry
stable language sql as $$
    select entry.*
    from ledger.entry
    where entry.book = wanted_book and not exists (
        select from ledger.seal where seal.batch_id = entry.batch_id and seal.position > up_to_position
    )
$$;

comment on function canonical.bank_transaction_known is 'The highest version of each record at a moment, tombstones included.';
comment on function canonical.invoice_known is 'The highest version of each record at a moment, tombstones included.';
comment on function canonical.payment_known is 'The highest version of each record at a moment, tombstones included.';
comment on function canonical.balance_known is 'The highest version of each record at a moment, tombstones included.';
comment on function ledger.entry_known is 'The entries of a book in batches sealed up to a position of the chain.';
