-- One row: whether the latest landed version of a source record became canonical, or says that the record is no more.
select latest.removed or exists (
    select from (
        select content_hash from canonical.bank_transaction
        union all select content_hash from canonical.invoice
        union all select content_hash from canonical.payment
        union all select content_hash from canonical.balance
        union all select content_hash from canonical.party
    ) as mapped
    where mapped.content_hash = latest.content_hash
)
from landing.record as latest
where connection_id = %(connection_id)s and kind = %(kind)s and source_id = %(source_id)s
order by version desc
limit 1
