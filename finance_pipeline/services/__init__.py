"""The capabilities as functions: read, one pure call, publish in one transaction, report.

Dagster's assets, the command line and the desk call these; none of the three holds a business rule.
"""
