"""The shop's books: its documents, their ids, and what the app is told of their changes.

Orders hold everything of theirs (lines, payments, refunds, fulfilment orders) in one document, so that a
stale read sees an order whole. A change is announced once, with its state at the end of the request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oms.twinkit.store import Store

Doc = dict[str, Any]
GID = re.compile(r"gid://shopify/([A-Za-z]+)/(\d+)(\?.*)?\Z")
FIRST_ID = 7_040_000_000_001
LOG = "applied"

ORDER_PARTS = (
    "lines",
    "shipping_lines",
    "transactions",
    "refunds",
    "fulfillment_orders",
    "fulfillments",
    "returns",
)


def moment(when: datetime) -> str:
    """Shopify tells times in whole seconds."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def number_of(kind: str, value: str) -> int | None:
    """The number in a global id of this kind; ``None`` for any other id."""
    found = GID.match(value)
    return int(found[2]) if found and found[1] == kind else None


class Books:
    """Reads and writes under the twin's lock. ``now`` gives the time that goes into documents.

    The indexes only say where to look: after an undone request they may point at nothing, never at wrong.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.clock = clock
        self.events: dict[tuple[str, str], Doc] = {}
        self._owner: dict[int, int] = {}
        self._names: dict[str, int] = {}
        self._skus: dict[str, int] = {}
        self._items: dict[int, int] = {}
        self._emails: dict[str, int] = {}
        for order in store.scan("orders"):
            self._index_order(order)
        for variant in store.scan("variants"):
            self._index_variant(variant)
        for customer in store.scan("customers"):
            self._emails[customer["email"]] = customer["id"]

    @property
    def now(self) -> str:
        return moment(self.clock())

    def new_id(self) -> int:
        return self.store.next("id", FIRST_ID)

    def forget_events(self) -> None:
        self.events.clear()

    def announce(self, topic: str, key: object, **facts: Any) -> None:
        """Tell the app of a change, once a request; the body is made when the request is over."""
        self.events.setdefault((topic, str(key)), {"topic": topic, "key": key, **facts})

    def log(self, operation: str, **facts: Any) -> None:
        """Keep an applied write for ``records``."""
        self.store.append(LOG, {"at": self.clock().isoformat(), "operation": operation, **facts})

    # --- orders ------------------------------------------------------------------------------------------

    def orders(self) -> Iterator[Doc]:
        return self.store.scan("orders")

    def order(self, number: int | None) -> Doc | None:
        return None if number is None else self.store.get("orders", number)

    def order_named(self, name: str) -> Doc | None:
        return self.order(self._names.get(name))

    def order_with(self, part: int | None) -> Doc | None:
        """The order that a line, payment, refund, fulfilment (order) or return belongs to."""
        return None if part is None else self.order(self._owner.get(part))

    def save_order(self, order: Doc, *topics: str, touch: bool = True) -> None:
        """Write it back; ``orders/updated`` is always among the topics of a touched order."""
        if touch:
            order["updated_at"] = self.now
            topics = (*topics, "orders/updated")
        self.store.put("orders", order["id"], order)
        self._index_order(order)
        for topic in topics:
            self.announce(topic, order["id"])

    def _index_order(self, order: Doc) -> None:
        self._names[order["name"]] = order["id"]
        for part in ORDER_PARTS:
            for row in order[part]:
                self._owner[row["id"]] = order["id"]
        for job in order["fulfillment_orders"]:
            for row in job["lines"]:
                self._owner[row["id"]] = order["id"]

    # --- customers ---------------------------------------------------------------------------------------

    def customer(self, number: int | None) -> Doc | None:
        return None if number is None else self.store.get("customers", number)

    def customer_by_email(self, email: str) -> Doc | None:
        return self.customer(self._emails.get(email))

    def save_customer(self, customer: Doc) -> None:
        self.store.put("customers", customer["id"], customer)
        self._emails[customer["email"]] = customer["id"]

    # --- products ----------------------------------------------------------------------------------------

    def product(self, number: int | None) -> Doc | None:
        return None if number is None else self.store.get("products", number)

    def variant(self, number: int | None) -> Doc | None:
        return None if number is None else self.store.get("variants", number)

    def variant_by_sku(self, sku: str) -> Doc | None:
        variant = self.variant(self._skus.get(sku))
        return variant if variant and variant["sku"] == sku else None

    def variant_of_item(self, item: int | None) -> Doc | None:
        """Every inventory item belongs to one variant, which holds its facts."""
        return None if item is None else self.variant(self._items.get(item))

    def save_product(self, product: Doc) -> None:
        self.store.put("products", product["id"], product)

    def save_variant(self, variant: Doc) -> None:
        self.store.put("variants", variant["id"], variant)
        self._index_variant(variant)

    def _index_variant(self, variant: Doc) -> None:
        if self.variant_by_sku(variant["sku"]) is None:
            self._skus[variant["sku"]] = variant["id"]
        self._items[variant["item_id"]] = variant["id"]

    # --- places ------------------------------------------------------------------------------------------

    def locations(self) -> list[Doc]:
        return list(self.store.scan("locations"))

    def location(self, number: int | None) -> Doc | None:
        return None if number is None else self.store.get("locations", number)

    def location_named(self, name: str) -> Doc | None:
        return next((place for place in self.locations() if place["name"] == name), None)

    def level(self, item: int, location: int) -> Doc | None:
        return self.store.get("levels", f"{item}:{location}")

    def levels_of(self, item: int) -> list[Doc]:
        found = (self.level(item, place["id"]) for place in self.locations())
        return [level for level in found if level is not None]

    def save_level(self, level: Doc) -> None:
        level["updated_at"] = self.now
        self.store.put("levels", f"{level['item_id']}:{level['location_id']}", level)
        self.announce("inventory_levels/update", f"{level['item_id']}:{level['location_id']}")
