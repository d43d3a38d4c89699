"""What the pages of the dock share: the place, the person, the key of a press, the frame."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from fulfillment.rules.scanning import Wanted, scan, take
from inventory.models import Item, Location
from oms.core import saying
from oms.core.actors import Actor
from oms.core.collisions import again, busy, kind_of
from oms.core.console.once import Once, StillRunning
from oms.core.console.press import token
from oms.core.errors import Reason, Refused
from oms.core.places import own
from oms.core.words import Words

PLACE = "dock_place"
MOST_PIECES = 100_000


@dataclass(frozen=True)
class Tile:
    """A big button on the dock's first page. ``link`` is the name of an address; ``count(place, actor)`` how much
    waits there."""

    title: Words
    words: Words
    link: str
    permission: str
    count: Callable[[Location, Actor], int] | None = None


TILES: list[Tile] = []
"""What can be done at the dock, besides the next work; apps above add theirs."""


@dataclass
class Told:
    """What the page answers to what was just done: good or not."""

    words: str = ""
    good: bool = True


def places(user: Any) -> list[Location]:
    return list(own(user, Location.objects.filter(active=True)))


def place_of(request: HttpRequest) -> Location | None:
    """Where this person works now: chosen before, or the only place that is hers."""
    mine = places(request.user)
    if len(mine) == 1:
        return mine[0]
    chosen = request.session.get(PLACE)
    return next((place for place in mine if place.pk == chosen), None)


def need(request: HttpRequest, *permissions: str) -> Actor:
    """The person, who has one of these permissions. Raises ``PermissionDenied``."""
    if not any(request.user.has_perm(name) for name in permissions):
        raise PermissionDenied
    return Actor.user(request.user)


def once(request: HttpRequest, name: str, run: Callable[[], str]) -> str:
    """``run()`` once for this page, and what it says; a page that is sent again gets the first answer. Raises
    what ``run`` raises, and :class:`Refused` for a page without its key."""
    key = request.POST.get("press", "").strip()
    if not key:
        raise Refused(Reason("stale_page", gettext("This page was old. Please press once more.")))
    mark = hashlib.sha256(name.encode()).hexdigest()
    try:
        with Once(str(Actor.user(request.user)), f"dock:{name}:{key}", mark) as press:
            if press.answer is None:
                words = again(f"dock {name.partition(':')[0]}", run)
                press.keep({"words": words})
                return words
            return str(press.answer["words"])
    except OperationalError as error:
        if not kind_of(error):
            raise
        raise Refused(busy()) from error
    except StillRunning:
        raise Refused(
            Reason("still_running", gettext("This is still being done. Look again in a moment."))
        ) from None


def press(
    request: HttpRequest, name: str, run: Callable[[], str], back: str
) -> tuple[HttpResponse | None, Told, int]:
    """``run()`` once: the way ``back`` with what it says, or nowhere, with why it was refused and the status."""
    try:
        words = once(request, name, run)
    except Refused as error:
        return None, refusal(error), 409
    say(request, words)
    return HttpResponseRedirect(back), Told(), 302


def one_more(
    request: HttpRequest, step: str, wanted: Sequence[Wanted], found: Mapping[int, int]
) -> tuple[dict[int, int], Told]:
    """One piece more: tapped on the page, or scanned."""
    tapped = next((x for x in wanted if step == f"tap_{x.key}"), None)
    seen = take(tapped, found) if tapped else scan(wanted, found, request.POST.get("code", ""))
    return dict(seen.found), Told(seen.words, seen.good)


def pieces(request: HttpRequest, prefix: str) -> dict[int, int]:
    """Whole numbers by the key in ``<prefix>_<key>``; what is no such number counts as none."""
    start, found = f"{prefix}_", {}
    for name, text in request.POST.items():
        key = name.removeprefix(start)
        if name.startswith(start) and _whole(key) and _whole(str(text)):
            found[int(key)] = min(int(str(text)), MOST_PIECES)
    return found


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def codes_of(item: Item) -> list[str]:
    """What a scanner may read on it; reads prefetched barcodes."""
    return [item.sku, *(code.code for code in item.barcodes.all())]


def say(request: HttpRequest, words: str) -> None:
    messages.success(request, words)


def show(
    request: HttpRequest,
    template: str,
    title: str,
    told: Told | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    said = dict.fromkeys(str(message) for message in messages.get_messages(request))
    frame: Mapping[str, Any] = {
        "title": title, "told": told, "said": list(said), "press": token(), "place": place_of(request),
        "many_places": len(places(request.user)) > 1, "fresh": request.method == "GET",
    }  # fmt: skip
    return TemplateResponse(request, f"dock/{template}.html", {**frame, **context}, status=status)


def words_of(error: Refused) -> str:
    return " ".join(dict.fromkeys(saying.say(reason.words) for reason in error.reasons))


def refusal(error: Refused) -> Told:
    return Told(gettext("%(words)s Nothing was changed.") % {"words": words_of(error)}, good=False)
