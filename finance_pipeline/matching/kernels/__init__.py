"""Compiled loops of the engine: columns in, arrays out. No rule about what matches is here.

numba compiles them on first use and keeps the result; import these modules inside functions, since loading numba takes
half a second. What is kept is named by a digest of all their sources: numba itself only sees that the file of a loop
changed, not that of a loop which it calls.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import types

Function = TypeVar("Function", bound=Callable[..., object])
_type_of: Any = types.unliteral


def kept_under() -> Path:
    """Where compiled loops are kept: beside the sources, else in the user's cache, else for this machine's uptime."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return Path(os.environ["NUMBA_CACHE_DIR"])
    here = Path(__file__).parent
    sources = b"".join(source.read_bytes() for source in sorted(here.glob("*.py")))
    name = hashlib.sha256(sources).hexdigest()[:16]
    if os.access(here, os.W_OK):
        return here / "__pycache__" / name
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    base = cache if os.access(cache, os.W_OK) else Path(tempfile.gettempdir()) / f"cache-{os.getuid()}"
    return base / "finance-pipeline" / name


config: Any = numba.config
if not config.CACHE_DIR:
    config.CACHE_DIR = str(kept_under())


def compiled(function: Function) -> Function:
    """Compile at the first call, or load what an earlier process compiled; runs without the interpreter's lock.

    Of an argument only its type counts. By itself numba compiles a loop, and all that it calls, once more for each
    constant that another loop passes to it, which nearly doubled the wait of a machine that has compiled nothing yet.
    """
    made: Any = numba.njit(cache=True, nogil=True)(function)
    for_constants = made.get_call_template

    def by_type(args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return for_constants(tuple(map(_type_of, args)), {name: _type_of(each) for name, each in named.items()})

    made.get_call_template = by_type
    return cast("Function", made)
