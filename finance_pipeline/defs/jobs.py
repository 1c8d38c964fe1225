"""The jobs that people and schedules start by name.

Here: selections of assets. Not here: when they run (schedules, sensors).
"""

from __future__ import annotations

import dagster as dg

from finance_pipeline.defs.reporting import STAGES

EVIDENCE = dg.AssetSelection.groups(STAGES[0])
PACKAGES = dg.AssetSelection.assets("close_package")
BOOK_MONTHS = dg.AssetSelection.groups(*STAGES[1:]) - PACKAGES
"""What a day keeps up to date. A package is made when somebody closes a month and wants it."""

sync_job = dg.define_asset_job(
    "sync_job", EVIDENCE, description="Pull what is new from every connection. Touches no month."
)
book_months_job = dg.define_asset_job(
    "book_months_job",
    BOOK_MONTHS,
    description="From canonical records to tie-outs for book-months, on the evidence that is already landed.",
)
close_package_job = dg.define_asset_job(
    "close_package_job",
    PACKAGES,
    description="Workbook, page and manifest that stand behind the chosen book-months, as they are known now.",
)
close_of_day = dg.define_asset_job(
    "close_of_day",
    EVIDENCE | BOOK_MONTHS,
    description="Everything: pull what is new, then canonical records to tie-outs for the chosen book-months.",
)
