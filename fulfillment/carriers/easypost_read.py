"""EasyPost's JSON into our words, and our parcel into theirs. Pure: no network, no clock."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_DOWN, ROUND_UP, Decimal, InvalidOperation
from functools import wraps
from typing import Any, TypeVar

from fulfillment.carriers.base import BoughtLabel, CarrierForm, Parcel, PostalAddress, Quote, Scan
from fulfillment.rules.customs import Declaration
from oms.core.errors import Permanent, Rejected, Retry

T = TypeVar("T")

GRAMS_PER_OUNCE = Decimal("28.349523125")
MM_PER_INCH = Decimal("25.4")
TENTH = Decimal("0.1")
# Goods of one kind up to this many dollars leave the United States without a filing of their own.
US_EXEMPT, US_EXEMPTION = Decimal(2500), "NOEEI 30.37(a)"

# A refund asked for or granted: that label must not be used, nor found as the parcel's.
VOIDED = ("submitted", "refunded")
VOID_WORDS = {
    "submitted": "submitted",
    "refunded": "voided",
    "not_applicable": "voided",  # billed when scanned: an unused label costs nothing
    "rejected": "refused",
}
STATUSES = {
    "unknown": "unknown",
    "pre_transit": "pre_transit",
    "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "available_for_pickup": "out_for_delivery",
    "delivered": "delivered",
    "return_to_sender": "return_to_sender",
    "failure": "exception",
    "error": "exception",
    "cancelled": "cancelled",
}
TROUBLE = ("damaged", "delivery_exception", "transit_exception", "refused")
TRY_AGAIN = (
    "RATE_LIMITED", "SHIPMENT.PURCHASE.IN_PROGRESS", "SHIPMENT.POSTAGE.NO_RESPONSE",
    "SHIPMENT.POSTAGE.TIMED_OUT", "REFUND.NO_RESPONSE", "ADDRESS.VERIFY.UPSTREAM_UNAVAILABLE",
)  # fmt: skip


def legible(read: Callable[[Any], T]) -> Callable[[Any], T]:
    """What is not as the contract says becomes :class:`Permanent`, never a ``KeyError`` somewhere above."""

    @wraps(read)
    def reader(given: Any) -> T:
        try:
            return read(given)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise Permanent("unreadable", f"EasyPost's answer cannot be read: {error!r}") from error

    return reader


# --- ours to theirs ----------------------------------------------------------------------------------------


def ounces(grams: int) -> float:
    """To one decimal, upwards: a label for less than the parcel weighs is charged again by the carrier."""
    return float((Decimal(grams) / GRAMS_PER_OUNCE).quantize(TENTH, ROUND_UP))


def inches(millimetres: int) -> float:
    return float((Decimal(millimetres) / MM_PER_INCH).quantize(TENTH, ROUND_UP))


def write_shipment(parcel: Parcel, options: Mapping[str, Any], accounts: Sequence[str]) -> dict[str, Any]:
    """The request that rates a parcel. Raises :class:`Rejected` for one without weight, or with a key of
    other signs than letters, digits, ``-`` and ``_``: it is asked for by path, where others mean more."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", parcel.key):
        raise Rejected("reference", "bad_key", f"{parcel.key!r} cannot be a reference at EasyPost.")
    if parcel.weight_g <= 0:
        raise Rejected("weight", "no_weight", "A parcel needs a weight before a carrier can rate it.")
    box: dict[str, Any] = {"weight": ounces(parcel.weight_g)}
    sides = {"length": parcel.length_mm, "width": parcel.width_mm, "height": parcel.height_mm}
    if all(side > 0 for side in sides.values()):
        box |= {name: inches(side) for name, side in sides.items()}
    shipment: dict[str, Any] = {
        "reference": parcel.key,
        "from_address": write_address(parcel.sender),
        "to_address": write_address(parcel.recipient),
        "parcel": box,
        "options": {**options, **({"invoice_number": parcel.reference} if parcel.reference else {})},
    }
    if accounts:
        shipment["carrier_accounts"] = list(accounts)
    if parcel.customs:
        shipment["customs_info"] = write_customs(parcel.customs, parcel.sender.country, options)
        shipment["options"] = {k: v for k, v in shipment["options"].items() if k != "eel_pfc"}
        shipment["options"]["incoterm"] = parcel.customs.incoterm
        if parcel.customs.eori:
            shipment["tax_identifiers"] = [
                {"entity": "SENDER", "tax_id_type": "EORI", "tax_id": parcel.customs.eori,
                 "issuing_country": parcel.sender.country}
            ]  # fmt: skip
    return {"shipment": shipment}


