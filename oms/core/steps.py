"""Named points on an order's way, for whoever wants to know what a death just there does (``make faults``).

``reached`` does nothing at all unless ``OMS_STEPS`` names a folder. Then each arrival is noted in the file
``reached`` of it, a line each, and a process that finds a file named like the step dies there by SIGKILL: the
first one takes the file away, so that each file kills once.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

# In the order of the way. Those that change only our own books are reached before the transaction ends; those
# that change the outside (labelled, told, pushed, refunded) when it has answered and nothing is recorded yet.
STEPS = (
    "pulled", "stored", "read", "placed", "screened", "routed", "labelled", "packed", "shipped", "told", "pushed",
    "refunded",
)  # fmt: skip

_folder = os.environ.get("OMS_STEPS")


def reached(step: str) -> None:
    if _folder:
        _note(Path(_folder), step)


def _note(folder: Path, step: str) -> None:
    with open(folder / "reached", "a") as out:
        out.write(f"{step}\n")
    try:
        (folder / step).unlink()
    except FileNotFoundError:
        return
    with open(folder / "killed", "a") as out:
        out.write(f"{step}\n")
    # The whole service, as when the machine goes dark: its process group is its own (oms.embedded.processes).
    os.killpg(os.getpgrp(), signal.SIGKILL)
