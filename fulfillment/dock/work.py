"""One piece of work, from the shelf to the carrier: picked, packed, labelled, shipped."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext

from fulfillment.dock.labels import label
from fulfillment.dock.packing import packing
from fulfillment.dock.picking import picking
from fulfillment.dock.shared import Told, need, show
from fulfillment.models import FulfillmentLine, FulfillmentOrder, Label, Shipment
from oms.core.actors import Actor
from oms.core.places import own

Page = Callable[[HttpRequest, FulfillmentOrder, Actor], HttpResponse]
LINES = FulfillmentLine.objects.select_related("item").prefetch_related("item__barcodes").order_by("pk")
LABELS = Label.objects.defer("document").order_by("pk")
PAGES: dict[str, tuple[str, tuple[str, ...], Page]] = {
    "picking": ("pick", ("fulfillment.pick_fulfillmentorder",), picking),
    "picked": ("pack", ("fulfillment.pack_fulfillmentorder",), packing),
    "packed": ("label", ("fulfillment.buy_label", "fulfillment.type_tracking", "fulfillment.ship_fulfillmentorder"), label),
}  # fmt: skip
"""By state: how the page is called in its form, who may, and the page."""


def work_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What comes next for this work. A form of a step that is over is answered by that step, which knows whether
    it did it already."""
    work = (
        own(request.user, FulfillmentOrder.objects.filter(pk=pk))
        .select_related("order", "location")
        .prefetch_related(
            Prefetch("lines", LINES), "order__holds",
            Prefetch("shipments", Shipment.objects.exclude(state="voided").order_by("pk")),
            Prefetch("shipments__labels", LABELS),
        )
        .first()
    )  # fmt: skip
    if work is None:
        raise Http404
    sent = request.POST.get("at", "") if request.method == "POST" else ""
    steps = {at: (permissions, page) for at, permissions, page in PAGES.values()}
    at = sent if sent in steps else PAGES[work.state][0] if work.state in PAGES else ""
    if not at:
        need(request, *(name for _, names, _ in PAGES.values() for name in names))
        return show(request, "over", work.number, work=work, offered=work.state == "released")
    permissions, page = steps[at]
    actor = need(request, *permissions)
    if at == "pick" and work.claimed_by and work.claimed_by != str(actor)[:150]:
        who = work.claimed_by.partition(":")[2]
        told = Told(gettext("%(who)s picks this. Take other work.") % {"who": who}, good=False)
        return show(request, "over", work.number, told, status=409 if sent else 200, work=work)
    return page(request, work, actor)
