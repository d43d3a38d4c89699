"""Which item a channel's line is: by the channel's own id first; a matching SKU only where nobody decided.
A line that a person called no item of ours is free text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from channels.models import ChannelAccount, Listing
from inventory.models import Item
from orders.drafts import OrderDraft


def find_items(account: ChannelAccount, drafts: Sequence[OrderDraft]) -> dict[str, dict[str, int]]:
    """Item ids by order and line (external ids); lines that are unknown are left out. Two statements."""
    lines = [(d.external_id, line) for d in drafts for line in d.lines if line.kind == "item"]
    ids = {key for _, line in lines for key in (line.external_variant_id, line.external_product_id) if key}
    listed: dict[str, tuple[int | None, str]] = {}
    for external_id, item_id, mapped_by in Listing.objects.filter(
        account=account, external_id__among=ids
    ).values_list("external_id", "item_id", "mapped_by"):
        listed[external_id] = (item_id, mapped_by)
    skus = dict(
        Item.objects.filter(sku__among={line.sku for _, line in lines if line.sku}, active=True).values_list(
            "sku", "pk"
        )
    )
    found: dict[str, dict[str, int]] = {}
    for order, line in lines:
        item, mapped_by = (
            listed.get(line.external_variant_id) or listed.get(line.external_product_id) or (None, "")
        )
        # A person who said that this listing is no item of ours outranks the SKU.
        if item is None and not mapped_by.startswith("user:"):
            item = skus.get(line.sku)
        if item is not None:
            found.setdefault(order, {})[line.external_id] = item
    return found


def free_text(account: ChannelAccount, drafts: Sequence[OrderDraft]) -> list[OrderDraft]:
    """The drafts, with those lines made free text whose listing is no item of ours. One statement."""
    ids = {
        key
        for draft in drafts
        for line in draft.lines
        if line.kind == "item"
        for key in (line.external_variant_id, line.external_product_id)
        if key
    }
    disowned = set(
        Listing.objects.filter(account=account, external_id__among=ids, state="not_ours").values_list(
            "external_id", flat=True
        )
    )
    if not disowned:
        return list(drafts)
    return [
        replace(
            draft,
            lines=tuple(
                replace(line, kind="custom")
                if line.kind == "item" and (line.external_variant_id or line.external_product_id) in disowned
                else line
                for line in draft.lines
            ),
        )
        for draft in drafts
    ]
