"""A press is carried out once: a double click, a reload and a lost answer get the answer of the first."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.utils import timezone

from oms.core.models import IdempotencyRecord

WAIT = 20.0
STALE = timedelta(minutes=5)


class StillRunning(Exception):
    """The same press is being carried out right now and takes long."""


class Once:
    """``with Once(owner, key, fingerprint) as press:`` — ``press.answer`` is what was answered before, or
    ``None``: then do it, and call ``press.keep(answer)``. Without ``keep`` the key is free again."""

    def __init__(self, owner: str, key: str, fingerprint: str):
        self.owner, self.key, self.fingerprint = owner[:150], key[:200], fingerprint
        self.answer: dict[str, Any] | None = None
        self._row: IdempotencyRecord | None = None
        self._kept = False

    def __enter__(self) -> Once:
        until = time.monotonic() + WAIT
        while True:
            row, made = IdempotencyRecord.objects.get_or_create(
                owner=self.owner, key=self.key, defaults={"fingerprint": self.fingerprint}
            )
            if made:
                self._row = row
                return self
            if row.answer is not None:
                self.answer = row.answer
                return self
            # The process that held it may have died; its transaction is gone with it.
            stale = timezone.now() - STALE
            if IdempotencyRecord.objects.filter(pk=row.pk, answer=None, created_at__lt=stale).delete()[0]:
                continue
            if time.monotonic() > until:
                raise StillRunning
            time.sleep(0.1)

    def keep(self, answer: dict[str, Any]) -> None:
        self._kept = True
        if self._row:
            IdempotencyRecord.objects.filter(pk=self._row.pk).update(answer=answer, status=200)

    def __exit__(self, *exc: Any) -> None:
        if self._row and not self._kept:
            IdempotencyRecord.objects.filter(pk=self._row.pk).delete()
