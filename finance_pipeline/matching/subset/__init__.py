"""Sums of several items: is there exactly one subset that adds to the amount, and could it be chance?

Here: the search (`find_subsets`), its answers, and how coincidence is estimated (`kernels.chance`). The names are
neutral: a receipt is a target and open items its candidates, or an item is a target and several lines its candidates.
Not here: which candidates compete for a target, and what is done with an answer.
"""

from finance_pipeline.matching.subset.answers import Status, SubsetAnswers
from finance_pipeline.matching.subset.search import find_subsets

__all__ = ["Status", "SubsetAnswers", "find_subsets"]
