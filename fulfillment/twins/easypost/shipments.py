"""Shipments: rate, buy, void, find again, and the label's file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from fulfillment.twins.easypost import label as drawing
from fulfillment.twins.easypost import objects, shapes, tariff, trackers
from fulfillment.twins.easypost.errors import Problem, not_found
from fulfillment.twins.easypost.paging import page
from oms.twinkit.wire import Request, Response

if TYPE_CHECKING:
    from fulfillment.twins.easypost.twin import EasyPost

NOT_SCANNED = ("unknown", "pre_transit", "cancelled")


def create(twin: EasyPost, request: Request) -> Response:
    given = shapes.shipment(twin.json(request))
    made = objects.shipment(given, twin.stamp())
    if given.get("service"):
        wanted = [
            rate
            for rate in made["rates"]
            if rate["service"] == given["service"] and given.get("carrier") in (None, rate["carrier"])
        ]
        if not wanted:
            words = f"No rate for the service {given['service']}."
            raise Problem(422, "SHIPMENT.RATES.UNAVAILABLE", words, ("service", "is not offered"))
        made = _purchase(twin, request, made, wanted[0])
    twin.store.put("shipments", made["id"], made)
    return Response(201, view(twin, made), {"Location": f"/api/v2/shipments/{made['id']}"})


def index(twin: EasyPost, request: Request) -> Response:
    """Only bought ones unless ``purchased=false`` asks for all."""
    everything = (request.arg("purchased") or "true").lower() == "false"
    found, more = page(
        request, (each for each in twin.store.scan("shipments") if everything or each["tracking_code"])
    )
    return Response(200, {"shipments": [view(twin, each) for each in found], "has_more": more})


def get(twin: EasyPost, request: Request, key: str) -> Response:
    return Response(200, view(twin, find(twin, key)))


def buy(twin: EasyPost, request: Request, key: str) -> Response:
    shipment = find(twin, key)
    wanted = shapes.bought_rate(twin.json(request))
    if shipment["postage_label"]:
        raise Problem(422, "SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment.")
    rate = next((rate for rate in shipment["rates"] if rate["id"] == wanted), None)
    if rate is None:
        raise not_found()
    bought = _purchase(twin, request, shipment, rate)
    twin.store.put("shipments", bought["id"], bought)
    return Response(200, view(twin, bought))


def refund(twin: EasyPost, request: Request, key: str) -> Response:
    """A label that was scanned is refused; a refused one may be asked again."""
    shipment = find(twin, key)
    if not shipment["postage_label"]:
        raise Problem(422, "SHIPMENT.POSTAGE.REQUIRED", "Postage is required for this action.")
    if shipment["refund_status"] in ("submitted", "refunded"):
        raise Problem(422, "SHIPMENT.REFUND.UNAVAILABLE", "A refund was already requested.")
    tracker = trackers.of_code(twin, shipment["tracking_code"])
    scanned = tracker is not None and tracker["status"] not in NOT_SCANNED
    shipment |= {"refund_status": "rejected" if scanned else "submitted", "updated_at": twin.stamp()}
    twin.store.put("shipments", shipment["id"], shipment)
    return Response(200, view(twin, shipment))


def rerate(twin: EasyPost, request: Request, key: str) -> Response:
    shipment = find(twin, key)
    if shipment["postage_label"]:
        raise Problem(422, "SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment.")
    rated = objects.rerate(shipment, twin.stamp())
    twin.store.put("shipments", rated["id"], rated)
    return Response(200, {"rates": rated["rates"]})


def label(twin: EasyPost, request: Request, key: str) -> Response:
    """The shipment, with the label also in ``file_format``."""
    shipment = find(twin, key)
    if not shipment["postage_label"]:
        raise Problem(422, "SHIPMENT.POSTAGE.REQUIRED", "Postage is required for this action.")
    kind = (request.arg("file_format") or "").upper()
    if kind not in ("PDF", "PNG"):
        raise Problem(
            422, "SHIPMENT.POSTAGE.FORMAT_UNAVAILABLE", f"The label cannot be had as {kind or 'nothing'}."
        )
    # Nothing is written: the file's name is made of the shipment's id, and the file when it is asked for.
    url = _url(request, shipment, kind)
    shown = view(twin, shipment)
    shown["postage_label"] |= {"label_pdf_url": url} if kind == "PDF" else {"label_url": url}
    return Response(200, shown)


def file(twin: EasyPost, request: Request, name: str) -> Response:
    """The label itself. Whoever knows the address may read it, as in the real one's bucket."""
    stem, _, kind = name.partition(".")
    shipment = next(
        (each for each in twin.store.scan("shipments") if each["tracking_code"] and _stem(each) == stem), None
    )
    if shipment is None or kind not in ("pdf", "png"):
        return Response(403, "AccessDenied")
    body = drawing.pdf(shipment) if kind == "pdf" else drawing.png(shipment)
    return Response(200, body, {"Content-Type": "application/pdf" if kind == "pdf" else "image/png"})


