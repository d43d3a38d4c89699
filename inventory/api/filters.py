"""How stock is looked for; each filter has an index behind it, or leaves most rows."""

from __future__ import annotations

import django_filters as filters
from django.db.models import QuerySet

from inventory.lifecycle import DiscrepancyState, ReservationState
from inventory.models import (
    Barcode,
    Discrepancy,
    Item,
    Location,
    Receipt,
    Reservation,
    StockLevel,
    StockMovement,
)
from oms.core.api.filters import ByCode


class ItemFilter(filters.FilterSet):
    sku = filters.CharFilter(max_length=64)
    sku_begins = filters.CharFilter(max_length=64, field_name="sku", lookup_expr="startswith")
    barcode = filters.CharFilter(max_length=64, method="with_barcode")
    active = filters.BooleanFilter()

    class Meta:
        model = Item
        fields: list[str] = []

    def with_barcode(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=Barcode.objects.filter(code=value).values("item_id"))


class LocationFilter(filters.FilterSet):
    code = filters.CharFilter(max_length=32)

    class Meta:
        model = Location
        fields: list[str] = []


class ShelfFilter(filters.FilterSet):
    item = ByCode(Item, "sku", column="item_id", help_text="A SKU.")
    location = ByCode(Location, "code", column="location_id", help_text="A location's code.")


class LevelFilter(ShelfFilter):
    class Meta:
        model = StockLevel
        fields: list[str] = []


class MovementFilter(ShelfFilter):
    document = filters.CharFilter(max_length=80, help_text="What caused it, such as receipt:12.")

    class Meta:
        model = StockMovement
        fields: list[str] = []


class ReservationFilter(ShelfFilter):
    demand_key = filters.UUIDFilter(help_text="Of an order line.")
    state = filters.ChoiceFilter(choices=ReservationState.choices)

    class Meta:
        model = Reservation
        fields: list[str] = []


class ReceiptFilter(filters.FilterSet):
    location = ByCode(Location, "code", column="location_id", help_text="A location's code.")

    class Meta:
        model = Receipt
        fields: list[str] = []


class DiscrepancyFilter(ShelfFilter):
    state = filters.ChoiceFilter(choices=DiscrepancyState.choices)

    class Meta:
        model = Discrepancy
        fields: list[str] = []
