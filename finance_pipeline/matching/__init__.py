"""The reconciliation engine: frames in, frames out. No database, no clock, no orchestrator, no source's name."""
