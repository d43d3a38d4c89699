"""What an adapter hands in: an order as its channel tells it, in our words. Pure data, no rules.

Amounts come in pairs: what the customer sees and what the shop books (the same number where the shop
sells in one currency). ``net`` is without tax and after discounts, whatever the channel's own habit, so that

    sum(net + tax over lines and charges) == total

is the law that reconciliation checks. Times are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Amount:
    """The same money twice: in the customer's currency and in the shop's."""

    customer: Decimal
    shop: Decimal

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.customer + other.customer, self.shop + other.shop)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.customer - other.customer, self.shop - other.shop)

    def __neg__(self) -> Amount:
        return Amount(-self.customer, -self.shop)

    def __bool__(self) -> bool:
        return bool(self.customer or self.shop)

    @classmethod
    def same(cls, value: Decimal) -> Amount:
        return cls(value, value)


NOTHING = Amount(Decimal(0), Decimal(0))


@dataclass(frozen=True)
class AddressDraft:
    """``country`` is ISO 3166 alpha-2; everything may be empty, the address check judges it."""

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


@dataclass(frozen=True)
class LineDraft:
    """One line. ``quantity`` is what is still wanted (after edits and removals at the shop), may be 0;
    ``ordered`` is what it was before, where the channel tells (``None``: the same). Units that a refund took
    back are left out of ``quantity`` only by channels that do so themselves.

    ``kind``: ``item`` (stocked), ``custom`` (free text, never stocked), ``gift_card``.
    ``unit_price`` is the shop window's price, informational, up to four decimals.
    """

    external_id: str
    title: str
    quantity: int
    net: Amount
    tax: Amount = NOTHING
    discount: Amount = NOTHING
    unit_price: Decimal = Decimal(0)
    sku: str = ""
    barcode: str = ""
    external_product_id: str = ""
    external_variant_id: str = ""
    kind: str = "item"
    requires_shipping: bool = True
    ordered: int | None = None


@dataclass(frozen=True)
class ChargeDraft:
    """Money that is no line: ``kind`` is shipping, fee, discount or rounding."""

    kind: str
    title: str
    net: Amount
    tax: Amount = NOTHING
    discount: Amount = NOTHING
    code: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class DiscountDraft:
    """What made the prices lower: a code that the customer typed, or the title of what the shop gave by itself. For
    people to read: ``amount`` (positive, without tax where prices are) is taken off in the ``net`` of lines and
    charges already. ``line`` is the external id of the line that it was given on, empty where the channel tells it
    of the whole order or of shipping."""

    code: str
    title: str
    amount: Amount
    line: str = ""


@dataclass(frozen=True)
class PaymentDraft:
    """One fact of the payment ledger. ``kind``: authorisation, capture, void, refund, chargeback,
    external_paid. ``status``: succeeded, pending, failed. ``amount`` is positive."""

    external_id: str
    kind: str
    status: str
    amount: Amount
    at: datetime
    gateway: str = ""


@dataclass(frozen=True)
class RefundLineDraft:
    external_line_id: str
    quantity: int
    net: Amount
    tax: Amount = NOTHING


@dataclass(frozen=True)
class RefundChargeDraft:
    """What was given back of one charge, by its external id."""

    external_id: str
    net: Amount
    tax: Amount = NOTHING


@dataclass(frozen=True)
class RefundDraft:
    """A refund that exists at the shop. ``our_key`` is the key we put there, if it was we who made it.

    ``restocked`` says whether the shop itself put the goods back on its shelf.
    """

    external_id: str
    at: datetime
    total: Amount
    lines: tuple[RefundLineDraft, ...] = ()
    reason: str = ""
    our_key: str = ""
    restocked: bool = False
    charges: tuple[RefundChargeDraft, ...] = ()


def called_off(draft: OrderDraft) -> dict[str, int]:
    """Units of each line (by its external id) that refunds took back and that ``quantity`` still holds."""
    units: dict[str, int] = {}
    for refund in draft.refunds:
        for part in refund.lines:
            units[part.external_line_id] = units.get(part.external_line_id, 0) + part.quantity
    for line in draft.lines:
        if line.external_id in units and line.ordered is not None:
            units[line.external_id] -= line.ordered - line.quantity
    return {key: quantity for key, quantity in units.items() if quantity > 0}


@dataclass(frozen=True)
class OrderDraft:
    """An order as the channel tells it now. Ids are the channel's, scoped by ``source`` (the account's slug).
    ``repeats`` is the number of the order of ours whose goods it sends again, which is no slip of the customer.

    ``tax_rounding`` is where the shop rounds tax: on each ``line``, or once on the ``order``, to ``tax_decimals`` digits;
    empty where nobody told."""

    source: str
    external_id: str
    number: str
    placed_at: datetime
    updated_at: datetime
    currency: str
    shop_currency: str
    total: Amount
    lines: tuple[LineDraft, ...]
    charges: tuple[ChargeDraft, ...] = ()
    discounts: tuple[DiscountDraft, ...] = ()
    payments: tuple[PaymentDraft, ...] = ()
    refunds: tuple[RefundDraft, ...] = ()
    prices_include_tax: bool = False
    tax_rounding: str = ""
    tax_decimals: int | None = None
    email: str = ""
    phone: str = ""
    customer_name: str = ""
    customer_external_id: str = ""
    customer_orders: int | None = None
    shipping_address: AddressDraft = field(default_factory=AddressDraft)
    billing_address: AddressDraft = field(default_factory=AddressDraft)
    shipping_method: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    channel_status: str = ""
    channel_risk: str = ""
    cancelled_at: datetime | None = None
    cancel_reason: str = ""
    test: bool = False
    missing: tuple[str, ...] = ()
    repeats: str = ""
