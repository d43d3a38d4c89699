"""Pages for customers: a signed link is the key, so they show no more than its holder needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from rest_framework.throttling import SimpleRateThrottle

from fulfillment.lifecycle import ParcelState
from fulfillment.models import Shipment, TrackingEvent
from oms.core.links import opened
from orders.models import Order
from orders.rules.progress import COUNTER_WORDS

LEFT = ("unallocated", "backordered", "promised", "released", "picked", "packed")
SCANS = 20


class PortalThrottle(SimpleRateThrottle):
    """So many pages a minute from one address: enough for a customer, too few to try signatures."""

    scope = "portal"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


def portal(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for customers: slowed down by address, never kept, indexed, framed or told of to others."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        throttle = PortalThrottle()
        if throttle.allow_request(request, None):  # type: ignore[arg-type]
            answer = view(request, *args, **kwargs)
        else:
            answer = render(request, "portal/wait.html", status=429)
            answer["Retry-After"] = str(int(throttle.wait() or 60) + 1)
        answer["Cache-Control"] = "private, no-store"
        answer["X-Robots-Tag"] = "noindex, nofollow"
        answer["Referrer-Policy"] = "no-referrer"
        answer["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return answer

    return page


@portal
def tracking_page(request: HttpRequest, token: str) -> HttpResponse:
    """Where the parcels of an order are, and what is still to come. The same 404 for a wrong signature, an
    order that is not there, and a link whose time is over."""
    number = opened("tracking", token)
    order = _order(number) if number else None
    if order is None or _over(order):
        return render(request, "portal/nothing.html", status=404)
    parcels = list(
        Shipment.objects.filter(fulfillment_order__order=order, shipped_at__isnull=False)
        .exclude(state="voided")
        .order_by("shipped_at", "pk")
        .prefetch_related(
            "lines__line__order_line", Prefetch("scans", TrackingEvent.objects.order_by("-at", "-pk"))
        )
    )
    lines = list(order.lines.all())
    context = {
        "company": settings.COMPANY, "order": order, "cancelled": order.state == "cancelled",
        "parcels": [_parcel(parcel) for parcel in parcels],
        "to_come": [told for line in lines if line.stocked and order.state != "cancelled" for told in _left(line)],
        "called_off": [(line.cancelled, line.title) for line in lines if line.cancelled],
    }  # fmt: skip
    return render(request, "portal/tracking.html", context)


def _order(number: str) -> Order | None:
    return Order.objects.filter(number=number).prefetch_related("lines").first()


def _over(order: Order) -> bool:
    life = timedelta(days=settings.TRACKING_LINK_DAYS)
    return order.closed_at is not None and timezone.now() > order.closed_at + life


def _left(line: Any) -> list[tuple[int, str, str]]:
    """Pieces, title, and how far they are, in the console's words."""
    return [(n, line.title, gettext(COUNTER_WORDS[name])) for name in LEFT if (n := getattr(line, name))]


def _parcel(parcel: Shipment) -> dict[str, Any]:
    """No words of the carrier's own: they may name a neighbour."""
    states = {**dict(ParcelState.choices), "return_to_sender": ParcelState.RETURNED_TO_SENDER.label}
    return {
        "parcel": parcel,
        "url": parcel.tracking_url if parcel.tracking_url.startswith(("https://", "http://")) else "",
        # A carrier that has not said a word yet has it all the same.
        "words": states[ParcelState.IN_TRANSIT] if parcel.state in ("draft", "labelled") else parcel.get_state_display(),
        "tone": {"delivered": "good", "exception": "warn", "lost": "bad", "returned_to_sender": "warn"}.get(parcel.state, "busy"),
        "pieces": [(part.quantity, part.line.order_line.title) for part in parcel.lines.all()],
        "scans": [(scan.at, states.get(scan.status, ""), scan.place) for scan in list(parcel.scans.all())[:SCANS] if scan.status in states],
    }  # fmt: skip
