-- One row: the last sealed batch that holds entries of a book and that was recorded by a moment; none before the first.
select seal.position, seal.recorded_at, encode(seal.link, 'hex') as link
from ledger.seal
where seal.position = (
    select max(movement.position)
    from ledger.movement
    where movement.book = %(book)s
        and movement.position <= (select max(position) from ledger.seal where recorded_at <= %(known_at)s)
)
