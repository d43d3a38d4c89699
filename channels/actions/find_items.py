"""Which item a channel's line is: by the channel's own id first; a matching SKU only where nobody decided.
A line that a person called no item of ours is free text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from channels.models import ChannelAccount, Listing
from inventory.models import Item
from orders.drafts import LineDraft, OrderDraft

Items = dict[str, dict[str, int]]
"""Item ids by order and line (external ids); lines that are unknown are left out."""


@dataclass(frozen=True)
class _Listed:
    item: int | None
    mapped_by: str
    state: str


def find_items(account: ChannelAccount, drafts: Sequence[OrderDraft]) -> tuple[list[OrderDraft], Items]:
    """The drafts, with those lines made free text whose listing is no item of ours, and which item each other line is.
    Two statements."""
    lines = [line for draft in drafts for line in draft.lines if line.kind == "item"]
    listed = {
        external_id: _Listed(item, mapped_by, state)
        for external_id, item, mapped_by, state in Listing.objects.filter(
            account=account, external_id__among={key for line in lines for key in _keys(line)}
        ).values_list("external_id", "item_id", "mapped_by", "state")
    }
    if any(one.state == "not_ours" for one in listed.values()):
        drafts = [replace(d, lines=tuple(_free(line, listed) for line in d.lines)) for d in drafts]
    skus = dict(
        Item.objects.filter(sku__among={line.sku for line in lines if line.sku}, active=True).values_list("sku", "pk")
    )  # fmt: skip
    found: Items = {}
    for draft in drafts:
        for line in draft.lines:
            if line.kind == "item" and (item := _item(line, listed, skus)) is not None:
                found.setdefault(draft.external_id, {})[line.external_id] = item
    return list(drafts), found


def _keys(line: LineDraft) -> Iterator[str]:
    """What its listing may be known by, the closest first."""
    return filter(None, (line.external_variant_id, line.external_product_id))


def _free(line: LineDraft, listed: Mapping[str, _Listed]) -> LineDraft:
    known = listed.get(next(_keys(line), ""))
    return (
        replace(line, kind="custom") if line.kind == "item" and known and known.state == "not_ours" else line
    )


def _item(line: LineDraft, listed: Mapping[str, _Listed], skus: Mapping[str, int]) -> int | None:
    known = next((listed[key] for key in _keys(line) if key in listed), None)
    # A person who said that this listing is no item of ours outranks the SKU.
    if known and (known.item is not None or known.mapped_by.startswith("user:")):
        return known.item
    return skus.get(line.sku)
