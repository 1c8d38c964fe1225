"""Closed months: what would be different today, letting it in by decision, and never touching what is signed."""
