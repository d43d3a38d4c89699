"""The first page of the dock: where am I, what comes next."""

from __future__ import annotations

from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from fulfillment.actions.pick import start_pick
from fulfillment.dock.shared import PLACE, TILES, need, once, place_of, places, say, show, words_of
from fulfillment.models import FulfillmentOrder
from inventory.models import Location
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused

PICK = "fulfillment.pick_fulfillmentorder"
DOORS = (PICK, "inventory.receive_goods", "returns.receive_return")
TRIED = 50
"""Pieces of work that one press looks at: held ones, and those that another took a moment before."""


def home(request: HttpRequest) -> HttpResponse:
    """POST chooses the place."""
    actor = need(request, *DOORS)
    if request.method == "POST":
        chosen = request.POST.get("place", "")
        mine = next((p for p in places(request.user) if str(p.pk) == chosen), None)
        if mine is None:
            raise Http404
        request.session[PLACE] = mine.pk
        return HttpResponseRedirect(reverse("dock:home"))
    place = place_of(request)
    if place is None or "place" in request.GET:
        return show(request, "places", gettext("Where are you?"), places=places(request.user))
    waiting = FulfillmentOrder.objects.filter(location=place, state="released")
    return show(
        request, "home", gettext("Dock"), picks=request.user.has_perm(PICK), mine=list(_begun(place, actor)[:20]),
        waiting=waiting.order_by()[:1000].count(),
        tiles=[(t, t.count(place, actor) if t.count else None) for t in TILES if request.user.has_perm(t.permission)],
    )  # fmt: skip


def next_work(request: HttpRequest) -> HttpResponse:
    """What this person began and did not finish, else the next work to pick, claimed for her."""
    actor = need(request, PICK)
    place = place_of(request)
    if request.method != "POST" or place is None:
        return HttpResponseRedirect(reverse("dock:home"))
    try:
        number = once(request, f"next:{place.pk}", lambda: _claim(place, actor))
    except Refused as error:
        say(request, words_of(error))
        return HttpResponseRedirect(reverse("dock:home"))
    return HttpResponseRedirect(reverse("dock:work", args=[number]))


def _begun(place: Location, actor: Actor) -> QuerySet[FulfillmentOrder]:
    return FulfillmentOrder.objects.filter(
        location=place, claimed_by=str(actor)[:150], state__in=["picking", "picked", "packed"]
    ).order_by("claimed_at", "pk")  # fmt: skip


def _claim(place: Location, actor: Actor) -> str:
    """The id of the work. Raises :class:`Refused` when nothing waits."""
    begun = list(_begun(place, actor)[:1])
    if begun:
        return str(begun[0].pk)
    released = FulfillmentOrder.objects.filter(location=place, state="released")
    by_due = released.order_by(F("due_at").asc(nulls_last=True), "pk").values_list("pk", flat=True)
    for pk in list(by_due[:TRIED]):
        try:
            start_pick([pk], by=actor)
        except Refused:
            continue  # held, or somebody took it a moment ago
        return str(pk)
    raise Refused(Reason("nothing_to_pick", gettext("Nothing waits to be picked here.")))
