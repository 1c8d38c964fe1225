-- One row per decision that is in no seal, per period that is not what its events say, and for an end of the chain of
-- decisions that is not that of its last seal.
select table_name || ' ' || key as subject, 'is in no seal' as words
from ledger.unsealed_controls()
union all
select
    'period ' || to_char(period.month, 'YYYY-MM') || ' of book ' || period.book,
    'is ' || replace(period.state, '_', '-') || ', and not what its events say'
from ledger.period
join ledger.period_by_events as said using (book, month)
where (period.state, period.posters, period.locked_areas, period.open_until, period.reopened_areas)
    is distinct from (said.state, said.posters, said.locked_areas, said.open_until, said.reopened_areas)
union all
select 'the chain of decisions', 'ends at link ' || coalesce(last_one.position, 0) || ', and its head says '
    || coalesce(head.control_position::text, 'nothing')
from (
    select max(position) as position, coalesce(
        (array_agg(link order by position desc))[1], sha256('finance_pipeline controls')
    ) as link
    from ledger.control_seal
) as last_one
left join ledger.head on true
where (head.control_position, head.control_link) is distinct from (coalesce(last_one.position, 0), last_one.link)
order by 1
limit 20
