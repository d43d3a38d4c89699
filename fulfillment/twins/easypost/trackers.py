"""Trackers: one for each bought label, and for any other number that somebody wants watched."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fulfillment.twins.easypost import objects, shapes
from fulfillment.twins.easypost.errors import not_found
from fulfillment.twins.easypost.paging import page
from oms.twinkit.wire import Request, Response

if TYPE_CHECKING:
    from fulfillment.twins.easypost.twin import EasyPost


def create(twin: EasyPost, request: Request) -> Response:
    """The same code of the same carrier gives the tracker that is there."""
    given = shapes.tracker(twin.json(request))
    code, carrier = given["tracking_code"], given.get("carrier")
    found = of_code(twin, code)
    if found is not None and carrier in (None, found["carrier"]):
        return Response(200, found, {"Location": f"/api/v2/trackers/{found['id']}"})
    status = objects.TEST_CODES.get(code, "unknown")
    made = objects.tracker(code, carrier or "USPS", twin.stamp())
    if status != "unknown":
        words = status.replace("_", " ").capitalize()
        scan = objects.detail(status, "status_update", words, twin.stamp(), made["carrier"], {})
        made |= {"status": status, "status_detail": "status_update", "tracking_details": [scan]}
    _add(twin, made)
    return Response(200, made, {"Location": f"/api/v2/trackers/{made['id']}"})


def index(twin: EasyPost, request: Request) -> Response:
    code, carrier = request.arg("tracking_code"), request.arg("carrier")
    found, more = page(
        request,
        (
            each
            for each in twin.store.scan("trackers")
            if code in (None, each["tracking_code"]) and carrier in (None, each["carrier"])
        ),
    )
    return Response(200, {"trackers": found, "has_more": more})


def batch(twin: EasyPost, request: Request) -> Response:
    """The trackers of several codes; unknown codes are left out."""
    found = [of_code(twin, code) for code in dict.fromkeys(shapes.tracking_codes(twin.json(request)))]
    return Response(200, {"trackers": [each for each in found if each], "has_more": False})


def get(twin: EasyPost, request: Request, key: str) -> Response:
    return Response(200, _find(twin, key))


def delete(twin: EasyPost, request: Request, key: str) -> Response:
    tracker = _find(twin, key)
    twin.store.delete("trackers", tracker["id"])
    twin.store.delete("tracker_of_code", tracker["tracking_code"])
    return Response(200, {"success": True})


def _find(twin: EasyPost, key: str) -> dict[str, Any]:
    tracker: dict[str, Any] | None = twin.store.get("trackers", key)
    if tracker is None:
        raise not_found()
    return tracker


def of_code(twin: EasyPost, code: str) -> dict[str, Any] | None:
    return twin.store.get("trackers", twin.store.get("tracker_of_code", code))


def start(twin: EasyPost, code: str, carrier: str, shipment: dict[str, Any]) -> None:
    """The tracker of a new label, at its first line: the carrier knows of the parcel and has not seen it."""
    at, sender = twin.now(), shipment["from_address"]
    place = {name: sender[name] for name in ("city", "state", "country", "zip")}
    lines = (
        objects.detail(
            "pre_transit", "label_created", "Shipping Label Created", objects.stamp(at), carrier, place
        ),
    )
    made = objects.tracker(code, carrier, objects.stamp(at), shipment_id=shipment["id"])
    made |= {
        "status": "pre_transit",
        "status_detail": "label_created",
        "weight": shipment["parcel"]["weight"],
        "est_delivery_date": objects.stamp(at + timedelta(days=3)),
        "tracking_details": list(lines),
        "is_return": shipment["is_return"],
    }
    _add(twin, made)


def _add(twin: EasyPost, tracker: dict[str, Any]) -> None:
    twin.store.put("trackers", tracker["id"], tracker)
    twin.store.put("tracker_of_code", tracker["tracking_code"], tracker["id"])
    twin.tell("tracker.created", tracker)


def new_code(twin: EasyPost, carrier: str) -> str:
    """As that carrier writes its numbers; never the same twice, nor again from a store made anew."""
    origin = twin.store.get("meta", "origin")
    if origin is None:
        origin = random.SystemRandom().randrange(1000, 9000)
        twin.store.put("meta", "origin", origin)
    number = origin * 100_000 + twin.store.next("tracking_code")
    match carrier:
        case "USPS":
            return f"9400{number:018d}"
        case "RoyalMail":
            return _universal(number % 100_000_000)
        case "DHLExpress":
            return f"{number:010d}"
    return f"1550{number:010d}"


def _universal(number: int) -> str:
    """The Universal Postal Union's form: two letters, eight digits, a check digit, the country."""
    digits = f"{number:08d}"
    weighed = sum(int(digit) * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = {10: 0, 11: 5}.get(11 - weighed % 11, 11 - weighed % 11)
    return f"RM{digits}{check}GB"
