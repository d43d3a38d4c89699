"""Tables that only grow. PostgreSQL itself refuses to change or delete their rows (the trigger ``append_only`` of
the ``ledger`` migrations); :func:`may_erase` is the one door for whoever empties a whole database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from oms.core.journal import NoTransaction
from oms.core.transactions import in_transaction


@contextmanager
def may_erase() -> Iterator[None]:
    """Rows of append-only tables may be deleted or truncated inside, never updated. Needs a transaction, with
    which the permission ends at the latest."""
    if not in_transaction():
        raise NoTransaction("erasing is allowed inside a transaction only: the permission must end with it")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL oms.may_erase = 'on'")
        yield
        cursor.execute("SET LOCAL oms.may_erase = 'off'")
