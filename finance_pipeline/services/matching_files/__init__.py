"""The engine on its own: files in, one call into the engine, files out. No database, no data folder, no account.

folder (which tables are there) -> csv_text and fitting (a file as its table, exactly or not at all) -> checks (values)
-> match (policies, as of, the engine) -> publishing (all four files or none) and summary (what to tell).
"""
