"""Who closes months: a named person in a role, from somewhere, with a reason."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from finance_pipeline.core.problems import BadInput, PermanentProblem
from finance_pipeline.core.settings import CloseRole, Settings

NOBODY = "operator"
"""The actor of settings that name nobody."""


class TakesAnotherPerson(PermanentProblem):
    """Somebody would approve what they entered themselves; nothing was recorded."""


@dataclass(frozen=True)
class Who:
    """A person who does something about a close, and from where."""

    name: str
    role: str
    origin: str


def here() -> str:
    """Where somebody acts who uses the command line."""
    return f"command line of {socket.gethostname()}"


def acting(settings: Settings, role: CloseRole, actor: str | None = None, origin: str | None = None) -> Who:
    """Who acts in a role: the one given, else the actor of the settings.

    A controller may do what an accountant may. Raises BadInput for nobody in particular, or somebody without the role.
    """
    name = (actor if actor is not None else settings.actor).strip()
    if not name or name == NOBODY:
        raise BadInput(
            "closing a month takes named people, and the settings name nobody.",
            kept="Nothing was recorded.",
            todo="Set `actor:` in finance_pipeline.yaml, or FINANCE_PIPELINE_ACTOR, to your name.",
        )
    where = origin or here()
    if not settings.people:
        return Who(name, role, where)
    held = next((roles for known, roles in settings.people.items() if known.casefold() == name.casefold()), ())
    if role not in held and "controller" not in held:
        able = sorted(known for known, roles in settings.people.items() if role in roles or "controller" in roles)
        raise BadInput(
            f"{name} is no {role}.",
            where="people in finance_pipeline.yaml",
            kept="Nothing was recorded.",
            todo=f"This takes one of: {', '.join(able) or 'nobody yet'}.",
        )
    return Who(name, role if role in held else "controller", where)
