"""Say which item a listing is."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from channels.actions.disown_listings import ask_again, disown_listings
from channels.actions.map_listings import map_listings, unmap_listings, waiting_lines
from channels.buttons.base import LISTING
from channels.models import Listing
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.registry import Data, Ids, each
from oms.core.lifecycle import why_not
from orders.buttons import which_item

MAP = "channels.map_listing"


def _map_form(rows: Sequence[Listing]) -> type[forms.Form]:
    return which_item(str(rows[0]), rows[0].sku, rows[0].title)


def _map(ids: Ids, actor: Actor, data: Data) -> Outcome:
    (listing,) = map_listings({ids[0]: data["item"].pk}, by=actor)
    return Outcome(
        gettext("“%(listing)s” is %(item)s. Orders that waited for that go on; its stock is sent.")
        % {"listing": listing, "item": data["item"]}
    )


def _unmap_preview(ids: Ids, data: Data) -> Preview:
    rows = Listing.objects.filter(pk__in=ids).select_related("item").order_by("pk")
    return Preview(
        gettext(
            "Its stock is not sent any more, and new orders of it wait for somebody to say what it is. Orders that"
            " were taken in stay as they are."
        ),
        [(str(row), str(row.item or gettext("no item"))) for row in rows[:50]],
    )


def _unmap(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = unmap_listings(ids, by=actor)
    return Outcome(
        ngettext("%(n)s listing waits for its item.", "%(n)s listings wait for their item.", len(rows))
        % {"n": len(rows)},
        done=len(rows),
    )


def _told_lines(n: int) -> str:
    return ngettext("%(n)s order line", "%(n)s order lines", n) % {"n": n}


def _waiting(ids: Ids, kind: str) -> list[tuple[str, str]]:
    rows = list(Listing.objects.filter(pk__in=ids).select_related("account").order_by("pk")[:50])
    lines = waiting_lines(rows, kind)
    return [(str(row), _told_lines(len(lines.get(row.pk, ())))) for row in rows]


def _disown_preview(ids: Ids, data: Data) -> Preview:
    return Preview(
        gettext(
            "Nothing guesses its item again, and no stock is sent for it. Lines of it that wait are free text from now on,"
            " as are those that come: nothing is picked or sent for them, and they hold up no order."
        ),
        _waiting(ids, "item"),
    )


def _disown(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = disown_listings(ids, by=actor)
    return Outcome(
        ngettext("%(n)s listing is no item of ours.", "%(n)s listings are no item of ours.", len(rows)) % {"n": len(rows)}, done=len(rows),
        undo=("channels.ask_again", [row.pk for row in rows]),
    )  # fmt: skip


def _ask_preview(ids: Ids, data: Data) -> Preview:
    return Preview(
        gettext(
            "It is found by its SKU or barcode again, or somebody says what it is. Lines of it in unfinished orders wait"
            " for that."
        ),
        _waiting(ids, "custom"),
    )


def _ask_again(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = ask_again(ids, by=actor)
    found = sum(1 for row in rows if row.item_id)
    told = gettext(" %(found)s found by SKU or barcode.") % {"found": found} if found else ""
    return Outcome(
        ngettext(
            "%(n)s listing is to be decided again.", "%(n)s listings are to be decided again.", len(rows)
        )
        % {"n": len(rows)}
        + told,
        done=len(rows),
    )


BUTTONS = (
    Button(
        name="channels.map", label=_("Say which item it is"), model=LISTING, permission=MAP, run=_map,
        shown=lambda row: row.state != "gone", refusals=each(lambda row: why_not(row, "map")), form=_map_form,
        bulk=False, rank=10, hotkey="i", words=_("Orders that waited for it go on, and its stock is sent."),
    ),
    Button(
        name="channels.disown", label=_("No item of ours"), model=LISTING, permission=MAP, run=_disown,
        shown=lambda row: row.state in ("unmapped", "active", "paused"),
        refusals=each(lambda row: why_not(row, "disown")), preview=_disown_preview, dangerous=True, rank=75,
        words=_("A gift wrap, a service, somebody else's: orders of it wait for nothing."),
    ),
    Button(
        name="channels.ask_again", label=_("Ask again what it is"), model=LISTING, permission=MAP, run=_ask_again,
        shown=lambda row: row.state == "not_ours", refusals=each(lambda row: why_not(row, "doubt")),
        preview=_ask_preview, rank=75, words=_("It may be an item of ours after all."),
    ),
    Button(
        name="channels.unmap", label=_("Take its item away"), model=LISTING, permission=MAP, run=_unmap,
        shown=lambda row: row.state in ("active", "paused"), refusals=each(lambda row: why_not(row, "unmap")),
        preview=_unmap_preview, dangerous=True, rank=80, words=_("It is another item than was thought; a person says which."),
    ),
)  # fmt: skip
