"""Labels and the hand-over: bought, or the number of one that is stuck on already; then the parcel leaves."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from fulfillment.actions.ask_labels import ask_labels
from fulfillment.actions.label_by_hand import SILENT, ask_shop, label_by_hand
from fulfillment.actions.ship import ship
from fulfillment.actions.type_tracking import Typed
from fulfillment.buttons.parcels import needs_label
from fulfillment.dock.shared import Told, need, once, refusal, say, show
from fulfillment.models import CarrierAccount, FulfillmentOrder, Shipment
from oms.core.actors import Actor
from oms.core.errors import OmsError, Reason, Refused

CARRIER = "dock_carrier"


def label(request: HttpRequest, work: FulfillmentOrder, actor: Actor) -> HttpResponse:
    told, status, silent = Told(), 200, False
    parcels = list(work.shipments.all())
    bare = [p for p in parcels if needs_label(p)]
    step = request.POST.get("step", "")
    if request.method == "POST":
        try:
            if step == "buy":
                need(request, "fulfillment.buy_label")
                words = once(request, f"buy:{work.pk}", lambda: _buy(bare, actor))
            elif step == "ship":
                need(request, "fulfillment.ship_fulfillmentorder")
                words = once(request, f"ship:{work.pk}", lambda: _ship(work, actor))
            else:
                need(request, "fulfillment.type_tracking")
                words = once(request, f"type:{work.pk}", lambda: _type(request, bare, actor))
        except Refused as error:
            told, status = refusal(error), 409
            silent = any(reason.code == SILENT for reason in error.reasons)
        except OmsError as error:
            told, status = (
                Told(
                    gettext("It did not work: %(error)s. Nothing was lost; try again.") % {"error": error},
                    good=False,
                ),
                409,
            )
        else:
            say(request, words)
            return HttpResponseRedirect(reverse("dock:work", args=[work.pk]))
    labelled = [p for p in parcels if p.state == "labelled"]
    may = request.user.has_perm
    return show(
        request, "label", gettext("Label %(number)s") % {"number": work.number}, told, status=status, work=work, parcels=[_told(p) for p in parcels],
        bare=bare[0] if bare else None, nth=parcels.index(bare[0]) + 1 if bare else 0,
        bought=any(not needs_label(p) and p.state == "draft" for p in parcels),
        ready=bool(parcels) and len(labelled) == len(parcels),
        buys=bool(bare) and may("fulfillment.buy_label") and CarrierAccount.objects.filter(active=True).exists(),
        types=bool(bare) and may("fulfillment.type_tracking"), ships=may("fulfillment.ship_fulfillmentorder"),
        carrier=request.POST.get("carrier") or request.session.get(CARRIER, ""),
        silent=silent, code=request.POST.get("code", "") if silent else "",
        prints=_labels(labelled, work.location.label_paper),
    )  # fmt: skip


def _labels(parcels: list[Shipment], size: str) -> str:
    """Where the labels of these parcels are printed, in the size of the place's printer; empty without any."""
    asked = urlencode({"ids": [p.pk for p in parcels], "size": size}, doseq=True)
    return f"{reverse('console:paper', args=['fulfillment.label'])}?{asked}" if parcels else ""


def _told(parcel: Shipment) -> tuple[Shipment, str, str]:
    """The parcel, how far its label is, and what went wrong with it."""
    labels = list(parcel.labels.all())
    if parcel.state != "draft":
        return parcel, parcel.tracking_number or gettext("no tracking number"), ""
    if not labels:
        return parcel, gettext("no label yet"), ""
    last = labels[-1]
    return (
        (parcel, gettext("no label yet"), last.failure)
        if last.state == "failed"
        else (parcel, gettext("its label is being bought"), "")
    )


def _buy(bare: list[Shipment], actor: Actor) -> str:
    if not bare:
        raise Refused(Reason("has_label", gettext("Every parcel has its label, or it is being bought.")))
    ask_labels([p.pk for p in bare], by=actor)
    return gettext("The label is being bought; it is here in a moment.")


def _type(request: HttpRequest, bare: list[Shipment], actor: Actor) -> str:
    """The number belongs to the parcel that the page named, so that no other gets it."""
    named = request.POST.get("parcel", "")
    parcel = next((p for p in bare if str(p.pk) == named), None)
    if parcel is None:
        raise Refused(Reason("has_label", gettext("This parcel has its label already.")))
    carrier, number = request.POST.get("carrier", "").strip(), request.POST.get("code", "").strip()
    unasked = bool(request.POST.get("unasked"))
    label_by_hand([Typed(parcel.pk, carrier, number)], ask_shop([parcel.pk]), unasked=unasked, by=actor)
    request.session[CARRIER] = carrier
    return gettext("%(carrier)s %(number)s: stuck on.") % {"carrier": carrier, "number": number}


def _ship(work: FulfillmentOrder, actor: Actor) -> str:
    ship([work.pk], by=actor)
    return gettext("%(number)s is on its way.") % {"number": work.number}
