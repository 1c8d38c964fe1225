-- The seal of one entry beside a large batch, at less cost: what is sealed is as it was.
--
-- Where statistics say that a month has few batches, reading all of the month looked as cheap as the index of batches, and
-- a plan that is kept cannot know that this batch is a small one: each entry read all of its month. By the index, a large
-- batch is read as quickly.
alter function ledger.seal_batch() set enable_seqscan = off;