def find(twin: EasyPost, key: str) -> dict[str, Any]:
    """By id, or by reference: then the newest that has it, for references are not unique here."""
    shipment = twin.store.get("shipments", key)
    if shipment is None:
        named = [each["id"] for each in twin.store.scan("shipments") if each["reference"] == key]
        shipment = twin.store.get("shipments", named[-1]) if named else None
    if shipment is None:
        raise not_found()
    return dict(shipment)


def view(twin: EasyPost, shipment: dict[str, Any]) -> dict[str, Any]:
    """With its tracker as it is now."""
    shown = {**shipment, "postage_label": shipment["postage_label"] and dict(shipment["postage_label"])}
    if shipment["tracking_code"]:
        tracker = trackers.of_code(twin, shipment["tracking_code"])
        shown |= {"tracker": tracker, "status": tracker["status"] if tracker else "unknown"}
    return shown


def _purchase(
    twin: EasyPost, request: Request, shipment: dict[str, Any], rate: dict[str, Any]
) -> dict[str, Any]:
    to = shipment["to_address"]
    wanting = [name for name in ("street1", "city", "country") if not to[name]]
    if not (to["name"] or to["company"]):
        wanting.insert(0, "name")
    if wanting:
        words = f"Unable to buy the label: the recipient's {', '.join(wanting)} is missing."
        raise Problem(422, "SHIPMENT.POSTAGE.FAILURE", words)
    _check_customs(shipment)
    kind = shipment["options"].get("label_format") or "PNG"
    if kind not in ("PDF", "PNG"):
        raise Problem(422, "SHIPMENT.POSTAGE.FORMAT_UNAVAILABLE", f"The label cannot be had as {kind}.")
    at = twin.stamp()
    code = trackers.new_code(twin, rate["carrier"])
    trackers.start(twin, code, rate["carrier"], shipment)
    if rate["carrier"] == "USPS" and to["country"] == "US":
        seen = {name: objects.verified(shipment[name]) for name in ("to_address", "buyer_address")}
        shipment = {**shipment, **seen}
    return {
        **shipment,
        "tracking_code": code,
        "selected_rate": rate,
        "postage_label": objects.postage_label(_url(request, shipment, kind), kind, at),
        "fees": objects.fees(rate),
        "updated_at": at,
    }


def _check_customs(shipment: dict[str, Any]) -> None:
    """In the words of the real one. Inside a customs union nothing is declared."""
    if not tariff.border(shipment["from_address"], shipment["to_address"]):
        return
    declared = shipment["customs_info"]
    if not declared:
        words = (
            "Unable to proceed, 'customs_info' is required for international shipments, shipments bound for US "
            "military bases, or US territories. Please see https://docs.easypost.com/docs/customs-infos for more "
            "information."
        )
        raise Problem(422, "SHIPMENT.POSTAGE.FAILURE", words)
    goods = declared["contents_type"] != "documents"
    wanting = [f"customs_info.{name}" for name in ("contents_type", "customs_signer") if not declared[name]]
    wanting += [
        "customs_items.hs_tariff_number"
        for item in declared["customs_items"]
        if goods and not item["hs_tariff_number"]
    ]
    if shipment["from_address"]["country"] == "US" and not declared["eel_pfc"]:
        wanting.append("customs_info.eel_pfc")
    if wanting:
        words = f"Customs info error: missing required field for non-document shipment: {', '.join(dict.fromkeys(wanting))}"
        raise Problem(422, "SHIPMENT.POSTAGE.FAILURE", words)
    if sum(item["weight"] for item in declared["customs_items"]) > shipment["parcel"]["weight"]:
        raise Problem(
            422, "SHIPMENT.POSTAGE.FAILURE", "Customs info error: the items weigh more than the parcel."
        )


def _stem(shipment: dict[str, Any]) -> str:
    return hashlib.sha256(shipment["id"].encode()).hexdigest()[:34]


def _url(request: Request, shipment: dict[str, Any], kind: str) -> str:
    host = request.headers.get("Host", "localhost")
    return f"http://{host}/files/postage_label/{_stem(shipment)}.{kind.lower()}"
