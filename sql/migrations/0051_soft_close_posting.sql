-- What a named person posts to a soft-closed month goes there on its own date: the month takes the entries of a
-- transaction that holds a permission for it. For everybody else it is closed, as before.

create or replace function ledger.first_open_month(wanted_book text, wanted date, areas text[]) returns date
volatile language sql
begin atomic
    select min(month.first_day)::date
    from generate_series(date_trunc('month', wanted), date_trunc('month', wanted) + interval '50 years', interval '1 month')
        as month (first_day)
    where not exists (
        select from ledger.period_now as period
        where period.book = wanted_book and period.month = month.first_day::date and (
            period.locked_areas && areas
            or period.state = 'locked'
            or period.state = 'soft_closed' and not exists (
                select from ledger.posting_permission as allowed
                join ledger.batch using (batch_id)
                where allowed.book = period.book and allowed.month = period.month
                    and batch.opened_xid = pg_current_xact_id_if_assigned()
            )
        )
    );
end;

-- Whether a month is soft-closed and names a person among those who may still post.
create function ledger.may_post_softly(wanted_book text, wanted_month date, actor text) returns boolean
volatile language sql
begin atomic
    select exists (
        select from ledger.period_now as period
        cross join unnest(period.posters) as poster (name)
        where period.book = wanted_book and period.month = wanted_month and period.state = 'soft_closed'
            and ledger.is_same_person(poster.name, actor)
    );
end;
