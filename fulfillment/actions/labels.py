"""Labels: asked for once per parcel and attempt, bought from the carrier by call-then-record, given back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.db import transaction

from fulfillment import carriers
from fulfillment.carriers.base import Account, BoughtLabel, Can, Parcel, PostalAddress, Quote
from fulfillment.models import CarrierAccount, Label, Shipment
from oms.core import effects
from oms.core.actors import Actor
from oms.core.effects import Intent, Result
from oms.core.errors import Permanent, Reason, Refused, Retry
from oms.core.lifecycle import move
from oms.core.models import OutboundEffect
from oms.core.steps import reached

BUY, VOID = "buy_label", "void_label"
TASK = "channels.labels"


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


@transaction.atomic
def void_labels(label_ids: Sequence[int], *, by: Actor) -> list[Label]:
    """Give labels back. One that is not bought yet is simply no longer wanted; a bought one is asked back
    from its carrier. Labels already given back are left alone."""
    labels = list(
        Label.objects.filter(pk__in=label_ids).select_for_update(of=("self",)).order_by("pk")
        .select_related("shipment__fulfillment_order", "carrier_account")
    )  # fmt: skip
    unbought = [label for label in labels if label.state in {"requested", "failed"}]
    waiting = OutboundEffect.objects.filter(key__in=[f"label:{label.pk}" for label in unbought])
    effects.supersede(waiting.values_list("pk", flat=True))
    # One that is being bought this very moment ends as bought, and is then given back by its own task.
    sending = set(waiting.filter(state="sending").values_list("key", flat=True))
    move([x for x in unbought if f"label:{x.pk}" not in sending], "void", by=by, words="No longer wanted.")
    bought = [label for label in labels if label.state == "purchased"]
    move(bought, "ask_void", by=by, words="Asked back from the carrier.")
    effects.intend(
        [
            Intent(
                target=f"carrier:{label.carrier_account.slug}", kind=VOID, key=f"void:{label.pk}",
                subject=f"label:{label.pk}", thread=label.journal_thread, request={"label": label.pk},
            )
            for label in bought
            if label.carrier_account
        ],
        nudge=TASK,
    )  # fmt: skip
    return labels


def buy_and_void(*, blocked: Callable[[Collection[int]], dict[int, str]], limit: int = 25) -> dict[str, int]:
    """Carry out asked-for labels and give-backs: the worker's side.

    ``blocked(order_ids)`` is asked right before buying which orders may not go out after all, and why (the
    channel has been read again): handed in from above, since fulfillment does not know channels.
    """
    bought = effects.run(
        BUY, look=_find, perform=lambda e: _buy(e, blocked), then=_bought, failed=_failed, limit=limit
    )
    voided = effects.run(
        VOID, look=lambda e: None, perform=_void, then=_voided, failed=_void_refused, limit=limit
    )
    return {
        "bought": bought["confirmed"],
        "voided": voided["confirmed"],
        "failed": bought["failed"] + voided["failed"],
    }


def carrier_for(account: CarrierAccount) -> Any:
    return carriers.build(
        account.kind, Account(account.slug, account.base_url, account.credentials or {}, account.options)
    )


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
    bought = carrier.buy(parcel, _quote(effect, label, carrier, parcel))
    reached("labelled")
    return _result(bought)


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


def _void(effect: OutboundEffect) -> Result:
    label = _label(effect)
    carrier = carrier_for(label.carrier_account)  # type: ignore[arg-type]
    if Can.VOID not in carrier.can:
        raise Permanent("cannot_void", "This carrier takes no label back by itself; ask its service.")
    answer = carrier.void(label.external_id)
    if answer == "refused":
        raise Permanent("void_refused", "The carrier does not take the label back.")
    if answer == "submitted":
        raise Retry("the carrier has not decided yet", after=300)
    return Result(label.external_id)


def _voided(effect: OutboundEffect, result: Result) -> None:
    move(
        [_label(effect)],
        "void",
        by=Actor.carrier(effect.target.removeprefix("carrier:")),
        words="Given back.",
    )


def _void_refused(effect: OutboundEffect, error: Permanent) -> None:
    move(
        [_label(effect)], "refuse_void", by=Actor.carrier(effect.target.removeprefix("carrier:")), words=str(error),
        sets={"failure": str(error)[:300]},
    )  # fmt: skip
