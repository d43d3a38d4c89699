"""What inventory hangs into the console."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.buttons import BUTTONS
from inventory.models import Barcode, Discrepancy, Item, Location, Receipt, StockLevel, StockMovement
from oms.core.console import Finder, FirstStep, MenuEntry, Panel, Queue, register
from oms.core.console.offers import attach
from oms.core.places import own

LONG_ASIDE = timedelta(days=14)


def _levels(request: Any, item: Item) -> Mapping[str, Any]:
    mine = own(request.user, StockLevel.objects.filter(item=item))
    levels = list(mine.select_related("location").order_by("location__rank"))
    waiting = sum(item.reservations.filter(state="backordered").values_list("quantity", flat=True))
    total = {
        name: sum(getattr(level, name) for level in levels)
        for name in ("on_hand", "reserved", "unavailable", "safety_stock")
    }
    for level in levels:
        level.for_sale = max(0, level.available - level.safety_stock)
    attach(request.user, levels)
    return {
        "levels": levels,
        "total": total,
        "for_sale": sum(level.for_sale for level in levels),
        "waiting": waiting,
        "sku": item.sku,
    }


def _movements(request: Any, item: Item) -> Mapping[str, Any]:
    mine = own(request.user, StockMovement.objects.filter(item=item))
    rows = mine.select_related("location").order_by("-id")[:30]
    return {"rows": list(rows)}


def _shelf_movements(request: Any, level: StockLevel) -> Mapping[str, Any]:
    rows = StockMovement.objects.filter(item_id=level.item_id, location_id=level.location_id)
    return {"rows": list(rows.select_related("location").order_by("-id")[:50])}


def _shelf(request: Any, level: StockLevel) -> Mapping[str, Any]:
    level.for_sale = max(0, level.available - level.safety_stock)  # type: ignore[attr-defined]
    return {"level": level}


def _received(request: Any, receipt: Receipt) -> Mapping[str, Any]:
    return {"lines": list(receipt.lines.all())}


def _place_stock(request: Any, place: Location) -> Mapping[str, Any]:
    levels = StockLevel.objects.filter(location=place).select_related("item").order_by("item__sku")[:101]
    rows = list(levels)
    for level in rows:
        level.for_sale = max(0, level.available - level.safety_stock)  # type: ignore[attr-defined]
    return {"levels": rows[:100], "more": len(rows) > 100, "place": place}


def _code(text: str) -> Any:
    return Q(sku__in={text, text.upper()}) | Q(pk__in=Barcode.objects.filter(code=text).values("item_id"))


def _company_named() -> bool:
    return bool(settings.COMPANY["name"] != settings.COMPANY_UNSAID)


register(
    *BUTTONS,
    FirstStep("company", _("Say who you are"),
              _("OMS_COMPANY_NAME, where the program is started: it stands on packing slips and the tracking page."),
              "inventory.add_location", _company_named, rank=10),
    FirstStep("location", _("Add a place that ships"),
              _("The warehouse or the shop that parcels leave from, with its address."), "inventory.add_location",
              lambda: [Location.objects.filter(active=True, ships=True)], "admin:inventory_location_add", rank=20),
    FirstStep("items", _("Bring in your items"), _("From a CSV file, with what lies where."), "inventory.add_item",
              lambda: [Item.objects.all()], "admin:inventory_item_import", rank=30),
    Panel("levels", _("Stock"), "inventory.item", "inventory/levels.html", _levels, order=10,
          permission="inventory.view_stocklevel"),
    Panel("movements", _("Latest movements"), "inventory.item", "inventory/movements.html", _movements, order=60,
          permission="inventory.view_stockmovement"),
    Panel("shelf", _("What it is made of"), "inventory.stocklevel", "inventory/shelf.html", _shelf, order=10),
    Panel("movements", _("Latest movements"), "inventory.stocklevel", "inventory/movements.html", _shelf_movements,
          order=20, permission="inventory.view_stockmovement"),
    Panel("lines", _("What arrived"), "inventory.receipt", "inventory/received.html", _received, order=10),
    Panel("stock", _("Stock here"), "inventory.location", "inventory/place_stock.html", _place_stock, order=10,
          permission="inventory.view_stocklevel"),
    Finder("inventory.item", _("Items"), "inventory.view_item", rank=30,
           find=lambda q: Item.objects.filter(
               Q(sku__startswith=q) | Q(sku__startswith=q.upper())
               | Q(pk__in=Barcode.objects.filter(code__startswith=q).values("item_id"))).order_by("sku"),
           exact=lambda q: Item.objects.filter(_code(q))),
    Finder("inventory.stocklevel", _("Stock"), "inventory.view_stocklevel", rank=910,
           find=lambda q: StockLevel.objects.filter(item__in=Item.objects.filter(_code(q))),
           exact=lambda q: StockLevel.objects.none()),
    Finder("inventory.stockmovement", _("Movements"), "inventory.view_stockmovement", rank=920,
           find=lambda q: StockMovement.objects.filter(
               Q(item__in=Item.objects.filter(_code(q)).values("pk")) | Q(document=q)),
           exact=lambda q: StockMovement.objects.none()),
    Queue("discrepancies", _("Differences found"), "Stock", "inventory.discrepancy",
          lambda: Discrepancy.objects.filter(state="open"), "at", "inventory.resolve_discrepancy",
          _("Stock and books agree."), _("A level that is not its ledger, or goods missing that were promised."), rank=10),
    Queue("aside-long", _("Set aside for long"), "Stock", "inventory.stocklevel",
          lambda: StockLevel.objects.filter(unavailable__gt=0, changed_at__lt=timezone.now() - LONG_ASIDE),
          "changed_at", "inventory.adjust_stock", _("Nothing lies in quarantine for long."),
          _("More than 14 days without a decision."), rank=20),
    MenuEntry("Stock", _("Items from a file"), "upload_file", "admin:inventory_item_import", "inventory.add_item", 80),
    MenuEntry("Stock", _("Items"), "category", "admin:inventory_item_changelist", "inventory.view_item", 10),
    MenuEntry("Stock", _("Stock levels"), "inventory_2", "admin:inventory_stocklevel_changelist",
              "inventory.view_stocklevel", 20),
    MenuEntry("Stock", _("Stock as it was"), "history", "admin:inventory_stocklevel_as_it_was",
              "inventory.view_stocklevel", 25),
    MenuEntry("Stock", _("Movements"), "swap_vert", "admin:inventory_stockmovement_changelist",
              "inventory.view_stockmovement", 30),
    MenuEntry("Stock", _("Goods received"), "pallet", "admin:inventory_receipt_changelist", "inventory.view_receipt", 40),
    MenuEntry("Stock", _("Adjustments"), "tune", "admin:inventory_stockadjustment_changelist",
              "inventory.view_stockadjustment", 50),
    MenuEntry("Stock", _("Differences"), "report", "admin:inventory_discrepancy_changelist",
              "inventory.view_discrepancy", 60),
    MenuEntry("Stock", _("Places"), "warehouse", "admin:inventory_location_changelist", "inventory.view_location", 70),
)  # fmt: skip
