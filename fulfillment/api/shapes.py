"""What the API tells of work and parcels."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from rest_framework import serializers

from fulfillment.models import (
    Box,
    CarrierAccount,
    FulfillmentLine,
    FulfillmentOrder,
    Label,
    Manifest,
    ParcelLine,
    Reshipment,
    RoutingDecision,
    ShelfReason,
    Shipment,
    TrackingEvent,
)
from oms.core.api.shapes import Amount, Row


class CarrierRow(Row):
    class Meta:
        model = CarrierAccount
        fields = ["id", "slug", "name", "kind", "active"]
        read_only_fields = fields


class ShelfReasonRow(Row):
    """Why pieces are not sent, and what follows from it."""

    skips = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="The types of place that are passed over then.",
    )

    class Meta:
        model = ShelfReason
        fields = ["id", "code", "words", "picks", "rejects", "stock", "counts", "skips", "active"]
        read_only_fields = fields


class BoxRow(Row):
    """What goods are packed into; sides are inner ones."""

    places: Any = serializers.SlugRelatedField(
        slug_field="code", many=True, read_only=True, help_text="Where it is used; none: everywhere."
    )

    class Meta:
        model = Box
        fields = [
            "id",
            "code",
            "name",
            "length_mm",
            "width_mm",
            "height_mm",
            "weight_g",
            "max_weight_g",
            "places",
            "active",
        ]
        read_only_fields = fields


class LabelRow(Row):
    veiled = ("failure",)
    cost = Amount("cost", allow_null=True)

    class Meta:
        model = Label
        fields = ["id", "attempt", "state", "carrier", "service", "cost", "currency", "rule", "choice", "failure",
                  "created_at"]  # fmt: skip
        read_only_fields = fields


class OfferRow(serializers.Serializer):
    account_name = serializers.CharField(read_only=True)
    carrier = serializers.CharField(read_only=True)
    service = serializers.CharField(read_only=True)
    amount = serializers.CharField(read_only=True)
    currency = serializers.CharField(read_only=True)
    days = serializers.IntegerField(read_only=True, allow_null=True, help_text="The carrier's own estimate.")


class OffersRow(Row):
    """What all carriers would take for a parcel, cheapest first; `problems` are those that did not answer."""

    veiled = ("problems",)
    offers = OfferRow(source="quotes", many=True, read_only=True)
    problems = serializers.ListField(source="quote_problems", child=serializers.CharField(), read_only=True)

    class Meta:
        model = Shipment
        fields = ["id", "offers", "problems", "quoted_at"]
        read_only_fields = fields


class ParcelLineRow(Row):
    line = serializers.IntegerField(source="line_id", read_only=True, help_text="The fulfillment line.")

    class Meta:
        model = ParcelLine
        fields = ["line", "quantity"]
        read_only_fields = fields


class ScanRow(Row):
    veiled = ("words",)

    class Meta:
        model = TrackingEvent
        fields = ["status", "words", "place", "at"]
        read_only_fields = fields


class ParcelRow(Row):
    veiled = ("last_scan",)
    fulfillment_order = serializers.IntegerField(source="fulfillment_order_id", read_only=True)
    order = serializers.IntegerField(source="fulfillment_order.order_id", read_only=True)
    tracking_url = serializers.CharField(read_only=True)
    lines = ParcelLineRow(many=True, read_only=True)
    labels = LabelRow(many=True, read_only=True)

    class Meta:
        model = Shipment
        fields = [
            "id", "fulfillment_order", "order", "state", "carrier", "service", "tracking_number", "tracking_url",
            "weight_g", "box", "length_mm", "width_mm", "height_mm", "created_at", "shipped_at", "delivered_at", "last_scan", "last_scan_at", "lines", "labels",
        ]  # fmt: skip
        read_only_fields = fields


class ParcelDetail(ParcelRow):
    """A parcel with every scan, as the carrier told them."""

    scans = ScanRow(many=True, read_only=True)

    class Meta(ParcelRow.Meta):
        fields = [*ParcelRow.Meta.fields, "scans"]
        read_only_fields = fields


class ManifestRow(Row):
    """What one carrier took from one place in one go."""

    veiled = ("failure",)
    location = serializers.CharField(source="location.code", read_only=True)
    parcels: Any = serializers.SerializerMethodField(help_text="The ids of the parcels on it.")

    class Meta:
        model = Manifest
        fields = ["id", "number", "location", "carrier", "state", "failure", "created_at", "parcels"]
        read_only_fields = fields

    def get_parcels(self, manifest: Manifest) -> list[int]:
        return [part.shipment_id for part in manifest.parcels.all() if not part.dropped]


class ReshipmentRow(Row):
    """The order that stands in for a parcel."""

    veiled = ("reason",)
    parcel = serializers.IntegerField(source="shipment_id", read_only=True)
    order = serializers.IntegerField(source="order_id", read_only=True)
    order_number = serializers.CharField(source="order.number", read_only=True)

    class Meta:
        model = Reshipment
        fields = ["id", "parcel", "order", "order_number", "reason", "whole", "made_at"]
        read_only_fields = fields


class WorkLineRow(Row):
    order_line = serializers.IntegerField(source="order_line_id", read_only=True)
    item = serializers.CharField(source="item.sku", read_only=True)
    title = serializers.CharField(source="order_line.title", read_only=True)

    class Meta:
        model = FulfillmentLine
        fields = [
            "id",
            "order_line",
            "item",
            "title",
            "quantity",
            "picked",
            "short",
            "cancelled",
            "short_reason",
        ]
        read_only_fields = fields


class DecisionRow(Row):
    """Why it is sent from there."""

    veiled = ("words",)
    cost = Amount("cost", allow_null=True)
    next_cost = Amount("next_cost", allow_null=True)

    class Meta:
        model = RoutingDecision
        fields = ["id", "at", "words", "cost", "next_cost", "currency", "solver", "gap"]
        read_only_fields = fields


class WorkRow(Row):
    veiled = ("rejected_why",)
    order = serializers.IntegerField(source="order_id", read_only=True)
    order_number = serializers.CharField(source="order.number", read_only=True)
    location = serializers.CharField(source="location.code", read_only=True)

    class Meta:
        model = FulfillmentOrder
        fields = ["id", "number", "order", "order_number", "location", "state", "due_at", "claimed_by", "created_at",
                  "released_at", "rejected_at", "rejected_why", "shipped_at"]  # fmt: skip
        read_only_fields = fields


class WorkDetail(WorkRow):
    """A fulfillment order whole: what to pick, its parcels, and why it is sent from there."""

    lines = WorkLineRow(many=True, read_only=True)
    parcels = ParcelRow(source="shipments", many=True, read_only=True)
    decision = DecisionRow(read_only=True, allow_null=True)

    class Meta(WorkRow.Meta):
        fields = [*WorkRow.Meta.fields, "lines", "parcels", "decision"]
        read_only_fields = fields


MANIFESTS = Manifest.objects.select_related("location").prefetch_related("parcels").defer("document")
# A label's document is large, and told by its own address.
_LABELS = Label.objects.defer("document").order_by("pk")
PARCELS = Shipment.objects.select_related("fulfillment_order").prefetch_related(
    "lines", Prefetch("labels", _LABELS)
)
PARCEL_WHOLE = PARCELS.prefetch_related(Prefetch("scans", TrackingEvent.objects.order_by("at", "pk")))
WORKS = FulfillmentOrder.objects.select_related("order", "location")
WORK_WHOLE = WORKS.select_related("decision").prefetch_related(
    Prefetch("lines", FulfillmentLine.objects.select_related("item", "order_line").order_by("pk")),
    Prefetch("shipments", PARCELS.order_by("pk")),
)
