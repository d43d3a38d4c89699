"""The canonical order: the customer's promise, its lines, its money, and what holds it up."""

from __future__ import annotations

import uuid

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, NullIf, Right
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.models import Item
from oms.core import money
from oms.core.ids import uuid7
from oms.core.lifecycle import states_check
from oms.core.personal import ALIKE
from orders.lifecycle import (
    ChangeLifecycle,
    ChangeState,
    HoldLifecycle,
    HoldState,
    OrderLifecycle,
    OrderState,
    RefundLifecycle,
    RefundState,
)
from orders.rules.file_kinds import KINDS, TEXT
from orders.rules.holds import HOLDS


def money_field(**kwargs: object) -> models.DecimalField:
    return models.DecimalField(max_digits=18, decimal_places=4, **kwargs)  # type: ignore[arg-type]


class TaxRounding(models.TextChoices):
    """Where a shop rounds tax. Empty is not told: no order's payload says it."""

    LINE = "line", _("on each line")
    ORDER = "order", _("once on the whole order")


def tax_rounding_field() -> models.CharField:
    return models.CharField(
        max_length=5, choices=TaxRounding.choices, blank=True, default="", db_default="",
        help_text=_("Where the shop rounds tax. Shops that tell are asked; for others, say it here if you know."),
    )  # fmt: skip


def tax_decimals_field() -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(4)],
        help_text=_("To how many digits tax is rounded."),
    )


TELEPHONE = Right(
    Func(
        Coalesce(NullIf("phone", Value("")), KeyTextTransform("phone", "shipping_address"), Value("")),
        Value(r"\D"), Value(""), Value("g"), function="regexp_replace", output_field=models.CharField(),
    ),
    ALIKE,
)  # fmt: skip
"""Of the number on an order's page the digits by which it is found (``oms.core.personal.telephone``)."""


