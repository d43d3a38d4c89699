"""The small Protocols that a channel may speak, and the data that crosses them.

An adapter is made with ``(account: Account, http: Http)`` and only translates: network, no database. It
raises ``Retry``, ``Permanent`` or ``Rejected`` (``oms.core.errors``) and nothing else. Every method is a
batch where the wire allows it. Each flag in ``can`` promises the methods of the Protocol beside it; the
registry checks that at start.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from oms.core.errors import Rejected
from orders.drafts import OrderDraft


class Can(enum.StrEnum):
    PULL_ORDERS = "pull_orders"
    PULL_REFUNDS = "pull_refunds"
    RECEIVE_WEBHOOKS = "receive_webhooks"
    PULL_LISTINGS = "pull_listings"
    TELL_TAX_RULE = "tell_tax_rule"
    PUSH_STOCK = "push_stock"
    CONFIRM_SHIPMENT = "confirm_shipment"
    TELL_REPLACEMENT = "tell_replacement"
    ISSUE_REFUND = "issue_refund"
    CANCEL_ORDER = "cancel_order"
    READ_FILE = "read_file"


@dataclass(frozen=True)
class Account:
    """What an adapter needs to know of its account. Secrets never show in ``repr``."""

    slug: str
    base_url: str
    credentials: Mapping[str, str] = field(repr=False, default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RawOrder:
    """One order as the wire gave it; ``body`` is the channel's own JSON, byte for byte where possible."""

    external_id: str
    updated_at: datetime
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Page:
    """A page of anything; ``next`` is an opaque cursor, ``None`` at the end."""

    items: Sequence[Any]
    next: str | None = None


@dataclass(frozen=True)
class Hint:
    """What a webhook told us: go and read this again. ``kind``: order, refund, product, stock or other."""

    kind: str
    external_id: str
    topic: str = ""


@dataclass(frozen=True)
class RemoteListing:
    """One sellable thing at the channel. ``ref`` is what stock pushes use, in the adapter's own JSON."""

    external_id: str
    external_product_id: str
    sku: str
    title: str
    barcode: str = ""
    quantity: int | None = None
    tracked: bool = True
    ref: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TaxRule:
    """Where the shop rounds tax, and to how many digits: ``rounding`` is ``line``, ``order``, or empty where it does
    not tell."""

    rounding: str = ""
    decimals: int | None = None


@dataclass(frozen=True)
class StockTarget:
    """Set this listing to ``quantity``; ``expected`` is what we believe is there, for compare-and-set."""

    external_id: str
    ref: Mapping[str, Any]
    quantity: int
    key: str
    expected: int | None = None


@dataclass(frozen=True)
class StockResult:
    """``outcome``: sent, stale (compare-and-set refused; ``actual`` tells), missing, rejected, retry."""

    external_id: str
    outcome: str
    actual: int | None = None
    words: str = ""


@dataclass(frozen=True)
class ShippedLine:
    external_line_id: str
    quantity: int


@dataclass(frozen=True)
class ShipmentNotice:
    """Tell the shop that these goods left. ``key`` is ours, stable over retries."""

    key: str
    external_order_id: str
    lines: Sequence[ShippedLine]
    carrier: str
    tracking_number: str
    tracking_url: str
    shipped_at: datetime
    completes_order: bool
    notify_customer: bool = True


@dataclass(frozen=True)
class Tracking:
    carrier: str
    number: str
    url: str


@dataclass(frozen=True)
class ReplacementNotice:
    """Tell the shop that goods it was told of were sent again: ``parcel`` is on its way. Its lines are those of the
    parcel that the shop knows, whose number was ``first``. Of all numbers ever sent in its place, ``stands`` are
    those that the customer should see now, and ``gone`` those that she need not see any more."""

    parcel: ShipmentNotice
    first: str
    stands: Sequence[Tracking]
    gone: Sequence[str] = ()


@dataclass(frozen=True)
class RefundLine:
    external_line_id: str
    quantity: int
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class RefundCharge:
    """A fee given back by name; ``whole``: all that was ever paid for it, so nothing of it went back before."""

    external_id: str
    net: Decimal
    tax: Decimal
    whole: bool


@dataclass(frozen=True)
class RefundRequest:
    """Give money back through the shop; never lets the shop restock. Amounts in the customer's currency.

    ``amount`` is all of it; lines, shipping and ``charges`` (fees that were paid) say what it is for, as far as
    the shop's API has names for that. ``named_charges`` are part of the charges."""

    key: str
    external_order_id: str
    currency: str
    amount: Decimal
    lines: Sequence[RefundLine] = ()
    shipping: Decimal = Decimal(0)
    shipping_tax: Decimal = Decimal(0)
    reason: str = ""
    charges: Decimal = Decimal(0)
    charges_tax: Decimal = Decimal(0)
    named_charges: Sequence[RefundCharge] = ()


