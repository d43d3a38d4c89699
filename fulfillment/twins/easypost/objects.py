"""The API's objects as it writes them: every key is there, ``null`` where nothing is known."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from fulfillment.twins.easypost import shapes, tariff

ACCOUNT = "ca_" + "7" * 32
USER = "user_" + "1" * 32

# EasyPost's own tracking codes for tests, and where a tracker of each stands at once.
TEST_CODES = {
    "EZ1000000001": "pre_transit",
    "EZ2000000002": "in_transit",
    "EZ3000000003": "out_for_delivery",
    "EZ4000000004": "delivered",
    "EZ5000000005": "return_to_sender",
    "EZ6000000006": "failure",
    "EZ7000000007": "unknown",
}


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex}"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def address(given: dict[str, Any], at: str) -> dict[str, Any]:
    values = {name: given.get(name) or None for name in shapes.ADDRESS_FIELDS}
    return {
        "id": new_id("adr"),
        "object": "Address",
        "created_at": at.replace("Z", "+00:00"),
        "updated_at": at.replace("Z", "+00:00"),
        **values,
        "country": (values["country"] or "US").upper(),
        "mode": "test",
        "residential": None,
        "verifications": {},
    }


def verified(address: dict[str, Any]) -> dict[str, Any]:
    """What buying USPS postage leaves on an address of the United States."""
    passed = {"success": True, "errors": [], "details": None}
    return {**address, "residential": False, "verifications": {"zip4": passed, "delivery": passed}}


def parcel(given: dict[str, Any], at: str) -> dict[str, Any]:
    sides = {side: float(given[side]) if given.get(side) is not None else None for side in shapes.SIDES}
    return {
        "id": new_id("prcl"),
        "object": "Parcel",
        "created_at": at,
        "updated_at": at,
        **sides,
        "predefined_package": given.get("predefined_package"),
        "weight": float(given["weight"]),
        "mode": "test",
    }


def customs_info(given: dict[str, Any] | None, at: str) -> dict[str, Any] | None:
    if given is None:
        return None
    names = (
        "contents_explanation", "contents_type", "customs_certify", "customs_signer", "eel_pfc",
        "non_delivery_option", "restriction_comments", "restriction_type", "declaration",
    )  # fmt: skip
    own = {"object": "CustomsInfo", "created_at": at, "updated_at": at}
    items = [_customs_item(item, at) for item in given["customs_items"]]
    values = {name: given.get(name) for name in names}
    return {"id": new_id("cstinfo"), **own, **values, "mode": "test", "customs_items": items}


def _customs_item(given: dict[str, Any], at: str) -> dict[str, Any]:
    names = (
        "description", "hs_tariff_number", "origin_country", "code", "manufacturer", "currency", "eccn",
        "printed_commodity_identifier",
    )  # fmt: skip
    return {
        "id": new_id("cstitem"),
        "object": "CustomsItem",
        "created_at": at,
        "updated_at": at,
        **{name: given.get(name) for name in names},
        "quantity": int(float(given["quantity"])),
        "value": f"{Decimal(str(given['value'])):.2f}",
        "weight": float(given["weight"]),
        "mode": "test",
    }


def shipment(given: dict[str, Any], at: str) -> dict[str, Any]:
    sender, recipient = address(given["from_address"], at), address(given["to_address"], at)
    back, buyer = given.get("return_address"), given.get("buyer_address")
    options = {
        "currency": "USD",
        "payment": {"type": "SENDER"},
        "date_advance": 0,
        **(given.get("options") or {}),
    }
    made: dict[str, Any] = {
        "id": new_id("shp"),
        "created_at": at,
        "is_return": bool(given.get("is_return")),
        "messages": [],
        "mode": "test",
        "options": options,
        "reference": given.get("reference") or None,
        "status": "unknown",
        "tracking_code": None,
        "updated_at": at,
        "batch_id": None,
        "batch_status": None,
        "batch_message": None,
        "customs_info": customs_info(given.get("customs_info"), at),
        "from_address": sender,
        "insurance": None,
        "order_id": None,
        "parcel": parcel(given["parcel"], at),
        "postage_label": None,
        "rates": [],
        "refund_status": None,
        "scan_form": None,
        "selected_rate": None,
        "tracker": None,
        "to_address": recipient,
        "usps_zone": None,
        "return_address": address(back, at) if back else sender,
        "buyer_address": address(buyer, at) if buyer else recipient,
        "forms": [],
        "fees": [],
        "object": "Shipment",
    }
    return rerate(made, at)


def rerate(shipment: dict[str, Any], at: str) -> dict[str, Any]:
    """The same shipment with new rates; the old ones can no longer be bought."""
    found, messages = tariff.offers(shipment)
    rates = [
        {
            "id": new_id("rate"),
            "object": "Rate",
            "created_at": at,
            "updated_at": at,
            "mode": "test",
            "service": offer["service"],
            "carrier": offer["carrier"],
            "rate": offer["rate"],
            "currency": offer["currency"],
            "retail_rate": offer["retail_rate"],
            "retail_currency": offer["currency"],
            "list_rate": offer["list_rate"],
            "list_currency": offer["currency"],
            "billing_type": "easypost",
            "delivery_days": offer["days"],
            "delivery_date": None,
            "delivery_date_guaranteed": False,
            "est_delivery_days": offer["days"],
            "shipment_id": shipment["id"],
            "carrier_account_id": ACCOUNT,
        }
        for offer in found
    ]
    zone = tariff.zone(shipment["from_address"], shipment["to_address"])
    usps = zone if any(rate["carrier"] == "USPS" for rate in rates) else None
    messages = [{**message, "carrier_account_id": ACCOUNT} for message in messages]
    return {**shipment, "rates": rates, "messages": messages, "usps_zone": usps, "updated_at": at}


def scan_form(shipments: list[dict[str, Any]], url: str, form_id: str, at: str) -> dict[str, Any]:
    return {
        "id": form_id,
        "object": "ScanForm",
        "created_at": at,
        "updated_at": at,
        "tracking_codes": [each["tracking_code"] for each in shipments],
        "address": shipments[0]["from_address"],
        "status": "created",
        "message": None,
        "form_url": url,
        "form_file_type": None,
        "batch_id": new_id("batch"),
        "confirmation": None,
    }


def postage_label(url: str, kind: str, at: str) -> dict[str, Any]:
    return {
        "object": "PostageLabel",
        "id": new_id("pl"),
        "created_at": at,
        "updated_at": at,
        "date_advance": 0,
        "integrated_form": "none",
        "label_date": at,
        "label_resolution": 300,
        "label_size": "4x6",
        "label_type": "default",
        "label_file_type": {"PNG": "image/png", "PDF": "application/pdf"}[kind],
        "label_url": url,
        "label_pdf_url": url if kind == "PDF" else None,
        "label_zpl_url": None,
        "label_epl2_url": None,
        "label_file": None,
    }


def fees(rate: dict[str, Any]) -> list[dict[str, Any]]:
    both = (("LabelFee", Decimal(0)), ("PostageFee", Decimal(rate["rate"])))
    return [
        {"object": "Fee", "type": kind, "amount": f"{amount:.5f}", "charged": True, "refunded": False}
        for kind, amount in both
    ]


def tracker(code: str, carrier: str, at: str, *, shipment_id: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": new_id("trk"),
        "object": "Tracker",
        "mode": "test",
        "tracking_code": code,
        "status": "unknown",
        "status_detail": "unknown",
        "created_at": at,
        "updated_at": at,
        "signed_by": None,
        "weight": None,
        "est_delivery_date": None,
        "shipment_id": shipment_id,
        "carrier": carrier,
        "tracking_details": [],
        "fees": [],
        "carrier_detail": None,
    }
    public = base64.b64encode(f"v1:{made['id']}".encode()).decode().rstrip("=")
    return {
        **made,
        "delivery_evidence": [],
        "finalized": False,
        "is_return": False,
        "public_url": f"https://track.easypost.com/{public}",
    }


def detail(
    status: str, status_detail: str, words: str, at: str, source: str, place: dict[str, Any]
) -> dict[str, Any]:
    return {
        "object": "TrackingDetail",
        "message": words,
        "description": "",
        "status": status,
        "status_detail": status_detail,
        "datetime": at,
        "source": source,
        "carrier_code": "",
        "tracking_location": {
            "object": "TrackingLocation",
            **{name: place.get(name) for name in ("city", "state", "country", "zip")},
        },
        "est_delivery_date": None,
    }


def event(
    description: str, result: dict[str, Any], previous: dict[str, Any], urls: list[str], at: str
) -> dict[str, Any]:
    return {
        "description": description,
        "mode": "test",
        "previous_attributes": previous,
        "created_at": at.replace("Z", ".000Z"),
        "pending_urls": urls,
        "completed_urls": [],
        "updated_at": at.replace("Z", ".000Z"),
        "id": new_id("evt"),
        "user_id": USER,
        "status": "pending" if urls else "completed",
        "object": "Event",
        "result": result,
    }


def refund(shipment: dict[str, Any], at: str) -> dict[str, Any]:
    return {
        "id": new_id("rfnd"),
        "object": "Refund",
        "created_at": at,
        "updated_at": at,
        "tracking_code": shipment["tracking_code"],
        "confirmation_number": None,
        "status": shipment["refund_status"],
        "carrier": shipment["selected_rate"]["carrier"],
        "shipment_id": shipment["id"],
    }


def webhook(url: str, headers: list[dict[str, Any]], at: str) -> dict[str, Any]:
    """As the API shows it: without its secret."""
    return {
        "id": new_id("hook"),
        "object": "Webhook",
        "mode": "test",
        "url": url,
        "created_at": at,
        "disabled_at": None,
        "custom_headers": headers,
    }
