"""Take in orders of the retailer's own programs, which name their items by SKU or barcode and want an answer each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext

from inventory.actions.fit_reservations import free_stock
from inventory.models import Barcode, Item
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from orders.actions.place import Placing, place_orders
from orders.drafts import LineDraft, OrderDraft
from orders.models import Order
from orders.rules.turn_away import Wish, turned_away

SHORT = 22
"""The longest number of a shop that fits into ours behind its name."""


@dataclass(frozen=True)
class Taking:
    """An order to take in. ``whole``: where a piece of it is not free or not known, nothing of it is taken in."""

    draft: OrderDraft
    whole: bool = False


@transaction.atomic
def take_orders(takings: Sequence[Taking], *, by: Actor) -> list[int | Refused]:
    """Place each of these orders, or say why not: its primary key or its refusal, in the order given.

    Refused is what was taken in before (``order_exists``, ``number_taken``), and of those that want all or nothing
    what cannot be promised whole (``sold_out``, ``unknown_item``). A constant number of statements, and for what is
    refused none that writes. The same order twice in a batch counts as taken in before the second time.
    """
    found = _items([taking.draft for taking in takings])
    placings = [Placing(t.draft, _number(t.draft), items) for t, items in zip(takings, found, strict=True)]
    answers: dict[int, int | Refused] = {}
    while len(answers) < len(takings):
        answers |= _known({at: one for at, one in enumerate(placings) if at not in answers})
        fresh: dict[int, Placing] = {}
        names: set[str] = set()
        for at, one in enumerate(placings):
            if at not in answers and names.isdisjoint(_names(one)):
                fresh[at] = one
                names |= _names(one)
        try:
            with transaction.atomic():
                placed = _turn_away(fresh, {at for at in fresh if takings[at].whole})
                go = [at for at in fresh if at not in placed]
                placed |= zip(go, place_orders([fresh[at] for at in go], by=by), strict=True) if go else {}
        except IntegrityError:  # somebody else took one of them in, between our look and our write
            placed = _known(fresh)
            if not placed:
                raise
        answers |= placed
    return [answers[at] for at in range(len(takings))]


def _number(draft: OrderDraft) -> str:
    number = draft.number if len(draft.number) <= SHORT else draft.external_id[-SHORT:]
    return f"{draft.source.upper()}-{number}"


def _names(one: Placing) -> set[str]:
    """What only one order can be called."""
    return {f"number {one.number}", f"{one.draft.source} {one.draft.external_id}"}


def _known(placings: Mapping[int, Placing]) -> dict[int, int | Refused]:
    """Those that are in already, or whose number is another's."""
    rows = Order.objects.filter(
        Q(
            source__in={one.draft.source for one in placings.values()},
            external_id__in={one.draft.external_id for one in placings.values()},
        )
        | Q(number__in={one.number for one in placings.values()})
    ).values_list("pk", "number", "source", "external_id")
    by_id = {(source, external_id): (pk, number) for pk, number, source, external_id in rows}
    numbers = {number for _, number in by_id.values()}
    refused: dict[int, int | Refused] = {}
    for at, one in placings.items():
        known = by_id.get((one.draft.source, one.draft.external_id))
        if known:
            words = gettext("This order was taken in before, as %(number)s (id %(id)s).")
            refused[at] = Refused(Reason("order_exists", words % {"number": known[1], "id": known[0]}))
        elif one.number in numbers:
            words = gettext("Another order has the number %(number)s.")
            refused[at] = Refused(Reason("number_taken", words % {"number": one.number}))
    return refused


def _turn_away(placings: Mapping[int, Placing], whole: set[int]) -> dict[int, int | Refused]:
    """Those among ``whole`` that cannot be promised whole. What it looks at stays locked, so what it says holds until
    the others are placed."""
    if not whole:
        return {}
    refused: dict[int, int | Refused] = {}
    for at in whole:
        one = placings[at]
        if unknown := [line for line in _goods(one.draft) if line.external_id not in one.items]:
            words = gettext("There is no item %(sku)s.")
            refused[at] = Refused(
                [Reason("unknown_item", words % {"sku": line.sku or line.barcode}) for line in unknown]
            )
    left = [at for at in placings if at not in refused]
    wishes = [Wish(_units(placings[at]), at in whole) for at in left]
    free: dict[int, int] = {}
    for shelf in free_stock({item for wish in wishes for item in wish.units}):
        free[shelf.item_id] = free.get(shelf.item_id, 0) + shelf.available
    for place, short in turned_away(wishes, free).items():
        one = placings[left[place]]
        skus = {one.items[line.external_id]: line.sku or line.barcode for line in _goods(one.draft)}
        words = gettext("%(sku)s: %(wanted)s wanted, %(free)s free.")
        refused[left[place]] = Refused(
            [
                Reason("sold_out", words % {"sku": skus[item], "wanted": wishes[place].units[item], "free": there})
                for item, there in short.items()
            ]
        )  # fmt: skip
    return refused


def _goods(draft: OrderDraft) -> list[LineDraft]:
    return [line for line in draft.lines if line.kind == "item" and line.requires_shipping and line.quantity]


def _units(one: Placing) -> dict[int, int]:
    units: dict[int, int] = {}
    for line in _goods(one.draft):
        if item := one.items.get(line.external_id):
            units[item] = units.get(item, 0) + line.quantity
    return units


def _items(drafts: Sequence[OrderDraft]) -> list[dict[str, int]]:
    """Which item each line of each order is, by its external id: by SKU, else by barcode; two queries for all."""
    lines = [line for draft in drafts for line in draft.lines if line.kind == "item"]
    skus = dict(Item.objects.filter(sku__in={x.sku for x in lines if x.sku}).values_list("sku", "pk"))
    codes = {x.barcode for x in lines if x.barcode and x.sku not in skus}
    barcodes = dict(Barcode.objects.filter(code__in=codes).values_list("code", "item_id")) if codes else {}
    return [
        {
            line.external_id: item
            for line in draft.lines
            if line.kind == "item" and (item := skus.get(line.sku) or barcodes.get(line.barcode))
        }
        for draft in drafts
    ]
