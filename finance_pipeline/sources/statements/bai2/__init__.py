"""BAI2 cash management files: records of a file, groups and accounts, and their control totals."""
