"""Problems that a person has to read: what happened, where, what was kept, what to do next."""

from __future__ import annotations


class Problem(Exception):
    """Anything we refuse or fail to do. The message has four parts, so that none can be forgotten.

    what: one sentence, the fact. where: the record, file, connection or partition. kept: what was saved or left as it
    was. todo: the next step, preferably a command. exit_code is what the command line ends with.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", kept: str = "", todo: str = "") -> None:
        self.what, self.where, self.kept, self.todo = what, where, kept, todo
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return " ".join(part for part in (head, self.kept, self.todo) if part)


class TransientProblem(Problem):
    """Trying again later may work: a time-out, a rate limit, a server that is down. Waits for the next tick."""

    exit_code = 75


class PermanentProblem(Problem):
    """Trying again changes nothing: somebody has to act. Goes to the dead letters or stops the command."""


class BadInput(PermanentProblem):
    """What was asked for does not exist or makes no sense: an unknown book, a reversed range, a malformed file."""

    exit_code = 2


class BadSettings(BadInput):
    """The settings file or the environment is wrong; the message names the key."""


class NeedsItsOwner(PermanentProblem):
    """A connection was refused: an expired token, a wrong secret, a withdrawn consent. Its cursor is kept."""

    exit_code = 3


class Busy(TransientProblem):
    """Another process works on the same book, connection or data folder."""


class Unreachable(TransientProblem):
    """A server did not answer within the retry budget."""


class DatabaseDown(Unreachable):
    """PostgreSQL does not answer."""
