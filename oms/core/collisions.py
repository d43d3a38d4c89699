"""Collisions: two transactions in each other's way, of which the database gives one up.

A deadlock, a serialization failure and a lock that did not come in time leave nothing behind, so the whole may be
carried out again. Whoever opens a transaction for one deed (a button, a call of the API, a reaction, the inbox) does
it through :func:`again`, which counts what it met: see "Collisions" in the console.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import DatabaseError, OperationalError, connection
from django.utils.translation import gettext
from psycopg.pq import TransactionStatus

from oms.core.errors import Reason
from oms.core.transactions import in_transaction

log = logging.getLogger("oms.collisions")

R = TypeVar("R")

KINDS = {"40P01": "deadlock", "40001": "serialization", "55P03": "lock_timeout"}
"""By PostgreSQL's code."""

TRIES = 4
PATIENCE = 20.0
"""After so many seconds nobody begins again: somebody waits for the answer."""
PAUSE = 0.03
"""Seconds before the second try, then twice as long each; give or take a half, so that two do not meet again."""


def busy() -> Reason:
    """For whoever it was not carried out for."""
    return Reason(
        "busy",
        gettext(
            "Somebody else is changing the same thing, so this was not done. Look at it again, and press once more."
        ),
    )


def kind_of(error: BaseException) -> str:
    """Which collision it is; empty for every other error."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else None
    return KINDS.get(getattr(cause, "sqlstate", None) or "", "")


def again(door: str, work: Callable[[], R]) -> R:
    """``work()``, from the start once more where it collided, a few times; its last error when that does not help.

    Only a whole transaction can be carried out again: not inside one of the caller's, and not where ``work``
    committed something before it collided. ``work`` must be able to run twice: what it needs it takes anew, and what it
    changes is in the database.
    """
    began, tries = time.monotonic(), 0
    while True:
        tries += 1
        try:
            with _committed() as committed:
                return work()
        except OperationalError as error:
            kind = kind_of(error)
            if not kind or in_transaction():
                raise
            last = committed() or tries == TRIES or time.monotonic() - began > PATIENCE
            count(error, door, given_up=last)
            if last:
                raise
            log.info("%s: %s, once more", door, kind)
        time.sleep(PAUSE * 2 ** (tries - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret


_COUNT = """
INSERT INTO core_collision (kind, door, hour, met, given_up) VALUES (%s, %s, date_trunc('hour', now()), 1, %s)
    ON CONFLICT (hour, kind, door) DO UPDATE SET met = core_collision.met + 1, given_up = core_collision.given_up + EXCLUDED.given_up
"""


def count(error: BaseException, door: str, *, given_up: bool) -> None:
    """One more collision in this hour, whoever else asks for the same; other errors are none. Written after the
    fact, in a transaction of its own. It fails nobody."""
    kind = kind_of(error)
    if not kind or getattr(error, "counted", False):
        return
    error.counted = True  # type: ignore[attr-defined]
    try:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [kind, door[:120], int(given_up)])
    except DatabaseError as failure:
        log.warning("%s at %s could not be counted: %s", kind, door, failure)


_READS = ("SELECT", "SET ", "SHOW")


@contextmanager
def _committed() -> Iterator[Callable[[], bool]]:
    """Has a transaction before the last one written anything? Then that stands, and must not be done twice."""
    stands = wrote = False

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal stands, wrote
        if connection.connection.info.transaction_status == TransactionStatus.IDLE:  # the one before is over
            stands, wrote = stands or wrote, False
        result = execute(sql, params, many, context)
        wrote = wrote or in_transaction() or not sql.lstrip().upper().startswith(_READS)
        return result

    with connection.execute_wrapper(note):
        yield lambda: stands
