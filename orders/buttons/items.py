"""Say which item a line is."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.models import Item
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import Suggesting
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason
from orders.actions.ask_lines import ask_lines
from orders.actions.free_lines import free_lines
from orders.actions.map_lines import map_lines
from orders.buttons.base import counted, not_hold
from orders.models import OrderLine


def find_item(text: str) -> Item | None:
    """An item by its SKU or a barcode, as typed or scanned."""
    code = text.strip()
    return Item.objects.filter(
        Q(sku__in={code, code.upper()}) | Q(barcodes__code=code), active=True
    ).distinct().first()  # fmt: skip


def like(text: str, title: str) -> list[Item]:
    """Items that could be meant: their SKU begins alike, or their name has the title's longest words."""
    close = Q(sku__istartswith=text[:4]) if text else Q(pk=None)
    for word in sorted(title.split(), key=len)[-2:]:
        if len(word) > 3:
            close |= Q(name__icontains=word)
    return list(Item.objects.filter(close, active=True).order_by("sku")[:30])


def which_item(of: str, sku: str, title: str) -> type[forms.Form]:
    """A form that asks which item ``of`` is, with items of a like SKU or name at hand; its ``item`` is an Item."""
    near = like(sku, title)

    class MapForm(forms.Form):
        item = forms.CharField(
            label=gettext("item"), max_length=64, help_text=gettext("SKU or barcode of “%(of)s”.") % {"of": of},
            widget=Suggesting([(i.sku, i.name) for i in near]),
        )  # fmt: skip

        def clean_item(self) -> Item:
            found = find_item(self.cleaned_data["item"])
            if found is None:
                could = like(self.cleaned_data["item"], self.cleaned_data["item"])
                told = (
                    gettext(" Did you mean %(names)s?") % {"names": ", ".join(i.sku for i in could[:5])}
                    if could
                    else ""
                )
                raise forms.ValidationError(
                    gettext("There is no item with this SKU or barcode.%(told)s") % {"told": told}
                )
            return found

    return MapForm


def _map_form(rows: Sequence[OrderLine]) -> type[forms.Form]:
    return which_item(rows[0].title, rows[0].sku, rows[0].title)


def _map(ids: Ids, actor: Actor, data: Data) -> Outcome:
    orders = map_lines(dict.fromkeys(ids, data["item"].pk), by=actor)
    return Outcome(
        gettext("It is %(item)s; %(orders)s looked at again.")
        % {"item": data["item"], "orders": counted(len(orders))},
        done=len(ids),
    )


def _not_map(line: OrderLine) -> list[Reason]:
    return not_hold(line.order)


def _free(ids: Ids, actor: Actor, data: Data) -> Outcome:
    orders = free_lines(ids, by=actor)
    return Outcome(
        gettext("It is free text now: nothing is sent for it. %(orders)s looked at again.") % {"orders": counted(len(orders))}, done=len(ids),
        undo=("orders.ask_line", list(ids)),
    )  # fmt: skip


def _ask(ids: Ids, actor: Actor, data: Data) -> Outcome:
    orders = ask_lines(ids, by=actor)
    return Outcome(
        gettext("%(orders)s waits for its item again.") % {"orders": counted(len(orders))}, done=len(ids)
    )


BUTTONS = (
    Button(
        name="orders.map_line", label=_("Say which item it is"), model="orders.orderline", permission="orders.map_line",
        run=_map, shown=lambda line: line.stocked and line.item_id is None, reads=("order",),
        refusals=each(_not_map), form=_map_form, bulk=False, rank=10,
        words=_("Its stock is promised at once, and the order goes on."),
    ),
    Button(
        name="orders.free_line", label=_("No item of ours"), model="orders.orderline", permission="orders.map_line",
        run=_free, shown=lambda line: line.stocked and line.item_id is None, reads=("order",),
        refusals=each(_not_map), bulk=False, rank=20,
        preview=lambda ids, data: Preview(gettext("Nothing is picked or sent for this line, and it holds up nothing.")),
        words=_("A gift wrap, a service: nothing to send. For all orders of it say so at its listing."),
    ),
    Button(
        name="orders.ask_line", label=_("It is an item after all"), model="orders.orderline", permission="orders.map_line",
        run=_ask, shown=lambda line: line.kind == "custom" and bool(line.sku or line.external_variant_id),
        reads=("order",), refusals=each(_not_map), bulk=False, rank=20,
        words=_("It waits until somebody says which item it is."),
    ),
)  # fmt: skip
