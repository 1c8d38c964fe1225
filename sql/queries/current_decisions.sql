-- One row per line and counterpart with a decision that held at a moment, of lines booked up to the end of a month.
select
    decision.line_id, coalesce(decision.item_id, decision.other_line_id) as item_id, decision.account_code,
    decision.verdict, decision.difference, decision.actor as decided_by, decision.recorded_at::text as decided_at
from recon.decisions_at(%(at)s) as decision
where decision.book = %(book)s and (
    exists (
        select from canonical.bank_transaction_current as line
        where line.record_id = decision.line_id and line.month <= %(month)s
    )
    or exists (
        select from canonical.payment_current as movement
        where movement.record_id = decision.line_id and movement.month <= %(month)s
    )
)
order by decision.recorded_seq
