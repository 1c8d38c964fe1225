"""The judge: which lines are resolvable, computed from what the tables show, not from what a case intended.

A line is **resolvable** when its true counterpart is singled out by the first of these that applies. Its competitors
are all rows of the tables, whatever case they come from; what a stronger kind of evidence has taken is no competitor.

- tier 0: an id stands on the line (end-to-end id of a payment of ours, cheque number, payout or run id; for a repeated
  line the bank's own reference; for a returned payment the end-to-end id) that is one item's, group's or line's only,
  and the amount agrees.
- tier 1: every item that it pays is named, in the memo, the end-to-end id, the structured reference or an advice, by a
  text that survived cutting, and the text is one open item's only: among the book's numbers as printed (case,
  separators, the letter O and leading words aside); for bare digits, among the digits with which numbers end or count;
  else within the resolved party; else, for a single number, among those whose amount agrees exactly; else, for a list,
  where of at most 100 ways to take one document for each number only one makes the amount. A mistyped number counts if
  no item bears it, the amount agrees exactly, and one edit leads to one number only, or to one of the resolved party
  with that amount. What a bank left of a number that it cut counts if one item of the resolved party with exactly the
  line's amount begins so. Short forms in a list count within the party of the number before them. Fewer than four
  digits never count alone (of one that was cut, fewer than three). Amounts agree exactly, by a discount in time, less a
  fee that the line states, within the write-off limit, at the day's rate, in part, or above; nobody else claims the
  same item.
- tier 2: the party is resolved (account number, or the name as normalised, cut at a usual length, or an alias, of one
  party only, and the two don't contradict), and at the line's date exactly one item of that party with that amount is
  issued and unpaid, at most 60 days after it was due. Equal items that come one after the other count if each is paid
  before the next is issued; of three or more that fall due weeks apart, that which is due within 12 days of the line,
  where each older one has a payment of its own. What another line names surely is no candidate, though its money be
  short, or two lines name it. A receipt that the ledger holds on the line's own account, within a week, of that payer
  and amount, goes before open documents.
- tier 3: the party is resolved, and the line is its whole open balance at that date, or the only subset of at most 14
  open items that has all which the line names, and nothing that others name, with an expected number of coincidences of
  at most 2e-5 (estimates differ; the rules allow 1e-4). Or the total of a payout, of an acquirer's day or of a day's
  recorded receipts is the line, and no other such total and no other line within a week equals it.
- tier 4: the party is resolved, and one open item less its discount in time, or with the original amount and currency
  that the line states, is the amount.
- tier 5: two lines on two accounts of the book say that they are a transfer (words, own name or account), money does
  not arrive before it left nor more than five days after, and nothing else is opposite: equal, less at most 25 units,
  or at the day's rate within two per cent. What shows the amount that was sent, or the other's account, outranks what
  shows nothing.

Nothing contradicts: no other open item's number stands on the line, no two lines claim one item, names and accounts
agree. Everything else is **not resolvable**, with the reason in `why`. `guess` marks those where the tables hold a
second solution that is as good: to match them is wrong even if it happens to be right. Where evidence would single out
something that is not true (a payment for nothing equal to an open invoice of the same party by chance), the line is
taken out of the data: no one could be right about it. What is left is judged again, and the tiers from 2 on are gone
through until they find nothing more: what one line is found to pay competes for no other.

Here: evidence (`payers`, `naming`), and its use by tier (`named`, `keyed`, `exact`, `sums`, `between`), put together in
`verdict`. Not here: anything of the engine; it is computed in its own way and from the generator's side.
"""
