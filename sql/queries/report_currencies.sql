-- One row per account of a book and currency that is not the book's, as of a day and as known at a position of the chain,
-- with a balance in either: what it holds, and what that is carried at.
select
    account.code, account.name, account.role, entry.currency,
    sum(line.amount_minor)::bigint as amount_minor,
    sum(line.functional_minor)::bigint as functional_minor
from ledger.entry_known(%(book)s, %(position)s) as entry
cross join lateral unnest(entry.accounts, entry.amounts, entry.functional_amounts)
    as line (account_id, amount_minor, functional_minor)
join ledger.account using (account_id)
where entry.currency <> %(functional)s
    and (%(by_effective)s or entry.accounting_on <= %(as_of)s)
    and (not %(by_effective)s or entry.effective_on <= %(as_of)s)
    and account.kind in ('asset', 'liability')
group by account.code, account.name, account.role, entry.currency
having sum(line.amount_minor) <> 0 or sum(line.functional_minor) <> 0
order by account.code, entry.currency
