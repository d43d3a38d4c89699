"""Labels are asked for, once per parcel and attempt; the worker buys them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from fulfillment.models import CarrierAccount, Label, Shipment
from oms.core import effects
from oms.core.actors import Actor
from oms.core.effects import Intent
from oms.core.errors import Reason, Refused

BUY, TASK = "buy_label", "channels.labels"


@transaction.atomic
def ask_labels(shipment_ids: Sequence[int], *, account_id: int, service: str = "", by: Actor) -> list[Label]:
    """Ask for a label per parcel; it is bought within moments. ``service`` empty takes the cheapest.

    Raises :class:`Refused` for parcels that have one, or are not packed; then none is asked for.
    """
    account = CarrierAccount.objects.get(pk=account_id)
    parcels = list(
        Shipment.objects.filter(pk__in=shipment_ids)
        .select_for_update(of=("self",))
        .order_by("pk")
        .select_related("fulfillment_order")
        .prefetch_related("labels")
    )
    reasons = [
        Reason("has_label", f"Parcel {p.pk} is {p.get_state_display()}, or its label is being bought.")
        for p in parcels
        if p.state != "draft" or any(label.state in {"requested", "purchased"} for label in p.labels.all())
    ]
    if not account.active:
        reasons.append(Reason("carrier_off", f"{account.name} is switched off."))
    if reasons:
        raise Refused(reasons)
    labels = Label.objects.bulk_create(
        [
            Label(
                shipment=p, attempt=1 + max((label.attempt for label in p.labels.all()), default=0),
                carrier_account=account, service=service,
            )
            for p in parcels
        ]
    )  # fmt: skip
    Shipment.objects.filter(pk__in=shipment_ids).update(carrier_account=account)
    effects.intend(
        [
            Intent(
                target=f"carrier:{account.slug}", kind=BUY, key=f"label:{label.pk}", subject=f"label:{label.pk}",
                thread=label.journal_thread, request={"label": label.pk, "service": service},
            )
            for label in labels
        ],
        nudge=TASK,
    )  # fmt: skip
    return labels
