-- One row per decision that holds about what the engine had found: the tier of that, the party and currency of the line.
select
    min(decision.recorded_seq) as seq, min(decision.verdict) as verdict, min(decision.tier) as tier,
    min(invoice.party_id) as party_id, min(coalesce(invoice.party_name, line.counterparty_name)) as party_name,
    min(coalesce(line.currency, movement.currency)) as currency
from recon.decision_current as decision
left join canonical.bank_transaction_current as line on line.record_id = decision.line_id
left join canonical.payment_current as movement on movement.record_id = decision.line_id
left join canonical.invoice_current as invoice on invoice.record_id = decision.item_id
where decision.book = %(book)s and decision.tier is not null
group by decision.decision_id
order by seq
