"""What is stocked, where, how much of it, for whom, and every change of that."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.lifecycle import DiscrepancyLifecycle, DiscrepancyState, ReservationLifecycle, ReservationState
from oms.core.lifecycle import states_check


class Item(models.Model):
    """A stocked thing. ``weight_g`` is grams a piece, 0 where unknown; its sides are millimetres a piece as it is
    packed, empty where nobody has measured.

    Four fields are for customs: what it is by its HS code, where it was made, what to call it there (its name,
    unless said) and what a piece is worth in ``OMS_CURRENCY`` where an order line does not tell.
    """

    sku = models.CharField(_("SKU"), max_length=64, unique=True)
    name = models.CharField(max_length=200)
    weight_g = models.PositiveIntegerField(_("weight in grams"), default=0)
    length_mm = models.PositiveIntegerField(
        _("length in mm"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("A piece as it is packed. With all three sides known, a box is suggested by size."),
    )  # fmt: skip
    width_mm = models.PositiveIntegerField(
        _("width in mm"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    height_mm = models.PositiveIntegerField(
        _("height in mm"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    image_url = models.URLField(blank=True, default="")
    active = models.BooleanField(default=True)
    hs_code = models.CharField(
        _("HS code"), max_length=10, blank=True, default="", validators=[RegexValidator(r"^[0-9]{6,10}$")],
        help_text=_("6 to 10 digits, no dots. Needed to send it over a customs border."),
    )  # fmt: skip
    origin_country = models.CharField(
        _("made in"), max_length=2, blank=True, default="", validators=[RegexValidator(r"^[A-Z]{2}$")],
        help_text=_("Two letters, such as CN. Needed to send it over a customs border."),
    )  # fmt: skip
    customs_description = models.CharField(
        _("called at customs"), max_length=100, blank=True, default="",
        help_text=_("What it is in plain words, such as: cotton cushion cover. Left empty: its name."),
    )  # fmt: skip
    customs_value = models.DecimalField(
        _("customs value"), max_digits=12, decimal_places=2, null=True, blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text=_("What a piece is worth, for orders that do not say, such as gifts."),
    )  # fmt: skip
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["sku"]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"


class Barcode(models.Model):
    """A code printed on a thing; an item may have many."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="barcodes")
    code = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.code


