"""A reconciliation pipeline: evidence in, matches, a double-entry ledger, cash, and proof that they agree."""

import os

# Polars gives the memory of every large column back to the system at once, and asks for as much again for the next: two
# million lines met two thirds more page faults that way. Kept for some seconds, it is used again. The allocator reads
# this when Polars is loaded, so it is said before; what the environment says already stays.
os.environ.setdefault("_RJEM_MALLOC_CONF", "oversize_threshold:0,dirty_decay_ms:10000")
