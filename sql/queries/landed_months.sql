-- One row per connection, account and month that records landed after a sequence number name, now or before they moved.
select connection_id, account, to_char(touched.on_day, 'YYYY-MM')
from landing.record
cross join lateral (values (accounting_on), (previous_on)) as touched (on_day)
where seq > %(after)s and seq <= %(high)s and touched.on_day is not null
group by 1, 2, 3
order by 1, 2, 3
