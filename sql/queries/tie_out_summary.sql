-- One row per book, month and rule: how many pairs of figures were compared, how many are equal, the largest difference.
select
    book, month, name,
    count(*) as compared,
    count(*) filter (where tied) as equal,
    coalesce(max(abs(difference_minor)), 0)::bigint as largest_difference_minor
from report.tie_out
where %(book)s::text is null or book = %(book)s
group by book, month, name
order by book, month, name
