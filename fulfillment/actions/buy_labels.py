"""The worker's side of asked-for labels: bought from the carrier by call-then-record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from fulfillment.actions.ask_labels import BUY
from fulfillment.actions.reach_carrier import carrier_for
from fulfillment.actions.void_labels import void_labels
from fulfillment.carriers.base import BoughtLabel, Parcel, PostalAddress, Quote
from fulfillment.models import Label
from oms.core import effects
from oms.core.actors import Actor
from oms.core.effects import Result
from oms.core.errors import Permanent
from oms.core.lifecycle import move
from oms.core.models import OutboundEffect


def buy_labels(*, blocked: Callable[[Collection[int]], dict[int, str]], limit: int = 25) -> dict[str, int]:
    """Buy asked-for labels.

    ``blocked(order_ids)`` is asked right before buying which orders may not go out after all, and why (the
    channel has been read again): handed in from above, since fulfillment does not know channels.
    """
    done = effects.run(
        BUY, look=_find, perform=lambda e: _buy(e, blocked), then=_bought, failed=_failed, limit=limit
    )
    return {"bought": done["confirmed"], "failed": done["failed"]}


def _label(effect: OutboundEffect) -> Label:
    return Label.objects.select_related(
        "shipment__fulfillment_order__location", "shipment__fulfillment_order__order", "carrier_account"
    ).get(pk=effect.request["label"])


def _parcel(label: Label) -> Parcel:
    parcel, work = label.shipment, label.shipment.fulfillment_order
    place, to = work.location, work.order.shipping_address
    return Parcel(
        key=f"{parcel.key}-{label.attempt}", weight_g=parcel.weight_g, reference=work.number,
        sender=PostalAddress(
            name=place.name, company=place.company, line1=place.line1, line2=place.line2, city=place.city,
            region=place.region, postcode=place.postcode, country=place.country, phone=place.phone,
        ),
        recipient=PostalAddress(
            **{k: to.get(k, "") for k in ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")},
            email=work.order.email,
        ),
    )  # fmt: skip


def _find(effect: OutboundEffect) -> Result | None:
    label = _label(effect)
    found = carrier_for(label.carrier_account).find_label(_parcel(label))  # type: ignore[arg-type]
    return _result(found) if found else None


def _buy(effect: OutboundEffect, blocked: Callable[[Collection[int]], dict[int, str]]) -> Result:
    label = _label(effect)
    if label.state == "voided":
        raise Permanent("not_wanted", "The label is no longer wanted.")
    work = label.shipment.fulfillment_order
    why = blocked([work.order_id]).get(work.order_id)
    if why:
        raise Permanent("order_held", why)
    carrier, parcel = carrier_for(label.carrier_account), _parcel(label)  # type: ignore[arg-type]
    return _result(carrier.buy(parcel, _quote(effect, label, carrier, parcel)))


def _quote(effect: OutboundEffect, label: Label, carrier: Any, parcel: Parcel) -> Quote:
    """The offer to buy: chosen once and written down before the first try, since another offer would be
    another label, and both could end up paid."""
    kept = effect.request.get("quote")
    if kept:
        return Quote(**{**kept, "amount": Decimal(kept["amount"])})
    quotes = [q for q in carrier.rates(parcel) if not label.service or q.service == label.service]
    if not quotes:
        raise Permanent("no_rate", f"The carrier offers {label.service or 'nothing'} for this parcel.")
    quote = _cheapest(quotes)
    effect.request["quote"] = {**asdict(quote), "amount": str(quote.amount), "ref": dict(quote.ref)}
    OutboundEffect.objects.filter(pk=effect.pk, attempts=effect.attempts).update(request=effect.request)
    return quote


def _cheapest(quotes: Sequence[Quote]) -> Quote:
    return min(quotes, key=lambda q: (q.amount, q.days if q.days is not None else 99, q.service))


def _result(bought: BoughtLabel) -> Result:
    return Result(
        bought.external_id,
        {
            "carrier": bought.carrier, "service": bought.service, "tracking_number": bought.tracking_number,
            "tracking_url": bought.tracking_url, "amount": str(bought.amount), "currency": bought.currency,
            "type": bought.label_format, "url": bought.label_url, "document": bought.label_body.hex(), "tracker": bought.tracker_id,
        },
    )  # fmt: skip


def _bought(effect: OutboundEffect, result: Result) -> None:
    label, r = _label(effect), result.response
    by = Actor.carrier(effect.target.removeprefix("carrier:"))
    move(
        [label], "purchase", by=by, words=f"{r['carrier']} {r['service']} for {r['amount']} {r['currency']}.",
        sets={
            "external_id": result.remote_id, "carrier": r["carrier"][:60], "service": r["service"][:80],
            "cost": r["amount"], "currency": r["currency"], "document": bytes.fromhex(r["document"]),
            "document_type": r["type"][:40], "document_url": r["url"][:400], "failure": "",
        },
    )  # fmt: skip
    OutboundEffect.objects.filter(pk=effect.pk).update(
        response={**r, "document": f"{len(r['document']) // 2} bytes"}
    )
    sets = {
        "carrier": r["carrier"][:60], "service": r["service"][:80], "tracking_number": r["tracking_number"][:80],
        "tracking_url": r["tracking_url"][:400], "tracker_id": r["tracker"][:80],
    }  # fmt: skip
    moved = move(
        [label.shipment], "label", by=by, words=f"Tracking number {r['tracking_number']}.", sets=sets
    )
    if moved.refused:  # the parcel was taken back meanwhile: a label nobody needs costs money
        void_labels([label.pk], by=by)


def _failed(effect: OutboundEffect, error: Permanent) -> None:
    move(
        [_label(effect)], "fail", by=Actor.carrier(effect.target.removeprefix("carrier:")), words=str(error),
        sets={"failure": str(error)[:300]},
    )  # fmt: skip
