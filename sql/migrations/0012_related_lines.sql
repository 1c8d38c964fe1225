-- recon.allocation takes parts of a line that belong to an account, to another line, or on account; recon.open_item
-- takes the tax in a document. One row per part of a line, as before.
--
-- relation says what a part has to do with another line, or that it opens an item instead of settling one:
--   transfer   the other line is the other leg; both are held, and the parts of each add to it
--   netted     gives back what the other line paid before that settled anything; both are held
--   returned   gives back what the other line paid: the parts are those of that line's own match with the other sign,
--              and what it settled is open again
--   duplicate  the other line told twice by a feed; the other line is not held
--   on_account what came beyond the items opens an item of its own

alter table recon.allocation
    add column relation text check (relation in ('transfer', 'netted', 'returned', 'duplicate', 'on_account')),
    add column account_code text,
    add column item_tax_minor bigint,
    add column other_line_currency text,
    add column other_line_amount_minor bigint,
    add column other_amount_minor bigint,
    add column other_evidence_hash text,
    add constraint says_what_it_belongs_to check (
        num_nonnulls(item_id, account_code) <= 1
        and num_nonnulls(item_id, account_code, other_line_id) > 0
        and (other_line_id is not null) = (coalesce(relation, '') in ('transfer', 'netted', 'returned', 'duplicate'))
        and (coalesce(relation, '') not in ('transfer', 'netted', 'duplicate')
            or num_nonnulls(item_id, account_code) = 0)
    ),
    add constraint a_residual_is_on_account check ((role = 'residual') = (coalesce(relation, '') = 'on_account')),
    add constraint an_item_is_settled_by_an_amount check ((item_id is null) = (item_amount_minor is null)),
    add constraint an_item_is_settled_on_its_own_side check (
        relation is not null or item_id is null or sign(item_amount_minor) in (0, sign(item_total_minor))
    ),
    add constraint a_held_line_is_met_by_an_amount check (
        (coalesce(relation, '') in ('transfer', 'netted'))
        = (num_nonnulls(other_line_amount_minor, other_line_currency, other_amount_minor) = 3)
    );

alter table recon.open_item add column tax_minor bigint;

comment on column recon.allocation.relation is 'transfer, netted, returned or duplicate: of another line; on_account: opens an item.';
comment on column recon.allocation.account_code is 'Ledger account that the part is coded to.';
comment on column recon.allocation.item_tax_minor is 'Tax in the item, in its currency.';
comment on column recon.allocation.other_line_amount_minor is 'The whole other line.';
comment on column recon.allocation.other_amount_minor is 'Part of the other line that it meets, signed like that line.';
comment on column recon.allocation.other_evidence_hash is 'SHA-256 of the landed record of the other line.';
comment on column recon.open_item.tax_minor is 'Tax inside the total, same sign.';
comment on column recon.match.tier is 'Kind of evidence: 0 identity, 1 reference, 2 party and amount, 3 proven sum, 4 within tolerance, 5 transfer, 6 coding rule.';

-- Conservation, as in 0004, and over the new kinds of parts: a line belongs to one standing match, as its line or as a
-- line that it holds; the parts of both add to them; an item is settled to nothing and to no more than its total, what a
-- returned payment gave back counting against.
create or replace function recon.check_conservation() returns trigger language plpgsql
set search_path = pg_catalog as $$
declare
    broken record;
begin
    execute $q$
        with touched as materialized (
            select line_id from added
            union
            select other_line_id from added where relation in ('transfer', 'netted')
        ),
        claim as materialized (
            select line_id, match_id, version from recon.allocation
            where line_id in (select line_id from touched)
            union
            select other_line_id, match_id, version from recon.allocation
            where other_line_id in (select line_id from touched) and relation in ('transfer', 'netted')
        ),
        contested as materialized (
            select line_id from claim group by line_id having count(*) > 1
        )
        select claim.line_id, count(*) as matches
        from contested
        join claim using (line_id)
        join recon.standing using (match_id, version)
        group by claim.line_id
        having count(*) > 1
        limit 1
    $q$ into broken;
    if broken.line_id is not null then
        raise exception 'line % belongs to % standing matches', broken.line_id, broken.matches
            using errcode = 'integrity_constraint_violation';
    end if;
    execute $q$
        select line_id, sum(amount_minor) as allocated, min(line_amount_minor) as amount
        from added
        group by line_id
        having sum(amount_minor) <> min(line_amount_minor) or min(line_amount_minor) <> max(line_amount_minor)
        union all
        select other_line_id, sum(other_amount_minor), min(other_line_amount_minor)
        from added
        where relation in ('transfer', 'netted')
        group by other_line_id
        having sum(other_amount_minor) <> min(other_line_amount_minor)
            or min(other_line_amount_minor) <> max(other_line_amount_minor)
        limit 1
    $q$ into broken;
    if broken.line_id is not null then
        raise exception 'line % of % is allocated %', broken.line_id, broken.amount, broken.allocated
            using errcode = 'integrity_constraint_violation';
    end if;
    execute $q$
        with settled as materialized (
            select item_id, match_id, version, item_amount_minor, item_total_minor from recon.allocation
            where item_id in (select item_id from added) and relation is distinct from 'on_account'
        ),
        suspect as materialized (
            select item_id from settled
            group by item_id
            having abs(sum(item_amount_minor)) > abs(max(item_total_minor))
                or min(item_total_minor) <> max(item_total_minor)
                or bool_or(sign(item_amount_minor) = -sign(item_total_minor))
        )
        select item_id, sum(item_amount_minor) as settled, max(item_total_minor) as total
        from suspect
        join settled using (item_id)
        join recon.standing using (match_id, version)
        group by item_id
        having abs(sum(item_amount_minor)) > abs(max(item_total_minor))
            or sign(sum(item_amount_minor)) = -sign(max(item_total_minor))
        limit 1
    $q$ into broken;
    if broken.item_id is not null then
        raise exception 'item % of % is settled with %', broken.item_id, broken.total, broken.settled
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
