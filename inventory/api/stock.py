"""Levels, what moves them, and what is promised of them."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from inventory.actions.adjust_stock import Correction, adjust_limit, adjust_stock
from inventory.actions.receive_goods import Arrived, receive_goods
from inventory.actions.resolve_discrepancy import Resolution, resolve_discrepancies
from inventory.actions.set_safety_stock import set_safety_stock
from inventory.actions.sort_stock import Sorting, sort_stock
from inventory.api.asks import AdjustAsk, ReceiptAsk, SafetyStockAsk, SettleDifferenceAsk, SortAsk
from inventory.api.filters import (
    DiscrepancyFilter,
    LevelFilter,
    MovementFilter,
    ReceiptFilter,
    ReservationFilter,
)
from inventory.api.shapes import (
    AdjustmentsShape,
    DiscrepancyRow,
    LevelRow,
    MovementRow,
    ReceiptRow,
    ReservationRow,
)
from inventory.models import (
    Discrepancy,
    Item,
    Location,
    Receipt,
    Reservation,
    StockAdjustment,
    StockLevel,
    StockMovement,
)
from oms.core.api.doors import Listing, Verb, ids_of
from oms.core.api.idempotency import deed_key
from oms.core.models import ApiToken
from oms.core.tokens import Access

SHELF = ("item", "location")
KINDS = {
    "set_aside": "damage",
    "back_for_sale": "restock",
    "to_supplier": "return_to_supplier",
    "write_off": "write_off",
}
LEVELS = StockLevel.objects.select_related(*SHELF)
DIFFERENCES = Discrepancy.objects.select_related(*SHELF)
RECEIPTS = Receipt.objects.select_related("location").prefetch_related("lines__item")


class ListLevels(Listing):
    """List stock levels: how much of an item is at a location."""

    reads, row = Access("stock:read", "inventory.view_stocklevel"), LevelRow
    queryset, filterset_class = StockLevel.objects.select_related(*SHELF), LevelFilter


class AdjustStock(Verb):
    """Correct stock levels, with a reason for each.

    All or none. Taking away more than is free displaces promises, newest first; refused when more is taken
    than is there.
    """

    writes = Access("stock:write", "inventory.adjust_stock")
    ask, answer, status = AdjustAsk, AdjustmentsShape, 201

    def do(self, ask: dict[str, Any], **ids: Any) -> dict[str, Any]:
        asked = ask["corrections"]
        items = ids_of(Item, "sku", {f"corrections.{n}.item": c["item"] for n, c in enumerate(asked)})
        places = self.ids_of(
            Location, "code", {f"corrections.{n}.location": c["location"] for n, c in enumerate(asked)}
        )
        key = deed_key(self.request)
        made = adjust_stock(
            [
                Correction(
                    items[c["item"]],
                    places[c["location"]],
                    c["quantity"],
                    c["reason"],
                    c["note"],
                    f"{key}:{n}",
                )
                for n, c in enumerate(asked)
            ],
            by=self.actor,
            # A program was given its scope by a manager.
            limit=None if isinstance(self.request.auth, ApiToken) else adjust_limit(self.request.user),
        )
        levels = StockLevel.objects.filter(item_id__in=items.values(), location_id__in=places.values())
        return {
            "adjustments": StockAdjustment.objects.filter(pk__in=[a.pk for a in made]).select_related(*SHELF).order_by("pk"),
            "levels": levels.select_related(*SHELF).order_by("item_id", "location_id"),
        }  # fmt: skip


class Receipts(Listing, Verb):
    reads, row = Access("stock:read", "inventory.view_receipt"), ReceiptRow
    writes = Access("stock:write", "inventory.receive_goods")
    ask, answer, status = ReceiptAsk, ReceiptRow, 201
    queryset, filterset_class = RECEIPTS, ReceiptFilter

    def get(self, request: Request, **ids: Any) -> Response:
        """List receipts of goods, newest first."""
        return super().get(request, **ids)

    get.operation_id = "list_receipts"  # type: ignore[attr-defined]

    def post(self, request: Request, **ids: Any) -> Response:
        """Receive goods.

        They are for sale at once, unless set aside; whoever waits for them is served first.
        """
        return super().post(request, **ids)

    post.operation_id = "receive_goods"  # type: ignore[attr-defined]

    def do(self, ask: dict[str, Any], **ids: Any) -> Receipt:
        items = ids_of(Item, "sku", {f"lines.{n}.item": x["item"] for n, x in enumerate(ask["lines"])})
        place = self.ids_of(Location, "code", {"location": ask["location"]})[ask["location"]]
        arrived = [Arrived(items[x["item"]], x["quantity"], x["quarantined"]) for x in ask["lines"]]
        made = receive_goods(
            location_id=place,
            arrived=arrived,
            reference=ask["reference"],
            key=deed_key(self.request),
            by=self.actor,
        )
        return RECEIPTS.get(pk=made.pk)


class ListMovements(Listing):
    """List stock movements, the ledger behind the levels."""

    reads, row = Access("stock:read", "inventory.view_stockmovement"), MovementRow
    queryset, filterset_class = StockMovement.objects.select_related(*SHELF), MovementFilter


class ListReservations(Listing):
    """List reservations: what is promised, to which demand, from where."""

    reads, row = Access("stock:read", "inventory.view_reservation"), ReservationRow
    queryset, filterset_class = Reservation.objects.select_related(*SHELF), ReservationFilter


class SortStock(Verb):
    """Set pieces aside, give them back for sale, send them back to the supplier, or write them off.

    What is promised stays so: where nothing is free, correct the level instead.
    """

    writes, ask, answer = Access("stock:write", "inventory.adjust_stock"), SortAsk, LevelRow

    def do(self, ask: dict[str, Any], **ids: Any) -> StockLevel:
        level = self.one(StockLevel.objects.all(), ids["pk"])
        sorting = Sorting(level.pk, KINDS[ask["what"]], ask["quantity"], ask["note"], deed_key(self.request))
        sort_stock([sorting], by=self.actor)
        return LEVELS.get(pk=level.pk)


class SetSafetyStock(Verb):
    """Say how many pieces of an item are kept back at a location.

    They are never promised, and no shop sees them for sale.
    """

    writes, ask, answer = Access("stock:write", "inventory.adjust_stock"), SafetyStockAsk, LevelRow

    def do(self, ask: dict[str, Any], **ids: Any) -> StockLevel:
        level = self.one(StockLevel.objects.all(), ids["pk"])
        set_safety_stock({level.pk: ask["pieces"]}, by=self.actor)
        return LEVELS.get(pk=level.pk)


class ListDiscrepancies(Listing):
    """List differences between the shelves and the books."""

    reads, row = Access("stock:read", "inventory.view_discrepancy"), DiscrepancyRow
    queryset, filterset_class = DIFFERENCES, DiscrepancyFilter


class SettleDiscrepancy(Verb):
    """Settle a difference: the shelf was counted again, or the books are right.

    Fewer pieces than are promised displace promises.
    """

    writes = Access("stock:write", "inventory.resolve_discrepancy")
    ask, answer = SettleDifferenceAsk, DiscrepancyRow

    def do(self, ask: dict[str, Any], **ids: Any) -> Discrepancy:
        row = self.one(Discrepancy.objects.all(), ids["pk"])
        resolve_discrepancies([Resolution(row.pk, ask["truth"], ask["note"], ask["counted"])], by=self.actor)
        return DIFFERENCES.get(pk=row.pk)
