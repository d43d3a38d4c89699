"""Locks that do not come are given up soon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def impatient(limit: str) -> Iterator[None]:
    """The sessions end with it: one that went back into the pool would give up early in somebody else's test."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{limit}'")
    try:
        yield
    finally:
        connection.close()
        connection.close_pool()
