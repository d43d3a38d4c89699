"""What a program took while it started, and needs no more, goes back to the machine."""

from __future__ import annotations

import ctypes
import gc


def give_back() -> None:
    """glibc's allocator keeps what was freed between things that live on; other C libraries need no telling."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
