"""From matches and journals to the ledger and what is read from it: posting, valuation, other ledgers, proof."""
