"""Pages of their own: a file of an order, as it was given."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header

from oms.core.personal import sees_people
from orders.models import OrderFile
from orders.rules.file_kinds import KINDS


def file_page(request: HttpRequest, pk: int) -> HttpResponse:
    """It is saved, not opened: of what others wrote only pictures are shown in a window of ours, and nothing in them
    may run or fetch. Nobody can veil what stands in a file, so that it takes the right to see people."""
    if not (request.user.has_perm("orders.view_order") and sees_people(request.user)):
        raise PermissionDenied
    file = get_object_or_404(OrderFile, pk=pk)
    kind = KINDS[file.kind]
    shown = kind.picture and "show" in request.GET
    answer = HttpResponse(
        bytes(file.body), content_type=f"{file.kind}{'; charset=utf-8' if file.text else ''}"
    )
    answer["Content-Disposition"] = content_disposition_header(not shown, file.name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer
