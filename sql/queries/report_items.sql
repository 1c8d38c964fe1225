-- One row per item, account and currency with a balance, as of a day and as known at a moment (report_known.sql): which
-- postings of the accounts whose balance is explained item by item belong to which item. Amounts are always those of the
-- postings, so that the items of an account add to its balance, whatever is asked; what says to which item a posting
-- belongs is its own source, or the allocations of the match that it posts, which are never changed.
--
-- A match may have stood more than once: a posting belongs to the acceptance that was the latest when it was first posted.
-- The balance at a processor is explained by the payout that carries each movement to the bank, known later or not.
-- assigned is false where nothing names an item; the posting's own subject then stands as one.
with wanted as materialized (
    select array_agg(account_id) as account_ids
    from ledger.account
    where book = %(book)s and role = any(%(roles)s)
),
leg as materialized (
    select
        line.entry_id, line.source, line.source_id, line.purpose, line.version, line.match_id, line.currency,
        line.effective_on, line.description, line.evidence_id, seal.recorded_at, account.code, account.role,
        line.ordinal, line.amount_minor, line.functional_minor
    from (
        select entry.*, line.*
        from wanted
        join ledger.entry_known(%(book)s, %(position)s) as entry on entry.accounts && wanted.account_ids
        cross join lateral unnest(entry.accounts, entry.amounts, coalesce(entry.functional_amounts, entry.amounts))
            with ordinality as line (account_id, amount_minor, functional_minor, ordinal)
        where line.account_id = any(wanted.account_ids)
            and (%(by_effective)s or entry.accounting_on <= %(as_of)s)
            and (not %(by_effective)s or entry.effective_on <= %(as_of)s)
        offset 0
    ) as line
    join ledger.seal using (batch_id)
    join ledger.account using (account_id)
),
-- A reversal takes back what its original posted: it belongs to the acceptance that the original belonged to.
matched as materialized (
    select
        leg.*,
        leg.amount_minor * sign(leg.version)::integer as side_minor,
        leg.functional_minor * sign(leg.version)::integer as side_functional_minor,
        coalesce(original.recorded_at, leg.recorded_at) as first_posted_at
    from leg
    left join (
        select distinct source_id, purpose, version, recorded_at from leg where source = 'match' and version > 0
    ) as original
        on leg.version < 0 and original.source_id = leg.source_id and original.purpose = leg.purpose
            and original.version = -leg.version
    where leg.source = 'match'
),
accepted as materialized (
    select posted.match_id, posted.first_posted_at, max(match.version) as version
    from (select distinct match_id, first_posted_at from matched) as posted
    join recon.match
        on match.match_id = posted.match_id and match.recorded_at <= posted.first_posted_at
    group by posted.match_id, posted.first_posted_at
),
held as materialized (
    select
        accepted.match_id, accepted.first_posted_at, allocation.role, allocation.relation, allocation.line_id,
        allocation.line_kind, allocation.line_currency, allocation.line_amount_minor, allocation.item_id,
        allocation.item_kind, allocation.item_currency, allocation.item_amount_minor, allocation.item_functional_minor,
        allocation.other_line_id, allocation.other_line_currency, allocation.other_line_amount_minor,
        allocation.other_amount_minor
    from accepted
    join recon.allocation using (match_id, version)
),
-- What each part of a match moves on such an account: off the item, off where the line waits, off where the line waits
-- that it gives back.
part as materialized (
    select
        match_id, first_posted_at, item_id, item_kind, coalesce(relation, '') = 'on_account' as opens,
        case item_kind
            when 'invoice' then 'receivables' when 'credit_note' then 'receivables'
            when 'customer_on_account' then 'receivables'
            when 'bill' then 'payables' when 'supplier_credit' then 'payables' when 'supplier_on_account' then 'payables'
            when 'payout' then 'payouts_in_transit'
            when 'recorded_receipt' then 'outstanding_receipts' when 'recorded_payment' then 'outstanding_payments'
        end as role,
        item_currency as currency, -item_amount_minor as amount_minor,
        -coalesce(item_functional_minor, item_amount_minor) as functional_minor
    from held
    where role in ('principal', 'residual') and item_id is not null
        and (item_amount_minor <> 0 or item_functional_minor <> 0)
    union all
    select
        match_id, first_posted_at, line_id, null, false,
        case
            when line_kind = 'charge' then 'unapplied_card_receipts'
            when line_kind = 'refund' then 'refunds_awaiting_credit_note'
            when line_amount_minor > 0 then 'unidentified_receipts'
            else 'unidentified_payments'
        end,
        line_currency, line_amount_minor, null
    from held
    where coalesce(relation, '') not in ('transfer', 'duplicate')
    group by match_id, first_posted_at, line_id, line_kind, line_amount_minor, line_currency
    union all
    select
        match_id, first_posted_at, other_line_id, null, false,
        case when other_line_amount_minor > 0 then 'unidentified_receipts' else 'unidentified_payments' end,
        other_line_currency, other_amount_minor, null
    from held
    where relation = 'netted' and role = 'principal'
),
assigned as (
    select
        posted.code, posted.role, posted.currency, posted.effective_on, posted.description, posted.entry_id,
        posted.amount_minor, posted.functional_minor,
        coalesce(
            part.item_id,
            case
                when posted.role = 'transfers_in_transit' then posted.match_id
                when posted.purpose not like 'settlement%%' then posted.evidence_id
            end,
            posted.source_id
        ) as item_id,
        part.item_kind,
        coalesce(part.opens, posted.role = 'transfers_in_transit' and posted.side_minor > 0) as opens,
        part.item_id is not null or posted.role = 'transfers_in_transit' or posted.purpose not like 'settlement%%'
            as assigned
    from (
        select
            matched.*,
            row_number() over (
                partition by source_id, purpose, version, role, currency, side_minor
                order by side_functional_minor, ordinal
            ) as rank
        from matched
    ) as posted
    left join (
        select
            part.*,
            row_number() over (
                partition by match_id, first_posted_at, role, currency, amount_minor order by functional_minor, item_id
            ) as rank
        from part
    ) as part
        on part.match_id = posted.match_id and part.first_posted_at = posted.first_posted_at
            and part.role = posted.role and part.currency = posted.currency and part.amount_minor = posted.side_minor
            and part.rank = posted.rank and posted.purpose like 'settlement%%'
    union all
    select
        leg.code, leg.role, leg.currency, leg.effective_on, leg.description, leg.entry_id, leg.amount_minor,
        leg.functional_minor,
        case
            when leg.role in ('receivables', 'payables')
                then case
                    -- Of an allocation the leg with the sign of what it settles is the credit's, the other the document's.
                    when payment.credit is not null and sign(leg.amount_minor * leg.version) = sign(payment.settled_minor)
                        then payment.credit
                    else coalesce(
                        payment.settles, leg.source_id || case when payment.side is null then '' else '/on-account' end
                    )
                end
            when leg.role = 'processor_clearing' then coalesce(payment.payout_id, leg.source_id)
            -- What a signed opening lists under way: the subject of its entry is the book and the record.
            else regexp_replace(leg.source_id, '^[^/]+/(' || %(book)s || '/)', '\1')
        end,
        case when leg.role in ('receivables', 'payables') then payment.side || '_on_account' end,
        case when leg.role in ('receivables', 'payables') then payment.settles is null else true end,
        true
    from leg
    left join canonical.payment_known(%(known_at)s) as payment on payment.record_id = leg.source_id
    where leg.source <> 'match'
),
item as materialized (
    select
        code, role, item_id, currency, sum(amount_minor)::bigint as open_minor,
        sum(functional_minor)::bigint as open_functional_minor,
        coalesce(sum(amount_minor) filter (where opens), 0)::bigint as original_minor,
        min(effective_on) as first_on, max(item_kind) as item_kind, bool_and(assigned) as assigned,
        -- Of the first posting: behind 8 digits of its day and 36 of its entry.
        substr(min(lpad((effective_on - date '1900-01-01')::text, 8, '0') || entry_id || description), 45) as description
    from assigned
    group by code, role, item_id, currency
    having sum(amount_minor) <> 0 or sum(functional_minor) <> 0
)
select
    item.code, item.role, item.item_id,
    case
        when item.role = 'processor_clearing' then 'processor_movements'
        when item.role = 'transfers_in_transit' then 'transfer'
        else coalesce(
            document.kind, case when payment.record_id = item.item_id then payment.kind end, opened.kind, case when line.record_id = item.item_id then 'bank_line' end, item.item_kind,
            case when item.item_id like '%%/on-account' then payment.side || '_on_account' end,
            'posting'
        )
    end as kind,
    coalesce(document.number, payment."references"[1], opened.number, line.bank_reference) as number,
    coalesce(
        document.party_name, beyond.party_name, payment.party_name, opened.party_name, line.counterparty_name
    ) as party_name,
    coalesce(payment.account, opened.account, line.bank_account) as account,
    coalesce(line.memo, item.description) as description,
    item.currency, item.original_minor, item.open_minor, item.open_functional_minor,
    case
        when item.role = 'processor_clearing' then item.first_on
        else coalesce(document.issued_on, payment.occurred_on, opened.issued_on, line.booked_on, item.first_on)
    end as issued_on,
    case
        when item.role <> 'processor_clearing' then coalesce(document.due_on, payment.available_on, opened.due_on)
    end as due_on,
    item.assigned
