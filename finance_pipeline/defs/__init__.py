"""Dagster only: partitions, resources, assets by stage, checks, schedules, sensors, jobs, and the runner.

Nothing here knows a business rule: an asset reads its keys, makes one call into finance_pipeline.services and reports.
"""
