-- One row per item among some ids: what is open of it at the end of the latest month of its book (nothing: 0).
with latest as (
    select book, max(month) as month from recon.month group by book
),
known as (
    select record_id as item_id, book, kind, number, currency from canonical.invoice_current
    where record_id = any(%(ids)s) and not removed
    union all
    select record_id, book, kind, null, currency from canonical.payment_current
    where record_id = any(%(ids)s) and not removed and kind not in ('charge', 'refund')
    union
    select item_id, book, kind, number, currency from recon.open_item
    where item_id = any(%(ids)s) and kind like '%%on_account'
)
select distinct on (known.item_id)
    known.item_id, known.book, coalesce(open.kind, known.kind) as kind, coalesce(known.number, known.item_id) as label,
    known.currency, coalesce(open.open_minor, 0) as open_minor
from known
left join latest on latest.book = known.book
left join recon.open_item as open
    on open.book = known.book and open.month = latest.month and open.item_id = known.item_id
order by known.item_id
