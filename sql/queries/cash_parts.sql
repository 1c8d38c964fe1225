-- One row per purpose of the entries that a bank or processor balance is the sum of.
select
    purpose,
    count(*) as entries,
    sum(amount_minor)::bigint as amount_minor,
    (array_agg(source_id order by effective_on, source_id))[1] as first_source_id,
    (array_agg(source_id order by effective_on desc, source_id desc))[1] as last_source_id
from ledger.posting
where book = %(book)s and code = %(code)s and currency = %(currency)s and effective_on <= %(on_day)s
group by purpose
order by purpose
