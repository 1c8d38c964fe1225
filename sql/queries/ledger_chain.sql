-- One row per seal, in the order of the chain, with what it says and what recomputing it from its entries gives.
select
    seal.position,
    seal.batch_id,
    seal.entry_count,
    coalesce(again.entry_count, 0) as counted,
    seal.root = again.root as root_holds,
    seal.position = lag(seal.position, 1, 0::bigint) over chain + 1 as follows,
    seal.previous_link = lag(seal.link, 1, genesis.link) over chain as linked,
    seal.link = ledger.link_of(
        seal.previous_link, seal.position, seal.batch_id, seal.entry_count, seal.root, seal.recorded_at, seal.accounts_root
    ) as link_holds,
    coalesce(seal.accounts_root = ledger.accounts_root(seal.position), true) as accounts_hold,
    seal.recorded_at > lag(seal.recorded_at, 1, '-infinity'::timestamptz) over chain as in_time,
    encode(seal.link, 'hex') as link
from ledger.seal
cross join (select sha256('finance_pipeline ledger') as link) as genesis
left join lateral ledger.batch_root(seal.batch_id) as again on true
window chain as (order by seal.position)
order by seal.position
