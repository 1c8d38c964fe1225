-- One row per wanted month: evidence was mapped up to the highest landed version of these connections.
-- marks: the table of the marks, landing.mapping or that of a replay.
insert into {marks} (book, source, month, digest, seq)
select
    %(book)s, %(source)s, wanted.month, %(digest)s, %(up_to_seq)s
from unnest(%(months)s::text[]) as wanted (month)
on conflict (book, source, month) do update set digest = excluded.digest, seq = excluded.seq
