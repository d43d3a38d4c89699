"""Items and locations."""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from inventory.actions.add_items import NewItem, add_items
from inventory.actions.change_item import FIELDS, change_item
from inventory.api.asks import ItemChange, NewItemShape
from inventory.api.filters import ItemFilter, LocationFilter
from inventory.api.shapes import ItemRow, LocationRow
from inventory.models import Item, Location
from oms.core.api.doors import Detail, Listing, Verb
from oms.core.api.idempotency import door_of
from oms.core.collisions import again
from oms.core.tokens import Access

READ = Access("stock:read", "inventory.view_item")
ROWS = Item.objects.prefetch_related("barcodes")


class Items(Listing, Verb):
    reads, row = READ, ItemRow
    writes = Access("stock:write", "inventory.add_item")
    ask, answer, status = NewItemShape, ItemRow, 201
    queryset, filterset_class = ROWS, ItemFilter

    def get(self, request: Request, **ids: Any) -> Response:
        """List items, newest first."""
        return super().get(request, **ids)

    get.operation_id = "list_items"  # type: ignore[attr-defined]

    def post(self, request: Request, **ids: Any) -> Response:
        """Make an item.

        Refused when its SKU or a barcode is taken.
        """
        return super().post(request, **ids)

    post.operation_id = "create_item"  # type: ignore[attr-defined]

    def do(self, ask: dict[str, Any], **ids: Any) -> Item:
        new = NewItem(
            ask["sku"], ask["name"], ask["weight_g"], tuple(ask.get("barcodes", ())), ask["image_url"], ask["hs_code"],
            ask["origin_country"], ask["customs_description"], ask["customs_value"], ask["length_mm"], ask["width_mm"],
            ask["height_mm"],
        )  # fmt: skip
        (item,) = add_items([new], by=self.actor)
        return item


class OneItem(Detail):
    reads, answer, queryset = READ, ItemRow, ROWS
    writes = Access("stock:write", "inventory.change_item")
    ask = ItemChange

    def get(self, request: Request, pk: int) -> Response:
        """One item."""
        return super().get(request, pk)

    get.operation_id = "get_item"  # type: ignore[attr-defined]

    def patch(self, request: Request, pk: int) -> Response:
        """Change what is known of an item.

        Its SKU stays. Refused when a barcode is of another item.
        """
        ask = self.asked()
        item = self.one(ROWS, pk)
        values = {name: ask[name] for name in FIELDS if name in ask}
        change = partial(change_item, item.pk, values=values, barcodes=ask.get("barcodes"), by=self.actor)
        again(door_of(request), change)
        return Response(self.shape(self.one(ROWS, pk)))

    patch.operation_id = "change_item"  # type: ignore[attr-defined]


class ListLocations(Listing):
    """List locations."""

    reads, row = Access("stock:read", "inventory.view_location"), LocationRow
    queryset, filterset_class = Location.objects.all(), LocationFilter
