"""The simulated world: companies, and what banks, a card processor and an accounting system would show of them.

Here: a function from options to files. It knows what is true. Not here: HTTP (`sandbox.servers`), and reading the truth
(`sandbox.scoring`).
"""

from finance_pipeline.sandbox.world.options import WorldOptions
from finance_pipeline.sandbox.world.settings import (
    sandbox_environment,
    sandbox_environment_of,
    sandbox_settings_yaml,
)
from finance_pipeline.sandbox.world.statements import deliver_statements
from finance_pipeline.sandbox.world.writing import WorldSummary, build_world, world_options

__all__ = [
    "WorldOptions",
    "WorldSummary",
    "build_world",
    "deliver_statements",
    "sandbox_environment",
    "sandbox_environment_of",
    "sandbox_settings_yaml",
    "world_options",
]
