"""What may be asked of work, checked for form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework import serializers

from fulfillment.api.shapes import ManifestRow
from fulfillment.reasons import for_picks, for_rejections
from fulfillment.rules.short_pick import ShortReason
from oms.core.api.shapes import Charged, Id, Pieces, Shape, each_once


class CancelledLine(Shape):
    line = Id(help_text="The order line.")
    quantity = Pieces()


class CancelOrderAsk(Shape):
    """Without ``lines``, everything that is not shipped."""

    reason = serializers.CharField(max_length=300)
    lines = CancelledLine(many=True, required=False, default=[], max_length=500)
    tell = serializers.BooleanField(
        default=True, help_text="Is the channel to be told? Not when it told you."
    )
    refund = serializers.BooleanField(default=False, help_text="Pay back what was paid for it at once.")

    def validate(self, ask: dict[str, Any]) -> dict[str, Any]:
        return each_once(ask, "lines", "line")


class Why(serializers.CharField):
    """The code of one of the shop's reasons that are in use."""

    def __init__(self, read: Callable[[], Mapping[str, ShortReason]], **kwargs: Any):
        self._read = read
        self._known: Mapping[str, ShortReason] | None = None
        super().__init__(max_length=20, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        code = str(super().to_internal_value(data))
        if self._known is None:  # once for all lines: each request has a field of its own
            self._known = self._read()
        if code not in self._known:
            told = f"“{code}” is no reason. Those in use: {', '.join(self._known)}."
            raise serializers.ValidationError(told, "invalid_choice")
        return code


class PickedLine(Shape):
    line = Id(help_text="The fulfillment line.")
    found = Pieces(min_value=0)
    reason = Why(
        for_picks, required=False,
        help_text="Needed where fewer were found than asked for: the code of one of the shelf reasons with `picks`.",
    )  # fmt: skip


class PickAsk(Shape):
    """Lines left out were found whole."""

    lines = PickedLine(many=True, required=False, default=[], max_length=500)

    def validate(self, ask: dict[str, Any]) -> dict[str, Any]:
        return each_once(ask, "lines", "line")


SIDES = ("length_mm", "width_mm", "height_mm")


def _side() -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=1, max_value=100_000, required=False, allow_null=True, default=None,
        help_text="Millimetres; those of the box, unless said.",
    )  # fmt: skip


class BoxedLine(Shape):
    line = Id(help_text="The fulfillment line.")
    quantity = Pieces()


class ParcelShape(Shape):
    lines = BoxedLine(many=True, min_length=1, max_length=500)
    weight_g = serializers.IntegerField(
        min_value=0,
        max_value=1_000_000,
        default=0,
        help_text="Grams; 0 is reckoned from the items and the box.",
    )
    box = serializers.CharField(
        max_length=20, required=False, default="", allow_blank=True, help_text="The code of one of our boxes."
    )
    length_mm, width_mm, height_mm = _side(), _side(), _side()

    def validate(self, ask: dict[str, Any]) -> dict[str, Any]:
        sides = [ask[name] for name in SIDES]
        if any(sides) and not all(sides):
            wrong = {name: "All three sides, or none." for name in SIDES if not ask[name]}
            raise serializers.ValidationError(wrong, "required")
        return each_once(ask, "lines", "line")


class PackAsk(Shape):
    """Without ``parcels``, everything goes into one."""

    parcels = ParcelShape(many=True, required=False, default=[], max_length=50)


class BuyLabelAsk(Shape):
    carrier = serializers.CharField(
        max_length=60, required=False, default="", allow_blank=True,
        help_text="The slug of one of our carrier accounts; the best offer of all, unless said.",
    )  # fmt: skip
    service = serializers.CharField(
        max_length=80, required=False, default="", allow_blank=True,
        help_text="The cheapest that arrives in the days the customer chose, unless said.",
    )  # fmt: skip


class TypeTrackingAsk(Shape):
    carrier = serializers.CharField(max_length=60, help_text="The carrier's name.")
    number = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    url = serializers.URLField(max_length=200, required=False, default="", allow_blank=True)
    untracked = serializers.BooleanField(default=False, help_text="It is sent without a number.")
    unasked = serializers.BooleanField(
        default=False, help_text="Take it although the shop does not answer whether the order still stands."
    )


class RejectAsk(Shape):
    """For a reason about the stock, ``lines`` are those it is true of; without them it is true of all."""

    reason = Why(for_rejections, help_text="The code of one of the shelf reasons with `rejects`.")
    lines = serializers.ListField(
        child=Id(help_text="The fulfillment line."), required=False, default=[], max_length=500
    )
    note = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)


class ReasonAsk(Shape):
    reason = serializers.CharField(max_length=300)


class CloseDayAsk(Shape):
    """Without ``parcels``, everything of the location that was handed over and stands on no list."""

    location = serializers.CharField(max_length=32, help_text="The location's code.")
    parcels = serializers.ListField(child=Id(), required=False, default=[], max_length=1000)
    own = serializers.BooleanField(
        default=False, help_text="Our own list, also where the carrier has a form."
    )


class ManifestsMade(serializers.Serializer):
    manifests = ManifestRow(many=True, read_only=True)


class ReshippedLine(Shape):
    line = Id(help_text="The order line.")
    quantity = Pieces()


class ReshipAsk(Shape):
    """Without ``lines``, all that was in it."""

    reason = serializers.CharField(max_length=200)
    lines = ReshippedLine(many=True, required=False, default=[], max_length=500)

    def validate(self, ask: dict[str, Any]) -> dict[str, Any]:
        return each_once(ask, "lines", "line")


class SettleLostAsk(Shape):
    """On top of what was paid for the goods in it, in the order's currency."""

    shipping = Charged(required=False, allow_null=True, default=None, help_text="Tax included.")
    goodwill = Charged(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
