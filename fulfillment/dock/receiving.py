"""Receiving: what arrived is scanned, counted and posted."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from fulfillment.dock.shared import (
    MOST_PIECES,
    Told,
    need,
    pieces,
    place_of,
    press,
    show,
)
from inventory.actions.receive_goods import Arrived, receive_goods
from inventory.buttons import items_by_code
from inventory.models import Item, Location
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused


def receiving(request: HttpRequest) -> HttpResponse:
    actor = need(request, "inventory.receive_goods")
    place = place_of(request)
    if place is None:
        return HttpResponseRedirect(reverse("dock:home"))
    got = pieces(request, "got")
    told, status = Told(), 200
    if request.method == "POST" and request.POST.get("step") == "confirm":
        # The place is of the page, not of the session: another tab may have changed that.
        done, told, status = press(
            request, f"receive:{place.pk}", lambda: _post(request, place, got, actor), reverse("dock:home")
        )
        if done:
            return done
    elif request.method == "POST":
        got, told = _scan(request.POST.get("code", "").strip(), got)
    items = {item.pk: item for item in Item.objects.filter(pk__in=got)}
    return show(
        request, "receive", gettext("Receive at %(place)s") % {"place": place}, told, status=status,
        rows=[(items[pk], n) for pk, n in reversed(got.items()) if pk in items], total=sum(got.values()),
        reference=request.POST.get("reference", ""), aside="aside" in request.POST,
    )  # fmt: skip


def _scan(code: str, got: dict[int, int]) -> tuple[dict[int, int], Told]:
    item = items_by_code([code]).get(code) if code else None
    if item is None:
        return got, Told(
            gettext("Unknown: there is no item with the code %(code)s. It was not counted.")
            % {"code": code or gettext("(nothing)")},
            good=False,
        )
    count = min(got.get(item.pk, 0) + 1, MOST_PIECES)
    # The latest scan comes last, and is shown first.
    rest = {pk: n for pk, n in got.items() if pk != item.pk}
    return {**rest, item.pk: count}, Told(f"{item.sku} {item.name}: {count}")


def _post(request: HttpRequest, place: Location, got: dict[int, int], actor: Actor) -> str:
    if request.POST.get("at_place") != str(place.pk):
        raise Refused(
            Reason(
                "other_place",
                gettext("You are at %(place)s now: go back, or count again here.") % {"place": place},
            )
        )
    known = set(Item.objects.filter(pk__in=got).values_list("pk", flat=True))
    aside = "aside" in request.POST
    arrived = [Arrived(pk, n, n if aside else 0) for pk, n in got.items() if n and pk in known]
    if not arrived:
        raise Refused(Reason("nothing_arrived", gettext("Nothing was counted yet: scan what arrived.")))
    receive_goods(
        location_id=place.pk, arrived=arrived, reference=request.POST.get("reference", "").strip()[:80],
        key=f"press:{request.POST['press'][:80]}", by=actor,
    )  # fmt: skip
    count = sum(a.quantity for a in arrived)
    return ngettext("%(n)s piece received at %(place)s.", "%(n)s pieces received at %(place)s.", count) % {
        "n": count,
        "place": place,
    }
