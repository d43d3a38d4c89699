"""Webhooks out: a durable queue and one sender, with the platform's own patience and with faults.

A job is a JSON dict with at least ``topic``. The twin turns it into a request when it is sent
(``Twin.webhook_request``): a platform that sends the state of the moment reads it then, one that sends the
state of the event puts it into the job. ``Twin.webhook_retries`` are the seconds between tries.
"""

from __future__ import annotations

import http.client
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from oms.twinkit.server import Twin

QUEUE = "_webhook_queue"
ONCE = "_webhook_once"
TIMEOUT = 10.0
IDLE = 0.5


class Webhooks:
    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._wake = threading.Condition(twin.lock)
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._flushing = 0
        self._sending = False
        self.paused = False
        self.sent = 0
        self.failed = 0

    def enqueue(self, topic: str, *, delay: float = 0.0, once: str = "", **job: Any) -> None:
        """Queue one delivery; call it under the twin's lock, in the same transaction as what it tells of.

        With ``once`` nothing is added while a job of that name waits that is not yet on its way.
        """
        store = self._twin.store
        if once:
            waiting = store.get(QUEUE, store.get(ONCE, once, 0))
            if waiting and not waiting.get("_drawn"):
                return
        number = store.next("webhook_job")
        if once:
            store.put(ONCE, once, number)
        store.put(
            QUEUE, number, {**job, "topic": topic, "_id": number, "_due": time.time() + delay, "_tries": 0}
        )
        self._wake.notify_all()

    def pending(self) -> int:
        with self._twin.lock:
            return self._twin.store.count(QUEUE) + self._sending

    def start(self) -> None:
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread:
            self._thread.join(TIMEOUT)

    def flush(self, timeout: float = 60.0) -> bool:
        """Send everything now, waiting out no delay; whether the queue is empty. False at once while down."""
        deadline = time.monotonic() + timeout
        with self._wake:
            self._flushing += 1
            self._wake.notify_all()
            try:
                while self._twin.store.count(QUEUE) or self._sending:
                    left = deadline - time.monotonic()
                    if left <= 0 or self._held():
                        return False
                    self._wake.wait(min(left, IDLE))
                return True
            finally:
                self._flushing -= 1

    # --- the sender --------------------------------------------------------------------------------------

    def _held(self) -> bool:
        return self.paused or bool(self._twin.config.get("down"))

    def _run(self) -> None:
        while True:
            with self._wake:
                jobs = self._next()
                while not jobs and not self._stopping:
                    self._wake.wait(self._until_due())
                    jobs = self._next()
                if self._stopping:
                    return
                self._sending = True
            try:
                for job in jobs:
                    self._deliver(job)
            finally:
                with self._wake:
                    self._sending = False
                    self._wake.notify_all()

    def _until_due(self) -> float:
        if self._held():
            return IDLE
        soonest = min((job["_due"] for job in self._twin.store.scan(QUEUE)), default=None)
        return IDLE if soonest is None else max(0.0, min(IDLE, soonest - time.time()))

    def _next(self) -> list[dict[str, Any]]:
        """What to send now, in its order, faults drawn: none, one, or two that changed places."""
        if self._held():
            return []
        store, faults = self._twin.store, self._twin.faults
        now = float("inf") if self._flushing else time.time()
        ready = [job for job in store.scan(QUEUE) if job["_due"] <= now]
        if not ready:
            return []
        job = dict(ready[0])
        step = f"webhook.{job['topic']}"
        if job.get("_drawn"):
            return [job]
        if len(ready) < 2 and not job.get("_waited") and not self._flushing and faults.armed(step, "reorder"):
            # Two are needed to change places: wait a little for another to come.
            store.put(QUEUE, job["_id"], {**job, "_waited": True, "_due": time.time() + 0.2})
            return []
        job["_drawn"] = True
        store.put(QUEUE, job["_id"], job)
        if faults.draw(step, "webhook_drop"):
            faults.count("webhook_drop", step)
            store.delete(QUEUE, job["_id"])
            return []
        late = faults.draw(step, "webhook_delay")
        if late:
            faults.count("webhook_delay", step)
            store.put(QUEUE, job["_id"], {**job, "_due": time.time() + late.seconds})
            return []
        again = faults.draw(step, "duplicate")
        if again:
            faults.count("duplicate", step)
            job["_copies"] = again.copies
        if len(ready) > 1 and faults.draw(step, "reorder"):
            faults.count("reorder", step)
            other = {**ready[1], "_drawn": True}
            store.put(QUEUE, other["_id"], other)
            return [other, job]
        return [job]

    def _deliver(self, job: dict[str, Any]) -> None:
        for _ in range(1 + job.pop("_copies", 0)):
            try:
                with self._twin.lock, self._twin.store.transaction():
                    request = self._twin.webhook_request(job)
            except Exception:
                # One bad job must not stop the others.
                traceback.print_exc()
                request = None
            if request is None:
                self._settle(job, None, given_up=True)
                return
            status = _post(*request)
        self._settle(job, status)

    def _settle(self, job: dict[str, Any], status: int | None, given_up: bool = False) -> None:
        twin = self._twin
        with twin.lock, twin.store.transaction():
            fine = status is not None and 200 <= status < 300
            tries = job["_tries"] + 1
            if not given_up:
                self.sent += fine
                self.failed += not fine
                twin.webhook_result(job, status)
            if fine or given_up or tries > len(twin.webhook_retries):
                twin.store.delete(QUEUE, job["_id"])
            else:
                due = time.time() + twin.webhook_retries[tries - 1]
                twin.store.put(QUEUE, job["_id"], {**job, "_tries": tries, "_due": due})


def _post(url: str, headers: dict[str, str], body: bytes) -> int | None:
    """The status, or ``None`` when nobody answered."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
