"""`python -m finance_pipeline.cli` is `finance-pipeline`."""

from finance_pipeline.cli import main

main()
