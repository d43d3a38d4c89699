"""The worker's side of asked-for labels: bought from the carrier by call-then-record."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict
from decimal import Decimal

from django.db import transaction

from fulfillment.actions.ask_labels import BUY
from fulfillment.actions.compare_offers import Bid, active_accounts, ask_all
from fulfillment.actions.declare_customs import READS, why_not_declare
from fulfillment.actions.describe_parcel import describe_parcel
from fulfillment.actions.note_carrier import noting_carrier
from fulfillment.actions.reach_carrier import carrier_for
from fulfillment.actions.void_labels import void_labels
from fulfillment.carriers.base import BoughtLabel, Parcel, Quote
from fulfillment.models import Label, Shipment
from fulfillment.rules.customs import stored
from fulfillment.rules.offers import choose
from fulfillment.rules.offers import stored as stored_offer
from oms.core import effects
from oms.core.actors import SYSTEM, Actor
from oms.core.effects import Result
from oms.core.errors import Permanent, Retry
from oms.core.lifecycle import move
from oms.core.models import OutboundEffect
from oms.core.steps import reached


def buy_labels(
    *, blocked: Callable[[Collection[int]], dict[int, str]], limit: int = 25, target: str | None = None
) -> dict[str, int]:
    """Buy asked-for labels, of one effect's ``target`` or of all.

    ``blocked(order_ids)`` is asked right before buying which orders may not go out after all, and why (the
    channel has been read again): handed in from above, since fulfillment does not know channels.
    """
    done = effects.run(
        BUY,
        look=_find,
        perform=lambda e: _buy(e, blocked),
        then=_bought,
        failed=_failed,
        limit=limit,
        target=target,
    )
    return {"bought": done["confirmed"], "failed": done["failed"]}


def _label(effect: OutboundEffect) -> Label:
    return (
        Label.objects.select_related(
            "shipment__fulfillment_order__location", "shipment__fulfillment_order__order", "carrier_account"
        )
        .prefetch_related(*(f"shipment__{read}" for read in READS[:2]))
        .get(pk=effect.request["label"])
    )


def _key(label: Label) -> str:
    return f"{label.shipment.key}-{label.attempt}"


def _find(effect: OutboundEffect) -> Result | None:
    label = _label(effect)
    if label.carrier_account is None:  # no offer was chosen yet, so nothing can have been bought
        return None
    parcel = describe_parcel(label.shipment, _key(label), label.carrier_account.options)
    found = carrier_for(label.carrier_account).find_label(parcel)
    return _result(found, parcel) if found else None


def _buy(effect: OutboundEffect, blocked: Callable[[Collection[int]], dict[int, str]]) -> Result:
    label = _label(effect)
    if label.state == "voided":
        raise Permanent("not_wanted", "The label is no longer wanted.")
    work = label.shipment.fulfillment_order
    lacking = why_not_declare(label.shipment)
    if lacking:
        raise Permanent(lacking[0].code, " ".join(reason.words for reason in lacking))
    why = blocked([work.order_id]).get(work.order_id)
    if why:
        raise Permanent("order_held", why)
    bid = _bid(effect, label)
    carrier = carrier_for(bid.account)
    with noting_carrier(bid.account.pk):
        bought = carrier.buy(bid.parcel, bid.quote)
    reached("labelled")
    return _result(bought, bid.parcel)


def _bid(effect: OutboundEffect, label: Label) -> Bid:
    """The offer to buy: chosen once and written down before the first try, since another offer would be
    another label, and both could end up paid."""
    kept = effect.request.get("quote")
    if kept and label.carrier_account:
        told = describe_parcel(label.shipment, _key(label), label.carrier_account.options)
        return Bid(label.carrier_account, Quote(**{**kept, "amount": Decimal(kept["amount"])}), told)
    accounts = [label.carrier_account] if label.carrier_account else active_accounts()
    found, problems = ask_all(label.shipment, _key(label), accounts)
    choice = choose(
        [offer for offer, _ in found], shipping_method=label.shipment.fulfillment_order.order.shipping_method,
        carrier=effect.request.get("carrier", ""), service=label.service, by_hand=effect.request.get("by_hand", False),
    )  # fmt: skip
    if choice is None:
        raise Permanent("no_rate", f"Nobody offers {label.service} for this parcel.")
    bid = next(bid for offer, bid in found if offer == choice.offer)
    quote = {**asdict(bid.quote), "amount": str(bid.quote.amount), "ref": dict(bid.quote.ref)}
    effect.request["quote"] = quote
    with transaction.atomic():
        ours = OutboundEffect.objects.filter(pk=effect.pk, attempts=effect.attempts, state="sending")
        if not ours.update(request=effect.request):
            raise Retry("another worker has this label in hands", after=1)
        Label.objects.filter(pk=label.pk).update(
            carrier_account=bid.account, rule=choice.rule, choice=choice.words[:200],
            quotes=[stored_offer(offer) for offer, _ in found], quote_problems=problems,
        )  # fmt: skip
        Shipment.objects.filter(pk=label.shipment_id).update(carrier_account=bid.account)
    return bid


def _result(bought: BoughtLabel, parcel: Parcel) -> Result:
    return Result(
        bought.external_id,
        {
            "carrier": bought.carrier, "service": bought.service, "tracking_number": bought.tracking_number,
            "tracking_url": bought.tracking_url, "amount": str(bought.amount), "currency": bought.currency,
            "type": bought.label_format, "url": bought.label_url, "document": bought.label_body.hex(), "tracker": bought.tracker_id,
            "customs": stored(parcel.customs) if parcel.customs else None,
        },
    )  # fmt: skip


def _bought(effect: OutboundEffect, result: Result) -> None:
    label, r = _label(effect), result.response
    by = _carrier(label)
    move(
        [label], "purchase", by=by, words=f"{r['carrier']} {r['service']} for {r['amount']} {r['currency']}: {label.choice or 'bought'}.",
        sets={
            "external_id": result.remote_id, "carrier": r["carrier"][:60], "service": r["service"][:80],
            "cost": r["amount"], "currency": r["currency"], "document": bytes.fromhex(r["document"]),
            "document_type": r["type"][:40], "document_url": r["url"][:400], "customs": r["customs"], "failure": "",
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
    label = _label(effect)
    move(
        [label], "fail", by=_carrier(label), words=str(error),
        sets={"failure": str(error)[:300]},
    )  # fmt: skip


def _carrier(label: Label) -> Actor:
    return Actor.carrier(label.carrier_account.slug) if label.carrier_account else SYSTEM
