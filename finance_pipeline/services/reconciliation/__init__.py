"""From canonical records to matches: folding months, people's decisions, policies and rules on trial."""