class Order(OrderLifecycle):
    """One order of one channel account (``source``), with the channel's own totals kept as they came.

    ``currency`` and ``total`` are the customer's, ``shop_currency`` and ``shop_total`` the shop's own. The
    ``*_status`` columns are derived (``rules/progress.py``) and stored for lists only.
    """

    number = models.CharField(max_length=40, unique=True, help_text=_("Our number, such as SHOP-1001."))
    source = models.CharField(max_length=60, help_text=_("The channel account it came from."))
    external_id = models.CharField(max_length=120)
    external_number = models.CharField(max_length=60, blank=True, default="")
    placed_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    remote_updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    currency = models.CharField(max_length=3)
    shop_currency = models.CharField(max_length=3)
    total = money_field()
    shop_total = money_field()
    tax_total = money_field(default=0)
    prices_include_tax = models.BooleanField(default=False)
    tax_rounding = tax_rounding_field()
    tax_decimals = tax_decimals_field()

    email = models.CharField(max_length=254, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    customer_name = models.CharField(max_length=150, blank=True, default="")
    shipping_address = models.JSONField(default=dict, blank=True)
    billing_address = models.JSONField(default=dict, blank=True)
    country = models.CharField(max_length=2, blank=True, default="")
    shipping_method = models.CharField(max_length=120, blank=True, default="")
    note = models.TextField(blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    channel_status = models.CharField(max_length=60, blank=True, default="")
    channel_facts = models.JSONField(default=dict, blank=True, help_text=_("What else the channel said."))
    risk_score = models.PositiveSmallIntegerField(null=True, blank=True)
    risk_reasons = models.JSONField(default=list, blank=True)

    payment_status = models.CharField(max_length=20, default="none")
    fulfillment_status = models.CharField(max_length=24, default="unfulfilled")
    return_status = models.CharField(max_length=20, blank=True, default="")
    due_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [
            ("cancel_order", "Can cancel orders and lines"),
            ("reopen_order", "Can reopen a finished order"),
            ("hold_order", "Can put an order on hold"),
            ("map_line", "Can say which item an unknown line is"),
            ("decide_change", "Can decide about a change made at the shop"),
            ("edit_address", "Can correct a delivery address"),
            ("view_personal_data", "Can see names, addresses and e-mails in full"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="order_once"),
            states_check("state", OrderState.values, "order_state"),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["state", "-placed_at", "-id"], name="order_by_state"),
            models.Index(
                fields=["placed_at", "id"],
                name="order_open_work",
                condition=Q(state__in=["received", "review", "open"]),
            ),
            models.Index(fields=["email", "-placed_at"], name="order_by_email"),
            models.Index(fields=["external_number"], name="order_by_external_number"),
            models.Index(TELEPHONE, name="order_by_telephone"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def discounts(self) -> list[dict[str, str]]:
        """What made it cheaper, as the channel told it: code, title, amount, shop_amount, and the line's external id
        or nothing. Taken off in the lines' and charges' money already."""
        return self.channel_facts.get("discounts") or []


class OrderLine(models.Model):
    """One line and where each of its units is. The counters always add up:

    ordered = cancelled + unallocated + backordered + promised + released + picked + packed + shipped
    """

    class Kind(models.TextChoices):
        ITEM = "item", _("item")
        CUSTOM = "custom", _("free text")
        GIFT_CARD = "gift_card", _("gift card")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines", db_index=False)
    demand_key = models.UUIDField(default=uuid7, unique=True, editable=False)
    position = models.PositiveIntegerField(default=0)
    external_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ITEM)
    item = models.ForeignKey(
        Item, on_delete=models.PROTECT, null=True, blank=True, related_name="order_lines", db_index=False
    )
    sku = models.CharField(
        _("SKU"), max_length=64, blank=True, default="", help_text=_("As the channel wrote it.")
    )
    external_product_id = models.CharField(max_length=120, blank=True, default="")
    external_variant_id = models.CharField(max_length=120, blank=True, default="")
    title = models.CharField(max_length=250)
    requires_shipping = models.BooleanField(default=True)

    unit_price = money_field(default=0)
    net = money_field()
    tax = money_field(default=0)
    discount = money_field(default=0)
    shop_net = money_field()
    shop_tax = money_field(default=0)
    shop_discount = money_field(default=0)

    ordered = models.PositiveIntegerField()
    cancelled = models.PositiveIntegerField(default=0)
    unallocated = models.PositiveIntegerField()
    backordered = models.PositiveIntegerField(default=0)
    promised = models.PositiveIntegerField(default=0)
    released = models.PositiveIntegerField(default=0)
    picked = models.PositiveIntegerField(default=0)
    packed = models.PositiveIntegerField(default=0)
    shipped = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField(default=0)
    unbilled = models.PositiveIntegerField(
        default=0, db_default=0, help_text=_("Pieces that the shop took out of the amounts of this line.")
    )

    class Meta:
        ordering = ["order_id", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "external_id"], name="line_once"),
            models.CheckConstraint(
                condition=Q(
                    ordered=F("cancelled") + F("unallocated") + F("backordered") + F("promised") + F("released")
                    + F("picked") + F("packed") + F("shipped")
                ),
                name="line_counters_add_up",
            ),
            models.CheckConstraint(condition=Q(shipped__gte=F("delivered")), name="line_delivered_was_shipped"),
            models.CheckConstraint(condition=Q(shipped__gte=F("returned")), name="line_returned_was_shipped"),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["item", "-id"], name="line_by_item"),
            models.Index(fields=["sku"], name="line_by_sku"),
            models.Index(fields=["order"], name="line_unallocated", condition=Q(unallocated__gt=0)),
            models.Index(fields=["order"], name="line_backordered", condition=Q(backordered__gt=0)),
            models.Index(fields=["order"], name="line_promised", condition=Q(promised__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.ordered} × {self.title}"

    @property
    def journal_thread(self) -> str:
        return f"order:{self.order_id}"

    @property
    def billed(self) -> int:
        """The pieces that the amounts are for. Cancelling here leaves the amounts as they were paid; a shop
        that takes pieces off may lower them. A piece that we still owe is never left out."""
        return self.ordered - min(self.unbilled, self.cancelled)

    @property
    def stocked(self) -> bool:
        """Does it need stock? Free text and gift cards do not."""
        return self.kind == self.Kind.ITEM and self.requires_shipping


class OrderCharge(models.Model):
    """Money of an order that is no line: shipping, fees, discounts, rounding."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="charges")
    external_id = models.CharField(max_length=120, blank=True, default="")
    kind = models.CharField(max_length=10)
    code = models.CharField(max_length=80, blank=True, default="")
    title = models.CharField(max_length=150, blank=True, default="")
    net = money_field()
    tax = money_field(default=0)
    discount = money_field(default=0)
    shop_net = money_field()
    shop_tax = money_field(default=0)

    def __str__(self) -> str:
        return f"{self.kind} {self.net}"


class Hold(HoldLifecycle):
    """A typed reason that blocks named steps (``rules/holds.py``). Several may stand at once; one may stand
    on a single line and then blocks only that line. ``reviews`` holds keep the order in review."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="holds")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="holds")
    type = models.CharField(max_length=24)
    blocks = models.JSONField(
        default=list, help_text=_("The steps it blocks: allocate, release, ship, refund.")
    )
    reviews = models.BooleanField(default=True)
    words = models.CharField(max_length=300)
    data = models.JSONField(default=dict, blank=True)
    placed_by = models.CharField(max_length=150)
    placed_at = models.DateTimeField(default=timezone.now, editable=False)
    until = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        permissions = [(kind.permission, f"Can release a hold: {kind.words}") for kind in HOLDS.values()]
        constraints = [
            states_check("state", HoldState.values, "hold_state"),
            models.UniqueConstraint(
                fields=["order", "line", "type"], condition=Q(state="active"), nulls_distinct=False,
                name="hold_active_once",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["type", "placed_at"], name="hold_active", condition=Q(state="active"))
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def journal_thread(self) -> str:
        return f"order:{self.order_id}"


class PaymentTransaction(models.Model):
    """One fact of the payment ledger: append-only; totals and status are derived from it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="transactions", db_index=False)
    external_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=16)
    status = models.CharField(max_length=10)
    amount = money_field()
    currency = models.CharField(max_length=3)
    shop_amount = money_field()
    gateway = models.CharField(max_length=60, blank=True, default="")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]
        permissions = [("record_payment", "Can enter a payment or a chargeback")]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "external_id", "kind", "status"], name="payment_fact_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status} {money.words(self.amount, self.currency)}"


class Refund(RefundLifecycle):
    """Money to give back, or given back at the shop. Never touches stock."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    external_id = models.CharField(max_length=120, blank=True, default="")
    amount = money_field()
    currency = models.CharField(max_length=3)
    shop_amount = money_field()
    reason = models.CharField(max_length=200, blank=True, default="")
    cause = models.CharField(
        max_length=80, blank=True, default="", help_text=_("What asked for it, such as return:3.")
    )
    made_at_shop = models.BooleanField(default=False)
    failure = models.CharField(max_length=300, blank=True, default="")
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [
            ("issue_refund", "Can refund up to the limit"),
            ("issue_large_refund", "Can refund any amount"),
        ]
        constraints = [
            states_check("state", RefundState.values, "refund_state"),
            models.UniqueConstraint(
                fields=["order", "external_id"], condition=~Q(external_id=""), name="refund_external_once"
            ),
            models.UniqueConstraint(
                fields=["order", "cause"], condition=~Q(cause=""), name="refund_cause_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_of_something"),
        ]
        indexes = [
            models.Index(
                fields=["id"], name="refund_unsettled", condition=~Q(state__in=["succeeded", "cancelled"])
            )
        ]

    def __str__(self) -> str:
        return gettext("refund of %(words)s") % {"words": money.words(self.amount, self.currency)}

    @property
    def journal_thread(self) -> str:
        return f"order:{self.order_id}"


class RefundLine(models.Model):
    """What the money is for: a line (quantity and amount apart), or ``kind`` shipping, charge (fees the customer
    paid), goodwill, or fee (kept back, below zero). ``charge`` is the id at the shop of the one fee it is for: the
    rows of charges are made anew when the shop changes an order's money, their ids at the shop stay."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(
        OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="refund_lines"
    )
    kind = models.CharField(max_length=10, default="line")
    charge = models.CharField(max_length=120, blank=True, default="", db_default="")
    quantity = models.PositiveIntegerField(default=0)
    net = money_field()
    tax = money_field(default=0)
    shop_net = money_field(default=0)
    shop_tax = money_field(default=0)

    def __str__(self) -> str:
        return f"{self.kind} {self.net + self.tax}"


class OrderChange(ChangeLifecycle):
    """A change made at the shop after import that could not simply be applied: both sides, for a person."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=20)
    ours = models.JSONField(default=dict)
    theirs = models.JSONField(default=dict)
    words = models.CharField(max_length=300)
    proposed_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_by = models.CharField(max_length=150, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            states_check("state", ChangeState.values, "change_state"),
            models.UniqueConstraint(
                fields=["order", "kind"], condition=Q(state="proposed"), name="change_proposed_once"
            ),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def journal_thread(self) -> str:
        return f"order:{self.order_id}"


class Note(models.Model):
    """A colleague's note on an order."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="notes")
    text = models.TextField()
    author = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.text[:60]


class Files(models.Manager["OrderFile"]):
    """Without their bytes: those are read when somebody asks for one file."""

    def get_queryset(self) -> models.QuerySet[OrderFile]:
        return super().get_queryset().defer("body")


class OrderFile(models.Model):
    """A file on an order. It lies in the database, so that one backup has it all; a limit keeps it small."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=150)
    kind = models.CharField(max_length=40, help_text=_("What it is by its bytes, not by its name."))
    size = models.PositiveIntegerField(help_text=_("In bytes."))
    body = models.BinaryField()
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = Files()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    @property
    def journal_thread(self) -> str:
        return f"order:{self.order_id}"

    @property
    def picture(self) -> bool:
        return KINDS[self.kind].picture

    @property
    def text(self) -> bool:
        return self.kind == TEXT.mime
