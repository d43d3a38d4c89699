"""Goods that come back, at the dock: the parcel says which return, then each piece is scanned. A piece that is not
what was sold is counted as what it is, instead of the piece that was awaited."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

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
from inventory.buttons import items_by_code
from inventory.models import Item, Location
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.places import own
from returns.actions.others import Other
from returns.actions.receive import Arrival, receive_returns
from returns.lifecycle import AWAITED
from returns.models import Return
from returns.querysets import orders_by

RECEIVE = "returns.receive_return"
EXPECTED = ("requested", "authorised", "partly_received")
SHOWN = 20
INSTEAD = re.compile(r"instead_(\d{1,18})_(\d{1,18})", re.ASCII)
OTHER = re.compile(r"other_(\d{1,18})_(\d{1,18})", re.ASCII)
COUNT = re.compile(r"\d{1,9}", re.ASCII)


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
    rows = Return.objects.filter(Q(number=text.upper()) | Q(order__in=orders), state__in=EXPECTED)
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
    others = _others(request, wanted)
    asks: Item | str | None = None
    told, status = Told(), 200
    step = request.POST.get("step", "")
    if request.method == "POST" and step == "confirm":
        done, told, status = press(
            request,
            f"return:{rma.pk}",
            lambda: _receive(request, rma, place, (found, others), actor),
            reverse("dock_returns:which"),
        )
        if done:
            return done
    elif step.startswith("other_"):
        others, told = _one_other(step, wanted, found, others)
    elif request.method == "POST":
        code = request.POST.get("code", "").strip()
        found, told = one_more(request, step, wanted, found)
        if step == "scan" and code and not _known(wanted, code):
            item = items_by_code([code]).get(code)
            free = _free(wanted, found, others)
            if item and len(free) == 1:
                others, told = _one_other(f"other_{free[0].key}_{item.pk}", wanted, found, others)
            elif item and free:
                asks = item
                told = Told(
                    gettext("%(item)s is not awaited. Instead of what did it come?") % {"item": item},
                    good=False,
                )
            elif free:
                asks = code
                told = Told(
                    gettext("No item has the code %(code)s. Is it something that is not ours?")
                    % {"code": code},
                    good=False,
                )
    names = {x.key: x.name for x in wanted}
    items = Item.objects.in_bulk({o.item_id for o in others if o.item_id})
    return show(
        request, "return", gettext("Return %(number)s") % {"number": rma.number}, told, status=status, rma=rma,
        rows=[(x, found[x.key]) for x in wanted], left=sum(x.asked for x in wanted), asks=asks,
        asks_item=asks.pk if isinstance(asks, Item) else 0, free=_free(wanted, found, others),
        others=[(o, items.get(o.item_id or 0), names[o.line_id]) for o in others],
    )  # fmt: skip


def _known(wanted: Sequence[Wanted], code: str) -> bool:
    return any(code in x.codes or code.upper() in x.codes for x in wanted)


def _free(wanted: Sequence[Wanted], found: Mapping[int, int], others: Sequence[Other]) -> list[Wanted]:
    """Lines of which a piece has not been counted yet, as itself or as another."""
    gone = Counter(found)
    for other in others:
        gone[other.line_id] += other.quantity
    return [x for x in wanted if gone[x.key] < x.asked]


def _others(request: HttpRequest, wanted: Sequence[Wanted]) -> list[Other]:
    """What the page has counted as another item so far: ``instead_<line>_<item>``, 0 for none of ours."""
    lines = {x.key: x.asked for x in wanted}
    counted = [
        (int(match[1]), int(match[2]), int(str(count)))
        for name, count in request.POST.items()
        if (match := INSTEAD.fullmatch(name)) and COUNT.fullmatch(str(count))
    ]
    return [
        Other(line, min(n, lines[line]), item or None, "" if item else request.POST.get(f"what_{line}", "").strip()[:200])
        for line, item, n in counted
        if n and line in lines
    ]  # fmt: skip


def _one_other(
    step: str, wanted: Sequence[Wanted], found: Mapping[int, int], others: Sequence[Other]
) -> tuple[list[Other], Told]:
    """One piece more that came instead of a line's."""
    match = OTHER.fullmatch(step)
    free = {x.key: x for x in _free(wanted, found, others)}
    line = free.get(int(match[1])) if match else None
    item = Item.objects.filter(pk=int(match[2])).first() if match else None
    if match is None or line is None or (int(match[2]) and item is None):
        return list(others), Told(gettext("Nothing of that is awaited any more."), good=False)
    mine = [o for o in others if (o.line_id, o.item_id) == (line.key, item.pk if item else None)]
    rest = [o for o in others if o not in mine]
    now = Other(
        line.key, sum(o.quantity for o in mine) + 1, item.pk if item else None, mine[0].what if mine else ""
    )
    what = str(item) if item else gettext("Something that is not ours")
    told = gettext("%(what)s: %(n)s instead of %(name)s") % {
        "what": what,
        "n": now.quantity,
        "name": line.name,
    }
    return [*rest, now], Told(told)


def _wanted(rma: Return) -> list[Wanted]:
    """What is still to come."""
    found = []
    for line in rma.lines.all():
        left = line.quantity - line.received
        if left and line.reception in AWAITED:
            item = line.item or (line.order_line.item if line.order_line else None)
            codes = tuple(codes_of(item)) if item else (line.sku,) if line.sku else ()
            found.append(Wanted(line.pk, f"{line.sku} {line.title}".strip(), codes, left))
    return found


def _receive(
    request: HttpRequest, rma: Return, place: Location, came: tuple[dict[int, int], list[Other]], actor: Actor
) -> str:
    if request.POST.get("at_place") != str(place.pk):
        raise Refused(
            Reason(
                "other_place",
                gettext("You are at %(place)s now: go back, or count again here.") % {"place": place},
            )
        )
    key = f"press:{request.POST['press'][:80]}"
    found, others = came
    made = receive_returns([Arrival(rma.pk, found, place.pk, key, others)], by=actor)
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
