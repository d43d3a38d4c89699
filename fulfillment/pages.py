"""Papers as PDF, behind an address of their own: what buttons' answers link to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from fulfillment.actions.print_customs import print_customs
from fulfillment.actions.print_labels import print_labels
from fulfillment.actions.print_manifest import print_manifest
from fulfillment.actions.print_papers import PDF, print_packing_slips, print_pick_lists
from fulfillment.models import FulfillmentOrder, Manifest, Shipment
from oms.core.errors import Refused
from oms.core.places import elsewhere

MOST = 500
Printed = tuple[bytes, str]
PAPERS: Mapping[str, tuple[str, Any, Callable[[list[int], str], Printed]]] = {
    "labels": ("fulfillment.view_shipment", Shipment, print_labels),
    "customs": ("fulfillment.view_shipment", Shipment, lambda ids, size: (print_customs(ids), PDF)),
    "picks": (
        "fulfillment.view_fulfillmentorder",
        FulfillmentOrder,
        lambda ids, size: (print_pick_lists(ids), PDF),
    ),
    "slips": (
        "fulfillment.view_fulfillmentorder",
        FulfillmentOrder,
        lambda ids, size: (print_packing_slips(ids), PDF),
    ),
    "manifest": ("fulfillment.view_manifest", Manifest, lambda ids, size: (print_manifest(ids[0]), PDF)),
}
"""By name: the permission it needs besides seeing personal data, of which rows it is, and how it is printed."""


def paper_page(request: HttpRequest, kind: str) -> HttpResponse:
    """One paper of the rows ``ids`` (parted by commas); where it is refused, back to where one came from."""
    if kind not in PAPERS:
        return HttpResponse(status=404)
    permission, model, made = PAPERS[kind]
    if not (request.user.has_perm(permission) and request.user.has_perm("orders.view_personal_data")):
        raise PermissionDenied
    ids = [
        int(part)
        for part in request.GET.get("ids", "").split(",")
        if part.isascii() and part.isdigit() and len(part) < 19
    ][:MOST]
    away = elsewhere(request.user, [model(pk=pk) for pk in ids])
    ids = [pk for pk in ids if pk not in away]
    if not ids:
        return HttpResponse(status=404)
    try:
        body, media = made(ids, request.GET.get("size", ""))
    except Refused as error:
        for reason in error.reasons[:20]:
            messages.warning(request, reason.words)
        return HttpResponseRedirect(reverse("admin:index"))
    name = f"{kind}-{ids[0]}.{media.rpartition('/')[2]}"
    return HttpResponse(
        body, content_type=media, headers={"Content-Disposition": f'inline; filename="{name}"'}
    )
