"""Goods that come back: permission, reception, inspection, and what is done with each unit."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.models import Item, Location
from oms.core.lifecycle import states_check
from orders.models import Order, OrderLine, Refund
from returns.lifecycle import Decision, Reception, ReturnLifecycle, ReturnLineLifecycle, ReturnState


class Return(ReturnLifecycle):
    """A return (RMA). ``location`` is where it is expected; where it really arrives is said at the scan. One
    that came without papers has no ``order`` until somebody finds it."""

    number = models.CharField(max_length=50, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="returns")
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="returns"
    )
    external_id = models.CharField(
        max_length=120, blank=True, default="", help_text=_("The channel's id, if it has one.")
    )
    reason = models.CharField(max_length=200, blank=True, default="")
    verdict = models.JSONField(default=dict, blank=True, help_text=_("What the return policy says, and why."))
    requested_by = models.CharField(max_length=150)
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    authorised_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="returns"
    )

    class Meta:
        permissions = [
            ("open_return", "Can open a return"),
            ("authorise_return", "Can approve or decline a return"),
            ("receive_return", "Can receive returned goods"),
            ("inspect_return", "Can inspect returned goods"),
            ("close_return", "Can close a return"),
        ]
        constraints = [
            states_check("state", ReturnState.values, "return_state"),
            models.CheckConstraint(
                condition=Q(order__isnull=False) | Q(state__in=["received", "closed"]),
                name="return_of_an_order",
            ),
            models.UniqueConstraint(
                fields=["order", "external_id"], condition=~Q(external_id=""), name="return_external_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["requested_at"], name="return_open",
                condition=Q(state__in=["requested", "authorised", "partly_received", "received"]),
            ),
            models.Index(
                fields=["requested_at"], name="return_unmatched", condition=Q(state="received", order=None)
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def journal_thread(self) -> str:
        return f"order:{self.order_id}" if self.order_id else f"return:{self.pk}"

    @property
    def its_order(self) -> Order:
        """The order, for those who have made sure that it is known."""
        assert self.order is not None, f"{self.number} has no order yet"
        return self.order

    @property
    def unannounced(self) -> bool:
        """Did it come without papers?"""
        return any(line.item_id and not line.instead_of_id for line in self.lines.all())


class ReturnLine(ReturnLineLifecycle):
    """Units of one order line that are to come back; ``received`` really did, ``disposed`` are decided. What
    came without papers names its ``item``, and has no order line until its order is found. What came ``instead_of``
    the units of another line names its item as well (none: it is none of ours, and ``reason`` says what it is); it
    was never sold on the order, so it never gets a line of it."""

    rma = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="lines", db_index=False)
    order_line = models.ForeignKey(
        OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="return_lines"
    )
    item = models.ForeignKey(
        Item, on_delete=models.PROTECT, null=True, blank=True, related_name="return_lines",
        help_text=_("What came without papers, or instead of what was sold."),
    )  # fmt: skip
    # Nobody looks lines up by it: they are read by their return. The database's own constraint is in the migration.
    instead_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="came_instead", db_constraint=False,
        db_index=False, help_text=_("The line of which this came instead."),
    )  # fmt: skip
    quantity = models.PositiveIntegerField()
    received = models.PositiveIntegerField(default=0)
    disposed = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["rma", "order_line"], name="return_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=F("received")), name="return_line_received"),
            models.CheckConstraint(condition=Q(received__gte=F("disposed")), name="return_line_disposed"),
            models.CheckConstraint(
                condition=Q(order_line__isnull=False) | Q(item__isnull=False) | Q(instead_of__isnull=False),
                name="return_line_of_something",
            ),
            models.CheckConstraint(
                condition=Q(instead_of__isnull=True) | Q(order_line__isnull=True), name="return_line_not_sold"
            ),
            states_check("reception", Reception.values, "return_line_reception"),
            states_check("decision", Decision.values, "return_line_decision"),
        ]

    def __str__(self) -> str:
        return (
            gettext("%(quantity)s of line %(order_line_id)s")
            % {"quantity": self.quantity, "order_line_id": self.order_line_id}
            if self.order_line_id
            else f"{self.quantity} × {self.item or self.title}"
        )

    @property
    def goods_id(self) -> int | None:
        """The item on the shelf; ``None`` for what is not stocked."""
        return self.order_line.item_id if self.order_line else self.item_id

    @property
    def title(self) -> str:
        if self.order_line:
            return self.order_line.title
        return (
            self.item.name
            if self.item
            else gettext("something that is not ours")
            if self.instead_of_id
            else ""
        )

    @property
    def sku(self) -> str:
        return self.order_line.sku if self.order_line else self.item.sku if self.item else ""

    @property
    def journal_thread(self) -> str:
        return self.rma.journal_thread


class ReturnReceipt(models.Model):
    """Units that arrived at the dock in one go; they wait there, not for sale, until inspected."""

    line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="receipts")
    location = models.ForeignKey(Location, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField()
    disposed = models.PositiveIntegerField(default=0)
    key = models.CharField(max_length=120, unique=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=F("disposed")), name="return_receipt_disposed")
        ]

    def __str__(self) -> str:
        return gettext("%(quantity)s received") % {"quantity": self.quantity}


class Disposition(models.Model):
    """What was done with returned units: exactly one movement each, or none where they stay set aside.
    Immutable."""

    class Kind(models.TextChoices):
        RESTOCK = "restock", _("back for sale")
        QUARANTINE = "quarantine", _("set aside")
        REFURBISH = "refurbish", _("to be made good")
        RETURN_TO_SUPPLIER = "return_to_supplier", _("back to the supplier")
        WRITE_OFF = "write_off", _("written off")
        RETURN_TO_CUSTOMER = "return_to_customer", _("back to the customer")

    line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="dispositions")
    receipt = models.ForeignKey(ReturnReceipt, on_delete=models.PROTECT, related_name="dispositions")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    quantity = models.PositiveIntegerField()
    location = models.ForeignKey(Location, on_delete=models.PROTECT)
    condition = models.CharField(max_length=40, blank=True, default="")
    note = models.CharField(max_length=200, blank=True, default="")
    key = models.CharField(max_length=120, unique=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.quantity} {self.get_kind_display()}"
