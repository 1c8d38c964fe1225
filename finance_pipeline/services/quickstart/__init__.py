"""Somebody's own bank files against their own list of open items: no database, no settings, no account anywhere."""
