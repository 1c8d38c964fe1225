"""PostgreSQL: the embedded server, roles, migrations, transactions, COPY in and out, locks.

Here: how the database is reached and kept. Not here: what is in it; no table of a stage is named in this room.
"""