class Location(models.Model):
    """A place that holds stock. Coordinates are degrees; ``rank`` breaks ties, lower first. Only where somebody of
    ours can pick and pack does it ship: what lies elsewhere is neither promised nor published."""

    class Type(models.TextChoices):
        WAREHOUSE = "warehouse", _("warehouse")
        STORE = "store", _("store")
        THIRD_PARTY = "third_party", _("third party")
        SUPPLIER = "supplier", _("supplier")
        TRANSIT = "transit", _("in transit")
        VIRTUAL = "virtual", _("virtual")

    code = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=100)
    type = models.CharField(max_length=12, choices=Type.choices, default=Type.WAREHOUSE)
    company = models.CharField(max_length=100, blank=True, default="")
    line1 = models.CharField(_("street"), max_length=150, blank=True, default="")
    line2 = models.CharField(_("street, second line"), max_length=150, blank=True, default="")
    city = models.CharField(max_length=100, blank=True, default="")
    region = models.CharField(max_length=100, blank=True, default="")
    postcode = models.CharField(max_length=20, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="", help_text=_("Two letters, such as GB."))
    phone = models.CharField(max_length=40, blank=True, default="")
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    handling_cost = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        default=Decimal("0"),
        help_text=_("What one parcel costs to prepare here."),
    )
    rank = models.PositiveSmallIntegerField(
        default=100, help_text=_("Lower goes first where all else is equal.")
    )
    label_paper = models.CharField(
        _("labels are printed on"), max_length=4, default="4x6",
        choices=[("4x6", _("4 × 6 inch labels")), ("a6", "A6"), ("a4", _("A4, four on a sheet"))],
    )  # fmt: skip
    ships = models.BooleanField(_("ships orders"), default=True)
    active = models.BooleanField(default=True)
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="places",
        help_text=_("Those who see and press only what is at their places."),
    )  # fmt: skip

    class Meta:
        ordering = ["rank", "code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ships=False) | ~Q(type__in=["supplier", "transit", "virtual"]),
                name="location_ships_by_type",
                violation_error_message=_(
                    "A supplier’s, an in-transit or a virtual place sends no orders: untick “ships orders”, or choose "
                    "another type."
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name


class StockLevel(models.Model):
    """How much of an item is at a location. Written by ``actions/move_stock.py`` alone.

    ``available`` = on hand − reserved − unavailable; what may be promised is that less ``safety_stock``.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="levels", db_index=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="levels")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    unavailable = models.IntegerField(default=0)
    safety_stock = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "location"], name="level_once"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="level_reserved_not_negative"),
            models.CheckConstraint(condition=Q(unavailable__gte=0), name="level_unavailable_not_negative"),
            # The second net: even a careless script cannot promise what is not there.
            models.CheckConstraint(
                condition=Q(on_hand__gte=F("reserved") + F("unavailable")), name="level_never_oversold"
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(sku)s at %(location)s") % {"sku": self.item.sku, "location": self.location}

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved - self.unavailable


class StockMovement(models.Model):
    """One line of the stock ledger: append-only; its sums equal the levels.

    ``key`` makes a movement happen at most once (a shipment line, a disposition …): see :class:`MovementKey`.
    """

    class Reason(models.TextChoices):
        OPENING = "opening", _("opening count")
        RECEIPT = "receipt", _("goods received")
        SHIPMENT = "shipment", _("shipped")
        RETURN = "return", _("returned")
        OTHER_ITEM = "other_item", _("came back instead of another")
        ADJUSTMENT = "adjustment", _("adjusted")
        QUARANTINE = "quarantine", _("set aside")
        RESTOCK = "restock", _("back for sale")
        WRITE_OFF = "write_off", _("written off")
        TO_SUPPLIER = "to_supplier", _("sent back to the supplier")
        TO_CUSTOMER = "to_customer", _("sent back to the customer")
        SHORTAGE = "shortage", _("not found when picking")

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="movements", db_index=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="movements")
    on_hand = models.IntegerField(default=0)
    unavailable = models.IntegerField(default=0)
    reason = models.CharField(max_length=12, choices=Reason.choices)
    document = models.CharField(max_length=80, help_text=_("What caused it, such as shipment:12."))
    demand_key = models.UUIDField(null=True, blank=True)
    key = models.CharField(max_length=120)
    note = models.CharField(max_length=200, blank=True, default="")
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("stock movement")
        constraints = [
            models.CheckConstraint(condition=~Q(on_hand=0, unavailable=0), name="movement_moves_something")
        ]
        indexes = [
            models.Index(fields=["item", "location", "id"], name="movement_by_level"),
            models.Index(fields=["document"], name="movement_by_document"),
        ]

    def __str__(self) -> str:
        return gettext("%(on_hand)s %(item_id)s at %(location_id)s") % {
            "on_hand": f"{self.on_hand:+d}",
            "item_id": self.item_id,
            "location_id": self.location_id,
        }


class MovementKey(models.Model):
    """The key of a movement, once for all: the movements lie in partitions, of which none knows the keys of another.
    The database writes it with the movement (trigger ``note_keys``); nobody else does. No foreign key: history has none."""

    key = models.CharField(max_length=120, primary_key=True)
    movement_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("movement key")
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class Reservation(ReservationLifecycle):
    """Units promised to one demand (an order line's UUID). Backordered rows have no location yet.

    A row is never edited upward: more demand is a new row; a part is split off.
    ``promised_at`` is the place in the queue: who was promised first is served first.
    """

    demand_key = models.UUIDField()
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="reservations")
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="reservations"
    )
    quantity = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    promised_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            states_check("state", ReservationState.values, "reservation_state"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservation_of_something"),
            models.CheckConstraint(
                condition=Q(location__isnull=False) | ~Q(state__in=["firm", "consumed"]),
                name="reservation_firm_has_place",
            ),
        ]
        indexes = [
            models.Index(fields=["demand_key"], name="reservation_by_demand"),
            models.Index(fields=["item", "location"], name="reservation_firm", condition=Q(state="firm")),
            models.Index(
                fields=["item", "promised_at", "id"],
                name="reservation_queue",
                condition=Q(state="backordered"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.item_id} ({self.get_state_display()})"


class StockAdjustment(models.Model):
    """A correction by a person, with its reason; ``quantity`` is signed."""

    class Reason(models.TextChoices):
        COUNTED = "counted", _("counted")
        DAMAGED = "damaged", _("damaged")
        LOST = "lost", _("lost or stolen")
        FOUND = "found", _("found")
        SAMPLE = "sample", _("used as a sample")
        OPENING = "opening", _("opening count")
        OTHER = "other", _("another reason (say which)")

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="adjustments")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="adjustments")
    quantity = models.IntegerField()
    reason = models.CharField(max_length=10, choices=Reason.choices)
    note = models.CharField(max_length=200, blank=True, default="")
    key = models.CharField(max_length=120, unique=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("stock adjustment")
        permissions = [
            ("adjust_stock", "Can adjust stock up to the limit"),
            ("adjust_any", "Can adjust stock by any number"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+d} ({self.get_reason_display()})"


class Receipt(models.Model):
    """Goods that arrived, as posted; immutable, corrections are adjustments."""

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="receipts")
    reference = models.CharField(
        max_length=80, blank=True, default="", help_text=_("The supplier's delivery note.")
    )
    key = models.CharField(max_length=120, unique=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        permissions = [("receive_goods", "Can receive goods")]

    def __str__(self) -> str:
        return self.reference or gettext("receipt %(pk)s") % {"pk": self.pk}


class ReceiptLine(models.Model):
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="lines")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="receipt_lines")
    quantity = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    quarantined = models.PositiveIntegerField(default=0, help_text=_("Of these, how many are set aside."))

    def __str__(self) -> str:
        return f"{self.quantity} × {self.item_id}"


class Discrepancy(DiscrepancyLifecycle):
    """A difference that a person must look at: a level that is not its ledger, or a shortage that displaced
    promises and could not be covered."""

    class Kind(models.TextChoices):
        LEDGER = "ledger", _("level is not the sum of its movements")
        RESERVED = "reserved", _("reserved is not the sum of its reservations")
        SHORTAGE = "shortage", _("goods missing that were promised")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="discrepancies")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="discrepancies")
    expected = models.IntegerField()
    found = models.IntegerField()
    words = models.CharField(max_length=250, blank=True, default="")
    at = models.DateTimeField(default=timezone.now, editable=False)
    resolution = models.CharField(max_length=250, blank=True, default="")

    class Meta:
        verbose_name_plural = _("discrepancies")
        permissions = [("resolve_discrepancy", "Can settle a discrepancy")]
        constraints = [
            states_check("state", DiscrepancyState.values, "discrepancy_state"),
            models.UniqueConstraint(
                fields=["kind", "item", "location"], condition=Q(state="open"), name="discrepancy_open_once"
            ),
        ]

    def __str__(self) -> str:
        told = gettext("%(kind)s: %(expected)s expected, %(found)s found") % {
            "kind": self.get_kind_display(),
            "expected": self.expected,
            "found": self.found,
        }
        return gettext("%(sku)s at %(location)s, %(told)s") % {
            "sku": self.item.sku,
            "location": self.location,
            "told": told,
        }
