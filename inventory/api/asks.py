"""What may be asked of stock, checked for form."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.models import StockAdjustment
from oms.core.api.shapes import Pieces, Shape

MOST_GRAMS = 10_000_000


def _codes() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=64), required=False, max_length=50)


class NewItemShape(Shape):
    sku = serializers.CharField(max_length=64)
    name = serializers.CharField(max_length=200)
    weight_g = serializers.IntegerField(
        min_value=0, max_value=MOST_GRAMS, default=0, help_text="Grams a piece; 0 is unknown."
    )
    barcodes = _codes()
    image_url = serializers.URLField(max_length=200, required=False, default="", allow_blank=True)


class ItemChange(Shape):
    """Only what is given changes; ``barcodes`` replaces all of them."""

    name = serializers.CharField(max_length=200, required=False)
    weight_g = serializers.IntegerField(min_value=0, max_value=MOST_GRAMS, required=False)
    barcodes = _codes()
    image_url = serializers.URLField(max_length=200, required=False, allow_blank=True)
    active = serializers.BooleanField(required=False)


class CorrectionShape(Shape):
    item = serializers.CharField(max_length=64, help_text="Our SKU.")
    location = serializers.CharField(max_length=32, help_text="The location's code.")
    quantity = serializers.IntegerField(
        min_value=-100_000, max_value=100_000, help_text="Pieces more than believed, or fewer."
    )
    reason = serializers.ChoiceField(StockAdjustment.Reason.choices)
    note = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class AdjustAsk(Shape):
    corrections = CorrectionShape(many=True, min_length=1, max_length=500)


class ArrivedShape(Shape):
    item = serializers.CharField(max_length=64, help_text="Our SKU.")
    quantity = Pieces()
    quarantined = Pieces(min_value=0, default=0, help_text="Of these, how many are set aside.")

    def validate(self, line: dict[str, Any]) -> dict[str, Any]:
        if line["quarantined"] > line["quantity"]:
            raise serializers.ValidationError({"quarantined": "More than arrived."}, "too_many")
        return line


class ReceiptAsk(Shape):
    location = serializers.CharField(max_length=32, help_text="The location's code.")
    reference = serializers.CharField(
        max_length=80, required=False, default="", allow_blank=True, help_text="The supplier's delivery note."
    )
    lines = ArrivedShape(many=True, min_length=1, max_length=500)
