"""Campaigns on the ledger, each in a database of its own: attacks, rules taken away, crashes, closes against writers.

Here: what is tried and what came of it, as figures. Not here: how they are printed (cli/bench).
"""
