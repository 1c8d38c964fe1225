"""The engine's compiled loops: whether this machine keeps them, and how they come to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_MARK = "complete"


def are_compiled() -> bool:
    """Whether all loops of this version were compiled here."""
    from finance_pipeline.matching.kernels import kept_under

    return (kept_under() / _MARK).is_file()


def compiled_by(**frames: pl.DataFrame) -> None:
    """Compile the loops by one run of the engine on data that has a case of every rule, and note that it is done."""
    from finance_pipeline.matching.engine import Inputs, reconcile
    from finance_pipeline.matching.kernels import kept_under
    from finance_pipeline.matching.policy import Policy
    from finance_pipeline.matching.transfers import OwnAccount

    own = [OwnAccount(account) for account in frames["bank_lines"]["account_id"].unique().sort()]
    reconcile(Inputs(**frames, own_accounts=own), Policy())
    kept_under().mkdir(parents=True, exist_ok=True)
    (kept_under() / _MARK).touch()
