"""A cursor whose values travel beside the statement, so that the server parses and plans a statement that comes
again and again only once. Django's own cursor writes the values into the text: every statement is a new one."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor


class _Cursor(ServerBindingCursor):
    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> Any:
        done = super().execute(query, params, **kwargs)  # type: ignore[misc]
        # What Django's log of queries shows; of a prepared one psycopg keeps no text.
        self._query = SimpleNamespace(query=str(query).encode())
        return done


def prepared() -> contextlib.AbstractContextManager[Any]:
    """Like ``connection.cursor()``, for hand-written SQL whose text is always the same. A type that the server cannot
    see from the statement has to be said in it (``%s::bigint[]``). How often a statement comes before it is prepared
    is the connection's ``prepare_threshold``."""
    connection.ensure_connection()
    cursor: Any = _Cursor
    return connection._prepare_cursor(cursor(connection.connection))  # type: ignore[attr-defined]
