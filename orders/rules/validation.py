"""What is wrong with an order before anybody works on it. Looks at facts, answers with findings: each names
the hold it asks for, why, and the line, where it is about one line only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oms.core.errors import Reason
from orders.drafts import AddressDraft
from orders.rules.holds import Finding
from orders.rules.progress import PAYMENT_ALLOWS_WORK


@dataclass(frozen=True)
class Usual:
    """How much of an item a customer usually takes in one order: ``high`` is the quantity that 95 of 100
    orders do not pass, ``seen`` the number of orders counted."""

    seen: int
    high: int


@dataclass(frozen=True)
class LineFacts:
    """``mapped``: do we know which item it is? ``identity`` is what makes two lines the same thing (item
    id, or the channel's SKU while unmapped)."""

    key: Hashable
    title: str
    quantity: int
    mapped: bool = True
    kind: str = "item"
    requires_shipping: bool = True
    sku: str = ""
    identity: Hashable = None
    usual: Usual | None = None


@dataclass(frozen=True)
class Earlier:
    """Another order, not cancelled, that may be the same one: found by mail, phone or customer number."""

    number: str
    placed_at: datetime
    email: str = ""
    phone: str = ""
    customer: str = ""
    lines: tuple[tuple[Hashable, int], ...] = ()


@dataclass(frozen=True)
class ScreenFacts:
    """``missing`` are the words of the channel for what it has not told yet; ``on_terms`` is true where the
    customer pays later by agreement; ``contact_required`` is false for channels that never give one."""

    number: str
    placed_at: datetime
    lines: Sequence[LineFacts]
    payment_status: str
    address: AddressDraft = field(default_factory=AddressDraft)
    email: str = ""
    phone: str = ""
    customer: str = ""
    missing: Sequence[str] = ()
    on_terms: bool = False
    pickup: bool = False
    test: bool = False
    contact_required: bool = True
    earlier: Sequence[Earlier] = ()


@dataclass(frozen=True)
class Limits:
    """``slip_times``: how many times the usual high quantity looks like a slip, from ``slip_from`` pieces
    on and with ``slip_seen`` orders of history. ``duplicate_within``: how close two equal orders are
    suspicious."""

    duplicate_within: timedelta = timedelta(hours=2)
    slip_times: int = 4
    slip_from: int = 10
    slip_seen: int = 10


DEFAULTS = Limits()


def findings(order: ScreenFacts, limits: Limits = DEFAULTS) -> tuple[Finding, ...]:
    """Everything that is wrong, in a fixed order; empty when the order may go on."""
    return (
        *_channel(order),
        *_unmapped(order),
        *_address(order),
        *_contact(order),
        *_payment(order),
        *_duplicate(order, limits),
        *_slips(order, limits),
    )


def _channel(order: ScreenFacts) -> Iterator[Finding]:
    if order.missing:
        told = ", ".join(order.missing)
        yield Finding(
            "channel_incomplete", Reason("channel_incomplete", f"The channel has not told yet: {told}")
        )
    if not any(line.quantity > 0 for line in order.lines):
        yield Finding("channel_incomplete", Reason("no_lines", "The order has no lines"))
    if order.test:
        yield Finding("manual", Reason("test_order", "A test order of the shop: not to be sent"))


def _unmapped(order: ScreenFacts) -> Iterator[Finding]:
    for line in order.lines:
        if line.kind == "item" and line.quantity > 0 and not line.mapped:
            what = f"“{line.title}”" + (f" (SKU {line.sku})" if line.sku else " (no SKU)")
            yield Finding("unmapped_sku", Reason("unmapped_sku", f"{what} is not known here"), line.key)


def _address(order: ScreenFacts) -> Iterator[Finding]:
    """Only what is not there at all; ``orders/rules/address.py`` judges what is."""
    to_send = any(line.requires_shipping and line.quantity > 0 for line in order.lines)
    if not to_send or order.pickup:
        return
    lacking = [
        word
        for word, value in (
            ("street", order.address.line1 or order.address.line2),
            ("town", order.address.city or order.address.postcode),
            ("country", order.address.country),
        )
        if not value.strip()
    ]
    if lacking:
        told = (
            "There is no delivery address"
            if len(lacking) == 3
            else f"The address has no {', no '.join(lacking)}"
        )
        yield Finding("address_invalid", Reason("address_missing", told))


def _contact(order: ScreenFacts) -> Iterator[Finding]:
    if order.contact_required and not order.email.strip() and not order.phone.strip():
        told = "There is neither e-mail nor phone of the customer"
        yield Finding("channel_incomplete", Reason("contact_missing", told))


_UNPAID = {
    "none": "Nothing has been paid",
    "partly_authorised": "Only a part is authorised",
    "partly_paid": "Only a part is paid",
    "voided": "The authorisation was given up",
    "refunded": "The payment was given back",
    "disputed": "The payment is disputed",
}


def _payment(order: ScreenFacts) -> Iterator[Finding]:
    if order.payment_status not in PAYMENT_ALLOWS_WORK and not order.on_terms:
        told = _UNPAID.get(order.payment_status, "The payment is not settled")
        yield Finding("payment_pending", Reason(f"payment_{order.payment_status}", told))


def _duplicate(order: ScreenFacts, limits: Limits) -> Iterator[Finding]:
    """Only the later of two equal orders is held, so that one of them always goes on."""
    if not order.earlier:
        return
    lines = Counter(_identities(order))
    for other in order.earlier:
        apart = order.placed_at - other.placed_at
        if (
            lines
            and timedelta(0) <= apart <= limits.duplicate_within
            and (apart or other.number < order.number)
            and _same_customer(order, other)
            and lines == _bag(other.lines)
        ):
            told = (
                f"The same customer ordered the same things {_minutes(apart)} before, in order {other.number}"
            )
            yield Finding("duplicate_suspect", Reason("duplicate_suspect", told))
            return


def _identities(order: ScreenFacts) -> dict[Hashable, int]:
    bag: Counter[Hashable] = Counter()
    for line in order.lines:
        if line.quantity > 0:
            bag[line.identity if line.identity is not None else (line.sku or line.title)] += line.quantity
    return bag


def _bag(lines: Sequence[tuple[Hashable, int]]) -> Counter[Hashable]:
    bag: Counter[Hashable] = Counter()
    for identity, quantity in lines:
        if quantity > 0:
            bag[identity] += quantity
    return bag


def _same_customer(order: ScreenFacts, other: Earlier) -> bool:
    def digits(phone: str) -> str:
        return "".join(c for c in phone if c.isdigit())[-9:]

    return bool(
        (order.email and order.email.strip().casefold() == other.email.strip().casefold())
        or (order.customer and order.customer == other.customer)
        or (len(digits(order.phone)) >= 7 and digits(order.phone) == digits(other.phone))
    )


def _minutes(apart: timedelta) -> str:
    minutes = int(apart.total_seconds() // 60)
    if minutes < 1:
        return "moments"
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{minutes // 60} hours"


def _slips(order: ScreenFacts, limits: Limits) -> Iterator[Finding]:
    """On the order, not the line: the person who asks the customer wants the whole parcel to wait."""
    for line in order.lines:
        usual = line.usual
        if (
            usual is not None
            and usual.seen >= limits.slip_seen
            and line.quantity >= limits.slip_from
            and line.quantity >= limits.slip_times * max(1, usual.high)
        ):
            told = f"{line.quantity} of “{line.title}”, where {max(1, usual.high)} is already many"
            yield Finding("anomaly", Reason("unusual_quantity", told))
