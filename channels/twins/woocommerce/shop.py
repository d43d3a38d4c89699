"""The shop itself: its orders, its stock and its notes, whoever asks for a change.

Documents are kept as REST shows them, but without site-local dates and links, which are made when shown. What
REST does not show lies under ``_twin``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from channels.twins.woocommerce import dates, pricing
from oms.twinkit.store import Store

PAID = ("processing", "completed")
REDUCED = ("processing", "completed", "on-hold")
STATUSES = (
    "auto-draft",
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
)
TITLES = {"pending": "Pending payment", "on-hold": "On hold"}
HOLD_MINUTES = 60

Document = dict[str, Any]


class Shop:
    """``tell(topic, id)`` announces a change to the webhooks."""

    def __init__(
        self,
        store: Store,
        config: Document,
        clock: Callable[[], datetime],
        tell: Callable[[str, int], None],
    ) -> None:
        self.store = store
        self.config = config
        self._clock = clock
        self.tell = tell

    # --- small things ------------------------------------------------------------------------------------

    @property
    def decimals(self) -> int:
        return int(self.config["decimals"])

    def now(self) -> str:
        return dates.gmt(self._clock())

    def money(self, value: Any) -> str:
        return pricing.money(value, self.decimals)

    def new_id(self, kind: str) -> int:
        """Orders, refunds and products share one sequence, as posts do."""
        name = "post" if kind in ("order", "refund", "product", "variation") else kind
        return self.store.next(name, 1001 if name == "post" else 1)

    def statuses(self) -> tuple[str, ...]:
        return (*STATUSES, *self.config["custom_statuses"])

    def meta(self, owner: Document, key: str, value: Any, meta_id: int | None = None) -> None:
        """Set a meta value: the one with that id, else the first of that key, else a new one."""
        found = [m for m in owner["meta_data"] if meta_id and m["id"] == meta_id]
        found = found or [m for m in owner["meta_data"] if m["key"] == key]
        if found:
            found[0].update(key=key, value=value)
            if "display_value" in found[0]:
                found[0]["display_value"] = value
        else:
            owner["meta_data"].append({"id": self.new_id("meta"), "key": key, "value": value})

    def log(self, what: str, **details: Any) -> None:
        """One applied write, for whoever checks the books."""
        self.store.append("log", {"at": self.now(), "what": what, **details})

    # --- orders ------------------------------------------------------------------------------------------

    def order(self, order_id: Any) -> Document | None:
        """By id; the shopper's side may also say the number."""
        found = self.store.get("order", order_id)
        if found is None and (known := self.store.get("number", order_id)):
            found = self.store.get("order", known)
        return found

    def save(self, order: Document, topic: str = "order.updated", touch: bool = True) -> None:
        if touch:
            order["date_modified_gmt"] = self.now()
        self.store.put("order", order["id"], order)
        self.tell(topic, order["id"])

    def note(
        self,
        order: Document,
        text: str,
        customer: bool = False,
        author: str = "WooCommerce",
        group: str = "",
    ) -> Document:
        """A note does not touch its order: ``date_modified`` stays."""
        number = self.new_id("comment")
        note = {
            "id": number,
            "order_id": order["id"],
            "author": author,
            "date_created_gmt": self.now(),
            "note": text,
            "customer_note": customer,
        }
        self.store.put("note", number, note)
        self.store.put("notes", order["id"], [*self.store.get("notes", order["id"], []), number])
        if group != "system":
            self.log("note", order=order["id"], note=text, customer_note=customer)
        return note

    def set_status(self, order: Document, status: str, by: str, words: str = "") -> None:
        """Move an order, with everything that follows from it. Saving stays with the caller."""
        before = order["status"]
        if status == before:
            return
        order["status"] = status
        self.log("status", order=order["id"], before=before, after=status, by=by)
        text = f"Order status changed from {title(before)} to {title(status)}."
        self.note(order, f"{words} {text}".strip(), group="system")
        if status in PAID and not order["date_paid_gmt"]:
            order["date_paid_gmt"] = self.now()
        if status == "completed" and not order["date_completed_gmt"]:
            order["date_completed_gmt"] = self.now()
        if status in REDUCED:
            self.reduce_stock(order)
        elif status in ("cancelled", "pending"):
            self.restore_stock(order)
        if status != "pending":
            self.store.delete("hold", order["id"])
        if status == "refunded" and self.remaining(order) > 0:
            self.refund(order, self.remaining(order), "Order fully refunded.", by=by)
        order["needs_payment"] = status in ("pending", "failed") and Decimal(order["total"]) > 0
        order["is_editable"] = status in ("pending", "on-hold", "auto-draft")

    # --- stock -------------------------------------------------------------------------------------------

    def keeper(self, product_id: int, variation_id: int = 0) -> tuple[str, Document] | None:
        """The collection and the document that keep this item's stock; ``None`` when nobody does."""
        if variation_id and (variation := self.store.get("variation", variation_id)):
            if variation["manage_stock"] is True:
                return "variation", variation
            product_id = variation["parent_id"]
        product = self.store.get("product", product_id) if product_id else None
        return ("product", product) if product and product["manage_stock"] is True else None

    def available(self, product_id: int, variation_id: int = 0) -> int | None:
        """What a shopper may still take; ``None`` is no limit. Unpaid orders hold theirs for an hour."""
        kept = self.keeper(product_id, variation_id)
        if kept is None or kept[1]["backorders"] != "no":
            return None
        held = 0
        for hold in self.store.scan("hold"):
            if hold["until"] > self.now():
                held += hold["items"].get(str(kept[1]["id"]), 0)
        return int(kept[1]["stock_quantity"] or 0) - held

    def set_stock(
        self, kind: str, item: Document, quantity: int, by: str, order_id: int | None = None
    ) -> None:
        before = item["stock_quantity"]
        item["stock_quantity"] = quantity
        settle_stock(item)
        item["date_modified_gmt"] = self.now()
        self.store.put(kind, item["id"], item)
        self.log(
            "stock",
            product=item["id"] if kind == "product" else item["parent_id"],
            variation=item["id"] if kind == "variation" else 0,
            sku=item["sku"],
            before=before,
            after=quantity,
            by=by,
            order=order_id,
        )
        self.tell("product.updated", item["id"] if kind == "product" else item["parent_id"])

    def move_stock(self, line: Document, change: int, by: str, order_id: int) -> tuple[str, int, int] | None:
        """Change the shelf by a line's item; name, before and after, or ``None`` where no stock is kept."""
        kept = self.keeper(line["product_id"], line["variation_id"])
        if kept is None or not change:
            return None
        kind, item = kept
        before = int(item["stock_quantity"] or 0)
        self.set_stock(kind, item, before + change, by, order_id)
        return f"{line['name']} ({item['sku']})", before, before + change

    def reduce_stock(self, order: Document) -> None:
        """Take the order's goods off the shelf, once."""
        moved = []
        for line in order["line_items"]:
            if reduced(line) is not None:
                continue
            if done := self.move_stock(line, -line["quantity"], "order", order["id"]):
                self.mark_reduced(line, line["quantity"])
                moved.append(done)
        if moved:
            words = ", ".join(f"{name} {before}→{after}" for name, before, after in moved)
            self.note(order, f"Stock levels reduced: {words}", group="system")

    def restore_stock(self, order: Document) -> None:
        """Put back what this order took and nothing has put back yet."""
        moved = []
        for line in order["line_items"]:
            taken = reduced(line)
            if taken is None:
                continue
            line["meta_data"] = [m for m in line["meta_data"] if m["key"] != "_reduced_stock"]
            if done := self.move_stock(line, taken, "cancel", order["id"]):
                moved.append(done)
        if moved:
            words = ", ".join(f"{name} {before}→{after}" for name, before, after in moved)
            self.note(order, f"Stock levels increased: {words}", group="system")

    def mark_reduced(self, line: Document, quantity: int) -> None:
        self.mark(line, "_reduced_stock", quantity)

    def mark(self, line: Document, key: str, quantity: int) -> None:
        """WooCommerce keeps its tallies of a line in hidden meta values, which the API shows all the same."""
        self.meta(line, key, str(quantity))
        for meta in line["meta_data"]:
            if meta["key"] == key:
                meta.update(display_key=key, display_value=meta["value"])

    def hold_stock(self, order: Document) -> None:
        """An unpaid order keeps others from buying its goods for a while."""
        items: dict[str, int] = {}
        for line in order["line_items"]:
            if kept := self.keeper(line["product_id"], line["variation_id"]):
                key = str(kept[1]["id"])
                items[key] = items.get(key, 0) + line["quantity"]
        until = dates.gmt(self._clock() + timedelta(minutes=HOLD_MINUTES))
        self.store.put("hold", order["id"], {"until": until, "items": items})

    # --- refunds -----------------------------------------------------------------------------------------

    def refunds(self, order: Document) -> list[Document]:
        return [self.store.get("refund", one["id"]) for one in order["refunds"]]

    def remaining(self, order: Document) -> Decimal:
        return Decimal(order["total"]) + sum((Decimal(one["total"]) for one in order["refunds"]), Decimal(0))

    def refund(
        self,
        order: Document,
        amount: Decimal,
        reason: str = "",
        lines: dict[int, Document] | None = None,
        *,
        restock: bool = False,
        through_gateway: bool = False,
        meta_data: list[Document] | None = None,
        touch: bool = True,
        by: str = "api",
    ) -> Document:
        """Give money back. ``lines``: by item id, ``{"qty", "refund_total", "refund_tax": {rate: amount}}``.

        Amounts are not compared with the lines: neither does WooCommerce. Saves the order.
        """
        lines = lines or {}
        refund: Document = {
            "id": self.new_id("refund"),
            "parent_id": order["id"],
            "date_created_gmt": self.now(),
            "amount": self.money(amount),
            "reason": reason,
            "refunded_by": 1,
            "refunded_payment": through_gateway,
            "meta_data": [],
            "line_items": [],
            "shipping_lines": [],
            "tax_lines": [],
            "fee_lines": [],
            "_twin": {"restocked": {}, "by": by},
        }
        for meta in meta_data or []:
            self.meta(refund, meta["key"], meta.get("value"))
        tax_sum, shipping_tax_sum = Decimal(0), Decimal(0)
        for part in ("line_items", "fee_lines", "shipping_lines"):
            for line in order[part]:
                wanted = lines.get(line["id"])
                if wanted is None:
                    continue
                back = self._refund_line(part, line, wanted)
                if back is None:
                    continue
                refund[part].append(back)
                if part == "shipping_lines":
                    shipping_tax_sum += Decimal(back["total_tax"])
                else:
                    tax_sum += Decimal(back["total_tax"])
        if tax_sum or shipping_tax_sum:
            for line in order["tax_lines"]:
                refund["tax_lines"].append(
                    {
                        **line,
                        "id": self.new_id("item"),
                        "tax_total": self.money(tax_sum),
                        "shipping_tax_total": self.money(shipping_tax_sum),
                        "meta_data": [],
                    }
                )
        if through_gateway:
            self.store.append(
                "gateway",
                {"at": self.now(), "order": order["id"], "refund": refund["id"], "amount": refund["amount"]},
            )
        if restock:
            self._restock(order, lines, refund)
        self.store.put("refund", refund["id"], refund)
        order["refunds"].insert(0, {"id": refund["id"], "reason": reason, "total": self.money(-amount)})
        self.log(
            "refund",
            order=order["id"],
            refund=refund["id"],
            amount=refund["amount"],
            restocked=refund["_twin"]["restocked"],
            through_gateway=through_gateway,
            by=by,
        )
        if self.remaining(order) <= 0:
            self.set_status(order, "refunded", by)
        self.save(order, touch=touch and bool(self.config["refund_touches_order"]))
        return refund

    def _refund_line(self, part: str, line: Document, wanted: Document) -> Document | None:
        quantity = int(wanted.get("qty") or 0)
        total = Decimal(str(wanted.get("refund_total") or 0))
        taxes = {str(rate): Decimal(str(tax)) for rate, tax in (wanted.get("refund_tax") or {}).items()}
        if not quantity and not total and not taxes:
            return None
        back: Document = {
            **line,
            "id": self.new_id("item"),
            "total": self.money(-total),
            "total_tax": self.money(-sum(taxes.values(), Decimal(0))),
            "taxes": [
                {"id": int(rate), "total": pricing.plain(-tax), "subtotal": pricing.plain(-tax)}
                for rate, tax in taxes.items()
            ],
            "meta_data": [
                {
                    "id": self.new_id("meta"),
                    "key": "_refunded_item_id",
                    "value": str(line["id"]),
                    "display_key": "_refunded_item_id",
                    "display_value": str(line["id"]),
                }
            ],
        }
        if part == "line_items":
            back["quantity"] = -quantity
            back["subtotal"], back["subtotal_tax"] = back["total"], back["total_tax"]
            back["price"] = pricing.number(-total / quantity) if quantity else 0
        return back

    def _restock(self, order: Document, lines: dict[int, Document], refund: Document) -> None:
        for line in order["line_items"]:
            quantity = int(lines.get(line["id"], {}).get("qty") or 0)
            taken = reduced(line)
            if not taken or not quantity:
                continue
            if done := self.move_stock(line, quantity, "refund", order["id"]):
                self.mark_reduced(line, taken - quantity)
                self.mark(line, "_restock_refunded_items", quantity + put_back(line))
                kept = refund["_twin"]["restocked"]
                kept[line["sku"]] = kept.get(line["sku"], 0) + quantity
                words = f"Item #{line['product_id']} stock increased from {done[1]} to {done[2]}."
                self.note(order, words, group="system")


def title(status: str) -> str:
    return TITLES.get(status, status.replace("-", " ").capitalize())


def reduced(line: Document) -> int | None:
    """How many of a line are off the shelf; ``None`` when the shelf was never touched."""
    for meta in line["meta_data"]:
        if meta["key"] == "_reduced_stock":
            return int(meta["value"])
    return None


def put_back(line: Document) -> int:
    """How many of a line refunds have put back on the shelf."""
    return sum(int(meta["value"]) for meta in line["meta_data"] if meta["key"] == "_restock_refunded_items")


def settle_stock(item: Document) -> None:
    """Make stock status and its shadows follow the quantity."""
    item["backorders_allowed"] = item["backorders"] != "no"
    if item["manage_stock"] is True:
        quantity = item["stock_quantity"] or 0
        item["stock_quantity"] = quantity
        empty = "onbackorder" if item["backorders_allowed"] else "outofstock"
        item["stock_status"] = "instock" if quantity > 0 else empty
        item["backordered"] = quantity < 0 and item["backorders_allowed"]
    else:
        item["stock_quantity"] = None
        item["backordered"] = item["stock_status"] == "onbackorder"


def hash_of(*parts: object) -> str:
    return hashlib.md5("|".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
