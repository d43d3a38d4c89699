"""The driver's hands: parcels move on, get lost, come back; refunds are granted. And the carrier's own books.

    advance        {"tracking_code" | "all": true, "to", "at"?, "place"?}
    advance_many   {"tracking_codes": [...], "to", "at"?}            for hundreds in one call
    settle_refunds {"tracking_code" | "all": true, "to": "refunded" | "rejected"}

``to`` is one of ``MOVES``; scans that lie between are filled in. ``at`` is the scan's own time (ISO 8601),
by default now: an earlier time than the last scan's is a late message, which carriers do send.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fulfillment.twins.easypost import objects, trackers
from oms.twinkit.server import Refused

if TYPE_CHECKING:
    from fulfillment.twins.easypost.twin import EasyPost

# to: (status, detail, words, what is filled in before it)
MOVES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "in_transit": ("in_transit", "arrived_at_facility", "Arrived at carrier facility", ()),
    "delayed": ("in_transit", "delayed", "Delayed in transit", ("in_transit",)),
    "out_for_delivery": ("out_for_delivery", "out_for_delivery", "Out for delivery", ("in_transit",)),
    "available_for_pickup": (
        "available_for_pickup",
        "arrived_at_pickup_location",
        "Ready for collection",
        ("in_transit",),
    ),
    "delivered": (
        "delivered",
        "arrived_at_destination",
        "Delivered, left with the recipient",
        ("in_transit", "out_for_delivery"),
    ),
    "return_to_sender": ("return_to_sender", "return", "Returned to sender", ("in_transit",)),
    "failure": ("failure", "delivery_exception", "Could not be delivered", ("in_transit",)),
    "lost": ("failure", "lost", "Lost in transit", ("in_transit",)),
    "damaged": ("failure", "damaged", "Damaged in transit", ("in_transit",)),
    "cancelled": ("cancelled", "cancelled", "Cancelled by the sender", ()),
}
ENDED = ("delivered", "return_to_sender", "cancelled")


def act(twin: EasyPost, verb: str, args: dict[str, Any]) -> dict[str, Any]:
    match verb:
        case "advance":
            if args.get("all"):
                return _advance_all(twin, args, _underway(twin))
            code = str(args.get("tracking_code") or "")
            tracker = _advance(twin, code, args)
            return {"tracker": tracker}
        case "advance_many":
            codes = args.get("tracking_codes")
            if not isinstance(codes, list):
                raise Refused("tracking_codes has to be a list.")
            return _advance_all(twin, args, codes)
        case "settle_refunds":
            return _settle_refunds(twin, args)
    raise LookupError(verb)


def records(twin: EasyPost) -> dict[str, Any]:
    """Shipments and trackers in short, and what the bought labels come to by currency, less the refunds."""
    bought = [each for each in twin.store.scan("shipments") if each["tracking_code"]]
    charged: dict[str, float] = {}
    for each in bought:
        if each["refund_status"] != "refunded":
            rate = each["selected_rate"]
            charged[rate["currency"]] = round(charged.get(rate["currency"], 0) + float(rate["rate"]), 2)
    return {
        "shipments": [_shipment_record(twin, each) for each in twin.store.scan("shipments")],
        "trackers": [
            {
                "id": each["id"],
                "tracking_code": each["tracking_code"],
                "status": each["status"],
                "status_detail": each["status_detail"],
                "events": [
                    {"status": line["status"], "detail": line["status_detail"], "at": line["datetime"]}
                    for line in each["tracking_details"]
                ],
            }
            for each in twin.store.scan("trackers")
        ],
        "bought": len(bought),
        "refunded": sum(each["refund_status"] == "refunded" for each in bought),
        "charged": charged,
        "events": twin.store.count("events"),
        "webhooks": [hook["url"] for hook in twin.store.scan("webhooks")],
    }


def _shipment_record(twin: EasyPost, shipment: dict[str, Any]) -> dict[str, Any]:
    rate, code = shipment["selected_rate"] or {}, shipment["tracking_code"]
    tracker = trackers.of_code(twin, code) if code else None
    return {
        "id": shipment["id"],
        "reference": shipment["reference"],
        "state": shipment["refund_status"] or ("bought" if code else "rated"),
        "carrier": rate.get("carrier"),
        "service": rate.get("service"),
        "cost": rate.get("rate"),
        "currency": rate.get("currency"),
        "tracking_code": code,
        "refund_status": shipment["refund_status"],
        "status": tracker["status"] if tracker else None,
        "created_at": shipment["created_at"],
    }


def _underway(twin: EasyPost) -> list[str]:
    return [each["tracking_code"] for each in twin.store.scan("trackers") if each["status"] not in ENDED]


def _advance_all(twin: EasyPost, args: dict[str, Any], codes: Iterable[Any]) -> dict[str, Any]:
    skipped: dict[str, str] = {}
    advanced = []
    for code in codes:
        try:
            _advance(twin, str(code), args)
            advanced.append(code)
        except Refused as refusal:
            if args.get("to") not in MOVES:
                raise
            skipped[str(code)] = str(refusal)
    return {"advanced": len(advanced), "tracking_codes": advanced, "skipped": skipped}


def _advance(twin: EasyPost, code: str, args: dict[str, Any]) -> dict[str, Any]:
    to = args.get("to")
    if to not in MOVES:
        raise Refused(f"to has to be one of {', '.join(MOVES)}.")
    tracker = trackers.of_code(twin, code)
    if tracker is None:
        raise Refused(f"There is no parcel {code or 'without a tracking code'}.")
    shipment = twin.store.get("shipments", tracker["shipment_id"])
    if to != "cancelled" and shipment and shipment["refund_status"] in ("submitted", "refunded"):
        raise Refused(f"The label of {code} was voided.")
    if tracker["status"] in ENDED:
        raise Refused(f"{code} is {tracker['status']} already.")
    before = tracker["status"]
    final, start = _moment(twin, args.get("at")), _last(tracker)
    passed = {line["status"] for line in tracker["tracking_details"]}
    steps = [name for name in MOVES[to][3] if MOVES[name][0] not in passed and final > start]
    steps.append(to)
    for number, name in enumerate(steps, 1):
        status, detail, words, _ = MOVES[name]
        at = final if name == to else start + (final - start) * number / len(steps)
        place = {**_place(shipment, name), **(args.get("place") or {})}
        line = objects.detail(status, detail, words, objects.stamp(at), tracker["carrier"], place)
        tracker["tracking_details"].append(line)
    tracker["tracking_details"].sort(key=lambda line: line["datetime"])
    latest = tracker["tracking_details"][-1] if final >= start else None
    if latest:
        tracker |= {"status": latest["status"], "status_detail": latest["status_detail"]}
    tracker |= {"updated_at": twin.stamp(), "finalized": tracker["status"] in ENDED}
    if tracker["status"] == "delivered" and shipment:
        tracker["signed_by"] = shipment["to_address"]["name"]
    twin.store.put("trackers", tracker["id"], tracker)
    twin.tell("tracker.updated", tracker, {"status": before})
    return tracker


def _place(shipment: dict[str, Any] | None, move: str) -> dict[str, Any]:
    """Scans on the way are at the sender's town, the last ones at the recipient's."""
    if shipment is None:
        return {}
    at_end = move in ("out_for_delivery", "available_for_pickup", "delivered", "failure")
    address = shipment["to_address" if at_end else "from_address"]
    return {name: address[name] for name in ("city", "state", "country", "zip")}


def _moment(twin: EasyPost, given: Any) -> datetime:
    if not given:
        return twin.now()
    try:
        moment = datetime.fromisoformat(str(given))
    except ValueError:
        raise Refused(f"at is not a time: {given}") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _last(tracker: dict[str, Any]) -> datetime:
    lines = tracker["tracking_details"]
    return datetime.fromisoformat(lines[-1]["datetime"] if lines else tracker["created_at"])


def _settle_refunds(twin: EasyPost, args: dict[str, Any]) -> dict[str, Any]:
    to = args.get("to")
    if to not in ("refunded", "rejected"):
        raise Refused("to has to be refunded or rejected.")
    settled = []
    for shipment in twin.store.all("shipments"):
        wanted = args.get("all") or shipment["tracking_code"] == args.get("tracking_code")
        if not wanted or shipment["refund_status"] != "submitted":
            continue
        shipment |= {"refund_status": to, "updated_at": twin.stamp()}
        if to == "refunded":
            shipment["fees"] = [{**fee, "refunded": True} for fee in shipment["fees"]]
            twin.tell("refund.successful", objects.refund(shipment, twin.stamp()))
        twin.store.put("shipments", shipment["id"], shipment)
        settled.append(shipment["tracking_code"])
    if not settled and not args.get("all"):
        raise Refused(f"No refund of {args.get('tracking_code')} is waiting.")
    return {"settled": settled}
