"""When a bank feed shows what: on time, late, pending first, changed, taken away, shown twice by mistake.

Here: from booked lines to the events of one Plaid Item. By the world's end the feed shows exactly what the bank booked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from finance_pipeline.sandbox.world import plaid_format
from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.days import DAY
from finance_pipeline.sandbox.world.model import Line
from finance_pipeline.sandbox.world.plaid_format import Shown
from finance_pipeline.sandbox.world.profiles import Account, random_text

Event = tuple[datetime, str, str, str | None]
"""Visible at, operation, id, JSON."""
_REFRESHES = ((time(22, 40), 0), (time(4, 50), 1), (time(11, 15), 1))
"""When the bank is asked again: time of day in UTC, days after booking."""
_PENDING_SHARE = {"card_purchase": 0.45, "expense": 0.2, "receipt": 0.012}


@dataclass
class Feed:
    """The Item of one company: every account that has a feed."""

    company: Company

    def __post_init__(self) -> None:
        self.rng = self.company.chance("feed")
        self.country = self.company.profile.country
        self.events: list[Event] = []
        self.end = self.company.options.complete_at

    def transactions(self) -> list[Event]:
        """The events of transactions, in no order but that of each line's own."""
        lines = [line for line in self.company.world.lines if line.account.external_id]
        self.rng.shuffle(lines)
        for line in lines:
            line.feed_id = random_text(self.rng, 37)
            self._show(line)
        for number, line in enumerate(lines[:: max(1, len(lines) // max(3, len(lines) // 900))]):
            self._never_posted(line, still_open=number % 3 == 0)
        return self.events

    def _say(self, at: datetime, op: str, line: Line, shown: Shown) -> None:
        text = None if op == "removed" else plaid_format.transaction(line, self.country, shown)
        self.events.append((min(at, self.end), op, shown.id, text))

    def _moment(self, day: date, days: int = 0) -> datetime:
        at, later = self.rng.choices(_REFRESHES, (4, 5, 1))[0]
        return datetime.combine(day + DAY * (later + days), at, UTC)

    def _show(self, line: Line) -> None:
        rng, how = self.rng, self.rng.random()
        late_days = rng.randint(2, 9) if rng.random() < 0.015 else 0
        at = self._moment(line.booked_on, late_days)
        shown = Shown(line.feed_id, line.amount_minor, line.booked_on)
        if rng.random() < _PENDING_SHARE.get(line.flow, 0.0):
            shown = self._pending_first(line, shown, at)
        if how < 0.025:
            self._changed(line, shown, at)
        elif how < 0.029:
            first = replace(shown, id=random_text(rng, 37))
            gone = at + timedelta(days=rng.randint(1, 16), hours=rng.randrange(9))
            self._say(at, "added", line, first)
            self._say(gone, "removed", line, first)
            self._say(gone + timedelta(hours=rng.choice((0, 0, 6))), "added", line, shown)
        elif how < 0.031:
            double = replace(shown, id=random_text(rng, 37))
            self._say(at, "added", line, shown)
            self._say(at, "added", line, double)
            self._say(at + timedelta(days=rng.randint(1, 9)), "removed", line, double)
        else:
            self._say(at, "added", line, shown)

    def _pending_first(self, line: Line, shown: Shown, at: datetime) -> Shown:
        """Show the line as pending some days before. Of the posted one, what ties it to the pending one, mostly."""
        rng = self.rng
        authorized = line.booked_on - DAY * rng.choice((1, 1, 2, 3))
        if authorized < self.company.options.first_day:
            return shown
        amount = line.amount_minor
        if line.flow == "card_purchase" and rng.random() < 0.12:
            amount = amount * 100 // rng.randint(103, 125)
        pending = Shown(random_text(rng, 37), amount, authorized, authorized, pending=True)
        self._say(datetime.combine(authorized, time(20, 30), UTC), "added", line, pending)
        self._say(at + timedelta(hours=rng.choice((0, 0, 0, -5, 7))), "removed", line, pending)
        return replace(shown, authorized_on=authorized, pending_id=pending.id if rng.random() < 0.85 else None)

    def _changed(self, line: Line, shown: Shown, at: datetime) -> None:
        """First without names, rarely with another day or amount; right some hours or days later."""
        rng, how = self.rng, self.rng.random()
        first = replace(shown, enriched=False)
        if how < 0.12 and line.booked_on > self.company.options.first_day:
            first = replace(first, day=line.booked_on - DAY)
        elif how < 0.2:
            first = replace(first, amount_minor=line.amount_minor + rng.choice((-1, 1)) * rng.randint(1, 900))
        self._say(at, "added", line, first)
        self._say(at + timedelta(hours=rng.randint(5, 200)), "modified", line, shown)

    def _never_posted(self, line: Line, *, still_open: bool) -> None:
        """A card was used and nothing came of it, or nothing has come of it yet."""
        rng = self.rng
        like = replace_line(line, f"CARD {rng.randrange(1000, 9999)} HOLD", -rng.randint(500, 40_000))
        day = self.company.options.last_day - DAY * rng.randint(0, 2) if still_open else line.booked_on
        pending = Shown(random_text(rng, 37), like.amount_minor, day, day, pending=True)
        at = min(datetime.combine(day, time(20, 30), UTC), self.end - timedelta(hours=1))
        self._say(at, "added", like, pending)
        if not still_open:
            self._say(at + timedelta(days=rng.randint(2, 7)), "removed", like, pending)

    def accounts(self, openings: dict[str, int]) -> list[Event]:
        """Each account once a day, with the bank's own balance of the evening before."""
        found: list[Event] = []
        for account in self.company.profile.accounts:
            if account.external_id:
                found += self._balances(account, openings[account.id])
        return found

    def _balances(self, account: Account, balance: int) -> Sequence[Event]:
        booked: dict[date, int] = defaultdict(int)
        for line in self.company.world.lines:
            if line.account is account:
                booked[line.booked_on] += line.amount_minor
        day, last = self.company.options.first_day, self.company.options.last_day
        found: list[Event] = []
        text = plaid_format.account(account, balance, balance)
        found.append((datetime.combine(day, time(4, 30), UTC), "added", account.external_id, text))
        while day <= last:
            balance += booked[day]
            text = plaid_format.account(account, balance, balance - self.rng.randrange(0, 90_000))
            day += DAY
            found.append((datetime.combine(day, time(4, 30), UTC), "modified", account.external_id, text))
        return found


def replace_line(line: Line, memo: str, amount_minor: int) -> Line:
    """A card line on the account of another line."""
    return Line(line.account, amount_minor, line.booked_on, "hold", "card_purchase", shown_name="CARD HOLD", memo=memo)
