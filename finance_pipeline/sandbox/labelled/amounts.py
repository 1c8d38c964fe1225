"""Amounts: what things cost, and how an amount becomes parts of it or another currency. Integers in minor units."""

from __future__ import annotations

import numpy as np

from finance_pipeline.sandbox.labelled.draft import SPAN_DAYS, Ints, stream
from finance_pipeline.sandbox.labelled.profiles import CURRENCIES, DECIMALS, PER_EUR_MILLIONTHS, SCALE_PERCENT

_MILLION = 1_000_000
_LATEST_DAYS = 300
"""After the last document money moves no later than this."""
_CATALOGUE = (999, 1_900, 2_500, 4_900, 9_900, 12_000, 14_900, 25_000, 49_900, 75_000, 100_000, 120_000, 250_000)
"""Prices at which many things are sold, in euro cents: equal amounts of one party are not rare."""


def prices(rng: np.random.Generator, currency: Ints) -> Ints:
    """What documents are made out for: most any amount, some round, some from a price list."""
    count = len(currency)
    cents = np.exp(rng.normal(10.6, 1.45, count)).astype(np.int64) + 150
    scaled = np.maximum(cents * np.array(SCALE_PERCENT)[currency] // 100, 10)
    unit = np.array([10**d for d in DECIMALS])[currency]
    how = rng.random(count)
    whole = np.maximum(scaled // unit, 1) * unit
    tens = np.maximum(scaled // (10 * unit), 1) * 10 * unit
    taxed = whole + whole * rng.choice([7, 19, 20, 21, 25], count) // 100
    listed = np.array(_CATALOGUE)[rng.integers(0, len(_CATALOGUE), count)] * np.array(SCALE_PERCENT)[currency] // 100
    made: Ints = np.where(how < 0.41, listed, scaled)
    for share, amount in ((0.33, taxed), (0.18, tens), (0.12, whole)):
        made = np.where(how < share, amount, made)
    return made


def tenths_of_percent(amount: Ints, tenths: Ints) -> Ints:
    """So many tenths of a per cent of an amount, halves away from zero."""
    taken: Ints = np.sign(amount) * ((np.abs(amount) * tenths + 500) // 1000)
    return taken


def share_of(rng: np.random.Generator, amount: Ints, least_percent: int, most_percent: int) -> Ints:
    """A part of each amount, as people choose it: round where the amount is large enough."""
    part = amount * rng.integers(least_percent * 10, most_percent * 10 + 1, len(amount)) // 1000
    rounded = part // 10_000 * 10_000
    nice = (rng.random(len(amount)) < 0.5) & (rounded * 100 >= amount * least_percent) & (rounded > 0)
    made: Ints = np.clip(np.where(nice, rounded, part), 1, amount - 1)
    return made


def rates(seed: int) -> Ints:
    """Millionths of a unit of each currency for one euro, by day and currency; it wanders a little every day."""
    steps = stream(seed, "rates").normal(0, 0.003, (SPAN_DAYS + _LATEST_DAYS, len(CURRENCIES)))
    steps[:, 0] = 0
    table: Ints = (np.array(PER_EUR_MILLIONTHS) * np.exp(np.cumsum(steps, axis=0))).astype(np.int64)
    return table


def converted(amount: Ints, currency: Ints, into: Ints, day: Ints, table: Ints) -> Ints:
    """An amount in another currency at the day's rate, to the nearest minor unit."""
    shift = np.array([10**d for d in DECIMALS])
    numerator = table[day, into] * shift[into]
    denominator = table[day, currency] * shift[currency]
    # Two steps, so that no product leaves 64 bits: first the rate, then the amount.
    ratio = numerator * _MILLION // denominator
    made: Ints = (amount * ratio + _MILLION // 2) // _MILLION
    return made
