"""Other ways to match the same data: what people use, or find, when they have no engine.

Here: `RIVALS` names them, what each is and which library it needs; each is one function from bank lines, open items and
parties to pairs of line_id and item_id, in a module of its own. They are set up as their documentation or their readers
would, on columns that anyone would prepare (`prepared`), with thresholds that are usual. Not here: scoring.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version

import polars as pl

Matcher = Callable[[pl.DataFrame, pl.DataFrame, pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Rival:
    """name: on the command line; words: in the table; module: where `pairs` is; needs: library besides Polars."""

    name: str
    words: str
    module: str
    needs: str = ""

    @property
    def installed(self) -> bool:
        return not self.needs or importlib.util.find_spec(self.needs) is not None

    @property
    def version(self) -> str:
        return f"{self.needs} {version(self.needs)}" if self.needs else f"polars {version('polars')}"

    def matcher(self) -> Matcher:
        found: Matcher = import_module(f"finance_pipeline.sandbox.labelled.rivals.{self.module}").pairs
        return found


RIVALS = (
    Rival("reference", "exact reference and amount", "reference_and_amount"),
    Rival("reference-name", "exact reference, name and amount", "reference_name_and_amount"),
    Rival("splink", "Splink, unsupervised", "splink_model", "splink"),
    Rival("recordlinkage", "recordlinkage, summed scores", "recordlinkage_scores", "recordlinkage"),
    Rival("pandas", "pandas script as in blog posts", "pandas_script", "pandas"),
)
