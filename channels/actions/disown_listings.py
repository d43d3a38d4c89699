"""A person says that listings are no item of ours, or takes that back. No rule guesses against it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction

from channels.actions.map_listings import auto_map, waiting_lines
from channels.models import Listing
from oms.core.actors import Actor
from oms.core.lifecycle import move
from orders.actions.ask_lines import ask_lines
from orders.actions.free_lines import free_lines


@transaction.atomic
def disown_listings(listing_ids: Collection[int], *, by: Actor) -> list[Listing]:
    """They are no item of ours: their stock is not sent, and lines of them in orders, those that wait and
    those that come, are free text that blocks nothing. Lines that were promised already stay so. Raises
    :class:`Refused` for one that is gone at the shop."""
    rows = move(
        Listing.objects.filter(pk__in=listing_ids).select_related("account"), "disown", by=by,
        words="It is no item of ours.", sets={"item": None, "mapped_by": str(by)},
    ).or_refuse()  # fmt: skip
    waiting = _lines(rows, "item")
    if waiting:
        free_lines(waiting, by=by)
    return rows


@transaction.atomic
def ask_again(listing_ids: Collection[int], *, by: Actor) -> list[Listing]:
    """The decision is taken back: a rule may find their item again; else somebody is asked, and lines of them
    in unfinished orders wait for it. Raises :class:`Refused` for one on which nothing was decided."""
    rows = move(
        Listing.objects.filter(pk__in=listing_ids).select_related("account"), "doubt", by=by,
        words="It may be an item of ours after all.", sets={"mapped_by": ""},
    ).or_refuse()  # fmt: skip
    ask_lines(_lines(rows, "custom"), by=by)
    auto_map(rows, by=by)
    return rows


def _lines(listings: Sequence[Listing], kind: str) -> list[int]:
    """Their lines without an item in unfinished orders."""
    return [pk for lines in waiting_lines(listings, kind).values() for pk in lines]
