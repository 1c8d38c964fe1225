"""What people do to close a month, straight on the database, as the application's role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from finance_pipeline.core.period import Month
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.by_hand import write
from finance_pipeline_tests.ledger.world import MAY, US

HERE = "a test"


def soon(seconds: float = 3600) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@dataclass
class Closing:
    """One book in dollars from May on, and the people who close it."""

    database: Database
    book: str

    @classmethod
    def of(cls, database: Database, book: str) -> Closing:
        with database.transaction() as conn:
            ensure_accounts(conn, [US.model_copy(update={"id": book})])
        return cls(database, book)

    def post(self, name: str, amount: int = 100, on: str = "2026-05-04", accounts: tuple[str, str] = ("1010", "3900"),
             **more: Any) -> None:  # fmt: skip
        """Dr the first account, Cr the second, in cents."""
        with self.database.transaction() as conn:
            self._open(conn, Month.parse(on[:7]))
            write(
                conn, book=self.book, source_id=name, effective_on=on, accounting_on=on, accounts=list(accounts),
                amounts=[amount, -amount], fiscal_year=int(on[:4]), **more,
            )  # fmt: skip

    def _open(self, conn: Any, month: Month) -> None:
        conn.execute("select ledger.open_period(%s, %s)", (self.book, month.first_day))

    def put_forward(self, month: Month = MAY, by: str = "Ann") -> int:
        return int(self.ask("select close.put_forward(%s, %s, %s, 'accountant', 'closed', %s, '{}')",
                            self.book, str(month), by, HERE))  # fmt: skip

    def sign(self, review: int, by: str = "Bea") -> str:
        return str(self.ask("select close.sign(%s, %s, 'controller', 'agreed', %s, '{}', '{}')", review, by, HERE))

    def signed(self, month: Month = MAY) -> str:
        return self.sign(self.put_forward(month))

    def lock(self, month: Month = MAY) -> int:
        return int(self.ask("select ledger.lock_period(%s, %s, 'Bea', 'controller', 'closed', %s, '{}')",
                            self.book, month.first_day, HERE))  # fmt: skip

    def closed(self, month: Month = MAY) -> None:
        self.signed(month)
        self.lock(month)

    def soft_close(self, *posters: str, month: Month = MAY) -> None:
        self.ask("select ledger.soft_close_period(%s, %s, %s, 'Bea', 'controller', 'nearly done', %s, '{}')",
                 self.book, month.first_day, list(posters), HERE)  # fmt: skip

    def lock_area(self, area: str, month: Month = MAY) -> None:
        self.ask("select ledger.lock_area(%s, %s, %s, 'Bea', 'controller', 'all in', %s, '{}')",
                 self.book, month.first_day, area, HERE)  # fmt: skip

    def ask_reopening(
        self, month: Month = MAY, by: str = "Ann", until: datetime | None = None, areas: list[str] | None = None
    ) -> int:
        return int(self.ask("select ledger.ask_reopening(%s, %s, %s, %s, %s, 'controller', 'a bill to add', %s, '{}')",
                            self.book, month.first_day, areas, until or soon(), by, HERE))  # fmt: skip

    def approve(self, request: int, by: str = "Bea") -> int:
        call = "select ledger.approve_reopening(%s, %s, 'controller', 'agreed', %s, '{}')"
        return int(self.ask(call, request, by, HERE))

    def state(self, month: Month = MAY) -> tuple[str, list[str]]:
        return tuple(self.row("select state, locked_areas from ledger.period_now where book = %s and month = %s",
                              self.book, month.first_day))  # fmt: skip

    def has_lapsed(self, month: Month = MAY) -> bool:
        return bool(self.ask("select has_lapsed from close.standing_signature where book = %s and month = %s",
                             self.book, str(month)))  # fmt: skip

    def ask(self, statement: Any, *parameters: Any) -> Any:
        return self.row(statement, *parameters)[0]

    def row(self, statement: Any, *parameters: Any) -> Any:
        with self.database.transaction() as conn:
            row = conn.execute(statement, parameters).fetchone()
        assert row is not None, f"{statement} found nothing"
        return row
