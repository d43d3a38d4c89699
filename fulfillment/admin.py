"""Routing, work and parcels in the console."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fulfillment import connecting
from fulfillment.lifecycle import ManifestState, ParcelState, WorkState
from fulfillment.models import (
    Box,
    CarrierAccount,
    FulfillmentOrder,
    Manifest,
    RateCard,
    RoutingDecision,
    ShelfReason,
    Shipment,
)
from inventory.models import Location
from oms.core.console import shown
from oms.core.console.base import ConsoleAdmin
from oms.core.console.filters import choose
from oms.core.money import to_minor


def _size(sides: Sequence[int | None]) -> str:
    return gettext("%(sides)s mm") % {"sides": " × ".join(map(str, sides))} if all(sides) else ""


SENDING = (Location.Type.WAREHOUSE, Location.Type.STORE, Location.Type.THIRD_PARTY)
"""The types of place that can send orders at all."""


def _reckoned(amount: Decimal | None, currency: str) -> str:
    return shown.money(amount and to_minor(amount, currency), currency)


def places() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Location.objects.values_list("pk", "name")]


@admin.register(FulfillmentOrder)
class FulfillmentOrderAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("number", "order", "location", "state", "due", "claimed", "created_at")
    list_select_related = ("order", "location")
    list_filter = (
        choose("state", [c for c in WorkState.choices if c[0] != WorkState.PLANNED], _("state")),
        choose("location", places, _("place")),
    )
    csv_fields = {"due": ("due_at",)}
    page_fields = ("order", "location", "claimed", "created_at", "released_at", "rejected_at", "rejected_why",
                   "shipped_at")  # fmt: skip
    empty_words = _("No work yet: it comes by itself when an order is routed.")

    def page_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .page_queryset(request)
            .prefetch_related("order__holds", "lines__item", "lines__order_line")
        )

    def headline(self, request: HttpRequest, obj: FulfillmentOrder) -> list[tuple[str, Any]]:
        return [(gettext("Order"), self._linked(obj.order)), (gettext("From"), obj.location), (gettext("Due"), self.due(obj)),
                (gettext("Pieces"), sum(line.quantity - line.cancelled for line in obj.lines.all()))]  # fmt: skip

    @admin.display(description=_("due"))
    def due(self, obj: FulfillmentOrder) -> Any:
        return shown.when_due(obj.due_at, done=obj.state in ("shipped", "cancelled", "rejected"))

    @admin.display(description=_("taken by"))
    def claimed(self, obj: FulfillmentOrder) -> str:
        return obj.claimed_by.partition(":")[2] or obj.claimed_by


@admin.register(Shipment)
class ShipmentAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("parcel", "order", "state", "carrier", "last_scan", "last_scan_at", "shipped_at")
    list_select_related = ("fulfillment_order__order", "fulfillment_order__location")
    list_filter = (choose("state", ParcelState.choices, _("state")),)
    page_fields = ("order", "work", "carrier", "service", "tracking_number", "weight", "box", "size", "created_at", "shipped_at",
                   "delivered_at")  # fmt: skip

    def badges(self, obj: Shipment) -> list[Any]:
        return [shown.badge(obj.get_state_display(), obj.state)]

    @admin.display(description=_("parcel"))
    def parcel(self, obj: Shipment) -> str:
        return str(obj)

    @admin.display(description=_("order"))
    def order(self, obj: Shipment) -> Any:
        return self._linked(obj.fulfillment_order.order)

    @admin.display(description=_("work"))
    def work(self, obj: Shipment) -> Any:
        return self._linked(obj.fulfillment_order)

    @admin.display(description=_("weight"))
    def weight(self, obj: Shipment) -> str:
        return f"{obj.weight_g} g" if obj.weight_g else "unknown"

    @admin.display(description=_("size"))
    def size(self, obj: Shipment) -> str:
        return _size((obj.length_mm, obj.width_mm, obj.height_mm))


@admin.register(Box)
class BoxAdmin(ConsoleAdmin):
    keyset = "code"
    list_display = ("name", "code", "size", "weight", "carries", "where", "active")
    list_filter = (choose("active", [("True", _("in use")), ("False", _("switched off"))], _("in use")),)
    csv_fields = {
        "size": ("length_mm", "width_mm", "height_mm"),
        "weight": ("weight_g",),
        "carries": ("max_weight_g",),
    }
    editable = ("name", "length_mm", "width_mm", "height_mm", "weight_g", "max_weight_g", "places", "active")
    addable = ("code", *editable)
    page_fields = ("code", "size", "weight", "carries", "where", "active")
    empty_words = _("No boxes yet: add those that you pack into, and one is suggested for each parcel.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("places")

    def badges(self, obj: Box) -> list[Any]:
        return [] if obj.active else [shown.badge(gettext("switched off"), tone=shown.CALM)]

    @admin.display(description=_("inside"))
    def size(self, obj: Box) -> str:
        return _size(obj.sides)

    @admin.display(description=_("weight"))
    def weight(self, obj: Box) -> str:
        return f"{obj.weight_g} g"

    @admin.display(description=_("carries"))
    def carries(self, obj: Box) -> str:
        return f"{obj.max_weight_g} g" if obj.max_weight_g else gettext("no limit")

    @admin.display(description=_("used at"))
    def where(self, obj: Box) -> str:
        return ", ".join(place.name for place in obj.places.all()) or gettext("everywhere")


@admin.register(Manifest)
class ManifestAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("number", "carrier", "location", "state", "created_at")
    list_select_related = ("location",)
    list_filter = (choose("state", ManifestState.choices, _("state")), choose("location", places, _("place")))
    page_fields = ("number", "carrier", "location", "external_id", "created_at")
    empty_words = _("No day was closed yet: press End of day at a place.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("document")

    def title_of(self, obj: Manifest) -> str:
        return f"{obj.number} {obj.carrier}".strip()

    def badges(self, obj: Manifest) -> list[Any]:
        return [shown.badge(obj.get_state_display(), obj.state)]


@admin.register(RoutingDecision)
class RoutingDecisionAdmin(ConsoleAdmin):
    keyset = "-id"
    spoken_fields = ("cause", "solver")
    list_display = ("title", "order", "cause", "cost_words", "at")
    list_select_related = ("order",)
    csv_fields = {"cost_words": ("cost", "currency")}
    page_fields = ("order", "cause", "cost_words", "next_words", "solver", "gap", "at", "supersedes")
    wide_fields = ("inputs",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("inputs", "plan", "candidates")

    def page_queryset(self, request: HttpRequest) -> Any:
        return RoutingDecision.objects.select_related("order", "supersedes")

    @admin.display(description=_("decision"))
    def title(self, obj: RoutingDecision) -> str:
        return str(obj)

    @admin.display(description=_("costs"))
    def cost_words(self, obj: RoutingDecision) -> str:
        return _reckoned(obj.cost, obj.currency)

    @admin.display(description=_("the next best"))
    def next_words(self, obj: RoutingDecision) -> str:
        return _reckoned(obj.next_cost, obj.currency)


@admin.register(RateCard)
class RateCardAdmin(ConsoleAdmin):
    list_display = (
        "name",
        "active",
        "currency",
        "base",
        "per_zone",
        "per_kg",
        "per_kg_zone",
        "split_penalty",
    )
    editable = ("name", "active", "currency", "base", "per_zone", "per_kg", "per_kg_zone", "split_penalty")
    addable = editable
    page_fields = editable


@admin.register(ShelfReason)
class ShelfReasonAdmin(ConsoleAdmin):
    keyset = "code"
    list_display = ("said", "code", "picks", "rejects", "stock", "counts", "passed_over", "active")
    list_filter = (choose("active", [("True", _("in use")), ("False", _("switched off"))], _("in use")),)
    csv_fields = {"said": ("words",)}
    editable = ("words", "picks", "rejects", "stock", "counts", "skips", "rank", "active")
    addable = ("code", *editable)
    page_fields = ("code", "picks", "rejects", "stock", "counts", "passed_over", "rank", "active")

    def badges(self, obj: ShelfReason) -> list[Any]:
        return [] if obj.active else [shown.badge(gettext("switched off"), tone=shown.CALM)]

    @admin.display(description=_("what is chosen"))
    def said(self, obj: ShelfReason) -> str:
        return str(obj)

    @admin.display(description=_("passed over"))
    def passed_over(self, obj: ShelfReason) -> str:
        return ", ".join(str(name) for code, name in Location.Type.choices if code in obj.skips)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "skips":
            return forms.MultipleChoiceField(
                label=capfirst(db_field.verbose_name), help_text=db_field.help_text, required=False,
                choices=[(code, name) for code, name in Location.Type.choices if code in SENDING],
                widget=forms.CheckboxSelectMultiple,
            )  # fmt: skip
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(CarrierAccount)
class CarrierAccountAdmin(ConsoleAdmin):
    list_display = ("name", "kind", "active", "last_contact_at", "last_error")
    editable = ("name", "base_url", "options", "active")
    addable = ("name", "slug", "kind", "base_url", "options")
    page_fields = ("slug", "kind", "base_url", "active", "last_contact_at", "last_error")
    wide_fields = ("options",)
    empty_words = _("No carrier is connected yet: labels can still be typed in by hand.")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "kind":
            return forms.ChoiceField(
                label=gettext("kind"),
                choices=connecting.kinds(),
                help_text=gettext("Its keys are entered next."),
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else {"slug": ["name"]}
