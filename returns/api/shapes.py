"""What the API tells of returns."""

from __future__ import annotations

from django.db.models import Prefetch
from rest_framework import serializers

from oms.core.api.shapes import Row
from orders.api.shapes import RefundRow
from returns.models import Disposition, Return, ReturnLine, ReturnReceipt


class ReturnRow(Row):
    veiled = ("reason",)
    order = serializers.IntegerField(
        source="order_id", read_only=True, allow_null=True, help_text="None while it is not known."
    )
    order_number = serializers.CharField(source="order.number", read_only=True, allow_null=True, default=None)
    location = serializers.CharField(
        source="location.code",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="Where it is expected.",
    )

    class Meta:
        model = Return
        fields = ["id", "number", "order", "order_number", "location", "state", "reason", "external_id",
                  "requested_by", "requested_at", "authorised_at", "closed_at"]  # fmt: skip
        read_only_fields = fields


class ReturnReceiptRow(Row):
    location = serializers.CharField(source="location.code", read_only=True)

    class Meta:
        model = ReturnReceipt
        fields = ["id", "location", "quantity", "disposed", "actor", "at"]
        read_only_fields = fields


class DispositionRow(Row):
    veiled = ("note",)
    location = serializers.CharField(source="location.code", read_only=True)

    class Meta:
        model = Disposition
        fields = ["kind", "quantity", "condition", "note", "location", "actor", "at"]
        read_only_fields = fields


class ReturnLineRow(Row):
    veiled = ("reason",)
    order_line = serializers.IntegerField(
        source="order_line_id", read_only=True, allow_null=True,
        help_text="None for what came without papers, until its order is known.",
    )  # fmt: skip
    instead_of = serializers.IntegerField(
        source="instead_of_id", read_only=True, allow_null=True,
        help_text="The line of which this came instead; it was never sold on the order, and is never paid for.",
    )  # fmt: skip
    sku = serializers.CharField(read_only=True)
    title = serializers.CharField(read_only=True)
    receipts = ReturnReceiptRow(many=True, read_only=True)
    dispositions = DispositionRow(many=True, read_only=True)

    class Meta:
        model = ReturnLine
        fields = ["id", "order_line", "instead_of", "sku", "title", "quantity", "received", "disposed", "reception", "decision",
                  "reason", "receipts", "dispositions"]  # fmt: skip
        read_only_fields = fields


class ReturnDetail(ReturnRow):
    """A return whole: what is to come, what came and what was done with it, and its refund."""

    policy = serializers.CharField(
        source="verdict.words", read_only=True, default="", help_text="What the return policy says to it."
    )
    lines = ReturnLineRow(many=True, read_only=True)
    refund = RefundRow(read_only=True, allow_null=True)

    class Meta(ReturnRow.Meta):
        fields = [*ReturnRow.Meta.fields, "policy", "lines", "refund"]
        read_only_fields = fields


ROWS = Return.objects.select_related("order", "location")
WHOLE = ROWS.select_related("refund").prefetch_related(
    Prefetch("lines", ReturnLine.objects.order_by("pk")),
    "lines__order_line",
    "lines__item",
    "lines__receipts__location",
    "lines__dispositions__location",
    "refund__lines",
)
