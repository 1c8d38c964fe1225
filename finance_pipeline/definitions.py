"""What Dagster loads: everything in defs/, one resource, and an executor. Nothing else.

Named one by one and not found by load_from_defs_folder: that needs the project file beside the package, takes a tenth
of a second from every process, and a test holds the list of every asset anyhow.

Runs execute their steps in their own process: a step costs a tenth of a second there and two to three seconds in a
process of its own, and each run is a process already.
"""

import dagster as dg

from finance_pipeline.defs import (
    canonical,
    cash,
    close,
    close_differences,
    close_steps,
    evidence,
    jobs,
    ledger,
    package,
    reconciliation,
    schedules,
    sensors,
)
from finance_pipeline.defs.resources import Books

defs = dg.Definitions(
    assets=[
        *evidence.evidence_assets,
        *canonical.canonical_assets,
        reconciliation.reconciliation,
        ledger.ledger,
        cash.cash,
        close.close,
        close_steps.close_steps,
        close_differences.close_differences,
        package.package,
    ],
    jobs=[jobs.sync_job, jobs.book_months_job, jobs.close_of_day, jobs.close_package_job],
    schedules=[schedules.every_day],
    sensors=[sensors.touched_months, sensors.statement_folder, sensors.announced],
    resources={"books": Books()},
    executor=dg.in_process_executor,
)
