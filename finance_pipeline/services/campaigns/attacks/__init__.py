"""Attacks on the ledger: what somebody could try who holds a role of the database, and whether anything of it succeeds.

ledger (what is attacked), by_hand and unsound (entries that no honest program writes), statements and contradictions
(SQL that reaches past the rules), attempts (one attack after the other, each undone), campaign (all of them, as a
table), mutations and conditions (each rule taken away in turn, and what notices). Not here: the rules, which are
sql/migrations.
"""