@dataclass(frozen=True)
class RemoteRefund:
    external_id: str
    amount: Decimal
    status: str = "succeeded"


@dataclass(frozen=True)
class CancelRequest:
    """Cancel the whole order at the shop, without the shop restocking and without refunding by itself."""

    key: str
    external_order_id: str
    reason: str = ""


@dataclass(frozen=True)
class FileError:
    """One order of a file that could not be read. ``row`` counts as spreadsheets do (the heading is 1)."""

    row: int
    external_id: str
    error: Rejected


@dataclass(frozen=True)
class FileOrders:
    """What an uploaded file held: the good orders, and for each bad one the row and the reason."""

    orders: Sequence[RawOrder]
    errors: Sequence[FileError] = ()


@runtime_checkable
class PullsOrders(Protocol):
    """Orders changed in the closed window [since, until), oldest change first, a page at a time."""

    def pull_orders(self, since: datetime, until: datetime, cursor: str | None = None) -> Page: ...

    def fetch_order(self, external_id: str) -> RawOrder | None:
        """The order now; ``None`` when the channel no longer has it."""

    def read(self, body: bytes) -> OrderDraft:
        """Pure. Raises ``Rejected(field, reason)`` for what cannot be read."""


@runtime_checkable
class PullsRefunds(Protocol):
    """Ids of orders whose refunds changed in the window, where a refund may not touch its order."""

    def pull_refunded_orders(self, since: datetime, until: datetime, cursor: str | None = None) -> Page: ...


@runtime_checkable
class ReceivesWebhooks(Protocol):
    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Is the signature good? Compared in constant time."""

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        """What to read again; ``None`` for a ping or a topic that is nothing to us."""

    def ensure_webhooks(self, callback_url: str) -> Sequence[str]:
        """Make the subscriptions that are missing; returns the topics now subscribed. Idempotent."""


@runtime_checkable
class PullsListings(Protocol):
    def pull_listings(self, cursor: str | None = None) -> Page: ...


@runtime_checkable
class TellsTaxRule(Protocol):
    def tax_rule(self) -> TaxRule:
        """How the shop rounds tax now. What it will not tell us is empty, and no error."""


@runtime_checkable
class PushesStock(Protocol):
    stock_batch: int

    def push_stock(self, targets: Sequence[StockTarget]) -> Sequence[StockResult]: ...

    def read_stock(self, targets: Sequence[StockTarget]) -> Mapping[str, int | None]:
        """What stands at the channel now, by external id; ``None`` where the listing is gone."""


@runtime_checkable
class ConfirmsShipments(Protocol):
    def find_shipment(self, notice: ShipmentNotice) -> str | None:
        """The remote id, if an earlier try of this very notice reached the shop."""

    def confirm_shipment(self, notice: ShipmentNotice) -> str: ...


@runtime_checkable
class TellsReplacements(Protocol):
    def find_replacement(self, notice: ReplacementNotice) -> str | None:
        """The remote id, if an earlier try of this very notice reached the shop."""

    def tell_replacement(self, notice: ReplacementNotice) -> str:
        """Raises ``Rejected`` when the shop knows nothing of the first parcel."""


@runtime_checkable
class IssuesRefunds(Protocol):
    def find_refund(self, request: RefundRequest) -> RemoteRefund | None: ...

    def issue_refund(self, request: RefundRequest) -> RemoteRefund: ...


@runtime_checkable
class CancelsOrders(Protocol):
    def find_cancel(self, request: CancelRequest) -> bool: ...

    def cancel_order(self, request: CancelRequest) -> None: ...


@runtime_checkable
class ReadsFiles(Protocol):
    def split(self, data: bytes) -> FileOrders:
        """The orders of an uploaded file. Raises ``Rejected`` only when the whole is no such file."""

    def read(self, body: bytes) -> OrderDraft: ...


PROTOCOLS: Mapping[Can, type] = {
    Can.PULL_ORDERS: PullsOrders,
    Can.PULL_REFUNDS: PullsRefunds,
    Can.RECEIVE_WEBHOOKS: ReceivesWebhooks,
    Can.PULL_LISTINGS: PullsListings,
    Can.TELL_TAX_RULE: TellsTaxRule,
    Can.PUSH_STOCK: PushesStock,
    Can.CONFIRM_SHIPMENT: ConfirmsShipments,
    Can.TELL_REPLACEMENT: TellsReplacements,
    Can.ISSUE_REFUND: IssuesRefunds,
    Can.CANCEL_ORDER: CancelsOrders,
    Can.READ_FILE: ReadsFiles,
}