from item
left join canonical.invoice_known(%(known_at)s) as document
    on document.book = %(book)s and document.record_id = item.item_id
left join canonical.payment_known(%(known_at)s) as payment
    on payment.book = %(book)s and payment.record_id = regexp_replace(item.item_id, '/on-account$', '')
left join (
    select
        concat_ws('/', approved.book, 'opening', listed.kind, nullif(listed.party_name, ''), listed.number) as item_id,
        listed.kind, listed.number, listed.party_name, listed.account, listed.issued_on, listed.due_on
    from ledger.approved_submission as approved
    join ledger.submitted_item as listed using (submission_id)
    where approved.kind = 'opening' and approved.book = %(book)s and approved.signed_at <= %(known_at)s
) as opened
    on opened.item_id = item.item_id
left join canonical.bank_transaction_known(%(known_at)s) as line
    on line.book = %(book)s and line.record_id = regexp_replace(item.item_id, '/on-account$', '')
left join (
    select distinct on (credit.item_id) credit.item_id, invoice.party_name
    from item as credit
    join recon.allocation as mine
        on mine.item_id = credit.item_id collate "default" and mine.relation = 'on_account'
    join recon.match using (match_id, version)
    join recon.allocation as beside using (match_id, version)
    join canonical.invoice on invoice.record_id = beside.item_id and invoice.recorded_at <= %(known_at)s
    where credit.item_kind like '%%on_account' and match.recorded_at <= %(known_at)s and beside.relation is null
    order by credit.item_id, match.recorded_at desc, match.match_id, beside.ordinal, invoice.version desc
) as beyond
    on beyond.item_id = item.item_id
order by item.code, item.currency, party_name, issued_on, item.item_id
