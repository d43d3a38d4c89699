"""Reads that several doors share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import F, Q, QuerySet

from fulfillment.models import Shipment
from orders.models import Order, OrderLine
from returns.models import Return


def could_be_of(rma: Return) -> QuerySet[Order]:
    """Orders of which something of these items was sent and has not come back, the latest first."""
    items = [line.item_id for line in rma.lines.all()]
    lines = OrderLine.objects.filter(item__in=items, shipped__gt=F("returned"))
    return Order.objects.filter(pk__in=lines.values("order_id")).order_by("-placed_at", "-pk")


def orders_by(text: str) -> QuerySet[Order]:
    """Orders by what a person at the dock can read off a parcel: our number, the shop's, an e-mail address, the
    number of the parcel that was sent."""
    text = text.strip()
    where = Q(number=text.upper()) | Q(external_number__in={text, text.lstrip("#"), f"#{text.lstrip('#')}"})
    if "@" in text:
        where = Q(email=text.lower())
    sent = Shipment.objects.filter(tracking_number=text).values("fulfillment_order__order_id")
    return Order.objects.filter(where | Q(pk__in=sent)).order_by("-placed_at", "-pk")


def senders_of_returns(return_ids: Sequence[int]) -> dict[int, list[str]]:
    """By return: what was noted of a parcel without papers. It may be a name that no order of ours knows, so all of
    it is taken for one."""
    return _senders("pk", return_ids)


def senders_of_orders(order_ids: Sequence[int]) -> dict[int, list[str]]:
    """The same by the order that they were found to be of."""
    return _senders("order_id", order_ids)


def _senders(by: str, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    came = Return.objects.filter(
        **{f"{by}__in": ids}, lines__item__isnull=False, lines__instead_of=None
    ).exclude(reason="")
    for pk, text in came.order_by().values_list(by, "reason").distinct():
        found[pk].append(text)
    return found
