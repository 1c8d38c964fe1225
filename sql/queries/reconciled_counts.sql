-- One row: how many matches stand, exceptions wait and items are open, of a book-month.
select
    (select count(*) from recon.standing where book = %(book)s and month = %(month)s),
    (select count(*) from recon.exception where book = %(book)s and month = %(month)s),
    (select count(*) from recon.open_item where book = %(book)s and month = %(month)s)
