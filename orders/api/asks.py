"""What may be asked of orders, checked for form; whether it may be done is for the actions to say."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from oms.core import money
from oms.core.api.shapes import Charged, Id, Pieces, Shape
from orders.actions.enter_payments import KINDS
from orders.api.shapes import AddressShape
from orders.models import OrderLine, TaxRounding

CHARGES = ["shipping", "fee", "discount", "rounding"]
STATUSES = ["succeeded", "pending", "failed"]
SHORT = ["wait", "refuse"]
PAYMENTS = ["authorisation", "capture", "external_paid"]
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)


def sensible_time(value: datetime) -> datetime:
    if not OLDEST <= value <= timezone.now() + timedelta(days=1):
        raise serializers.ValidationError("A time since 2000 and not in the future.", "bad_time")
    return value


class NewLine(Shape):
    """``net`` is what the line comes to after discount and without tax; left out, it is ``unit_price`` times
    ``quantity`` less ``discount``."""

    external_id = serializers.CharField(
        max_length=120, required=False, help_text="The shop's id of the line; else its place."
    )
    sku = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    barcode = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    title = serializers.CharField(max_length=250, required=False, default="", allow_blank=True)
    kind = serializers.ChoiceField(OrderLine.Kind.choices, default="item")
    requires_shipping = serializers.BooleanField(default=True)
    quantity = Pieces()
    unit_price = Charged(required=False)
    net = Charged(required=False)
    tax = Charged(default=Decimal(0))
    discount = Charged(default=Decimal(0))

    def validate(self, line: dict[str, Any]) -> dict[str, Any]:
        if not (line["sku"] or line["title"] or line["barcode"]):
            raise serializers.ValidationError({"sku": "Say what it is: sku, barcode or title."}, "required")
        if "net" not in line:
            if "unit_price" not in line:
                raise serializers.ValidationError({"net": "Say net or unit_price."}, "required")
            line["net"] = line["unit_price"] * line["quantity"] - line["discount"]
            if line["net"] < 0:
                raise serializers.ValidationError({"discount": "More than the line comes to."}, "bad_amount")
        return line


class NewCharge(Shape):
    """Money that is no line. A ``discount`` of the whole order has a negative ``net``."""

    kind = serializers.ChoiceField(CHARGES)
    title = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    code = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    net = Charged(signed=True)
    tax = Charged(signed=True, default=Decimal(0))


class NewPayment(Shape):
    external_id = serializers.CharField(max_length=120, help_text="The payment's own reference.")
    kind = serializers.ChoiceField(PAYMENTS, default="capture")
    status = serializers.ChoiceField(STATUSES, default="succeeded")
    amount = Charged()
    gateway = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    at = serializers.DateTimeField(required=False, validators=[sensible_time])


class EnteredPayment(NewPayment):
    """A fact in the order's currency. A chargeback is ``pending`` when it opens, and ends ``succeeded`` (lost)
    or ``failed`` (won) under the same ``external_id``."""

    kind = serializers.ChoiceField(KINDS)


class NewOrder(Shape):
    """One order of a shop of your own. All amounts are in ``currency``.

    The law ``sum(net + tax over lines and charges) == total`` is checked, and an order that breaks it is
    taken in and held.
    """

    source = serializers.RegexField(
        r"^api(-[a-z0-9]{1,12})?$",
        default="api",
        help_text="Which of your shops: api, or api- and a short word.",
    )
    external_id = serializers.CharField(
        max_length=120, help_text="Your id of the order: taken in once per source."
    )
    number = serializers.RegexField(
        r"^[\w.-]{1,22}$",
        required=False,
        help_text="Your number of it, for people; else its id where that is short.",
    )
    placed_at = serializers.DateTimeField(required=False, validators=[sensible_time])
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    total = Charged()
    prices_include_tax = serializers.BooleanField(default=False)
    tax_rounding = serializers.ChoiceField(
        TaxRounding.choices, required=False, default="", allow_blank=True,
        help_text="Where you round tax: on each line, or once on the whole order. Left out, it is not told.",
    )  # fmt: skip
    tax_decimals = serializers.IntegerField(
        min_value=0,
        max_value=4,
        required=False,
        allow_null=True,
        default=None,
        help_text="To how many digits.",
    )
    lines = NewLine(many=True, min_length=1, max_length=500)
    charges = NewCharge(many=True, required=False, default=[], max_length=100)
    payments = NewPayment(many=True, required=False, default=[], max_length=50)
    email = serializers.EmailField(max_length=254, required=False, default="", allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    customer_name = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    shipping_address = AddressShape(required=False, default=dict)
    billing_address = AddressShape(required=False, default=dict)
    shipping_method = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    when_short = serializers.ChoiceField(
        SHORT,
        default="wait",
        help_text="Where a piece is not free: the order waits for it, or nothing is taken in.",
    )
    note = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, default=[], max_length=50
    )

    def validate_currency(self, value: str) -> str:
        if not money.known_currency(value):
            raise serializers.ValidationError("No such currency.", "unknown_currency")
        return value

    def validate(self, order: dict[str, Any]) -> dict[str, Any]:
        for place, line in enumerate(order["lines"], 1):
            line.setdefault("external_id", str(place))
        ids = [line["external_id"] for line in order["lines"]]
        if len(set(ids)) < len(ids):
            raise serializers.ValidationError({"lines": "Two lines have the same external_id."}, "duplicate")
        wrong = _too_fine(order)
        if wrong:
            told = f"{order['currency']} has {money.precision(order['currency'])} digits after the point."
            raise serializers.ValidationError(dict.fromkeys(wrong, told), "bad_amount")
        return order


def _too_fine(order: dict[str, Any]) -> list[str]:
    """Where an amount is charged that its currency cannot hold."""
    charged = {"total": order["total"]}
    for group, names in (
        ("lines", ("net", "tax", "discount")),
        ("charges", ("net", "tax")),
        ("payments", ("amount",)),
    ):
        for place, row in enumerate(order[group]):
            charged |= {f"{group}.{place}.{name}": row[name] for name in names}
    return [place for place, amount in charged.items() if not money.fits(amount, order["currency"])]


class HoldAsk(Shape):
    type = serializers.ChoiceField(["manual", "customer_request", "scheduled_until"], default="manual")
    words = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ReleaseAsk(Shape):
    holds = serializers.ListField(
        child=Id(), min_length=1, max_length=50, help_text="Ids of the order's holds."
    )
    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class NoteAsk(Shape):
    text = serializers.CharField(max_length=4000)


class FileAsk(Shape):
    """A PDF, a picture or a text; what it is, is read from its bytes."""

    name = serializers.CharField(max_length=150)
    content = serializers.CharField(help_text="Its bytes, in base64.")

    def validate_content(self, value: str) -> bytes:
        try:
            return b64decode(value, validate=True)
        except ValueError:
            raise serializers.ValidationError("This is no base64.", "bad_content") from None


class FileIdAsk(Shape):
    file = Id()


class LineAskShape(Shape):
    line = Id()


class ReopenAsk(Shape):
    reason = serializers.CharField(max_length=200)


class MapAsk(Shape):
    line = Id()
    item = serializers.CharField(max_length=64, help_text="Our SKU.")


class FeesAsk(Shape):
    """What is given back of the fees that the customer paid."""

    charges = Charged(
        required=False, allow_null=True, default=None,
        help_text="Of the fees paid (gift wrap, duties), tax included.",
    )  # fmt: skip
    named_charges = serializers.ListField(
        child=serializers.CharField(max_length=120), required=False, default=[], max_length=500,
        help_text="Fees to give back whole, each by the `external_id` of the order's charge. `charges` comes on top.",
    )  # fmt: skip


class RefundLineAsk(Shape):
    """``quantity`` units at what was paid for them; or ``amount`` (tax included), whatever the quantity."""

    line = Id()
    quantity = Pieces(min_value=0, default=0)
    amount = Charged(required=False, allow_null=True, default=None)


class RefundAskShape(FeesAsk):
    """``whole`` is all that is left of every line, and of shipping and charges unless an amount of theirs is given.
    Amounts are in the order's currency."""

    whole = serializers.BooleanField(default=False)
    lines = RefundLineAsk(many=True, required=False, default=[], max_length=500)
    shipping = Charged(required=False, allow_null=True, default=None, help_text="Tax included.")
    goodwill = Charged(required=False, allow_null=True, default=None)
    fee = Charged(required=False, allow_null=True, default=None, help_text="Kept back.")
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class QuotedLine(serializers.Serializer):
    line = serializers.IntegerField()
    quantity = serializers.IntegerField()
    net = serializers.CharField()
    tax = serializers.CharField()


class QuotedReason(serializers.Serializer):
    code = serializers.CharField()
    words = serializers.CharField()


class QuoteShape(serializers.Serializer):
    """What a refund would come to, by the very rule that makes it. ``refusals`` empty: it may be made."""

    currency = serializers.CharField()
    lines = QuotedLine(many=True)
    shipping_net = serializers.CharField()
    shipping_tax = serializers.CharField()
    charges_net = serializers.CharField()
    charges_tax = serializers.CharField()
    goodwill = serializers.CharField()
    fee = serializers.CharField()
    total = serializers.CharField()
    refusals = QuotedReason(many=True)


class SettleAsk(Shape):
    external_id = serializers.CharField(max_length=112, help_text="The payment provider's id of the refund.")


class FailAsk(Shape):
    why = serializers.CharField(max_length=300)
