-- Which records a closed month holds back (0023), at less cost: which months are held is asked once, not again for each
-- record that may be. What is answered is as it was.

create or replace function close.withheld(wanted_book text)
returns table (
    table_name text, record_id text, version integer, month text, counted_version integer, counted_month text
)
stable language plpgsql as $$
declare
    held_table text;
    posts text;
begin
    if not exists (select from close.held_month as held where held.book = wanted_book) then
        return;
    end if;
    foreach held_table in array array['bank_transaction', 'invoice', 'payment'] loop
        posts := case held_table
            when 'bank_transaction' then 'not %1$I.removed and %1$I.status = ''booked'''
            when 'invoice' then 'not %1$I.removed and %1$I.status = ''authorised'''
            else 'not %1$I.removed'
        end;
        return query execute format($q$
            with held as materialized (
                select first_month, held.month, signed_at, signature_id from close.held_month as held where held.book = $1
            ),
            newest as (
                -- What was recorded well before the sign-off was current then; a day covers any transaction.
                select this.record_id, this.version, this.month, true as is_held, %2$s as posts
                from canonical.%1$I as this
                join held on this.month between held.first_month and held.month
                where this.book = $1 and this.recorded_at > held.signed_at - interval '1 day'
                union all
                select this.record_id, this.version, this.month, false, %2$s
                from canonical.%1$I as this
                where this.book = $1 and this.version > 1
                    and not exists (select from held where this.month between held.first_month and held.month)
            ),
            based as (
                select newest.*, base.posts as base_posts, base.version as base_version, base.month as base_month,
                    exists (select from held where base.month between held.first_month and held.month) as base_is_held
                from newest
                left join lateral (
                    select max(admitted.version) as version
                    from (
                        select record.version
                        from close.signed_record as record
                        join held using (signature_id)
                        where record.record_id = newest.record_id and record.table_name = %1$L
                        union all
                        select decision.version
                        from close.difference_decision as decision
                        where decision.record_id = newest.record_id and decision.table_name = %1$L
                            and decision.verdict in ('let_in', 'adjusted')
                    ) as admitted
                    where admitted.version <= newest.version
                ) as last_one on true
                left join lateral (
                    select counted.version, counted.month, %3$s as posts
                    from canonical.%1$I as counted
                    where counted.record_id = newest.record_id and counted.version = last_one.version
                ) as base on true
                where not exists (
                    select from canonical.%1$I as newer
                    where newer.record_id = newest.record_id and newer.version > newest.version and newer.version > 1
                )
            )
            select %1$L, based.record_id, based.version, based.month, counted.version, counted.month
            from based
            left join lateral (
                select other.version, other.month
                from canonical.%1$I as other
                where other.record_id = based.record_id and case
                    when base_is_held then other.version = base_version
                    else other.version < based.version and other.version >= coalesce(base_version, 0)
                        and not exists (select from held where other.month between held.first_month and held.month)
                end
                order by other.version desc
                limit 1
            ) as counted on true
            where based.version is distinct from base_version and (is_held or base_is_held)
                and (posts or coalesce(base_posts, false))
            order by based.record_id
        $q$, held_table, format(posts, 'this'), format(posts, 'counted')) using wanted_book;
    end loop;
end
$$;
