"""Canonical records: one vocabulary for what every source says. The schemas, and one pure mapper per source."""
