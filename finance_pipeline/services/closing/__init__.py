"""Closing months: facts, checks, explanations, two people who sign, locks, reopening, year end."""
