"""A CSV profile: what somebody declares about the tables of a bank. YAML, and strict: an unknown key is an error.

Here: the declaration. Not here: reading rows with it (parse), proposing one (guess).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from finance_pipeline.core.problems import BadSettings
from finance_pipeline.sources.statements.figures import NotADate, is_currency

Column = Annotated[str | int, Field(description="Name in the header, or number from 1.")]
DATE_PARTS = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d", "mon": "%b"}
_DATE_PART = re.compile("|".join(sorted(DATE_PARTS, key=len, reverse=True)))


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Declared):
    """Which column says what. Either amount, or money_in and money_out."""

    booked: Column
    value: Column | None = None
    amount: Column | None = None
    """Signed: positive is money into the account, unless `negate` or a direction says otherwise."""
    money_in: Column | None = None
    money_out: Column | None = None
    direction: Column | None = None
    """Beside an amount without signs: whether it comes or goes (`credit_words`, `debit_words`)."""
    balance: Column | None = None
    """The account's balance after the line."""
    currency: Column | None = None
    account: Column | None = None
    name: Column | None = None
    counterparty_account: Column | None = None
    memo: tuple[Column, ...] = ()
    """Joined by a space, in this order."""
    bank_reference: Column | None = None
    end_to_end_id: Column | None = None
    code: Column | None = None

    @model_validator(mode="after")
    def _has_amounts(self) -> Columns:
        if (self.amount is None) == (self.money_in is None or self.money_out is None):
            raise ValueError("declare either amount, or both money_in and money_out")
        return self


class Profile(_Declared):
    """How one bank writes its CSV."""

    name: str
    header: tuple[str, ...] = ()
    """The cells of the header row as they stand: a file with this row is read by this profile. Empty: no header."""
    delimiter: Literal[";", ",", "\t", "|"] = ";"
    encoding: str | None = None
    skip_lines: int = Field(0, ge=0, le=100)
    """Lines before the header, or before the first row where there is none."""
    date_format: str
    """Of dd, mm, yyyy, yy, mon and what stands between: dd.mm.yyyy, yyyy-mm-dd, mm/dd/yy."""
    decimal_mark: Literal[",", "."]
    order: Literal["oldest_first", "newest_first"] = "oldest_first"
    negate: bool = False
    """True where a positive amount is money out, as on many card statements."""
    credit_words: tuple[str, ...] = ()
    debit_words: tuple[str, ...] = ()
    account: str | None = None
    currency: str | None = None
    columns: Columns

    @model_validator(mode="after")
    def _holds_together(self) -> Profile:
        if self.currency is not None and not is_currency(self.currency):
            raise ValueError(f"{self.currency!r} is not an ISO 4217 currency")
        if self.columns.direction is not None and not (self.credit_words and self.debit_words):
            raise ValueError("a direction needs credit_words and debit_words")
        if any(isinstance(each, str) and each not in self.header for each in self.named):
            raise ValueError("a column is named that the header does not have")
        strptime_format(self.date_format)
        return self

    @property
    def named(self) -> list[str | int]:
        """Every column that it uses."""
        said = self.columns.model_dump(exclude={"memo"}, exclude_none=True).values()
        return [*said, *self.columns.memo]

    def place(self, column: str | int | None) -> int | None:
        """Index of a column in a row."""
        if column is None:
            return None
        return column - 1 if isinstance(column, int) else self.header.index(column)


def strptime_format(date_format: str) -> str:
    """The format in strptime's words. Raises ValueError where day, month or year is missing."""
    parts = _DATE_PART.findall(date_format)
    if sorted(part[0] for part in parts) != ["d", "m", "y"]:
        raise ValueError(f"{date_format!r} does not say where day, month and year stand")
    return _DATE_PART.sub(lambda found: DATE_PARTS[found.group()], date_format.replace("%", "%%"))


@lru_cache(maxsize=10_000)
def day_of(text: str, strptime: str, length: int) -> date:
    """A day in a declared format; a time behind it does not matter. Raises NotADate."""
    stripped = text.strip()
    for candidate in (stripped, stripped[:length], re.split("[ T]", stripped)[0]):
        try:
            day = datetime.strptime(candidate, strptime).date()
        except ValueError:
            continue
        if 1950 <= day.year <= 2199:
            return day
    raise NotADate(f"{stripped[:30]!r} is not a date")


def profile_of(text: str, where: str) -> Profile:
    """A profile from its YAML. Raises BadSettings naming the key that is wrong."""
    try:
        declared: Any = yaml.safe_load(text)
        return Profile.model_validate(declared)
    except yaml.YAMLError as cause:
        raise BadSettings(f"not readable as YAML: {cause}", where=where) from cause
    except ValidationError as cause:
        first = cause.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BadSettings(f"{key}: {first['msg']}".removeprefix(": "), where=where) from cause


def yaml_of(profile: Profile) -> str:
    """A profile as the YAML that declares it."""
    said = profile.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True)
