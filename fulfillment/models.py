"""Where an order is shipped from and why, the work of the house, and the parcels on their way."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fulfillment.lifecycle import (
    LabelLifecycle,
    LabelState,
    ManifestLifecycle,
    ManifestState,
    ParcelLifecycle,
    ParcelState,
    WorkLifecycle,
    WorkState,
)
from fulfillment.rules.boxes import Sides
from fulfillment.rules.short_pick import ALONG
from inventory.models import Item, Location
from oms.core.lifecycle import states_check
from oms.core.secrets import EncryptedJSONField
from orders.models import Order, OrderLine


class RateCard(models.Model):
    """What a parcel costs us, as routing reckons it: base + zone × per zone + kg × (per kg + zone × per kg and
    zone). The active card with the lowest id is used; without one, the built-in figures are."""

    name = models.CharField(max_length=60, unique=True)
    active = models.BooleanField(default=True)
    currency = models.CharField(max_length=3, default="GBP")
    base = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal("6.00"))
    per_zone = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal("0.45"))
    per_kg = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal("0.40"))
    per_kg_zone = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal("0.33"))
    split_penalty = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal("1.00"))

    def __str__(self) -> str:
        return self.name


class CarrierAccount(models.Model):
    """Our account with a carrier. ``kind`` names the adapter."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=40)
    base_url = models.URLField()
    credentials = EncryptedJSONField(null=True, blank=True, editable=False)
    options = models.JSONField(default=dict, blank=True)
    active = models.BooleanField(default=True)
    last_contact_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True, default="", editable=False)
    last_reason = models.CharField(max_length=60, blank=True, default="", editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return self.name


class Postcode(models.Model):
    """Where the addresses are whose postcode begins so; from a file (``manage.py import_postcodes``). Degrees;
    ``prefix`` in capitals, letters and digits alone."""

    country = models.CharField(max_length=2)
    prefix = models.CharField(max_length=20)
    latitude = models.FloatField()
    longitude = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["country", "prefix"], name="postcode_once")]

    def __str__(self) -> str:
        return f"{self.country} {self.prefix}"


class RoutingDecision(models.Model):
    """Why an order is shipped from where it is: immutable. A later decision names the one it supersedes."""

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="routing_decisions", db_index=False
    )
    at = models.DateTimeField(default=timezone.now, editable=False)
    words = models.TextField()
    inputs = models.JSONField(default=dict)
    plan = models.JSONField(default=list, help_text=_("Per location: what it ships and what that costs."))
    candidates = models.JSONField(default=list, help_text=_("Every location: chosen or refused, and why."))
    cost = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    next_cost = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, default="GBP")
    solver = models.CharField(max_length=30)
    gap = models.FloatField(default=0.0, help_text=_("How far at most above the best possible, as a share."))
    cause = models.CharField(max_length=60, default="routed")
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )

    class Meta:
        indexes = [models.Index(fields=["order", "-id"], name="decision_by_order")]

    def __str__(self) -> str:
        return gettext("decision %(pk)s") % {"pk": self.pk}

    @property
    def journal_thread(self) -> str:
        return f"order:{self.order_id}"


