-- One row: what a book was computed with at its last sign-off of an earlier month, and who approved since what it is
-- computed with now. All null before the first.
select
    signed.month, signed.versions ->> 'policy' as policy, signed.versions ->> 'chart' as chart,
    (
        select approval.actor from close.rules_approval as approval
        where approval.book = %(book)s and approval.policy_digest = %(policy)s and approval.chart_digest = %(chart)s
        order by approval_seq desc
        limit 1
    ) as approved_by
from (select) as one
left join lateral (
    select signature.month, signature.versions from close.signature
    where signature.book = %(book)s and signature.month < %(month)s
    order by signature.month desc, signature.sequence desc
    limit 1
) as signed on true
