"""Lists: newest first, cut by ids or times, ``has_more`` when there is another page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fulfillment.twins.easypost.errors import Problem, not_found
from oms.twinkit.wire import Request

DEFAULT, MOST = 20, 100


def page(request: Request, documents: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    """One page of ``documents``, which come oldest first."""
    found = list(documents)[::-1]
    ids = [document["id"] for document in found]
    before, after = request.arg("before_id"), request.arg("after_id")
    if before and after:
        raise _wrong("before_id", "and after_id exclude each other")
    for edge in (before, after):
        if edge and edge not in ids:
            raise not_found()
    if before:
        found = found[ids.index(before) + 1 :]
    if after:
        found = found[: ids.index(after)]
    since, until = request.arg("start_datetime"), request.arg("end_datetime")
    if since:
        found = [document for document in found if document["created_at"] >= since]
    if until:
        found = [document for document in found if document["created_at"] < until]
    size = _size(request)
    # With ``after_id`` the page is the one next to that id, and still newest first.
    kept = found[-size:] if after else found[:size]
    return kept, len(found) > size


def _size(request: Request) -> int:
    given = request.arg("page_size")
    if given is None:
        return DEFAULT
    if not given.isdigit() or given == "0":
        raise _wrong("page_size", "must be a positive number")
    return min(int(given), MOST)


def _wrong(field: str, words: str) -> Problem:
    return Problem(422, "PARAMETER.INVALID", "A parameter of the list is invalid.", (field, words))
