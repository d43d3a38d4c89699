"""Scan forms: one sheet for all that a carrier takes from one address, each shipment on one form only."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from fulfillment.twins.easypost import label as drawing
from fulfillment.twins.easypost import objects, shipments
from fulfillment.twins.easypost.errors import Problem, missing, not_found
from fulfillment.twins.easypost.shapes import wrapped
from oms.twinkit.wire import Request, Response

if TYPE_CHECKING:
    from fulfillment.twins.easypost.twin import EasyPost

CODE = "SCANFORM.INVALID_PARAMS"


def create(twin: EasyPost, request: Request) -> Response:
    given = wrapped(twin.json(request), "scan_form")
    named = given.get("shipment") or given.get("shipments")
    if not isinstance(named, list) or not all(isinstance(each, dict) and each.get("id") for each in named):
        raise missing("shipments")
    found = [shipments.find(twin, str(each["id"])) for each in named]
    _check(twin, found)
    form_id = objects.new_id("sf")
    url = f"http://{request.headers.get('Host', 'localhost')}/files/scan_form/{_stem(form_id)}.pdf"
    form = objects.scan_form(found, url, form_id, twin.stamp())
    twin.store.put("scan_forms", form["id"], form)
    for each in found:
        twin.store.put("shipments", each["id"], {**each, "scan_form": form, "updated_at": twin.stamp()})
    return Response(200, form)


def get(twin: EasyPost, request: Request, key: str) -> Response:
    form = twin.store.get("scan_forms", key)
    if form is None:
        raise not_found()
    return Response(200, form)


def file(twin: EasyPost, request: Request, name: str) -> Response:
    form = next((each for each in twin.store.scan("scan_forms") if f"{_stem(each['id'])}.pdf" == name), None)
    if form is None:
        return Response(403, "AccessDenied")
    return Response(200, drawing.form(form), {"Content-Type": "application/pdf"})


def _check(twin: EasyPost, found: list[dict[str, Any]]) -> None:
    for each in found:
        name = each["id"]
        if not each["postage_label"]:
            raise Problem(422, CODE, f"{name} has no postage label.", ("shipments", "are not all purchased"))
        if each["refund_status"] in ("submitted", "refunded"):
            raise Problem(422, CODE, f"{name} was refunded.", ("shipments", "are not all valid"))
        if each["scan_form"]:
            raise Problem(
                422, CODE, f"{name} is on a scan form already.", ("shipments", "are on a form already")
            )
        carrier = each["selected_rate"]["carrier"]
        if carrier not in twin.config["scan_form_carriers"]:
            raise Problem(
                422, CODE, f"{carrier} does not support scan forms.", ("carrier", "is not supported")
            )
    senders = {(each["from_address"]["street1"], each["from_address"]["zip"]) for each in found}
    if len(senders) > 1 or len({each["selected_rate"]["carrier"] for each in found}) > 1:
        words = "All shipments of a scan form need the same carrier and sender."
        raise Problem(422, CODE, words, ("shipments", "differ"))


def _stem(form_id: str) -> str:
    return hashlib.sha256(form_id.encode()).hexdigest()[:34]
