"""Books to close: a database a module, and a book of the test's own in it."""

from finance_pipeline_tests.ledger.conftest import de, kept_database, us

__all__ = ["de", "kept_database", "us"]
