"""Pages of the past: what lay where at a moment, and the movements that each number is made of."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.models import Barcode, Item, Location, StockMovement
from inventory.stock_as_at import Stood, stock_as_at
from oms.core.console.sheet import BOM, safe
from oms.core.places import own, places_of

SHELVES, MOVES = 300, 500


class MomentForm(forms.Form):
    """A moment in the person's own zone, and which items and places."""

    at = forms.DateTimeField(
        label=_("as it was on"),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    q = forms.CharField(
        label=_("item"), required=False, max_length=100, help_text=_("SKU, barcode or a part of the name.")
    )
    place = forms.ModelChoiceField(
        Location.objects.none(), label=_("place"), required=False, empty_label=_("all places")
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["place"].queryset = own(user, Location.objects.order_by("rank", "code"))  # type: ignore[attr-defined]

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        if at > timezone.now():
            raise forms.ValidationError(
                gettext("That moment is still to come: nobody knows what will lie where.")
            )
        # Shown again as a browser's field wants it, in the person's zone, however the address said it.
        here = timezone.localtime(at).replace(tzinfo=None)
        self.data = {**self.data, "at": here.isoformat(timespec="seconds" if here.second else "minutes")}
        return at


def _asked(request: HttpRequest) -> MomentForm:
    """What the address says; without a moment, the beginning of the person's day."""
    given = request.GET.dict()
    if "at" not in given:
        given["at"] = timezone.localtime().replace(hour=0, minute=0).strftime("%Y-%m-%dT%H:%M")
    return MomentForm(request.user, given)


def _items(words: str) -> list[int] | None:
    """Ids of the items that these words may mean; ``None`` for all."""
    if not (words := words.strip()):
        return None
    found = Item.objects.filter(
        Q(sku__istartswith=words) | Q(name__icontains=words)
        | Q(pk__in=Barcode.objects.filter(code=words).values("item_id"))
    )  # fmt: skip
    return list(found.values_list("pk", flat=True))


def _shelves(request: HttpRequest, asked: MomentForm, limit: int | None) -> Iterator[Stood]:
    told = asked.cleaned_data
    places: Collection[int] | None = places_of(request.user)
    if told["place"]:
        places = [told["place"].pk]
    return stock_as_at(told["at"], items=_items(told["q"]), places=places, limit=limit)


def as_it_was_page(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """What lay where at a moment of the past, and the same as a file."""
    if not request.user.has_perm("inventory.view_stocklevel"):
        raise PermissionDenied
    asked = _asked(request)
    right = asked.is_valid()
    if right and "csv" in request.GET:
        return _as_it_was_file(_shelves(request, asked, None), asked.cleaned_data["at"])
    rows = list(_shelves(request, asked, SHELVES + 1)) if right else []
    same = {name: value for name, value in asked.data.items() if name in asked.fields and value}
    made_of = reverse("admin:inventory_stocklevel_made_of")
    context = {
        **admin.site.each_context(request), "console_own": True, "title": gettext("Stock as it was"), "form": asked,
        "at": asked.cleaned_data.get("at") if right else None, "more": len(rows) > SHELVES, "most": SHELVES,
        "rows": [
            (row, f"{made_of}?{urlencode({'at': same['at'], 'item': row.item_id, 'place': row.location_id})}")
            for row in rows[:SHELVES]
        ],
        "opens": request.user.has_perm("inventory.view_stockmovement"), "csv_link": f"?{urlencode({**same, 'csv': 1})}",
        "pieces": sum(row.on_hand for row in rows[:SHELVES]), "aside": sum(row.unavailable for row in rows[:SHELVES]),
    }  # fmt: skip
    return TemplateResponse(request, "inventory/as_it_was.html", context, status=200 if right else 422)


def _as_it_was_file(rows: Iterator[Stood], at: datetime) -> StreamingHttpResponse:
    stamp = timezone.localtime(at).strftime("%Y-%m-%d-%H%M")

    def lines() -> Iterator[str]:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["SKU", "Name", "Place", "On hand", "Set aside"])
        yield BOM + out.getvalue()
        for row in rows:
            out.seek(0)
            out.truncate()
            writer.writerow([safe(row.sku), safe(row.name), safe(row.place), row.on_hand, row.unavailable])
            yield out.getvalue()

    return StreamingHttpResponse(
        lines(), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="stock-as-of-{stamp}.csv"'},
    )  # fmt: skip


def made_of_page(request: HttpRequest) -> HttpResponse:
    """The movements that a number of that page is made of, newest first, with what lay there after each."""
    if not (
        request.user.has_perm("inventory.view_stocklevel")
        and request.user.has_perm("inventory.view_stockmovement")
    ):
        raise PermissionDenied
    asked = _asked(request)
    item = Item.objects.filter(pk=_number(request.GET.get("item"))).first()
    if not asked.is_valid() or item is None or asked.cleaned_data["place"] is None:
        return HttpResponseRedirect(reverse("admin:inventory_stocklevel_as_it_was"))
    place, at = asked.cleaned_data["place"], asked.cleaned_data["at"]
    total = next(stock_as_at(at, items=[item.pk], places=[place.pk]), None)
    on_hand, aside = (total.on_hand, total.unavailable) if total else (0, 0)
    context: dict[str, Any] = {
        **admin.site.each_context(request), "console_own": True, "title": f"{item.sku} at {place}", "item": item,
        "place": place, "at": at,
        "on_hand": on_hand, "aside": aside, "most": MOVES,
        "back": f"{reverse('admin:inventory_stocklevel_as_it_was')}?{urlencode({'at': request.GET.get('at', ''), 'q': item.sku})}",
    }  # fmt: skip
    rows = StockMovement.objects.filter(item=item, location=place, at__lte=at).order_by("-at", "-pk")[
        : MOVES + 1
    ]
    lines = []
    for move in rows:
        lines.append((move, on_hand, aside))
        on_hand, aside = on_hand - move.on_hand, aside - move.unavailable
    context |= {"rows": lines[:MOVES], "more": len(lines) > MOVES}
    return TemplateResponse(request, "inventory/made_of.html", context)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0
