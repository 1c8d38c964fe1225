"""From the outside world to canonical records: pulling, landing, mapping, and what a person does where it fails."""
