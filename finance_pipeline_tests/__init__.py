"""The tests. Each worker has one of Polars' threads: with more, workers wait for each other's threads on few cores.

What must not depend on their number is tested with several (cli/test_match_threads.py, services/killed.py).
"""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")


def examples(count: int) -> int:
    """On how many worlds a property is tried: twenty times as many where the environment says THOROUGH."""
    return count * 20 if os.environ.get("THOROUGH") else count
