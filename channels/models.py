"""The shops we sell through, what they list, and what they believe of our stock."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from channels.lifecycle import ListingLifecycle, ListingState
from inventory.models import Item, Location
from oms.core.lifecycle import states_check
from oms.core.secrets import EncryptedJSONField
from orders.models import Order, OrderLine, tax_decimals_field, tax_rounding_field


class ChannelAccount(models.Model):
    """One account at one channel. ``kind`` names the adapter; orders carry ``slug`` as their source."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=40)
    base_url = models.CharField(max_length=200, blank=True, default="")
    credentials = EncryptedJSONField(null=True, blank=True, editable=False)
    options = models.JSONField(default=dict, blank=True)
    order_prefix = models.CharField(max_length=10, help_text=_("What our numbers of its orders begin with."))
    locations = models.ManyToManyField(
        Location,
        blank=True,
        related_name="channels",
        help_text=_("Places whose stock it may sell; none means all."),
    )
    buffer = models.PositiveIntegerField(
        default=0, help_text=_("Pieces of each item held back from this channel.")
    )
    active = models.BooleanField(default=True)
    push_stock = models.BooleanField(_("send stock levels"), default=True)
    orders_from = models.DateTimeField(null=True, blank=True, help_text=_("Older orders are not taken in."))
    tax_rounding = tax_rounding_field()
    tax_decimals = tax_decimals_field()
    tax_rule_at = models.DateTimeField(null=True, blank=True, editable=False)
    cursor = models.DateTimeField(null=True, blank=True, editable=False)
    refund_cursor = models.DateTimeField(null=True, blank=True, editable=False)
    last_contact_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_order_at = models.DateTimeField(null=True, blank=True, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True, default="", editable=False)
    last_reason = models.CharField(max_length=60, blank=True, default="", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("channel")
        permissions = [("pull_channelaccount", "Can fetch orders now")]

    def __str__(self) -> str:
        return self.name


class Listing(ListingLifecycle):
    """One sellable thing at a channel, and three numbers: what should stand there, what we sent last, and
    what was read back. Each has a version, so that only the newest is ever sent."""

    class Health(models.TextChoices):
        IN_SYNC = "in_sync", _("right")
        PENDING = "pending", _("to be sent")
        SENT = "sent", _("sent, to be read back")
        CONFLICT = "conflict", _("the shop said another number")
        REJECTED = "rejected", _("the shop refused it")
        MISSING = "missing", _("gone at the shop")

    account = models.ForeignKey(
        ChannelAccount, on_delete=models.PROTECT, related_name="listings", db_index=False
    )
    item = models.ForeignKey(Item, on_delete=models.PROTECT, null=True, blank=True, related_name="listings")
    external_id = models.CharField(max_length=120)
    external_product_id = models.CharField(max_length=120, blank=True, default="")
    ref = models.JSONField(default=dict, blank=True)
    sku = models.CharField(_("SKU"), max_length=100, blank=True, default="")
    barcode = models.CharField(max_length=64, blank=True, default="")
    title = models.CharField(max_length=250, blank=True, default="")
    mapped_by = models.CharField(
        max_length=150, blank=True, default="", help_text=_("A person's choice outranks a rule.")
    )
    tracked = models.BooleanField(default=True)
    health = models.CharField(max_length=10, choices=Health.choices, default=Health.IN_SYNC)
    desired = models.IntegerField(null=True, blank=True)
    desired_version = models.PositiveIntegerField(default=0)
    desired_at = models.DateTimeField(null=True, blank=True)
    sent = models.IntegerField(null=True, blank=True)
    sent_version = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    confirmed = models.IntegerField(null=True, blank=True)
    confirmed_version = models.PositiveIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    detail = models.CharField(max_length=300, blank=True, default="")
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        permissions = [
            ("map_listing", "Can say which item a listing is"),
            ("push_listing", "Can send a stock level now"),
            ("pause_listing", "Can pause and resume stock updates"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["account", "external_id"], name="listing_once"),
            states_check("state", ListingState.values, "listing_state"),
        ]
        indexes = [
            models.Index(fields=["item"], name="listing_by_item", condition=Q(state="active")),
            models.Index(
                fields=["account", "due_at"], name="listing_to_send",
                condition=Q(state="active", desired_version__gt=F("sent_version")),
            ),
            models.Index(
                fields=["account", "sent_at"], name="listing_to_confirm",
                condition=Q(state="active", sent_version__gt=F("confirmed_version")),
            ),
            models.Index(fields=["account"], name="listing_unmapped", condition=Q(state="unmapped")),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title or self.sku or self.external_id


class UntoldCancel(models.Model):
    """Units that were cancelled here while others of their order were not. No shop can be told of that without the
    risk that a later refund takes them off a second time, so a person does it there; until then it stands open."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="untold_cancels")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="untold_cancels")
    units = models.PositiveIntegerField()
    cancelled_at = models.DateTimeField(default=timezone.now, editable=False)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(units__gt=0), name="untold_of_something")]
        indexes = [models.Index(fields=["cancelled_at"], name="untold_open", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return f"{self.units} × {self.line.title}"


class StockPush(models.Model):
    """One stock level that was sent, and how it ended: the history behind a listing's three numbers."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="pushes", db_index=False)
    version = models.PositiveIntegerField()
    quantity = models.IntegerField()
    outcome = models.CharField(max_length=10)
    words = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["listing", "-id"], name="push_by_listing")]

    def __str__(self) -> str:
        return f"{self.quantity} ({self.outcome})"