class FulfillmentOrder(WorkLifecycle):
    """The instruction to one location to send given units of one order."""

    number = models.CharField(max_length=50, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fulfillment_orders")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="fulfillment_orders")
    decision = models.ForeignKey(
        RoutingDecision, on_delete=models.PROTECT, null=True, blank=True, related_name="fulfillment_orders"
    )
    due_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=150, blank=True, default="")
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    released_at = models.DateTimeField(null=True, blank=True)
    rejected_at = models.DateTimeField(null=True, blank=True)
    rejected_why = models.CharField(max_length=200, blank=True, default="")
    shipped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [
            ("route_order", "Can route an order again"),
            ("pick_fulfillmentorder", "Can pick"),
            ("pack_fulfillmentorder", "Can pack"),
            ("ship_fulfillmentorder", "Can ship"),
            ("cancel_fulfillmentorder", "Can take work back from the warehouse"),
            ("reject_fulfillmentorder", "Can send work back that cannot be done here"),
        ]
        constraints = [states_check("state", WorkState.values, "work_state")]
        indexes = [
            models.Index(
                fields=["location", "due_at", "id"], name="work_open",
                condition=Q(state__in=["planned", "released", "picking", "picked", "packed"]),
            ),
            models.Index(fields=["rejected_at"], name="work_rejected", condition=Q(state="rejected")),
            models.Index(fields=["shipped_at"], name="work_shipped", condition=Q(shipped_at__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def journal_thread(self) -> str:
        return f"order:{self.order_id}"

    def held_for(self, step: str) -> bool:
        """Does an active hold of the order (or of one of our lines) block ``step``? Reads prefetched holds."""
        holds = [hold for hold in self.order.holds.all() if hold.state == "active" and step in hold.blocks]
        ours = {line.order_line_id for line in self.lines.all()} if holds else set()
        return any(hold.line_id is None or hold.line_id in ours for hold in holds)


class ShelfReason(models.Model):
    """Why pieces are not sent from a place, as a picker or the place itself says it, and what follows from it.

    The words of those that came with the system are translated as long as nobody changes them. A reason is
    switched off, never deleted: lines name it by its code.
    """

    class Stock(models.TextChoices):
        STAYS = "stays", _("it stays as it is")
        MISSING = "missing", _("the missing pieces leave the books")
        REST = "rest", _("the shelf goes to zero")
        ASIDE = "aside", _("the pieces are set aside")

    code = models.SlugField(
        max_length=20,
        unique=True,
        help_text=_("A short name for programs, such as too_heavy. It never changes."),
    )
    words = models.CharField(
        max_length=100, help_text=_("What people choose, such as: too heavy for one person.")
    )
    picks = models.BooleanField(
        _("for pickers"), default=True, help_text=_("Offered where pieces are not found.")
    )
    rejects = models.BooleanField(
        _("for sending back"), default=True, help_text=_("Offered where a place sends work back.")
    )
    stock = models.CharField(_("the stock"), max_length=10, choices=Stock.choices, default=Stock.STAYS)
    counts = models.BooleanField(
        _("to be counted"), default=False, help_text=_("The shelf then stands under “Differences found”.")
    )
    skips = models.JSONField(
        _("pass over"), default=list, blank=True,
        help_text=_("Places of these types are not tried for the pieces either, until somebody routes the order again."),
    )  # fmt: skip
    rank = models.PositiveSmallIntegerField(default=100, help_text=_("Lower is offered first."))
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("reason for missing pieces")
        verbose_name_plural = _("reasons for missing pieces")
        ordering = ["rank", "code"]

    def __str__(self) -> str:
        return gettext(self.words)

    def clean(self) -> None:
        if self.code == ALONG.code:
            raise ValidationError({"code": gettext("This code is taken for lines that come along.")})


class FulfillmentLine(models.Model):
    """Units of one order line at one location. ``short`` were not found when picking, or sent back;
    ``short_reason`` is the code of a :class:`ShelfReason`, or ``along``."""

    fulfillment_order = models.ForeignKey(
        FulfillmentOrder, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="fulfillment_lines")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="fulfillment_lines")
    quantity = models.PositiveIntegerField()
    picked = models.PositiveIntegerField(default=0)
    short = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    short_reason = models.CharField(max_length=20, blank=True, default="")
    short_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["fulfillment_order", "order_line"], name="fulfillment_line_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("picked") + F("short") + F("cancelled")),
                name="fulfillment_line_adds_up",
            ),
        ]
        indexes = [models.Index(fields=["short_at"], name="line_short", condition=Q(short__gt=0))]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.item_id}"


