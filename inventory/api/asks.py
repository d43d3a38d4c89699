"""What may be asked of stock, checked for form."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from inventory.actions.resolve_discrepancy import BOOKS, COUNT
from inventory.models import StockAdjustment
from inventory.rules import customs_data
from oms.core.api.shapes import Pieces, Shape

MOST_GRAMS = 10_000_000
MOST_MM = 100_000


def _codes() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=64), required=False, max_length=50)


class CustomsCode(serializers.CharField):
    """Kept as ``customs_data`` keeps it: digits alone, capital letters."""

    def __init__(self, kept: Callable[[str], str], **options: Any) -> None:
        super().__init__(required=False, allow_blank=True, **options)
        self.kept = kept

    def to_internal_value(self, data: Any) -> str:
        try:
            return self.kept(str(super().to_internal_value(data)))
        except ValueError as error:
            raise serializers.ValidationError(str(error), "bad_customs_data") from None


def _worth(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=Decimal("0.01"), required=False, allow_null=True,
        help_text="What a piece is worth at customs where the order does not say; in OMS_CURRENCY.", **options,
    )  # fmt: skip


def _side(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=1, max_value=MOST_MM, required=False, allow_null=True, help_text="Millimetres a piece, as it is packed.", **options
    )  # fmt: skip


class NewItemShape(Shape):
    sku = serializers.CharField(max_length=64)
    name = serializers.CharField(max_length=200)
    weight_g = serializers.IntegerField(
        min_value=0, max_value=MOST_GRAMS, default=0, help_text="Grams a piece; 0 is unknown."
    )
    length_mm, width_mm, height_mm = _side(default=None), _side(default=None), _side(default=None)
    barcodes = _codes()
    image_url = serializers.URLField(max_length=200, required=False, default="", allow_blank=True)
    hs_code = CustomsCode(customs_data.hs_code, max_length=20, default="", help_text="6 to 10 digits.")
    origin_country = CustomsCode(
        customs_data.country, max_length=2, default="", help_text="Made in: two letters."
    )
    customs_description = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    customs_value = _worth(default=None)


class ItemChange(Shape):
    """Only what is given changes; ``barcodes`` replaces all of them."""

    name = serializers.CharField(max_length=200, required=False)
    weight_g = serializers.IntegerField(min_value=0, max_value=MOST_GRAMS, required=False)
    length_mm, width_mm, height_mm = _side(), _side(), _side()
    barcodes = _codes()
    image_url = serializers.URLField(max_length=200, required=False, allow_blank=True)
    hs_code = CustomsCode(customs_data.hs_code, max_length=20)
    origin_country = CustomsCode(customs_data.country, max_length=2)
    customs_description = serializers.CharField(max_length=100, required=False, allow_blank=True)
    customs_value = _worth()
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


class SortAsk(Shape):
    """``set_aside``: from for sale. The others take pieces that are set aside: back for sale, or out of the house."""

    what = serializers.ChoiceField(["set_aside", "back_for_sale", "to_supplier", "write_off"])
    quantity = Pieces()
    note = serializers.CharField(max_length=200)


class SafetyStockAsk(Shape):
    pieces = Pieces(min_value=0, help_text="Kept back and never promised.")


class SettleDifferenceAsk(Shape):
    """``truth``: the shelf was counted again (then ``counted`` pieces lie there, those set aside included), or the
    books are right as they are."""

    truth = serializers.ChoiceField([COUNT, BOOKS])
    counted = Pieces(min_value=0, required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=200)

    def validate(self, ask: dict[str, Any]) -> dict[str, Any]:
        if ask["truth"] == COUNT and ask["counted"] is None:
            raise serializers.ValidationError({"counted": "Say how many pieces lie there."}, "required")
        return ask
