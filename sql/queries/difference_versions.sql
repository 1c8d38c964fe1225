-- One row per record of a closed month whose newest version is not the one that was signed, with the version to compare
-- it with: the last one before it that was signed or let in, none of a late record.
with signed as materialized (
    select record_id, version from close.signed_record
    where signature_id = %(signature)s and table_name = {table_name}
),
own as (
    select record_id from signed
    union
    select record_id from {table} where book = %(book)s and month between %(first)s and %(last)s
)
select newest.record_id, base.version as counted_version, newest.version
from own
join {current} as newest using (record_id)
left join signed using (record_id)
left join lateral (
    select max(counted.version) as version
    from (
        select signed.version
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
