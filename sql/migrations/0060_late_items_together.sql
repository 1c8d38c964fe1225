-- Late items together (accounting rules 9 and 16): many small ones are material too. What posts by itself of one
-- sign-off stays, all amounts added up without their signs, within the limit that its book sets; what is beyond waits for
-- a person. close.difference_decision says which limit it was.

alter table close.difference_decision add column together_limit_minor bigint check (together_limit_minor >= 0);

comment on column close.difference_decision.together_limit_minor is 'Limit of the book for what is let in by itself of one sign-off in sum. Null of what was decided before there was one.';

create function close.check_late_items_together() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    beyond record;
begin
    select added.book, added.month, added.limit_minor, sum(abs(decision.amount_minor)) as total_minor into beyond
    from (
        select added_row.book, added_row.month, added_row.signature_id,
            coalesce(min(added_row.together_limit_minor), 0) as limit_minor
        from added_row
        where added_row.verdict = 'let_in'
        group by 1, 2, 3
    ) as added
    join close.difference_decision as decision using (signature_id)
    where decision.verdict = 'let_in'
    group by 1, 2, 3
    having sum(abs(decision.amount_minor)) > added.limit_minor
    limit 1;
    if found then
        raise exception 'late items of book %, month %, come to % by themselves, beyond their limit of %',
            beyond.book, beyond.month, beyond.total_minor, beyond.limit_minor using errcode = 'check_violation';
    end if;
    return null;
end
$$;

create trigger late_items_together_are_limited after insert on close.difference_decision
referencing new table as added_row
for each statement execute function close.check_late_items_together();
