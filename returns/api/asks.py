"""What may be asked of returns, checked for form."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from oms.core.api.shapes import Charged, Id, Pieces, Shape, each_once
from orders.api.asks import FeesAsk
from returns.models import Disposition
from returns.rules.disposition import CONDITION_WORDS


class WantedShape(Shape):
    line = Id(help_text="The order line.")
    quantity = Pieces()
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    faulty = serializers.BooleanField(default=False, help_text="We sent it wrong or broken.")


class OpenAsk(Shape):
    order = Id()
    lines = WantedShape(many=True, min_length=1, max_length=500)
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    external_id = serializers.CharField(
        max_length=120, required=False, default="", allow_blank=True,
        help_text="Your id of it; the same one again gives the return that was opened.",
    )  # fmt: skip
    location = serializers.CharField(
        max_length=32, required=False, default="", allow_blank=True,
        help_text="The code of the location where it is expected; else where most of it was sent from.",
    )  # fmt: skip
    authorise = serializers.BooleanField(
        default=False, help_text="Approve it at once where the policy accepts it."
    )
    for_review = serializers.BooleanField(
        default=False, help_text="Take it in for a person to decide where the policy refuses it."
    )

    def validate(self, ask: dict[str, Any]) -> dict[str, Any]:
        return each_once(ask, "lines", "line")


class DeclineAsk(Shape):
    reason = serializers.CharField(max_length=300)


class CancelReturnAsk(Shape):
    reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class ArrivedLine(Shape):
    line = Id(help_text="The return line.")
    quantity = Pieces()


class OtherItem(Shape):
    """Another item came than the one that was sold."""

    line = Id(help_text="The return line of which it came instead.")
    quantity = Pieces()
    item = serializers.CharField(
        max_length=64, required=False, default="", allow_blank=True,
        help_text="The SKU of what came. Left out: it is none of our items.",
    )  # fmt: skip
    what = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True,
        help_text="What it is; needed where it is none of our items.",
    )  # fmt: skip


class ReceiveAsk(Shape):
    location = serializers.CharField(max_length=32, help_text="The code of the location where it arrived.")
    lines = ArrivedLine(many=True, required=False, default=[], max_length=500)
    others = OtherItem(many=True, required=False, default=[], max_length=500)

    def validate(self, ask: dict[str, Any]) -> dict[str, Any]:
        if not ask["lines"] and not ask["others"]:
            raise serializers.ValidationError({"lines": "Say what arrived, here or in `others`."})
        return each_once(ask, "lines", "line")


class CameLine(Shape):
    item = serializers.CharField(max_length=64, help_text="The SKU of what came.")
    quantity = Pieces()


class UnannouncedAsk(Shape):
    location = serializers.CharField(max_length=32, help_text="The code of the location where it arrived.")
    lines = CameLine(many=True, min_length=1, max_length=500)
    note = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True, help_text="What the parcel says."
    )

    def validate(self, ask: dict[str, Any]) -> dict[str, Any]:
        return each_once(ask, "lines", "item")


class MatchAsk(Shape):
    order = Id(help_text="The order that it is of.")


class FinishAsk(Shape):
    """``kept``: return lines that the customer may keep; what else is awaited falls short."""

    kept = serializers.ListField(child=Id(), required=False, default=[], max_length=500)


class FoundShape(Shape):
    line = Id(help_text="The return line.")
    quantity = Pieces()
    condition = serializers.ChoiceField(list(CONDITION_WORDS.items()))
    disposition = serializers.ChoiceField(Disposition.Kind.choices)
    accepted = serializers.BooleanField(default=True, help_text="Is it paid for? One answer for a line.")
    receipt = Id(
        required=False, allow_null=True, default=None, help_text="The arrival; else the oldest first."
    )
    note = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class InspectAsk(Shape):
    findings = FoundShape(many=True, min_length=1, max_length=500)


class PaidLine(Shape):
    line = Id(help_text="The order line.")
    quantity = Pieces(min_value=0, default=0)
    amount = Charged(
        required=False, allow_null=True, default=None, help_text="Instead of what the rule reckons."
    )


class ReturnRefundAsk(FeesAsk):
    """Without ``lines``, the units that were accepted at inspection. Amounts are in the order's currency."""

    lines = PaidLine(many=True, required=False, max_length=500)
    shipping = Charged(required=False, allow_null=True, default=None, help_text="Tax included.")
    goodwill = Charged(required=False, allow_null=True, default=None)
    fee = Charged(required=False, allow_null=True, default=None, help_text="Kept back.")
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)

    def validate(self, ask: dict[str, Any]) -> dict[str, Any]:
        return each_once(ask, "lines", "line") if "lines" in ask else ask


class CloseAsk(Shape):
    settled_otherwise = serializers.CharField(
        max_length=300, required=False, default="", allow_blank=True,
        help_text="How it was settled, where no refund was made here.",
    )  # fmt: skip
