-- Note that a batch may post to those of some months that are soft-closed and name who posts.
select ledger.allow_posting(
    %(batch_id)s, period.book, period.month, %(actor)s, %(role)s, %(reason)s, %(origin)s
)
from ledger.period_now as period
where period.book = %(book)s and period.month = any(%(months)s::date[])
    and ledger.may_post_softly(period.book, period.month, %(actor)s)