def write_customs(declared: Declaration, sender_country: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The declaration. Weights are rounded downwards, so that the items never weigh more than their parcel.
    Raises :class:`Rejected` for an export of the United States that needs a filing and names none."""
    told: dict[str, Any] = {
        "contents_type": declared.contents,
        "contents_explanation": "",
        "customs_certify": True,
        "customs_signer": declared.signer,
        "restriction_type": "none",
        "non_delivery_option": "return",
        "customs_items": [
            {
                "description": item.description,
                "quantity": item.quantity,
                "weight": max(
                    0.1, float((Decimal(item.weight_g) / GRAMS_PER_OUNCE).quantize(TENTH, ROUND_DOWN))
                ),
                "value": float(item.value),
                "currency": declared.currency,
                "hs_tariff_number": item.hs_code,
                "origin_country": item.origin,
                "code": item.sku,
            }
            for item in declared.items
        ],
    }
    if sender_country == "US":
        filing = options.get("eel_pfc")
        if not filing and any(item.value > US_EXEMPT for item in declared.items):
            words = (
                "An export worth more than 2500 dollars of one kind needs the number of its filing (eel_pfc)."
            )
            raise Rejected("eel_pfc", "needs_filing", words)
        told["eel_pfc"] = filing or US_EXEMPTION
    return told


def write_address(address: PostalAddress) -> dict[str, str]:
    given = {
        "name": address.name,
        "company": address.company,
        "street1": address.line1,
        "street2": address.line2,
        "city": address.city,
        "state": address.region,
        "zip": address.postcode,
        "country": address.country,
        "phone": address.phone,
        "email": address.email,
    }
    return {name: value for name, value in given.items() if value}


# --- theirs to ours ----------------------------------------------------------------------------------------


@legible
def read_quotes(shipment: Mapping[str, Any]) -> list[Quote]:
    """The offers, cheapest first; :class:`Permanent` with the carriers' own words when there is none."""
    quotes = [
        Quote(
            carrier=rate["carrier"],
            service=rate["service"],
            amount=money(rate["rate"]),
            currency=rate["currency"],
            days=rate.get("delivery_days") or rate.get("est_delivery_days"),
            ref={"shipment_id": rate.get("shipment_id") or shipment["id"], "rate_id": rate["id"]},
        )
        for rate in shipment.get("rates") or ()
    ]
    if not quotes:
        said = [f"{each.get('carrier')}: {each.get('message')}" for each in shipment.get("messages") or ()]
        raise Permanent("no_rates", "; ".join(said) or "No carrier offers to take this parcel.")
    return sorted(quotes, key=lambda quote: quote.amount)


@legible
def read_label(shipment: Mapping[str, Any]) -> BoughtLabel:
    """A bought shipment. Raises :class:`Permanent` for one that is not."""
    label = shipment.get("postage_label")
    if not label or not shipment.get("tracking_code"):
        raise Permanent("not_bought", f"EasyPost's shipment {shipment.get('id')} has no label.")
    rate = shipment.get("selected_rate") or {}
    tracker = shipment.get("tracker") or {}
    return BoughtLabel(
        external_id=shipment["id"],
        carrier=rate.get("carrier") or tracker.get("carrier") or "",
        service=rate.get("service") or "",
        tracking_number=shipment["tracking_code"],
        tracking_url=tracker.get("public_url") or "",
        amount=money(rate.get("rate") or "0"),
        currency=rate.get("currency") or "USD",
        label_url=label.get("label_url") or label.get("label_pdf_url") or "",
        label_format=(label.get("label_file_type") or "").rpartition("/")[2].upper(),
        tracker_id=tracker.get("id") or "",
    )


@legible
def read_form(form: Mapping[str, Any]) -> CarrierForm:
    """A scan form. Raises :class:`Permanent` for one that failed, ``Retry`` for one that is not made yet."""
    if form["status"] == "failed":
        raise Permanent("form_failed", form.get("message") or "The carrier could not make its form.")
    if not form.get("form_url"):
        raise Retry("EasyPost is still making the form.", after=10)
    return CarrierForm(form["id"], tuple(form.get("tracking_codes") or ()), form["form_url"])


@legible
def read_scans(tracker: Mapping[str, Any]) -> list[Scan]:
    """Every scan in the order of its own time. Where the tracker itself stands elsewhere than its last scan
    (cancelled, say), one more tells that."""
    code, scans = tracker["tracking_code"], []
    for line in tracker.get("tracking_details") or ():
        status = read_status(line.get("status"), line.get("status_detail"))
        place = line.get("tracking_location") or {}
        scans.append(
            Scan(
                tracking_number=code,
                status=status,
                words=line.get("message") or line.get("description") or status,
                at=moment(line.get("datetime")),
                place=", ".join(filter(None, (place.get(name) for name in ("city", "state", "country")))),
                external_id=f"{tracker['id']}:{line.get('datetime')}:{line.get('status')}:{line.get('message')}",
            )
        )
    scans.sort(key=lambda scan: scan.at)
    now = read_status(tracker.get("status"), tracker.get("status_detail"))
    if now != "unknown" and (not scans or scans[-1].status != now):
        at = moment(tracker.get("updated_at"))
        words = now.replace("_", " ").capitalize()
        key = f"{tracker['id']}:{tracker.get('updated_at')}:{tracker.get('status')}"
        scans.append(Scan(tracking_number=code, status=now, words=words, at=at, external_id=key))
    return scans


def read_status(status: str | None, detail: str | None) -> str:
    if detail == "lost":
        return "lost"
    known = STATUSES.get(status or "", "unknown")
    return "exception" if detail in TROUBLE and known in ("in_transit", "out_for_delivery") else known


@legible
def read_event(body: bytes) -> list[Scan]:
    """The scans an event tells of; none for events about other things."""
    result = json.loads(body).get("result") or {}
    return read_scans(result) if result.get("object") == "Tracker" else []


def read_error(status: int, body: bytes) -> Permanent | Retry:
    """An answer of 400 and above as one of our errors."""
    try:
        error = json.loads(body)["error"]
        code, words = str(error.get("code") or ""), error.get("message")
        fields = [each for each in error.get("errors") or () if isinstance(each, dict) and each.get("field")]
    except (ValueError, KeyError, AttributeError, TypeError):
        return Permanent(f"http_{status}", f"EasyPost answered {status}.")
    said = f"EasyPost: {words if isinstance(words, str) else json.dumps(words)}"
    if code in TRY_AGAIN:
        return Retry(said)
    if fields:
        told = "; ".join(f"{each['field']} {each.get('message') or ''}".strip() for each in fields)
        return Rejected(str(fields[0]["field"]), code or f"http_{status}", f"{said} ({told})")
    return Permanent(code or f"http_{status}", said)


def money(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Permanent("unreadable", f"{value!r} is not an amount") from None


def moment(value: Any) -> datetime:
    """In UTC. Scans come with the offset of their place, or in UTC."""
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        raise Permanent("unreadable", f"{value!r} is not a time") from None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
