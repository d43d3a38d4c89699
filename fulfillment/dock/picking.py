"""Picking: every piece is scanned or tapped, or it is said why it is not there."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from fulfillment.actions.pick import Found, confirm_pick
from fulfillment.dock.shared import (
    Told,
    codes_of,
    one_more,
    pieces,
    press,
    show,
)
from fulfillment.models import FulfillmentOrder
from fulfillment.reasons import for_picks
from fulfillment.rules.scanning import Wanted
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused


def picking(request: HttpRequest, work: FulfillmentOrder, actor: Actor) -> HttpResponse:
    wanted = wanted_of(work)
    found = {line.key: min(pieces(request, "found").get(line.key, 0), line.asked) for line in wanted}
    whys = {line.key: request.POST.get(f"why_{line.key}", "") for line in wanted}
    told, status = Told(), 200
    step = request.POST.get("step", "")
    if request.method == "POST" and step == "confirm":
        done, told, status = press(
            request,
            f"pick:{work.pk}",
            lambda: _confirm(work, wanted, found, whys, actor),
            reverse("dock:work", args=[work.pk]),
        )
        if done:
            return done
    elif request.method == "POST":
        found, told = one_more(request, step, wanted, found)
    rows = [(x, found[x.key], whys[x.key]) for x in wanted]
    return show(
        request, "pick", gettext("Pick %(number)s") % {"number": work.number}, told, status=status, work=work, rows=rows,
        reasons=[(r.code, gettext(r.words)) for r in for_picks().values()],
    )  # fmt: skip


def wanted_of(work: FulfillmentOrder) -> list[Wanted]:
    """What is still to be found."""
    found = []
    for line in work.lines.all():
        asked = line.quantity - line.picked - line.short - line.cancelled
        if asked:
            found.append(
                Wanted(
                    line.pk,
                    f"{line.item.sku} {line.item.name}",
                    tuple(codes_of(line.item)),
                    asked,
                    line.item.image_url,
                )
            )
    return found


def _confirm(
    work: FulfillmentOrder, wanted: list[Wanted], found: dict[int, int], whys: dict[int, str], actor: Actor
) -> str:
    open_lines = [x for x in wanted if found[x.key] < x.asked and not whys[x.key]]
    if open_lines:
        raise Refused(
            [
                Reason(
                    "not_all_found",
                    gettext("%(name)s: %(n)s of %(asked)s. Scan the rest, or say why.")
                    % {"name": x.name, "n": found[x.key], "asked": x.asked},
                )
                for x in open_lines
            ]
        )
    reasons = {x.key: whys[x.key] for x in wanted if found[x.key] < x.asked}
    (row,) = confirm_pick([Found(work.pk, found, reasons)], by=actor)
    if row.state == "cancelled":
        return gettext("%(number)s: nothing was found, it is sent from elsewhere.") % {"number": work.number}
    return gettext("%(number)s is picked. Pack it.") % {"number": work.number}
