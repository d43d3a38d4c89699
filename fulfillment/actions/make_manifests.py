"""The end of the day: what a carrier takes from a place in one go is written down, each parcel once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from fulfillment.actions.reach_carrier import carrier_for
from fulfillment.carriers.base import Can
from fulfillment.models import CarrierAccount, Label, Manifest, ManifestParcel, Shipment
from oms.core import effects, journal
from oms.core.actors import Actor
from oms.core.columns import insert_rows
from oms.core.effects import Intent
from oms.core.errors import OmsError, Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from oms.core.words import gettext_noop, told

FORM, TASK = "make_manifest", "fulfillment.manifests"


def why_not_manifest(parcel: Shipment) -> list[Reason]:
    """Why this parcel cannot go on a manifest. Reads ``manifested__manifest``."""
    live = next((m.manifest for m in parcel.manifested.all() if not m.dropped), None)
    if live:
        return [Reason("manifested", gettext("It stands on %(number)s.") % {"number": live.number})]
    if parcel.shipped_at is None or parcel.state == "voided":
        return [Reason("not_shipped", gettext("It has not been handed over."))]
    return []


@transaction.atomic
def make_manifests(shipment_ids: Sequence[int], *, own: bool = False, by: Actor) -> list[Manifest]:
    """One manifest per place and carrier. Where the carrier has a form of its own it is asked for within moments,
    unless ``own``: then, and for all other carriers, ours is made at once.

    Raises :class:`Refused` when one of the parcels has not been handed over, or stands on a manifest.
    """
    parcels = list(
        Shipment.objects.filter(pk__in=shipment_ids)
        .select_for_update(of=("self",))
        .order_by("pk")
        .select_related("fulfillment_order__location", "carrier_account")
        .prefetch_related("manifested__manifest")
    )
    reasons = [
        Reason(r.code, told(gettext_noop("%(of)s: %(words)s"), of=parcel, words=r.words))
        for parcel in parcels
        for r in why_not_manifest(parcel)
    ]
    if reasons or not parcels:
        raise Refused(
            reasons
            or Reason("nothing_to_hand_over", gettext("Nothing was handed over that is on no list yet."))
        )
    groups: dict[tuple[int, int | None, str], list[Shipment]] = defaultdict(list)
    for parcel in parcels:
        groups[parcel.fulfillment_order.location_id, parcel.carrier_account_id, parcel.carrier].append(parcel)
    day = timezone.localdate()
    made: list[Manifest] = []
    for (location_id, account_id, carrier), group in groups.items():
        place = group[0].fulfillment_order.location
        made.append(
            Manifest(
                number=f"{place.code}-{day:%Y%m%d}-{group[0].pk}", location_id=location_id,
                carrier_account_id=account_id, carrier=carrier, created_by=str(by)[:150],
            )
        )  # fmt: skip
    _name_apart(made)
    insert_rows(made)
    insert_rows(
        [
            ManifestParcel(manifest=manifest, shipment=parcel)
            for manifest, group in zip(made, groups.values(), strict=True)
            for parcel in group
        ]
    )
    labels = _labels(parcels)
    asked: list[Intent] = []
    ours: list[Manifest] = []
    lines: list[Line] = []
    for manifest, group in zip(made, groups.values(), strict=True):
        kept = [labels[p.pk] for p in group if p.pk in labels]
        account = group[0].carrier_account
        if not own and account and len(kept) == len(group) and _has_form(account, manifest.carrier):
            asked.append(
                Intent(
                    target=f"carrier:{account.slug}", kind=FORM, key=f"manifest:{manifest.pk}",
                    subject=f"manifest:{manifest.pk}", thread=manifest.journal_thread,
                    request={"manifest": manifest.pk, "labels": kept},
                )
            )  # fmt: skip
        else:
            ours.append(manifest)
        lines += [
            Line.of(p, "manifest", f"On the list {manifest.number} for {manifest.carrier or 'the carrier'}.")
            for p in group
        ]
    move(ours, "make", by=by, words="Our own list.")
    effects.intend(asked, nudge=TASK)
    journal.write(lines, by=by)
    return made


def _name_apart(made: Sequence[Manifest]) -> None:
    """A manifest that failed has taken its number: the next try of the same parcels has one of its own."""
    if not made:
        return
    starts = Q()
    for manifest in made:
        starts |= Q(number__startswith=manifest.number)
    taken = set(Manifest.objects.filter(starts).values_list("number", flat=True))
    for manifest in made:
        base, tries = manifest.number, 1
        while manifest.number in taken:
            tries += 1
            manifest.number = f"{base}-{tries}"
        taken.add(manifest.number)


def _labels(parcels: Sequence[Shipment]) -> dict[int, str]:
    rows = (
        Label.objects.filter(shipment__in=parcels, state="purchased").exclude(external_id="").order_by("pk")
    )
    return dict(rows.values_list("shipment_id", "external_id"))


def _has_form(account: CarrierAccount, carrier: str) -> bool:
    try:
        adapter = carrier_for(account)
    except OmsError:  # its adapter is gone: our own list serves as well
        return False
    return Can.MANIFEST in adapter.can and adapter.manifests(carrier)
