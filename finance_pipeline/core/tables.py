"""Table specifications: one text a column that drives checks, documents and types.

A Table is light (Polars only). `checked` compiles it to pandera when a frame does not fit; Dagster's column schema and
the empty frame come from the same lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from finance_pipeline.core.problems import PermanentProblem

if TYPE_CHECKING:
    import pandera.polars as pa


class DoesNotFit(PermanentProblem):
    """A frame that breaks its schema: a wrong type, a missing column, a null or a value that is not allowed."""


@dataclass(frozen=True)
class Column:
    """One column: its type, what it means (with the unit), and what it may hold."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    meaning: str
    nullable: bool = False
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A frame's promise. grain: 'One row per ...'. key: columns that are unique together."""

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @cached_property
    def schema(self) -> pl.Schema:
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @cached_property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def empty(self) -> pl.DataFrame:
        return self._none.clone()

    @cached_property
    def _none(self) -> pl.DataFrame:
        """Made once: a frame of no rows costs as much to make as many a query."""
        return pl.DataFrame(schema=self.schema)

    def frame(self, rows: list[dict[str, object]]) -> pl.DataFrame:
        """Rows as a frame of this table; columns that a row leaves out are null."""
        return pl.DataFrame(rows, schema=self.schema, orient="row", strict=True)

    @cached_property
    def model(self) -> pa.DataFrameSchema:
        """The pandera schema of the columns. Imported here because pandera takes a quarter of a second to load.

        The key is not in it: over a table with lists, pandera ends in a panic of Polars when it says what stands twice.
        """
        import pandera.polars as pa

        return pa.DataFrameSchema(
            {
                column.name: pa.Column(
                    column.dtype,
                    pa.Check.isin(list(column.one_of)) if column.one_of else None,
                    nullable=column.nullable,
                    description=column.meaning,
                )
                for column in self.columns
            },
            strict=True,
            ordered=False,
            name=self.name,
            description=self.grain,
        )

    def checked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same frame in this table's column order. Raises DoesNotFit naming column, rule and first bad rows."""
        fitting = frame.select(self.names) if self._columns_fit(frame) else self._validated(frame)
        if self.key and fitting.select(self.key).n_unique() < fitting.height:
            keys = fitting.select(self.key)
            twice = keys.filter(keys.is_duplicated())
            first = ", ".join(f"{name} {value}" for name, value in twice.row(0, named=True).items())
            raise DoesNotFit(f"{twice.height} rows share a key, the first {first}.", where=self.name)
        return fitting

    def _validated(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same by pandera, which can say of every value what is wrong with it."""
        import pandera.errors

        try:
            return self.model.validate(frame, lazy=True).select(self.names)
        except pandera.errors.SchemaErrors as cause:
            failures = cause.failure_cases.select(pl.all().cast(pl.String)).head(3).to_dicts()
            said = "; ".join(f"{f.get('column')}: {f.get('check')} fails for {f.get('failure_case')}" for f in failures)
            raise DoesNotFit(f"{cause.failure_cases.height} cases do not fit: {said}.", where=self.name) from cause

    def _columns_fit(self, frame: pl.DataFrame) -> bool:
        """Whether all columns plainly fit, so that pandera need not be loaded. In doubt (floats may hold NaN) not."""
        if dict(frame.schema) != dict(self.schema) or any(dtype.is_float() for dtype in self.schema.values()):
            return False
        nulls = frame.null_count().row(0, named=True)
        return not any(nulls[column.name] for column in self.columns if not column.nullable) and all(
            frame[c.name].drop_nulls().is_in(list(c.one_of)).all() for c in self.columns if c.one_of
        )
