"""What every reader of an order needs: exact numbers, aware times, and the named rounding line. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from oms.core.errors import Rejected
from oms.core.money import quantum
from orders.drafts import NOTHING, Amount, ChargeDraft

# How we sign what we leave at a shop, so that it can be found again: "Damaged in the post [oms:refund-41]".
SIGNATURE = re.compile(r"\s*\[oms:([^\]\s]+)\]")

MOST = 10  # units in the last place that may be called rounding


def signed(words: str, key: str) -> str:
    return f"{words} [oms:{key}]".strip()


def unsigned(text: str | None) -> tuple[str, str]:
    """``(words, key)`` of a text that may carry our signature; the key is empty where it does not."""
    found = SIGNATURE.search(text or "")
    return SIGNATURE.sub("", text or "").strip(), found.group(1) if found else ""


def document(body: bytes, key: str) -> dict[str, Any]:
    """The stored JSON body, decimals exact. Raises ``Rejected`` unless it has an object under ``key``."""
    try:
        found = json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise Rejected("body", "not_json", f"the stored body is not JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get(key), dict):
        raise Rejected("body", "not_an_order", f"the stored body has no object '{key}'")
    return found


def required(source: Mapping[str, Any], name: str) -> Any:
    """A value that no order can be without. Raises ``Rejected(name, "missing")``."""
    value = source.get(name)
    if value is None or value == "":
        raise Rejected(name, "missing", f"{name} is missing")
    return value


def number(value: Any, field: str) -> Decimal:
    """An exact number; strings and numbers alike, since plug-ins turn one into the other. Nothing is zero."""
    if value is None or value == "":
        return Decimal(0)
    if isinstance(value, float | bool):
        raise Rejected(field, "not_a_number", f"{field}: {value!r} is not an exact number")
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation:
        raise Rejected(field, "not_a_number", f"{field}: {value!r} is not a number") from None
    if not exact.is_finite():
        raise Rejected(field, "not_a_number", f"{field}: {value!r} is not a number")
    return exact


def whole(value: Any, field: str) -> int:
    """A count of pieces. Half a piece is refused, never rounded."""
    exact = number(value, field)
    if exact != exact.to_integral_value():
        raise Rejected(field, "not_whole", f"{field}: {value!r} is not a whole number")
    return int(exact)


def moment(value: Any, field: str) -> datetime | None:
    """An ISO 8601 time as UTC; one without a zone is taken as UTC. Nothing is ``None``."""
    if value is None or value == "":
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise Rejected(field, "not_a_time", f"{field}: {value!r} is not a time") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def required_moment(source: Mapping[str, Any], name: str) -> datetime:
    found = moment(required(source, name), name)
    assert found is not None
    return found


def rounding(
    total: Amount, nets: Sequence[Amount], taxes: Sequence[Amount], currency: str
) -> list[ChargeDraft]:
    """The line that makes up for figures the shop rounded one by one, as a list of none or one.

    Shops that round tax on the whole order, or convert each figure to a second currency, show parts that
    miss their own total by a hair. Each figure shown, and the total, may be off by half a unit in its last
    place and no more. A gap within that is named ``rounding``; a greater one is left standing, for
    reconciliation to hold, and so is one above ``MOST`` units, however many lines there are to blame.
    """
    gap = total - sum((*nets, *taxes), NOTHING)
    if not gap:
        return []
    taxed = any(taxes)
    figures = [total, *(net for net in nets if net), *(tax for tax in taxes if taxed)]
    for left, parts in (
        (gap.customer, [figure.customer for figure in figures]),
        (gap.shop, [figure.shop for figure in figures]),
    ):
        finest = min(Decimal(1).scaleb(int(part.as_tuple().exponent)) for part in parts)
        unit = min(finest, quantum(currency))
        if abs(left) > min(unit / 2 * len(parts), unit * MOST):
            return []
    return [ChargeDraft("rounding", "Rounding", gap)]
