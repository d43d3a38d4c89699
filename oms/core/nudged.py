"""What a nudge asks for is done once, however many nudges wait: after an hour without workers there are thousands."""

from __future__ import annotations

import time
from typing import Any

from celery import Task

OVERTAKEN = "overtaken"
UNTIL = "nudged_until"
"""Name of the message's header: up to when (seconds since the epoch) somebody may have relied on this very nudge."""


class NudgedTask(Task):
    """Leaves out a run that was asked for by a nudge alone, when a later run has begun in this process: that one has seen
    what the nudge told of, or met another who looks again before he goes (see :func:`oms.core.jobs.alone`). Where it failed,
    or machines' clocks differ, the sweep finds what was left.
    """

    abstract = True
    began = 0.0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        until = (self.request.headers or {}).get(UNTIL)
        if until is not None and until < self.began:
            return OVERTAKEN
        self.began = time.time()
        return self.run(*args, **kwargs)
