"""Labels are asked for, once per parcel and attempt; the worker buys them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Prefetch
from django.utils.translation import gettext

from fulfillment.actions.declare_customs import READS, why_not_declare
from fulfillment.models import CarrierAccount, Label, Shipment
from oms.core import effects
from oms.core.actors import Actor
from oms.core.effects import Intent
from oms.core.errors import Reason, Refused

BUY, TASK, ANY = "buy_label", "channels.labels", "any"


@transaction.atomic
def ask_labels(
    shipment_ids: Sequence[int],
    *,
    account_id: int | None = None,
    service: str = "",
    carrier: str = "",
    by_hand: bool = False,
    by: Actor,
) -> list[Label]:
    """Ask for a label per parcel; it is bought within moments. Without ``account_id`` the offers of all accounts
    are looked at, and without ``service`` the rule of ``rules/offers.py`` takes one; ``by_hand`` says that a
    person chose it among several.

    Raises :class:`Refused` for parcels that have one, are not packed, or lack what customs want to know; then
    none is asked for.
    """
    account = CarrierAccount.objects.get(pk=account_id) if account_id else None
    parcels = list(
        Shipment.objects.filter(pk__in=shipment_ids)
        .select_for_update(of=("self",))
        .order_by("pk")
        .select_related("fulfillment_order__location", "fulfillment_order__order")
        .prefetch_related(Prefetch("labels", Label.objects.defer("document")), *READS[:2])
    )
    reasons = [
        Reason(
            "has_label",
            gettext("Parcel %(pk)s is %(state)s, or its label is being bought.")
            % {"pk": p.pk, "state": p.get_state_display()},
        )
        for p in parcels
        if p.state != "draft" or any(label.state in {"requested", "purchased"} for label in p.labels.all())
    ]
    if account and not account.active:
        reasons.append(Reason("carrier_off", gettext("%(name)s is switched off.") % {"name": account.name}))
    reasons += [reason for p in parcels for reason in why_not_declare(p)]
    if reasons:
        raise Refused(list(dict.fromkeys(reasons)))
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
                target=f"carrier:{account.slug if account else ANY}", kind=BUY, key=f"label:{label.pk}", subject=f"label:{label.pk}",
                thread=label.journal_thread, request={"label": label.pk, "service": service, "carrier": carrier, "by_hand": by_hand},
            )
            for label in labels
        ],
        nudge=TASK,
    )  # fmt: skip
    return labels
