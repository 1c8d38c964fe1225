-- At most one row: the first closing balance that a bank states on or after a day, beside the ledger's on that day.
select
    stated.balance_on, stated.balance_minor,
    (
        select coalesce(sum(posting.amount_minor), 0)::bigint
        from ledger.posting
        where posting.book = %(book)s and posting.code = %(code)s and posting.effective_on <= stated.balance_on
    ) as ledger_minor
from canonical.balance_current as stated
where stated.book = %(book)s and stated.account = %(account)s and stated.kind = 'closing' and not stated.removed
    and stated.balance_on >= %(day)s
order by stated.balance_on, stated.record_id desc
limit 1
