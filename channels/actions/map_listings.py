"""Say which item a listing is; what waited for that goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

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
        raise Refused([Reason("inactive_item", f"{item.sku} is not sold any more.") for item in inactive])
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
                Reason("listing_gone", f"{row.title or row.external_id} is no longer at the shop.")
                for row in gone
            ]
        )
    disowned = [row for row in rows if row.state == "not_ours"]
    for row in rows:
        row.item_id, row.mapped_by = items[row.pk], str(by)
    Listing.objects.bulk_update(rows, ["item", "mapped_by"])
    ask_lines([pk for row in disowned for pk in lines_of(row).values_list("pk", flat=True)], by=by)
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
    waiting: dict[int, int] = {}
    for listing in listings:
        if listing.item_id is None:
            continue
        lines = lines_of(listing).filter(kind="item")
        waiting.update(dict.fromkeys(lines.values_list("pk", flat=True), listing.item_id))
    if waiting:
        map_lines(waiting, by=by)
    return len(waiting)


def lines_of(listing: Listing) -> QuerySet[OrderLine]:
    """The order lines of this listing that have no item, in orders that are not finished."""
    return OrderLine.objects.filter(
        Q(external_variant_id=listing.external_id) | Q(external_product_id=listing.external_id, external_variant_id=""),
        item=None, order__source=listing.account.slug, order__state__in=["received", "review", "open"],
    )  # fmt: skip


def auto_map(listings: Sequence[Listing], *, by: Actor) -> int:
    """Map unmapped listings whose SKU or barcode is exactly one item's, unless a person decided. Needs a
    transaction. Returns how many were mapped."""
    open_rows = [row for row in listings if row.state == "unmapped" and not row.mapped_by.startswith("user:")]
    skus = dict(
        Item.objects.filter(sku__in=[r.sku for r in open_rows if r.sku], active=True).values_list("sku", "pk")
    )
    codes = dict(
        Item.objects.filter(
            barcodes__code__in=[r.barcode for r in open_rows if r.barcode], active=True
        ).values_list("barcodes__code", "pk")
    )
    found = []
    for row in open_rows:
        item_id = skus.get(row.sku) or codes.get(row.barcode)
        if item_id:
            row.item_id, row.mapped_by = item_id, "rule:sku" if row.sku in skus else "rule:barcode"
            found.append(row)
    Listing.objects.bulk_update(found, ["item", "mapped_by"])
    move(found, "map", by=by, quiet=True).or_refuse()
    journal.write(
        [Line.of(row, "map", f"Mapped by {row.mapped_by.removeprefix('rule:')}.") for row in found], by=by
    )
    resume_lines(found, by=by)
    mark_listings({row.item_id for row in found if row.item_id}, by=by)
    return len(found)
