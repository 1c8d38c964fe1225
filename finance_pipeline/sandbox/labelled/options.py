"""What to generate: how many lines, how hard, from which seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from finance_pipeline.core.problems import BadInput

LINES_AT_ONCE = 1_000_000
_SEED_BITS = 40
_CLEAR_MENTION = {"full": 62, "squeezed": 10, "spaced": 5, "no_prefix": 5, "digits": 5, "structured": 13}
_USUAL_MENTION = {
    **{"full": 43, "squeezed": 10, "spaced": 6, "no_prefix": 6, "digits": 7, "tail": 8},
    **{"typo": 3.5, "letter_o": 0.7, "order": 4, "structured": 11.8},
}
_HARD_MENTION = {
    **{"full": 30, "squeezed": 10, "spaced": 8, "no_prefix": 8, "digits": 8, "tail": 13},
    **{"typo": 9, "letter_o": 2, "order": 5, "structured": 7},
}
_CLEAR_NAME = {"plain": 55, "bank": 25, "alias": 5, "in_memo": 10, "account_only": 5}
_USUAL_NAME = {
    **{"plain": 32, "bank": 34, "alias": 6, "in_memo": 13, "account_only": 4},
    **{"none": 5, "somebody_else": 3, "misspelt": 3, "processor": 1.5},
}
_HARD_NAME = {
    **{"plain": 18, "bank": 38, "alias": 8, "in_memo": 15, "account_only": 3},
    **{"none": 8, "somebody_else": 5, "misspelt": 5, "processor": 3},
}


@dataclass(frozen=True)
class Difficulty:
    """How payers and banks behave. Shares are of the cases that they apply to."""

    name: str
    silent_share: float
    """Payments that name no document."""
    mentions: Mapping[str, float]
    """How a document is named, by weight (draft.MENTIONS)."""
    names: Mapping[str, float]
    """How the payer is shown, by weight (draft.NAMES)."""
    cut_share: float
    """Memos that a bank cuts to 18, 27, 32, 35 or 140 characters."""
    broken_share: float
    """Memos into which a bank breaks lines, blanks inside numbers included."""
    listed_account_share: float
    """Parties whose account number is known."""
    listed_alias_share: float
    """Parties with other names on record."""
    kin_share: float
    """Parties that are hard to tell from another one by name."""
    unclear_factor: float
    """Weight of the cases that no evidence singles out."""
    unpaid_share: float
    """Documents that nobody pays, as a share of lines."""


DIFFICULTIES = {
    "easy": Difficulty("easy", 0.08, _CLEAR_MENTION, _CLEAR_NAME, 0.03, 0.02, 0.85, 0.4, 0.02, 0.35, 0.06),
    "default": Difficulty("default", 0.22, _USUAL_MENTION, _USUAL_NAME, 0.12, 0.08, 0.6, 0.25, 0.06, 1.0, 0.1),
    "hard": Difficulty("hard", 0.34, _HARD_MENTION, _HARD_NAME, 0.22, 0.15, 0.4, 0.15, 0.12, 2.2, 0.15),
}


@dataclass(frozen=True)
class Options:
    """Lines to generate (met within a few per cent), a difficulty by name, and a seed: same options, same bytes."""

    line_count: int = 100_000
    difficulty: str = "default"
    seed: int = 1
    judged: bool = True
    """Without it, whether a line is resolvable is not computed (null): enough where only time is measured."""
    part: int = 0
    """Of data too large to be made at once: which part this is. Parts share nothing but exchange rates."""

    def __post_init__(self) -> None:
        if self.difficulty not in DIFFICULTIES:
            raise BadInput(f"there is no difficulty {self.difficulty!r}.", todo=f"Known: {', '.join(DIFFICULTIES)}.")
        if not 200 <= self.line_count <= 20_000_000:
            raise BadInput("between 200 and 20,000,000 lines can be generated.", todo="Give another --lines.")
        if self.seed < 0:
            raise BadInput("a seed is a whole number from 0.", todo="Give another --seed.")

    def parts(self) -> list[Options]:
        """The same data in parts of at most LINES_AT_ONCE lines; one of them is the options themselves."""
        count = -(-self.line_count // LINES_AT_ONCE)
        if count == 1:
            return [self]
        each = self.line_count // count
        return [replace(self, line_count=each, seed=self.seed + (n << _SEED_BITS), part=n) for n in range(count)]

    @property
    def rate_seed(self) -> int:
        return self.seed % (1 << _SEED_BITS)

    @property
    def level(self) -> Difficulty:
        return DIFFICULTIES[self.difficulty]
