"""Packing: every picked piece is scanned into a parcel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from fulfillment.actions.pack import Packing, Parcel, pack
from fulfillment.boxes import boxes_at, suggested
from fulfillment.dock.shared import (
    MOST_PIECES,
    Told,
    codes_of,
    one_more,
    pieces,
    press,
    show,
)
from fulfillment.models import Box, FulfillmentOrder
from fulfillment.rules.scanning import Wanted
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused

MOST_BOXES = 50


def packing(request: HttpRequest, work: FulfillmentOrder, actor: Actor) -> HttpResponse:
    """The form has the pieces of every parcel; the last one is being filled."""
    picked = [
        Wanted(x.pk, f"{x.item.sku} {x.item.name}", tuple(codes_of(x.item)), x.picked)
        for x in work.lines.all()
        if x.picked
    ]
    count = max(1, min(pieces(request, "boxes").get(0, 1), MOST_BOXES))
    keys = {x.key for x in picked}
    boxes = [{k: n for k, n in pieces(request, f"in{i}").items() if k in keys and n} for i in range(count)]
    weights = [min(pieces(request, "weight").get(i, 0), MOST_PIECES) for i in range(count)]
    offered = boxes_at(work.location_id)
    codes = {box.code for box in offered}
    named = [code if (code := request.POST.get(f"box_{i}", "")) in codes else "" for i in range(count)]
    told, status = Told(), 200
    step = request.POST.get("step", "")
    if request.method == "POST" and step == "confirm":
        done, told, status = press(
            request,
            f"pack:{work.pk}",
            lambda: _confirm(work, picked, boxes, weights, named, actor),
            reverse("dock:work", args=[work.pk]),
        )
        if done:
            return done
    elif request.method == "POST":
        left = _left(picked, boxes[:-1])
        if step == "box" and boxes[-1] and count < MOST_BOXES:
            boxes, weights, named, told = (
                [*boxes, {}],
                [*weights, 0],
                [*named, ""],
                Told(gettext("Parcel %(n)s: scan what goes in.") % {"n": count + 1}),
            )
        elif step == "box":
            told = Told(
                gettext("Parcel %(count)s is empty: scan what goes in.") % {"count": count}, good=False
            )
        elif step == "rest":
            boxes[-1] = {x.key: x.asked for x in left if x.asked}
            told = Told(gettext("All that was left is in parcel %(count)s.") % {"count": count})
        else:
            boxes[-1], told = one_more(request, step, left, boxes[-1])
    return show(
        request, "pack", gettext("Pack %(number)s") % {"number": work.number}, told, status=status, work=work, count=len(boxes),
        rows=[(x, boxes[-1].get(x.key, 0)) for x in _left(picked, boxes[:-1])],
        earlier=[(i, box.items(), weights[i], named[i]) for i, box in enumerate(boxes[:-1])], last=len(boxes) - 1,
        prefix=f"in{len(boxes) - 1}_", weight=weights[-1] or "", offered=offered, named=named[-1],
        hint=_hint(work, boxes[-1] or {x.key: x.asked for x in _left(picked, boxes[:-1])}, offered),
    )  # fmt: skip


def _hint(work: FulfillmentOrder, pieces: Mapping[int, int], offered: Sequence[Box]) -> str:
    """The box for what is in the parcel, or for all that is left while it is empty."""
    if not offered:
        return ""
    told = suggested([(x, pieces[x.pk]) for x in work.lines.all() if pieces.get(x.pk)], offered)
    name = next((box.name for box in offered if box.code == told.box), "")
    if not name:
        return gettext("No box holds all of it.")
    return gettext("%(box)s would do, %(by)s") % {"box": name, "by": gettext(told.says)}


def _left(picked: list[Wanted], boxes: list[dict[int, int]]) -> list[Wanted]:
    """What these parcels leave to be packed."""
    return [replace(x, asked=max(0, x.asked - sum(box.get(x.key, 0) for box in boxes))) for x in picked]


def _confirm(
    work: FulfillmentOrder,
    picked: list[Wanted],
    boxes: list[dict[int, int]],
    weights: list[int],
    named: list[str],
    actor: Actor,
) -> str:
    missing = [x for x in _left(picked, boxes) if x.asked]
    if missing:
        raise Refused(
            [
                Reason(
                    "not_all_packed",
                    gettext("%(name)s: %(asked)s not packed yet.") % {"name": x.name, "asked": x.asked},
                )
                for x in missing
            ]
        )
    full = tuple(
        Parcel(box, weight, code) for box, weight, code in zip(boxes, weights, named, strict=True) if box
    )
    made = pack([Packing(work.pk, full)], by=actor)
    parcels = ngettext("%(n)s parcel", "%(n)s parcels", len(made)) % {"n": len(made)}
    return gettext("%(number)s: %(parcels)s, %(kilos)s kg. Now the label.") % {
        "number": work.number,
        "parcels": parcels,
        "kilos": f"{sum(p.weight_g for p in made) / 1000:.1f}",
    }
