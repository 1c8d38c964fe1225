"""Labelled matching data: bank lines and open items of which it is known what settles what.

Here: `generate` draws it from a seed, any size, in three difficulties. `cases` says what happens, `numbering`,
`mentions`, `names` and `texts` how it reads, `feeds` what feeds do to it, `frames` how it is handed out;
`judge` computes which lines are resolvable, and states what that means; `scoring` scores a matcher, `rivals` are some.
Not here: anything that knows how the engine works.
"""

from finance_pipeline.sandbox.labelled.frames import Labelled, read_labelled
from finance_pipeline.sandbox.labelled.generate import generate, generate_to
from finance_pipeline.sandbox.labelled.options import Options

__all__ = ["Labelled", "Options", "generate", "generate_to", "read_labelled"]
