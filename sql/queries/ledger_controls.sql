-- One row per seal of a decision, in the order of their chain, with what it says and what recomputing it gives.
select
    seal.position,
    seal.matter,
    seal.key,
    seal.row_count = again.row_count and seal.root = again.root as root_holds,
    seal.position = lag(seal.position, 1, 0::bigint) over chain + 1 as follows,
    seal.previous_link = lag(seal.link, 1, genesis.link) over chain as linked,
    seal.link = ledger.control_link_of(
        seal.previous_link, seal.position, seal.matter, seal.key, seal.row_count, seal.root, seal.recorded_at
    ) as link_holds,
    encode(seal.link, 'hex') as link
from ledger.control_seal as seal
cross join (select sha256('finance_pipeline controls') as link) as genesis
left join lateral ledger.control_root(seal.matter, seal.key) as again on true
window chain as (order by seal.position)
order by seal.position
