"""What a program took for its start or its busiest minute, and needs no more, goes back to the machine. glibc's allocator
keeps what was freed between things that live on, a tenth of all that we hold; other C libraries need no telling."""

from __future__ import annotations

import ctypes
import threading
import time

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)


def give_back() -> None:
    if _trim:
        _trim(0)


def give_back_each_minute() -> None:
    """From now on, beside the work, for as long as this process lives; a fork of it has to say so for itself."""
    threading.Thread(target=_each_minute, name="memory", daemon=True).start()


def _each_minute() -> None:
    while True:
        time.sleep(60)
        give_back()
