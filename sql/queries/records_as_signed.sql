-- One row per record of a closed month, and per record named by id: the version that counted when the month was signed.
-- Where the newest is asked for, the month's own records, those that were signed and those that are in it now, come in
-- their newest version.
with mine as materialized (
    select this.record_id, this.version, this.month
    from {current} as this
    where %(newest)s and this.record_id in (
        select record_id from {table}
        where book = %(book)s and month between %(signed_first)s and %(signed_last)s
        union
        select record_id from close.signed_record
        where signature_id = %(signature)s and table_name = {table_name}
    )
),
then_known as materialized (
    select distinct on (this.record_id) this.record_id, this.version
    from {table} as this
    where this.record_id = any(%(ids)s) and this.recorded_at <= %(signed_at)s
        and not exists (
            select from close.held_month as held
            where held.book = this.book and this.month between held.first_month and held.month
                and held.signed_at < %(signed_at)s and this.recorded_at > held.signed_at
                and not exists (
                    select from close.difference_decision as decision
                    where decision.table_name = {table_name} and decision.record_id = this.record_id
                        and decision.version = this.version and decision.verdict in ('let_in', 'adjusted')
                        and decision.recorded_at <= %(signed_at)s
                )
        )
    order by this.record_id, this.version desc
),
wanted as (
    select record_id, version from mine
    where record_id = any(%(ids)s) or month between %(first)s and %(last)s
    union
    select record_id, version from close.signed_record
    where not %(newest)s and signature_id = %(signature)s and table_name = {table_name}
        and %(first)s <= %(signed_last)s and %(last)s >= %(signed_first)s
    union
    select record_id, version from then_known
    where not exists (select from mine where mine.record_id = then_known.record_id)
)
select {columns}
from {table}
join wanted using (record_id, version)
order by record_id
