-- One row: the settings that a book was computed with at its last sign-off of an earlier month, and who approved those
-- that are in force. All null before the first sign-off, and where nothing was ever approved.
select
    signed.month, signed.versions ->> 'settings' as settings,
    (select approved_by from ledger.settings_in_force as approved where approved.book = %(book)s) as approved_by
from (select) as one
left join lateral (
    select signature.month, signature.versions from close.signature
    where signature.book = %(book)s and signature.month < %(month)s
    order by signature.month desc, signature.sequence desc
    limit 1
) as signed on true
