"""Reads that several doors share."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef

from inventory.models import Reservation
from orders.models import Order, OrderLine


def reservations_of(order: Order) -> list[Reservation]:
    """The order's reservations with their places, oldest first; read once for an order that is at hand."""
    kept: list[Reservation] | None = getattr(order, "_reservations", None)
    if kept is None:
        keys = [line.demand_key for line in order.lines.all()]
        kept = list(Reservation.objects.filter(demand_key__in=keys).select_related("location").order_by("id"))
        order._reservations = kept  # type: ignore[attr-defined]
    return kept


def refund_limit(user: Any) -> Decimal | None:
    """The most that this person may give back in one go; ``None`` is no limit."""
    return None if user.has_perm("orders.issue_large_refund") else Decimal(settings.REFUND_LIMIT_CLERK)


def people_of(order_ids: Sequence[int]) -> dict[int, list[str]]:
    """What the words about each order may not tell to those who need not know its people."""
    names = ("customer_name", "email", "phone", "shipping_address", "billing_address")
    found: dict[int, list[str]] = {}
    for pk, *facts, ship_to, bill_to in Order.objects.filter(pk__in=order_ids).values_list("pk", *names):
        own = ("name", "company", "line1", "line2", "postcode", "phone")
        found[pk] = [*facts, *(str(side.get(part, "")) for side in (ship_to, bill_to) for part in own)]
    return found


def with_something_to_send() -> Exists:
    """Orders of which a line that needs a parcel is neither sent nor cancelled."""
    open_lines = OrderLine.objects.filter(
        order=OuterRef("pk"), kind=OrderLine.Kind.ITEM, requires_shipping=True,
        ordered__gt=F("shipped") + F("cancelled"),
    )  # fmt: skip
    return Exists(open_lines)
