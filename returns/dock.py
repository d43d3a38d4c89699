"""Goods that come back, at the dock: the parcel says which return, then each piece is scanned."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext

from fulfillment.dock.shared import (
    Told,
    codes_of,
    need,
    one_more,
    pieces,
    place_of,
    press,
    show,
)
from fulfillment.rules.scanning import Wanted
from inventory.models import Location
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.places import own
from returns.actions.receive import Arrival, receive_returns
from returns.models import Return
from returns.querysets import orders_by

RECEIVE = "returns.receive_return"
AWAITED = ("requested", "authorised", "partly_received")
SHOWN = 20


def which(request: HttpRequest) -> HttpResponse:
    """Which return is it? By its own number, or by what else stands on the parcel."""
    need(request, RECEIVE)
    if place_of(request) is None:
        return HttpResponseRedirect(reverse("dock:home"))
    if request.method != "POST":
        return show(request, "returns", gettext("Goods come back"), rows=[])
    text = request.POST.get("code", "").strip()[:200]
    rows = list(_awaited(request, text)[:SHOWN]) if text else []
    if len(rows) == 1:
        return HttpResponseRedirect(reverse("dock_returns:one", args=[rows[0].pk]))
    told = (
        Told(gettext("Several are awaited: which is it?"))
        if rows
        else Told(gettext("No return is awaited by %(text)s. Scan again, or take it in without papers.") % {"text": text or gettext("(nothing)")}, good=False)
    )  # fmt: skip
    return show(request, "returns", gettext("Goods come back"), told, rows=rows, papers=not rows)


def _awaited(request: HttpRequest, text: str) -> QuerySet[Return]:
    orders = orders_by(text).order_by().values("pk")
    rows = Return.objects.filter(Q(number=text.upper()) | Q(order__in=orders), state__in=AWAITED)
    found: QuerySet[Return] = own(request.user, rows.select_related("order").order_by("-pk"))
    return found


def one(request: HttpRequest, pk: int) -> HttpResponse:
    actor = need(request, RECEIVE)
    place = place_of(request)
    if place is None:
        return HttpResponseRedirect(reverse("dock:home"))
    rma = (
        own(request.user, Return.objects.filter(pk=pk))
        .prefetch_related("lines__order_line__item__barcodes", "lines__item__barcodes")
        .first()
    )
    if rma is None:
        raise Http404
    wanted = _wanted(rma)
    counted = pieces(request, "found")
    found = {line.key: min(counted.get(line.key, 0), line.asked) for line in wanted}
    told, status = Told(), 200
    step = request.POST.get("step", "")
    if request.method == "POST" and step == "confirm":
        done, told, status = press(
            request,
            f"return:{rma.pk}",
            lambda: _receive(request, rma, place, found, actor),
            reverse("dock_returns:which"),
        )
        if done:
            return done
    elif request.method == "POST":
        found, told = one_more(request, step, wanted, found)
    return show(
        request, "return", gettext("Return %(number)s") % {"number": rma.number}, told, status=status, rma=rma,
        rows=[(x, found[x.key]) for x in wanted], left=sum(x.asked for x in wanted),
    )  # fmt: skip


def _wanted(rma: Return) -> list[Wanted]:
    """What is still to come."""
    found = []
    for line in rma.lines.all():
        left = line.quantity - line.received
        if left and line.reception in {"awaiting", "partly"}:
            item = line.item or (line.order_line.item if line.order_line else None)
            codes = tuple(codes_of(item)) if item else (line.sku,) if line.sku else ()
            found.append(Wanted(line.pk, f"{line.sku} {line.title}".strip(), codes, left))
    return found


def _receive(request: HttpRequest, rma: Return, place: Location, found: dict[int, int], actor: Actor) -> str:
    if request.POST.get("at_place") != str(place.pk):
        raise Refused(
            Reason(
                "other_place",
                gettext("You are at %(place)s now: go back, or count again here.") % {"place": place},
            )
        )
    key = f"press:{request.POST['press'][:80]}"
    made = receive_returns([Arrival(rma.pk, found, place.pk, key)], by=actor)
    count = sum(r.quantity for r in made)
    return gettext("%(number)s: %(count)s received, set aside until somebody has looked at it.") % {
        "number": rma.number,
        "count": count,
    }


see = admin.site.admin_view
app_name = "dock_returns"
urlpatterns = [
    path("", see(which), name="which"),
    path("<int:pk>/", see(one), name="one"),
]
