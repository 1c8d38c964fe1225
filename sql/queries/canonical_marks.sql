-- One row per canonical table: how many versions of a book's months are current, and which. Documents of any month that
-- payments of these months settle count too, and so do credits of any month that their allocations take from;
-- of a processor's customers those that paid in these months.
select 'bank_transaction', count(*), coalesce(sum(recorded_seq), 0) from canonical.bank_transaction_current
where book = %(book)s and month between %(first)s and %(last)s
union all
select 'invoice', count(*), coalesce(sum(recorded_seq), 0) from canonical.invoice_current
where book = %(book)s and month between %(first)s and %(last)s
union all
select 'payment', count(*), coalesce(sum(recorded_seq), 0) from canonical.payment_current
where book = %(book)s and month between %(first)s and %(last)s
union all
select 'balance', count(*), coalesce(sum(recorded_seq), 0) from canonical.balance_current
where book = %(book)s and month between %(first)s and %(last)s
union all
select 'party', count(*), coalesce(sum(recorded_seq), 0) from canonical.party_current
where book = %(book)s and source <> 'stripe'
union all
select 'payer', count(*), coalesce(sum(recorded_seq), 0) from canonical.party_current
where record_id in (
    select party_id from canonical.payment_current
    where book = %(book)s and month between %(first)s and %(last)s and party_id is not null
)
union all
select 'settled document', count(*), coalesce(sum(recorded_seq), 0) from canonical.invoice_current
where record_id in (
    select unnest(array[settles, credit]) from canonical.payment_current
    where book = %(book)s and month between %(first)s and %(last)s and settles is not null
)
union all
select 'credit on account', count(*), coalesce(sum(recorded_seq), 0) from canonical.payment_current
where record_id in (
    select regexp_replace(item_id, '/on-account$', '')
    from canonical.payment_current
    cross join lateral unnest(array[settles, credit]) as item_id
    where book = %(book)s and month between %(first)s and %(last)s and item_id like '%%/on-account'
)
