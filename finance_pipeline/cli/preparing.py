"""`prepare`: the engine's loops compiled for this machine, once for each version of them.

They would be compiled on first use as well, in the middle of somebody's work; here it is said, and it is over before
anything is measured.
"""

from __future__ import annotations

from finance_pipeline.cli.show import say

_LINES = 3_000
"""So many lines of the sandbox have a case of every rule."""


def prepare_engine(*, tell_if_done: bool = False) -> None:
    """Compile the loops unless this machine keeps them already: one match of generated data, which is thrown away."""
    from finance_pipeline.services.reconciliation.engine_loops import are_compiled, compiled_by

    if are_compiled():
        if tell_if_done:
            say("The engine is compiled.")
        return
    from finance_pipeline.sandbox.labelled import Options, generate

    say("Compiling the engine's loops for this machine, once: about half a minute ...")
    data = generate(Options(_LINES, "default", 1, judged=False))
    compiled_by(
        bank_lines=data.bank_lines,
        open_items=data.open_items,
        parties=data.parties,
        remittances=data.remittances,
        fx_rates=data.fx_rates,
    )
