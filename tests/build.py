"""Builders: everything is made by the actions that people and channels use."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from inventory.actions.receive_goods import Arrived, receive_goods
from inventory.models import Item, Location, StockLevel
from oms.core.actors import SYSTEM
from orders.actions.place import Placing, place_orders
from orders.drafts import AddressDraft, Amount, ChargeDraft, LineDraft, OrderDraft, PaymentDraft
from orders.models import Order

_numbers = itertools.count(1)

NOTTINGHAM = AddressDraft(
    name="Ada Smith", line1="12 Castle Gate", city="Nottingham", postcode="NG1 7AQ", country="GB"
)


def item(sku: str = "", *, weight_g: int = 500, **kwargs: object) -> Item:
    sku = sku or f"SKU-{next(_numbers)}"
    return Item.objects.get_or_create(
        sku=sku, defaults={"name": f"Thing {sku}", "weight_g": weight_g, **kwargs}
    )[0]


def location(code: str = "MAIN", **kwargs: object) -> Location:
    defaults = {
        "name": code.title(), "line1": "1 Dock Road", "city": "Nottingham", "postcode": "NG1 1AA", "country": "GB",
        "latitude": 52.95, "longitude": -1.15, **kwargs,
    }  # fmt: skip
    return Location.objects.get_or_create(code=code, defaults=defaults)[0]


def stock(it: Item, quantity: int, at: Location | None = None) -> None:
    at = at or location()
    receive_goods(
        location_id=at.pk,
        arrived=[Arrived(it.pk, quantity)],
        reference="test",
        key=f"test-{next(_numbers)}",
        by=SYSTEM,
    )


def level(it: Item, at: Location | None = None) -> StockLevel:
    return StockLevel.objects.get(item=it, location=at or location())


def draft(
    lines: Sequence[tuple[str, int]] = (("A", 1),),
    *,
    price: str = "10.00",
    paid: bool = True,
    **kwargs: object,
) -> OrderDraft:
    """An order of (sku, quantity) lines at one price, 20 % tax on top, 5.00 shipping, paid unless said."""
    number = str(next(_numbers))
    net = Decimal(price)
    parts = [
        LineDraft(
            external_id=f"{number}-{i}", title=f"Thing {sku}", quantity=quantity, sku=sku, unit_price=net,
            net=Amount.same(net * quantity), tax=Amount.same(net * quantity * Decimal("0.2")),
        )
        for i, (sku, quantity) in enumerate(lines, 1)
    ]  # fmt: skip
    charges = (ChargeDraft("shipping", "Post", Amount.same(Decimal("5.00")), Amount.same(Decimal("1.00"))),)
    total = sum((p.net + p.tax for p in (*parts, *charges)), Amount.same(Decimal(0)))
    at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    payments = (PaymentDraft(f"pay-{number}", "capture", "succeeded", total, at),) if paid else ()
    fields: dict[str, object] = {
        "source": "test-shop", "external_id": number, "number": number, "placed_at": at, "updated_at": at,
        "currency": "GBP", "shop_currency": "GBP", "total": total, "lines": tuple(parts), "charges": charges,
        "payments": payments, "email": f"ada{number}@example.com", "shipping_address": NOTTINGHAM,
        "billing_address": NOTTINGHAM, **kwargs,
    }  # fmt: skip
    return OrderDraft(**fields)  # type: ignore[arg-type]


def mapped(d: OrderDraft, known: Mapping[str, int]) -> Mapping[str, int]:
    return {line.external_id: known[line.sku] for line in d.lines if line.sku in known}


def place(*drafts: OrderDraft) -> list[Order]:
    """Take drafts in as ingest would, items found by SKU."""
    skus = {line.sku for d in drafts for line in d.lines}
    known = dict(Item.objects.filter(sku__in=skus).values_list("sku", "pk"))
    keys = place_orders([Placing(d, f"T-{d.number}", mapped(d, known)) for d in drafts], by=SYSTEM)
    made = Order.objects.in_bulk(keys)
    return [made[key] for key in keys]


def order(lines: Sequence[tuple[str, int]] = (("A", 1),), **kwargs: object) -> Order:
    return place(draft(lines, **kwargs))[0]  # type: ignore[arg-type]
