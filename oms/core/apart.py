"""Work that calls several outside parties: each apart from the others, so that a slow or dead one delays nobody else.

In a worker every party's part runs in a thread of its own, with its own connection to the database. The task waits a
moment for them and then ends; whoever is still waiting for an answer goes on behind it, and the worker's process is
free for other tasks. Nothing depends on such a thread coming to its end: what it claimed is leased, its advisory lock
ends with its session, and the clock comes by again. But it takes a lease's time, so a worker's processes are not replaced
after so many tasks (``worker_max_tasks_per_child``): each time, what their threads were at would wait for five minutes.
Where no worker is (a command, a test) the parts run one by one.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from celery import current_task
from celery.signals import worker_process_shutdown
from django.conf import settings
from django.db import connection

log = logging.getLogger("oms.apart")

# Every thread holds a connection while it works, and the process needs some for itself.
_options: Any = settings.DATABASES["default"]["OPTIONS"]
THREADS = max(1, min(8, _options["pool"]["max_size"] - 3))
PATIENCE = 1.0
LAST_WORDS = 8.0

_lock = threading.Lock()
_pool: tuple[int, ThreadPoolExecutor] | None = None
_under_way: dict[str, Future[None]] = {}


def apart(job: str, parts: Mapping[str, Callable[[], None]]) -> None:
    """Do each part; the keys name the parties. One that this process is still at is not begun a second time. The first
    error that nobody expected is raised once all others have had their turn."""
    if not _in_a_worker():
        _one_by_one(parts)
        return
    begun = [future for name, part in parts.items() if (future := _begin(f"{job}:{name}", part))]
    for future in wait(begun, timeout=PATIENCE).done:
        future.result()


def _in_a_worker() -> bool:
    task: Any = current_task
    return bool(task) and not task.request.called_directly


def _one_by_one(parts: Mapping[str, Callable[[], None]]) -> None:
    first: Exception | None = None
    for part in parts.values():
        try:
            part()
        except Exception as error:
            first = first or error
    if first:
        raise first


def _begin(key: str, part: Callable[[], None]) -> Future[None] | None:
    global _pool
    with _lock:
        if _pool is None or _pool[0] != os.getpid():  # threads do not survive a fork
            _pool = (os.getpid(), ThreadPoolExecutor(THREADS, thread_name_prefix="apart"))
            _under_way.clear()
        if key in _under_way:
            return None
        future = _under_way[key] = _pool[1].submit(_run, key, part)
    return future


def _run(key: str, part: Callable[[], None]) -> None:
    try:
        part()
    except Exception:
        log.exception("%s", key)
        raise
    finally:
        connection.close()
        with _lock:
            _under_way.pop(key, None)


def _finish(**_: object) -> None:
    """A worker that ends in order lets those finish who are about to."""
    wait(list(_under_way.values()), timeout=LAST_WORDS)


worker_process_shutdown.connect(_finish)
