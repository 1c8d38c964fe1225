-- What a closed month lets in, once more: a record that nobody would post, as it is known now or as it counted before,
-- is held back by nothing and waits for nobody. Pending lines come and go; they are never posted.

-- Records of a book whose newest version does not count, because it, or the version before it that counts, belongs to a
-- held month and nobody let it in. Counts instead: the version that was let in last or, of a record that no held month
-- counted yet, its last version of an open month; none, of a record that is only late. What nobody would post, as it is
-- known now or as it counted, such as a pending line, is held back by nothing.
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
                select first_month, held.month, signed_at from close.held_month as held where held.book = $1
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
                    select counted.version, counted.month, %3$s as posts
                    from canonical.%1$I as counted
                    where counted.record_id = newest.record_id and counted.version = (
                        select max(admitted.version) from close.admitted
                        where admitted.record_id = newest.record_id and admitted.table_name = %1$L
                            and admitted.version <= newest.version
                    )
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
