"""Say which item a listing is; what waited for that goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext

from channels.actions.mark_listings import mark_listings
from channels.models import Listing
from inventory.models import Item
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from orders.actions.ask_lines import ask_lines
from orders.actions.map_lines import map_lines
from orders.models import OrderLine


@transaction.atomic
def map_listings(items: Mapping[int, int], *, by: Actor) -> list[Listing]:
    """``items``: listing id → item id. Order lines that waited for it are mapped and promised, its stock is
    sent. A person's choice outranks any rule from now on. Raises :class:`Refused` for an inactive item."""
    inactive = Item.objects.filter(pk__in=items.values(), active=False)
    if inactive:
        raise Refused(
            [
                Reason("inactive_item", gettext("%(sku)s is not sold any more.") % {"sku": item.sku})
                for item in inactive
            ]
        )
    rows = list(
        Listing.objects.filter(pk__in=items)
        .select_for_update(of=("self",))
        .order_by("pk")
        .select_related("account")
    )
    gone = [row for row in rows if row.state == "gone"]
    if gone:
        raise Refused(
            [
                Reason(
                    "listing_gone",
                    gettext("%(n)s is no longer at the shop.") % {"n": row.title or row.external_id},
                )
                for row in gone
            ]
        )
    disowned = [row for row in rows if row.state == "not_ours"]
    for row in rows:
        row.item_id, row.mapped_by = items[row.pk], str(by)
    Listing.objects.bulk_update(rows, ["item", "mapped_by"])
    ask_lines([pk for lines in waiting_lines(disowned, "custom").values() for pk in lines], by=by)
    move(rows, "map", by=by, words=lambda row: f"“{row.title or row.sku}” is item {row.item_id}.").or_refuse()
    resume_lines(rows, by=by)
    mark_listings(set(items.values()), by=by)
    return rows


@transaction.atomic
def unmap_listings(listing_ids: Sequence[int], *, by: Actor) -> list[Listing]:
    """This listing is not the item that was thought, and which it is nobody knows yet: new orders of it wait
    for a person. Orders already promised stay."""
    rows = move(
        Listing.objects.filter(pk__in=listing_ids), "unmap", by=by, sets={"item": None, "mapped_by": str(by)}
    )
    return rows.or_refuse()


def resume_lines(listings: Sequence[Listing], *, by: Actor) -> int:
    """Map the order lines that waited for these listings; returns how many. Needs a transaction."""
    items = {row.pk: row.item_id for row in listings if row.item_id is not None}
    found = waiting_lines([row for row in listings if row.pk in items], "item")
    waiting = {line: items[listing] for listing, lines in found.items() for line in lines}
    if waiting:
        map_lines(waiting, by=by)
    return len(waiting)


def waiting_lines(listings: Sequence[Listing], kind: str) -> dict[int, list[int]]:
    """By listing, its order lines of this kind that have no item, in orders that are not finished. One
    statement; the listings' accounts are at hand."""
    keys = {(row.account.slug, row.external_id): row.pk for row in listings}
    ids = [external_id for _, external_id in keys]
    lines = OrderLine.objects.filter(
        Q(external_variant_id__in=ids) | Q(external_product_id__in=ids, external_variant_id=""),
        item=None, kind=kind, order__source__in={slug for slug, _ in keys},
        order__state__in=["received", "review", "open"],
    ).values_list("pk", "order__source", "external_variant_id", "external_product_id")  # fmt: skip
    found: dict[int, list[int]] = {}
    for pk, source, variant, product in lines.order_by("pk"):
        listing = keys.get((source, variant or product))
        if listing:
            found.setdefault(listing, []).append(pk)
    return found


def auto_map(listings: Sequence[Listing], *, by: Actor) -> int:
    """Map unmapped listings whose SKU or barcode is exactly one item's, unless a person decided. Needs a
    transaction. Returns how many were mapped."""
    by_hand = {row.pk for row in listings if row.mapped_by.startswith("user:")}
    open_rows = [row for row in listings if row.state == "unmapped" and row.pk not in by_hand]
    skus = dict(
        Item.objects.filter(sku__in=[r.sku for r in open_rows if r.sku], active=True).values_list("sku", "pk")
    )
    codes = dict(
        Item.objects.filter(
            barcodes__code__in=[r.barcode for r in open_rows if r.barcode], active=True
        ).values_list("barcodes__code", "pk")
    )
    # What a person mapped and the shop did not list for a while is what it was.
    known = [row for row in listings if row.state == "unmapped" and row.pk in by_hand and row.item_id]
    found = list(known)
    for row in open_rows:
        item_id = skus.get(row.sku) or codes.get(row.barcode)
        if item_id:
            row.item_id, row.mapped_by = item_id, "rule:sku" if row.sku in skus else "rule:barcode"
            found.append(row)
    Listing.objects.bulk_update(found, ["item", "mapped_by"])
    move(found, "map", by=by, quiet=True).or_refuse()
    told = {row.pk: "It is what it was." for row in known}
    journal.write(
        [
            Line.of(row, "map", told.get(row.pk, f"Mapped by {row.mapped_by.removeprefix('rule:')}."))
            for row in found
        ],
        by=by,
    )
    resume_lines(found, by=by)
    mark_listings({row.item_id for row in found if row.item_id}, by=by)
    return len(found)
