-- The areas that each entry of a publish touches: asked only while areas of the book are locked.
update staging.ledger_plan as plan set areas = ledger.areas_of(coalesce(
    (
        select accounts from staging.ledger_entry as entry
        where entry.publish_id = plan.publish_id and entry.ordinal = plan.ordinal
    ),
    (
        select accounts from ledger.entry
        where entry.entry_id = plan.entry_id and entry.accounting_on = plan.original_on
    )
))
where plan.publish_id = %(publish_id)s
