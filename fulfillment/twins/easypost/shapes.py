"""What a request must look like. Permissive as the API's test mode: unknown fields pass, wrong ones not."""

from __future__ import annotations

import re
from typing import Any

from fulfillment.twins.easypost.errors import Problem, missing

ADDRESS_FIELDS = (
    "name", "company", "street1", "street2", "city", "state", "zip", "country", "phone", "email",
    "federal_tax_id", "state_tax_id", "carrier_facility",
)  # fmt: skip
SIDES = ("length", "width", "height")
LABEL_FORMATS = ("PNG", "PDF", "ZPL", "EPL2")
Fields = list[tuple[str, str]]


def wrapped(body: Any, name: str) -> dict[str, Any]:
    """The object under ``name``; raises ``Problem`` when it is absent, empty or not an object."""
    inner = body.get(name) if isinstance(body, dict) else None
    if not isinstance(inner, dict) or not inner:
        raise missing(name)
    return inner


def shipment(body: Any) -> dict[str, Any]:
    given = wrapped(body, "shipment")
    absent = [
        (name, "Required and missing.")
        for name in ("to_address", "from_address", "parcel")
        if not given.get(name)
    ]
    if absent:
        raise _invalid("SHIPMENT.INVALID_PARAMS", "shipment", absent)
    for name in ("to_address", "from_address", "return_address", "buyer_address"):
        if given.get(name) is not None:
            address(given[name], name)
    parcel(given["parcel"])
    if not isinstance(given.get("reference"), str | None):
        raise _invalid("SHIPMENT.INVALID_PARAMS", "shipment", [("reference", "must be a string")])
    options(given.get("options"))
    customs(given.get("customs_info"))
    return given


def address(given: Any, name: str) -> None:
    if not isinstance(given, dict):
        raise _invalid("ADDRESS.PARAMETERS.INVALID", "address", [(name, "must be an object")])
    wrong: Fields = [
        (f"{name}.{field}", "must be a string")
        for field in ADDRESS_FIELDS
        if not isinstance(given.get(field), str | None)
    ]
    if wrong:
        raise _invalid("ADDRESS.PARAMETERS.INVALID", "address", wrong)
    country = given.get("country")
    if country and not re.fullmatch(r"[A-Za-z]{2}", country):
        words = f"{country} is not a two-letter country code."
        raise Problem(422, "ADDRESS.COUNTRY.INVALID", words, (f"{name}.country", "is invalid"))


def parcel(given: Any) -> None:
    if not isinstance(given, dict):
        raise _invalid("PARCEL.PARAMETERS.INVALID", "parcel", [("parcel", "must be an object")])
    wrong: Fields = []
    if not positive(given.get("weight")):
        wrong.append(("weight", "must be greater than 0"))
    sides = [side for side in SIDES if given.get(side) is not None]
    wrong += [(side, "must be greater than 0") for side in sides if not positive(given[side])]
    if sides and len(sides) < len(SIDES) and not given.get("predefined_package"):
        wrong += [(side, "is required with the other dimensions") for side in SIDES if side not in sides]
    if wrong:
        raise _invalid("PARCEL.PARAMETERS.INVALID", "parcel", wrong)


def options(given: Any) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        raise _invalid("SHIPMENT.OPTIONS.INVALID", "options", [("options", "must be an object")])
    kind = given.get("label_format")
    if kind is not None and kind not in LABEL_FORMATS:
        raise _invalid("SHIPMENT.POSTAGE.INVALID_FORMAT", "label format", [("label_format", "is invalid")])


def customs(given: Any) -> None:
    """Rates are told without it; but what is there has to be whole. Buying across a border needs it."""
    if given is None:
        return
    items = given.get("customs_items") if isinstance(given, dict) else None
    if not isinstance(items, list) or not items:
        raise _invalid(
            "CUSTOMS_INFO.PARAMETERS.INVALID", "customs_info", [("customs_items", "cannot be blank")]
        )
    wrong: Fields = []
    for item in items:
        if not isinstance(item, dict):
            wrong.append(("customs_items", "must be objects"))
            continue
        wrong += [
            (name, "cannot be blank") for name in ("description", "origin_country") if not item.get(name)
        ]
        wrong += [
            (name, "must be greater than 0")
            for name in ("quantity", "value", "weight")
            if not positive(item.get(name))
        ]
    if wrong:
        raise _invalid("CUSTOMS_ITEM.PARAMETERS.INVALID", "customs_item", wrong)


def bought_rate(body: Any) -> str:
    """The id of the rate to buy."""
    rate = body.get("rate") if isinstance(body, dict) else None
    if not isinstance(rate, dict) or not isinstance(rate.get("id"), str) or not rate["id"]:
        raise missing("rate")
    return str(rate["id"])


def tracker(body: Any) -> dict[str, Any]:
    given = wrapped(body, "tracker")
    code = given.get("tracking_code")
    if not isinstance(code, str) or not re.fullmatch(r"[A-Za-z0-9-]{5,40}", code):
        raise _invalid("TRACKER.INVALID_PARAMS", "tracker", [("tracking_code", "is invalid")])
    return given


def tracking_codes(body: Any) -> list[str]:
    codes = body.get("tracking_codes") if isinstance(body, dict) else None
    if not isinstance(codes, list) or not codes or not all(isinstance(code, str) for code in codes):
        raise missing("tracking_codes")
    if len(codes) > 100:
        raise _invalid("TRACKER.INVALID_PARAMS", "trackers", [("tracking_codes", "are more than 100")])
    return codes


def webhook(body: Any, *, new: bool) -> dict[str, Any]:
    given = body.get("webhook", body) if isinstance(body, dict) else None
    if not isinstance(given, dict) or not given:
        raise missing("webhook")
    if new and not re.match(r"https?://[^/\s]+", str(given.get("url") or "")):
        raise Problem(422, "WEBHOOK.INVALID", "Unable to create webhook.", ("url", "is invalid"))
    if not isinstance(given.get("webhook_secret"), str | None):
        raise Problem(422, "WEBHOOK.INVALID", "Unable to save webhook.", ("webhook_secret", "is invalid"))
    return given


def positive(value: Any) -> bool:
    """Numbers may come as text, as the API takes them."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        return 0 < float(value) < 1e9
    except ValueError:
        return False


def _invalid(code: str, what: str, fields: Fields) -> Problem:
    return Problem(422, code, f"Unable to create {what}, one or more parameters were invalid.", *fields)
