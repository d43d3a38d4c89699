"""Items, places and stock in the console: looked at here, changed by the buttons alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

import inventory.people  # noqa: F401  (the page of a person)
from inventory.actions.change_item import CUSTOMS, SIDES
from inventory.actions.reopen_places import reopen_places
from inventory.as_it_was import as_it_was_page, made_of_page
from inventory.lifecycle import DiscrepancyState
from inventory.models import (
    Discrepancy,
    Item,
    Location,
    Receipt,
    Reservation,
    StockAdjustment,
    StockLevel,
    StockMovement,
)
from inventory.pages import export_page, import_page
from oms.core.actors import Actor
from oms.core.console import shown
from oms.core.console.base import ConsoleAdmin
from oms.core.console.filters import choose


def places() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Location.objects.values_list("pk", "name")]


@admin.register(Item)
class ItemAdmin(ConsoleAdmin):
    keyset = "sku"
    list_display = ("sku", "name", "weight", "active")
    list_filter = (choose("active", [("True", _("active")), ("False", _("not sold any more"))], _("active")),)
    csv_fields = {"weight": ("weight_g",)}
    page_fields = ("sku", "name", "codes", "weight", "size", *CUSTOMS, "active", "created_at")
    editable = ("name", "weight_g", *SIDES, "image_url", *CUSTOMS)
    addable = ("sku", "name", "weight_g", *SIDES, "image_url", *CUSTOMS)
    empty_words = _("No items yet: import them from a CSV file, or add one.")

    def get_urls(self) -> list[Any]:
        see = self.admin_site.admin_view
        return [
            path("import/", see(import_page), name="inventory_item_import"),
            path("export/", see(export_page), name="inventory_item_export"),
            *super().get_urls(),
        ]

    def page_queryset(self, request: HttpRequest) -> Any:
        return super().page_queryset(request).prefetch_related("barcodes")

    def title_of(self, obj: Item) -> str:
        return obj.name or obj.sku

    def badges(self, obj: Item) -> list[Any]:
        return [] if obj.active else [shown.badge(gettext("not sold any more"), tone=shown.WARN)]

    def headline(self, request: HttpRequest, obj: Item) -> list[tuple[str, Any]]:
        return [
            ("SKU", obj.sku),
            (gettext("Barcodes"), self.codes(obj)),
            (gettext("Weight"), self.weight(obj)),
        ]

    @admin.display(description=_("weight"))
    def weight(self, obj: Item) -> str:
        return f"{obj.weight_g} g" if obj.weight_g else "unknown"

    @admin.display(description=_("size"))
    def size(self, obj: Item) -> str:
        sides = (obj.length_mm, obj.width_mm, obj.height_mm)
        return gettext("%(sides)s mm") % {"sides": " × ".join(map(str, sides))} if all(sides) else ""

    @admin.display(description=_("barcodes"))
    def codes(self, obj: Item) -> str:
        return ", ".join(code.code for code in obj.barcodes.all()) or gettext("none")


@admin.register(Location)
class LocationAdmin(ConsoleAdmin):
    keyset = "code"
    list_display = ("code", "name", "type", "city", "country", "ships", "active")
    editable = ("name", "type", "company", "line1", "line2", "city", "region", "postcode", "country", "phone",
                "latitude", "longitude", "handling_cost", "label_paper", "rank", "ships", "active")  # fmt: skip
    addable = ("code", *editable)
    page_fields = ("code", "type", "company", "line1", "line2", "postcode", "city", "region", "country", "phone",
                   "handling_cost", "label_paper", "rank", "ships", "active")  # fmt: skip
    empty_words = _("No places yet: add the first one that holds stock.")

    def save_model(self, request: HttpRequest, obj: Location, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and {"ships", "active"} & set(form.changed_data):
            reopen_places([obj.pk], by=Actor.user(request.user))


@admin.register(StockLevel)
class StockLevelAdmin(ConsoleAdmin):
    keyset = "id"
    list_display = (
        "thing",
        "name",
        "location",
        "on_hand",
        "reserved",
        "unavailable",
        "safety_stock",
        "for_sale",
    )
    list_select_related = ("item", "location")
    list_filter = (choose("location", places, _("place")),)
    page_fields = (
        "item",
        "location",
        "on_hand",
        "reserved",
        "unavailable",
        "safety_stock",
        "for_sale",
        "changed_at",
    )

    beside = ((_("Stock as it was…"), "admin:inventory_stocklevel_as_it_was"),)

    def get_urls(self) -> list[Any]:
        see = self.admin_site.admin_view
        return [
            path("as-it-was/", see(as_it_was_page), name="inventory_stocklevel_as_it_was"),
            path("as-it-was/made-of/", see(made_of_page), name="inventory_stocklevel_made_of"),
            *super().get_urls(),
        ]

    def title_of(self, obj: StockLevel) -> str:
        return gettext("%(sku)s at %(location)s") % {"sku": obj.item.sku, "location": obj.location}

    @admin.display(description=_("item"))
    def thing(self, obj: StockLevel) -> str:
        return obj.item.sku

    @admin.display(description=_("name"))
    def name(self, obj: StockLevel) -> str:
        return obj.item.name

    @admin.display(description=_("for sale"))
    def for_sale(self, obj: StockLevel) -> int:
        return max(0, obj.available - obj.safety_stock)


@admin.register(StockMovement)
class StockMovementAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("thing", "location", "change", "reason", "document", "actor", "at")
    csv_fields = {"change": ("on_hand", "unavailable")}
    list_select_related = ("item", "location")
    list_filter = (
        choose("location", places, _("place")),
        choose("reason", StockMovement.Reason.choices, _("reason")),
    )
    page_fields = (
        "item",
        "location",
        "on_hand",
        "unavailable",
        "reason",
        "document",
        "note",
        "actor",
        "at",
        "key",
    )

    @admin.display(description=_("item"))
    def thing(self, obj: StockMovement) -> str:
        return obj.item.sku

    @admin.display(description=_("change"))
    def change(self, obj: StockMovement) -> str:
        parts = [gettext("%(on_hand)s on hand") % {"on_hand": f"{obj.on_hand:+d}"}] if obj.on_hand else []
        return ", ".join(
            parts
            + (
                [gettext("%(unavailable)s set aside") % {"unavailable": f"{obj.unavailable:+d}"}]
                if obj.unavailable
                else []
            )
        )


@admin.register(StockAdjustment)
class StockAdjustmentAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("thing", "location", "signed", "reason", "note", "actor", "at")
    csv_fields = {"signed": ("quantity",)}
    list_select_related = ("item", "location")
    page_fields = ("item", "location", "signed", "reason", "note", "actor", "at")

    @admin.display(description=_("item"))
    def thing(self, obj: StockAdjustment) -> str:
        return obj.item.sku

    @admin.display(description=_("pieces"))
    def signed(self, obj: StockAdjustment) -> str:
        return f"{obj.quantity:+d}"


@admin.register(Receipt)
class ReceiptAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("title", "location", "actor", "at")
    list_select_related = ("location",)
    page_fields = ("location", "reference", "actor", "at")

    def page_queryset(self, request: HttpRequest) -> Any:
        return super().page_queryset(request).prefetch_related("lines__item")

    @admin.display(description=_("receipt"))
    def title(self, obj: Receipt) -> str:
        return str(obj)


@admin.register(Discrepancy)
class DiscrepancyAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("thing", "location", "kind", "expected", "found", "state", "at")
    list_select_related = ("item", "location")
    list_filter = (choose("state", DiscrepancyState.choices, _("state")),)
    page_fields = ("item", "location", "kind", "expected", "found", "words", "at", "resolution")

    def title_of(self, obj: Discrepancy) -> str:
        return gettext("%(sku)s at %(location)s") % {"sku": obj.item.sku, "location": obj.location}

    @admin.display(description=_("item"))
    def thing(self, obj: Discrepancy) -> str:
        return obj.item.sku


@admin.register(Reservation)
class ReservationAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("thing", "quantity", "state", "location", "promised_at")
    list_select_related = ("item", "location")
    page_fields = ("item", "location", "quantity", "state", "promised_at", "created_at", "demand_key")

    @admin.display(description=_("item"))
    def thing(self, obj: Reservation) -> str:
        return obj.item.sku
