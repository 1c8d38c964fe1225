-- One row per record of a closed month whose newest version is not the one that was signed, with the version to compare
-- it with: the last one before it that was signed, here or in another closed month that it was of, or let in; none of a
-- late record. signed_in: the closed month that signed it.
with signed as materialized (
    select record_id, version from close.signed_record
    where signature_id = %(signature)s and table_name = {table_name}
),
held as materialized (
    select signature_id, month from close.held_month where book = %(book)s
),
own as (
    select record_id from signed
    union
    select record_id from {table} where book = %(book)s and month between %(first)s and %(last)s
)
select newest.record_id, base.version as counted_version, newest.version, somewhere.month as signed_in
from own
join {current} as newest using (record_id)
left join signed using (record_id)
left join lateral (
    select record.version, held.month
    from close.signed_record as record
    join held using (signature_id)
    where record.record_id = newest.record_id and record.table_name = {table_name}
    order by record.version desc
    limit 1
) as somewhere on true
left join lateral (
    select max(counted.version) as version
    from (
        select somewhere.version
        union all
        select decision.version from close.difference_decision as decision
        where decision.table_name = {table_name} and decision.record_id = newest.record_id
            and decision.verdict in ('let_in', 'adjusted')
    ) as counted
    where counted.version < newest.version
) as base on true
where signed.version is distinct from newest.version
    and (signed.version is not null or newest.month between %(first)s and %(last)s)
order by newest.record_id
