"""The end of the day: lists of what the carriers took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from fulfillment.actions.close_day import close_day, waiting_parcels
from fulfillment.actions.make_manifests import make_manifests, why_not_manifest
from fulfillment.buttons.asking import told_parcels
from fulfillment.models import Manifest, Shipment
from inventory.models import Location
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import ask
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason


def _form(rows: Sequence[Any]) -> type[forms.Form]:
    return ask(
        paper=forms.ChoiceField(
            label=gettext("on paper"),
            initial="carrier",
            choices=[
                ("carrier", gettext("the carrier's own form, where it has one")),
                ("own", gettext("our own list for all")),
            ],
        )
    )


def _preview(parcels: Any) -> Preview:
    rows = list(parcels.select_related("fulfillment_order__location"))
    count = Counter(
        (p.fulfillment_order.location.name, p.carrier or gettext("no carrier named")) for p in rows
    )
    kilos: Counter[tuple[str, str]] = Counter()
    for p in rows:
        kilos[p.fulfillment_order.location.name, p.carrier or "no carrier named"] += p.weight_g
    facts = [
        (
            gettext("%(carrier)s, from %(place)s") % {"carrier": carrier, "place": place},
            gettext("%(parcels)s, %(kilos)s kg")
            % {"parcels": told_parcels(n), "kilos": f"{kilos[place, carrier] / 1000:.1f}"},
        )
        for (place, carrier), n in sorted(count.items())
    ]
    if not facts:
        return Preview(gettext("Nothing was handed over that is on no list yet."))
    return Preview(gettext("One list for each carrier. A parcel stands on one list only."), facts=facts[:50])


def _told(made: Sequence[Manifest]) -> Outcome:
    lists = ngettext("%(n)s list", "%(n)s lists", len(made)) % {"n": len(made)}
    ready = [manifest for manifest in made if manifest.state == "made"]
    waits = (
        gettext(" %(n)s come from the carrier within moments.") % {"n": len(made) - len(ready)}
        if len(ready) < len(made)
        else ""
    )
    names = ", ".join(f"{m.number} ({m.carrier or 'no carrier named'})" for m in made[:5])
    paper = (
        f"{reverse('console:paper', args=['fulfillment.manifest'])}?ids={','.join(str(m.pk) for m in ready)}"
    )
    link = (gettext("print it") if len(ready) == 1 else gettext("print them"), paper) if ready else None
    return Outcome(f"{lists}: {names}.{waits}", done=len(made), link=link)


def _close(ids: Ids, actor: Actor, data: Data) -> Outcome:
    return _told(close_day(ids, own=data["paper"] == "own", by=actor))


def _list(ids: Ids, actor: Actor, data: Data) -> Outcome:
    return _told(make_manifests(ids, own=data["paper"] == "own", by=actor))


def _not_close(rows: Sequence[Location]) -> dict[int, list[Reason]]:
    waiting = set(
        waiting_parcels([row.pk for row in rows])
        .order_by()
        .values_list("fulfillment_order__location", flat=True)
        .distinct()
    )
    none = [Reason("nothing_to_hand_over", gettext("Nothing was handed over that is on no list yet."))]
    return {row.pk: none for row in rows if row.pk not in waiting}


BUTTONS = (
    Button(
        name="fulfillment.close_day", label=_("End of day"), model="inventory.location", run=_close, rank=20,
        permission="fulfillment.make_manifest", shown=lambda place: place.ships, refusals=_not_close, form=_form,
        preview=lambda ids, data: _preview(waiting_parcels(ids)),
        words=_("List what the carriers took today, for their drivers to sign."),
    ),
    Button(
        name="fulfillment.make_manifest", label=_("Put on a manifest"), model="fulfillment.shipment", run=_list, rank=35,
        permission="fulfillment.make_manifest",
        shown=lambda parcel: parcel.state == "labelled" and parcel.shipped_at is not None,
        reads=("manifested__manifest",), refusals=each(why_not_manifest), form=_form,
        preview=lambda ids, data: _preview(Shipment.objects.filter(pk__in=ids)),
        words=_("A list for the carrier of these parcels alone."),
    ),
)  # fmt: skip
