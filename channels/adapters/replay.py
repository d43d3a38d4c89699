"""The channel of ``manage.py replay``: orders of a file, as a compact JSON body. There is no network behind it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from channels.adapters.base import Account, Can
from channels.adapters.reading import document, required
from oms.core.errors import Rejected
from oms.core.http import Http
from orders.drafts import NOTHING, AddressDraft, Amount, ChargeDraft, LineDraft, OrderDraft, PaymentDraft

CURRENCY = "GBP"


class Replay:
    """``read`` takes ``{"order": {number, placed_at, customer, email, phone, address, lines, charges}}``:
    a line is ``[sku, title, quantity, unit price]``, a charge ``[kind, title, amount]``; prices hold no tax
    apart. What the file says was bought is taken as paid."""

    kind = "replay"
    can: frozenset[Can] = frozenset()

    def __init__(self, account: Account, http: Http | None = None):
        self.account = account

    def read(self, body: bytes) -> OrderDraft:
        """Raises ``Rejected`` for a body of another shape."""
        order = document(body, "order")["order"]
        try:
            return self._draft(order)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise Rejected("order", "not_an_order", f"the stored order cannot be read: {error!r}") from None

    def _draft(self, order: dict[str, Any]) -> OrderDraft:
        number = str(required(order, "number"))
        at = datetime.fromisoformat(order["placed_at"])
        address = AddressDraft(**order["address"])
        lines = tuple(_line(place, *told) for place, told in enumerate(order["lines"], 1))
        charges = tuple(
            ChargeDraft(kind, title, Amount.same(Decimal(amount))) for kind, title, amount in order["charges"]
        )
        total = sum([line.net for line in lines] + [charge.net for charge in charges], NOTHING)
        paid = PaymentDraft(f"paid-{number}", "external_paid", "succeeded", total, at)
        return OrderDraft(
            source=self.account.slug, external_id=number, number=number, placed_at=at, updated_at=at,
            currency=CURRENCY, shop_currency=CURRENCY, total=total, lines=lines, charges=charges,
            payments=(paid,) if total.customer > 0 else (), email=order["email"], phone=order["phone"],
            customer_name=address.name, customer_external_id=order["customer"],
            shipping_address=address, billing_address=address,
        )  # fmt: skip


def _line(place: int, sku: str, title: str, quantity: int, price: str) -> LineDraft:
    unit = Decimal(price)
    return LineDraft(
        external_id=str(place), title=title or sku, quantity=quantity, net=Amount.same(unit * quantity),
        unit_price=unit, sku=sku,
    )  # fmt: skip
