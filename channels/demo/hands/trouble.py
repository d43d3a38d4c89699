"""When the story cannot go on, and waiting for what others do by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Trouble(Exception):
    """Something was not as the story says: the words say what was done or waited for, and what came."""


def wait_for(
    what: str,
    look: Callable[[], Found | None],
    *,
    seconds: float = 60.0,
    every: float = 0.4,
    state: Callable[[], str] | None = None,
) -> Found:
    """Ask ``look`` until it gives something true. Raises :class:`Trouble` that names ``what`` was waited for,
    and with ``state`` how things stood at the end."""
    began, pause = time.monotonic(), every
    while True:
        found = look()
        if found:
            return found
        waited = time.monotonic() - began
        if waited > seconds:
            told = f"; {state()}" if state else ""
            raise Trouble(f"waited {waited:.0f} s for {what}{told}")
        time.sleep(pause)
        pause = min(2.0, pause * 1.3)