class Box(models.Model):
    """What goods are packed into. A parcel keeps the name and the sides that its box had then."""

    code = models.SlugField(
        max_length=20,
        unique=True,
        help_text=_("A short name for programs and for typing, such as m. It never changes."),
    )
    name = models.CharField(max_length=60, help_text=_("What people choose, such as: medium box."))
    length_mm = models.PositiveIntegerField(
        _("length in mm"),
        validators=[MinValueValidator(1)],
        help_text=_("Inside. Carriers are told these sides."),
    )
    width_mm = models.PositiveIntegerField(_("width in mm"), validators=[MinValueValidator(1)])
    height_mm = models.PositiveIntegerField(_("height in mm"), validators=[MinValueValidator(1)])
    weight_g = models.PositiveIntegerField(
        _("weight in grams"), default=0, help_text=_("Of the empty box, with its filling.")
    )
    max_weight_g = models.PositiveIntegerField(
        _("carries in grams"), default=0, help_text=_("The whole parcel at most; 0 for no limit.")
    )
    places = models.ManyToManyField(
        Location, blank=True, related_name="boxes", help_text=_("Where it is used. None chosen: everywhere.")
    )
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("box")
        verbose_name_plural = _("boxes")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    @property
    def sides(self) -> Sides:
        return self.length_mm, self.width_mm, self.height_mm

    def used_at(self, location_id: int) -> bool:
        """Reads prefetched places."""
        places = {place.pk for place in self.places.all()}
        return not places or location_id in places


