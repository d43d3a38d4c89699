"""What the API tells of orders."""

from __future__ import annotations

from base64 import b64encode
from typing import ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from oms.core.api.shapes import Amount, Row, Shape
from oms.core.links import tracking_link
from orders.models import (
    Hold,
    Note,
    Order,
    OrderChange,
    OrderCharge,
    OrderFile,
    OrderLine,
    PaymentTransaction,
    Refund,
    RefundLine,
)


class AddressShape(Shape):
    """``country`` is ISO 3166 alpha-2. Everything may be empty; the address check judges it."""

    name = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    company = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    line1 = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    line2 = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    city = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    region = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    postcode = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    country = serializers.RegexField(r"^[A-Z]{2}$", required=False, default="", allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


@extend_schema_field(
    {
        "type": "object",
        "properties": {name: {"type": "string"} for name in AddressShape().fields},
    }
)
class Address(serializers.JSONField):
    """An address as it is kept."""


class LineRow(Row):
    currency = serializers.CharField(source="order.currency", read_only=True)
    item = serializers.CharField(
        source="item.sku",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="Our SKU; null while unknown.",
    )
    unit_price = Amount("unit_price", "order.currency")
    net = Amount("net", "order.currency")
    tax = Amount("tax", "order.currency")
    discount = Amount("discount", "order.currency")

    class Meta:
        model = OrderLine
        fields = [
            "id", "position", "external_id", "kind", "item", "sku", "title", "requires_shipping", "currency",
            "unit_price", "net", "tax", "discount", "ordered", "cancelled", "unallocated", "backordered", "promised",
            "released", "picked", "packed", "shipped", "delivered", "returned", "demand_key",
        ]  # fmt: skip
        read_only_fields = fields


class ChargeRow(Row):
    currency = serializers.CharField(source="order.currency", read_only=True)
    net = Amount("net", "order.currency")
    tax = Amount("tax", "order.currency")

    class Meta:
        model = OrderCharge
        fields = ["kind", "code", "title", "external_id", "currency", "net", "tax"]
        read_only_fields = fields


class HoldRow(Row):
    veiled = ("words", "note")
    blocks = serializers.ListField(child=serializers.CharField(), read_only=True)
    line = serializers.IntegerField(source="line_id", read_only=True, allow_null=True)

    class Meta:
        model = Hold
        fields = ["id", "type", "state", "words", "blocks", "line", "placed_by", "placed_at", "until", "ended_by",
                  "ended_at", "note"]  # fmt: skip
        read_only_fields = fields


class ChangeRow(Row):
    """Something that was changed at the shop too late to be simply done here too."""

    veiled = ("words",)

    class Meta:
        model = OrderChange
        fields = ["id", "kind", "state", "words", "proposed_at", "decided_by", "decided_at"]
        read_only_fields = fields


class PaymentRow(Row):
    amount = Amount("amount")

    class Meta:
        model = PaymentTransaction
        fields = ["external_id", "kind", "status", "amount", "currency", "gateway", "at"]
        read_only_fields = fields


class RefundLineRow(Row):
    currency = serializers.CharField(source="refund.currency", read_only=True)
    line = serializers.IntegerField(source="line_id", read_only=True, allow_null=True)
    net = Amount("net", "refund.currency")
    tax = Amount("tax", "refund.currency")

    class Meta:
        model = RefundLine
        fields = ["kind", "line", "charge", "quantity", "currency", "net", "tax"]
        read_only_fields = fields


class RefundRow(Row):
    veiled = ("reason", "failure")
    order = serializers.IntegerField(source="order_id", read_only=True)
    amount = Amount("amount")
    lines = RefundLineRow(many=True, read_only=True)

    class Meta:
        model = Refund
        fields = ["id", "order", "key", "state", "amount", "currency", "reason", "made_at_shop", "external_id",
                  "failure", "created_by", "created_at", "settled_at", "lines"]  # fmt: skip
        read_only_fields = fields


class NoteRow(Row):
    veiled = ("text",)

    class Meta:
        model = Note
        fields = ["text", "author", "at"]
        read_only_fields = fields


class FileRow(Row):
    veiled = ("name",)

    class Meta:
        model = OrderFile
        fields = ["id", "name", "kind", "size", "added_by", "added_at"]
        read_only_fields = fields


class FileWhole(FileRow):
    """A file with what is in it."""

    content = serializers.SerializerMethodField(help_text="Its bytes, in base64.")

    def get_content(self, file: OrderFile) -> str:
        return b64encode(file.body).decode()

    class Meta(FileRow.Meta):
        fields = [*FileRow.Meta.fields, "content"]
        read_only_fields = fields


class OrderRow(Row):
    personal: ClassVar[tuple[str, ...]] = ("email", "customer_name")
    total = Amount("total")
    shop_total = Amount("shop_total", "shop_currency")

    class Meta:
        model = Order
        fields = [
            "id", "number", "source", "external_id", "external_number", "state", "payment_status", "fulfillment_status",
            "return_status", "currency", "total", "shop_currency", "shop_total", "country", "email", "customer_name",
            "placed_at", "received_at", "due_at", "shipped_at", "delivered_at", "closed_at",
        ]  # fmt: skip
        read_only_fields = fields


class RiskReason(serializers.Serializer):
    code = serializers.CharField()
    points = serializers.IntegerField()
    words = serializers.CharField()


class Discount(serializers.Serializer):
    """What made it cheaper. Taken off in the money of lines and charges already."""

    code = serializers.CharField(
        help_text="As the customer typed it; empty for what the shop gave by itself."
    )
    title = serializers.CharField()
    line = serializers.CharField(help_text="The line's external id; empty: the whole order, or shipping.")
    amount = serializers.CharField(help_text="In the order's currency.")
    shop_amount = serializers.CharField(help_text="In the shop's.")


class OrderDetail(OrderRow):
    """An order whole: lines with their counters, money, holds, notes."""

    veiled = ("risk_reasons", "tags", "discounts")
    personal = ("email", "customer_name", "phone", "shipping_address", "billing_address", "note")
    tax_total = Amount("tax_total")
    tax_rounding = serializers.CharField(
        read_only=True, help_text="Where the shop rounds tax: line, order, or empty where nobody told."
    )
    shipping_address = Address(read_only=True)
    billing_address = Address(read_only=True)
    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    risk_reasons = RiskReason(many=True, read_only=True)
    lines = LineRow(many=True, read_only=True)
    charges = ChargeRow(many=True, read_only=True)
    discounts = Discount(many=True, read_only=True)
    holds = HoldRow(many=True, read_only=True)
    changes = ChangeRow(many=True, read_only=True)
    payments = PaymentRow(source="transactions", many=True, read_only=True)
    refunds = RefundRow(many=True, read_only=True)
    notes = NoteRow(many=True, read_only=True)
    files = FileRow(many=True, read_only=True)
    tracking_link = serializers.SerializerMethodField(
        help_text="For the customer: a page without an account that shows where the parcels are. Empty without the right "
        "to see personal data."
    )

    def get_tracking_link(self, order: Order) -> str:
        return tracking_link(order.number) if self.context.get("personal") else ""

    class Meta(OrderRow.Meta):
        fields = [
            *OrderRow.Meta.fields, "tax_total", "prices_include_tax", "tax_rounding", "tax_decimals", "phone",
            "shipping_address", "billing_address",
            "shipping_method", "note", "tags", "channel_status", "risk_score", "risk_reasons", "lines", "charges",
            "discounts", "holds", "changes", "payments", "refunds", "notes", "files", "tracking_link",
        ]  # fmt: skip
        read_only_fields = fields


WHOLE = ("lines__item", "charges", "holds", "changes", "transactions", "refunds__lines", "notes", "files")
"""What ``OrderDetail`` reads, for ``prefetch_related``."""
