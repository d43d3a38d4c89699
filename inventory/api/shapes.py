"""What the API tells of stock."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from inventory.models import (
    Discrepancy,
    Item,
    Location,
    Receipt,
    ReceiptLine,
    Reservation,
    StockAdjustment,
    StockLevel,
    StockMovement,
)
from oms.core.api.shapes import Row


class ItemRow(Row):
    barcodes: Any = serializers.SlugRelatedField(slug_field="code", many=True, read_only=True)
    image_url = serializers.CharField(read_only=True)
    currency: Any = serializers.SerializerMethodField(help_text="What the customs value is in.")

    class Meta:
        model = Item
        fields = ["id", "sku", "name", "weight_g", "length_mm", "width_mm", "height_mm", "barcodes", "image_url", "hs_code", "origin_country",
                  "customs_description", "customs_value", "currency", "active", "created_at"]  # fmt: skip
        read_only_fields = fields

    def get_currency(self, item: Item) -> str:
        return str(settings.CURRENCY)


class LocationRow(Row):
    class Meta:
        model = Location
        fields = ["id", "code", "name", "type", "company", "line1", "line2", "city", "region", "postcode", "country",
                  "phone", "latitude", "longitude", "label_paper", "rank", "ships", "active"]  # fmt: skip
        read_only_fields = fields


class _OfShelf(Row):
    item = serializers.CharField(source="item.sku", read_only=True, help_text="Our SKU.")
    location = serializers.CharField(source="location.code", read_only=True, help_text="The location's code.")


class LevelRow(_OfShelf):
    available = serializers.IntegerField(read_only=True, help_text="on_hand - reserved - unavailable")

    class Meta:
        model = StockLevel
        fields = ["id", "item", "location", "on_hand", "reserved", "unavailable", "available", "safety_stock",
                  "changed_at"]  # fmt: skip
        read_only_fields = fields


class MovementRow(_OfShelf):
    veiled = ("note",)

    class Meta:
        model = StockMovement
        fields = ["id", "item", "location", "on_hand", "unavailable", "reason", "document", "demand_key", "note",
                  "actor", "at"]  # fmt: skip
        read_only_fields = fields


class ReservationRow(_OfShelf):
    location = serializers.CharField(
        source="location.code",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="Null while it waits.",
    )

    class Meta:
        model = Reservation
        fields = ["id", "demand_key", "item", "location", "quantity", "state", "promised_at"]
        read_only_fields = fields


class AdjustmentRow(_OfShelf):
    veiled = ("note",)

    class Meta:
        model = StockAdjustment
        fields = ["id", "item", "location", "quantity", "reason", "note", "actor", "at"]
        read_only_fields = fields


class ReceiptLineRow(Row):
    item = serializers.CharField(source="item.sku", read_only=True)

    class Meta:
        model = ReceiptLine
        fields = ["item", "quantity", "quarantined"]
        read_only_fields = fields


class ReceiptRow(Row):
    location = serializers.CharField(source="location.code", read_only=True)
    lines = ReceiptLineRow(many=True, read_only=True)

    class Meta:
        model = Receipt
        fields = ["id", "location", "reference", "actor", "at", "lines"]
        read_only_fields = fields


class AdjustmentsShape(serializers.Serializer):
    """``levels`` are the shelves as they are after the corrections."""

    adjustments = AdjustmentRow(many=True)
    levels = LevelRow(many=True)


class DiscrepancyRow(_OfShelf):
    veiled = ("resolution",)

    class Meta:
        model = Discrepancy
        fields = ["id", "kind", "state", "item", "location", "expected", "found", "words", "at", "resolution"]
        read_only_fields = fields