class Shipment(ParcelLifecycle):
    """One parcel. ``tracking_number`` may be typed by hand; its label is bought or printed by us. ``box`` is the name
    of the box it is packed in, the sides are millimetres, empty where unknown."""

    fulfillment_order = models.ForeignKey(
        FulfillmentOrder, on_delete=models.PROTECT, related_name="shipments"
    )
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    carrier_account = models.ForeignKey(
        CarrierAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="shipments"
    )
    carrier = models.CharField(max_length=60, blank=True, default="")
    service = models.CharField(max_length=80, blank=True, default="")
    tracking_number = models.CharField(max_length=80, blank=True, default="")
    tracking_url = models.URLField(max_length=400, blank=True, default="")
    tracker_id = models.CharField(max_length=80, blank=True, default="")
    weight_g = models.PositiveIntegerField(default=0)
    box = models.CharField(max_length=60, blank=True, default="", db_default="")
    length_mm = models.PositiveIntegerField(null=True, blank=True)
    width_mm = models.PositiveIntegerField(null=True, blank=True)
    height_mm = models.PositiveIntegerField(null=True, blank=True)
    quotes = models.JSONField(default=list, blank=True, help_text=_("What carriers offered when last asked."))
    quote_problems = models.JSONField(default=list, blank=True)
    quoted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_scan_at = models.DateTimeField(null=True, blank=True)
    last_scan = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("parcel")
        permissions = [
            ("buy_label", "Can buy labels"),
            ("void_label", "Can give labels back"),
            ("type_tracking", "Can type a tracking number by hand"),
            ("settle_parcel", "Can settle a lost or returned parcel"),
            ("reship_parcel", "Can send again what was in a parcel"),
        ]
        constraints = [states_check("state", ParcelState.values, "parcel_state")]
        indexes = [
            models.Index(fields=["tracking_number"], name="parcel_by_tracking"),
            models.Index(
                fields=["last_scan_at", "id"], name="parcel_on_the_way",
                condition=Q(state__in=["labelled", "in_transit", "out_for_delivery", "exception"]),
            ),
            models.Index(
                fields=["state", "id"], name="parcel_astray", condition=Q(state__in=["lost", "returned_to_sender"])
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.tracking_number or gettext("parcel %(pk)s") % {"pk": self.pk}

    @property
    def journal_thread(self) -> str:
        return f"order:{self.fulfillment_order.order_id}"


class ParcelLine(models.Model):
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="lines", db_index=False)
    line = models.ForeignKey(FulfillmentLine, on_delete=models.PROTECT, related_name="parcel_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["shipment", "line"], name="parcel_line_once")]

    def __str__(self) -> str:
        return gettext("%(quantity)s of %(line_id)s") % {"quantity": self.quantity, "line_id": self.line_id}


class Label(LabelLifecycle):
    """A paid carrier document. Asked for once per parcel and attempt; kept with its cost, printed from here."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="labels", db_index=False)
    attempt = models.PositiveSmallIntegerField(default=1)
    carrier_account = models.ForeignKey(CarrierAccount, on_delete=models.PROTECT, null=True, blank=True)
    external_id = models.CharField(max_length=120, blank=True, default="")
    carrier = models.CharField(max_length=60, blank=True, default="")
    service = models.CharField(max_length=80, blank=True, default="")
    cost = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    document = models.BinaryField(null=True, blank=True)
    document_type = models.CharField(max_length=40, blank=True, default="")
    document_url = models.URLField(max_length=400, blank=True, default="")
    rule = models.CharField(
        max_length=20, blank=True, default="", help_text=_("By which rule the offer was taken.")
    )
    choice = models.CharField(max_length=200, blank=True, default="")
    quotes = models.JSONField(
        default=list, blank=True, help_text=_("All offers there were when it was bought.")
    )
    quote_problems = models.JSONField(default=list, blank=True)
    customs = models.JSONField(
        null=True, blank=True, help_text=_("What was declared, where it crosses a border.")
    )
    failure = models.CharField(max_length=300, blank=True, default="")
    printed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            states_check("state", LabelState.values, "label_state"),
            models.UniqueConstraint(fields=["shipment", "attempt"], name="label_attempt_once"),
            models.UniqueConstraint(
                fields=["shipment"], condition=Q(state__in=["requested", "purchased"]), name="label_live_once"
            ),
        ]

    def __str__(self) -> str:
        return gettext("label %(pk)s") % {"pk": self.pk}

    @property
    def journal_thread(self) -> str:
        return self.shipment.journal_thread


class Reshipment(models.Model):
    """What was in a parcel is sent again at no charge, by an order of its own. ``whole``: all of it."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="reshipments")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="replaces")
    reason = models.CharField(max_length=200, blank=True, default="")
    whole = models.BooleanField(default=True)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return gettext("%(order_id)s for parcel %(shipment_id)s") % {
            "order_id": self.order_id,
            "shipment_id": self.shipment_id,
        }

    @property
    def journal_thread(self) -> str:
        return f"order:{self.order_id}"


class Manifest(ManifestLifecycle):
    """What one carrier takes from one place in one go: a fact, printed and signed at the door. The carrier's own
    form where it has one, else ours."""

    number = models.CharField(max_length=60, unique=True)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="manifests", db_index=False)
    carrier_account = models.ForeignKey(
        CarrierAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="manifests"
    )
    carrier = models.CharField(max_length=60, blank=True, default="")
    external_id = models.CharField(max_length=120, blank=True, default="")
    document = models.BinaryField(null=True, blank=True)
    document_url = models.URLField(max_length=400, blank=True, default="")
    failure = models.CharField(max_length=300, blank=True, default="")
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        permissions = [("make_manifest", "Can close the day with a carrier")]
        constraints = [states_check("state", ManifestState.values, "manifest_state")]
        indexes = [models.Index(fields=["location", "-id"], name="manifest_by_place")]

    def __str__(self) -> str:
        return self.number

    @property
    def journal_thread(self) -> str:
        return f"manifest:{self.pk}"


class ManifestParcel(models.Model):
    """A parcel on a manifest; ``dropped`` where that manifest could not be made, so that it may go on another."""

    manifest = models.ForeignKey(Manifest, on_delete=models.PROTECT, related_name="parcels")
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="manifested")
    dropped = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shipment"], condition=Q(dropped=False), name="parcel_manifested_once"
            )
        ]

    def __str__(self) -> str:
        return gettext("%(shipment_id)s on %(manifest_id)s") % {
            "shipment_id": self.shipment_id,
            "manifest_id": self.manifest_id,
        }


class TrackingEvent(models.Model):
    """One carrier scan, as it was told; ordered by its own time."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="scans", db_index=False)
    status = models.CharField(max_length=20)
    words = models.CharField(max_length=250, blank=True, default="")
    place = models.CharField(max_length=150, blank=True, default="")
    at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "status", "at", "words"], name="scan_once")
        ]
        indexes = [models.Index(fields=["shipment", "at"], name="scan_by_parcel")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.status}"
