-- One row per bank account: the sum of its booked lines of the month, less those that stand matched as repetitions of
-- others, against what the journal posted for them. Of a line that a closed month holds back what counts is taken: it
-- waits for a person, and close diff lists it.
with held_back as materialized (
    select record_id, counted_version from close.withheld(%(book)s) where table_name = 'bank_transaction'
),
line as (
    select * from canonical.bank_transaction_current
    where book = %(book)s and record_id not in (select record_id from held_back)
    union all
    select line.* from canonical.bank_transaction as line
    join held_back on held_back.record_id = line.record_id and held_back.counted_version = line.version
),
account as (
    select *
    from unnest(%(bank_accounts)s::text[], %(bank_codes)s::text[], %(bank_currencies)s::text[])
        as account (id, code, currency)
)
select
    'every_line_is_posted' as name,
    account.id as subject,
    %(last_day)s::date as on_day,
    account.currency,
    'booked lines that the source named' as left_words,
    (
        select coalesce(sum(amount_minor), 0)::bigint
        from line
        where bank_account = account.id and not removed and status = 'booked'
            and booked_on between greatest(%(first_day)s, %(starts_on)s) and %(last_day)s
            and not exists (
                select from recon.allocation
                join recon.standing using (match_id, version)
                where allocation.line_id = record_id and allocation.relation = 'duplicate'
            )
    ) as left_minor,
    'postings to the bank account other than its opening' as right_words,
    (
        select coalesce(sum(amount_minor), 0)::bigint
        from movement
        where movement.code = account.code and not movement.is_opening
            and movement.effective_on between %(first_day)s and %(last_day)s
    ) as right_minor
from account
order by subject
