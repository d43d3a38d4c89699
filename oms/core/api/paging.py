"""Lists are read by keyset: page ten thousand costs what page one costs, and nothing is counted."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Newest row first. ``limit`` rows a page (50 unless said, 200 at most); ``next`` and ``previous`` are
    whole addresses. A primary key never repeats, so no row is met twice and none is missed."""

    ordering = ("-id",)
    page_size = 50
    page_size_query_param = "limit"
    page_size_query_description = "Rows a page; 200 at most."
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor: Any = super().decode_cursor(request)
        except NotFound:
            cursor = False
        place = cursor.position if cursor else None
        if cursor is False or not (place is None or (place.isascii() and place.isdigit())):
            raise ValidationError({"cursor": "This cursor is not one of ours."}, "bad_cursor")
        return cursor
