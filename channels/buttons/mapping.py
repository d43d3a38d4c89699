"""Say which item a listing is."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms

from channels.actions.map_listings import map_listings, unmap_listings
from channels.buttons.base import LISTING, counted
from channels.models import Listing
from inventory.models import Item
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import Suggesting
from oms.core.console.registry import Data, Ids, each
from oms.core.lifecycle import why_not
from orders.buttons import find_item, like

MAP = "channels.map_listing"


def _map_form(rows: Sequence[Listing]) -> type[forms.Form]:
    listing = rows[0]
    near = like(listing.sku, listing.title)

    class MapForm(forms.Form):
        item = forms.CharField(
            label="item", max_length=64, help_text=f"SKU or barcode of “{listing}”.",
            widget=Suggesting([(i.sku, i.name) for i in near]),
        )  # fmt: skip

        def clean_item(self) -> Item:
            found = find_item(self.cleaned_data["item"])
            if found is None:
                could = like(self.cleaned_data["item"], self.cleaned_data["item"])
                told = f" Did you mean {', '.join(i.sku for i in could[:5])}?" if could else ""
                raise forms.ValidationError(f"There is no item with this SKU or barcode.{told}")
            return found

    return MapForm


def _map(ids: Ids, actor: Actor, data: Data) -> Outcome:
    (listing,) = map_listings({ids[0]: data["item"].pk}, by=actor)
    return Outcome(f"“{listing}” is {data['item']}. Orders that waited for that go on; its stock is sent.")


def _unmap_preview(ids: Ids, data: Data) -> Preview:
    rows = Listing.objects.filter(pk__in=ids).select_related("item").order_by("pk")
    return Preview(
        "Its stock is not sent any more, and new orders of it wait for somebody to say what it is. Orders that"
        " were taken in stay as they are.",
        [(str(row), str(row.item or "no item")) for row in rows[:50]],
    )


def _unmap(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = unmap_listings(ids, by=actor)
    return Outcome(f"{counted(len(rows), 'listing is', 'listings are')} no item of ours.", done=len(rows))


BUTTONS = (
    Button(
        name="channels.map", label="Say which item it is", model=LISTING, permission=MAP, run=_map,
        shown=lambda row: row.state != "gone", refusals=each(lambda row: why_not(row, "map")), form=_map_form,
        bulk=False, rank=10, hotkey="i", words="Orders that waited for it go on, and its stock is sent.",
    ),
    Button(
        name="channels.unmap", label="No item of ours", model=LISTING, permission=MAP, run=_unmap,
        shown=lambda row: row.state in ("active", "paused"), refusals=each(lambda row: why_not(row, "unmap")),
        preview=_unmap_preview, dangerous=True, rank=80, words="It is not what was thought; nothing guesses it again.",
    ),
)  # fmt: skip
