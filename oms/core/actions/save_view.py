"""Keep a list under a name."""

from __future__ import annotations

from urllib.parse import parse_qs

from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.models import SavedView
from oms.core.personal import names_person, telephone

LONGEST, MOST = 1000, 30
"""Characters of a query; views that one person may have of one list."""


@transaction.atomic
def save_view(owner_id: int, *, model: str, name: str, query: str, shared: bool, by: Actor) -> SavedView:
    """Raises :class:`Refused`: ``name_missing``, ``name_taken``, ``nothing_chosen`` for a list with no condition,
    ``too_long``, ``too_many``, and ``names_person`` for a view that all would see and that searches for a person."""
    name = tidy_name(name)
    if not query:
        raise Refused(Reason("nothing_chosen", gettext("Filter or search first: this is the whole list.")))
    if len(query) > LONGEST:
        raise Refused(Reason("too_long", gettext("This search is too long to be kept.")))
    if SavedView.objects.filter(owner_id=owner_id, model=model).count() >= MOST:
        raise Refused(
            Reason(
                "too_many",
                gettext("You have %(MOST)s views of this list already; delete one first.") % {"MOST": MOST},
            )
        )
    if shared:
        refuse_person(query)
    refuse_taken(SavedView(owner_id=owner_id, model=model, shared=shared), name)
    view = SavedView.objects.create(owner_id=owner_id, model=model, name=name, query=query, shared=shared)
    whose = "for everybody" if shared else "for oneself"
    journal.write([Line.of(view, "save_view", f"View “{name}” of {model} kept {whose}.")], by=by)
    return view


def tidy_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused(Reason("name_missing", gettext("Give the view a name.")))
    return name[:40]


def refuse_person(query: str) -> None:
    """Raises :class:`Refused` (``names_person``) for a search for a person, which is nobody else's business."""
    texts = [text for values in parse_qs(query).values() for text in values]
    if any(names_person(text) or (text.startswith("0") and telephone(text)) for text in texts):
        raise Refused(
            Reason("names_person", gettext("It searches for a person, so it can only be kept for yourself."))
        )


def refuse_taken(view: SavedView, name: str) -> None:
    """Raises :class:`Refused` where another view that the same people see has the name already."""
    same = SavedView.objects.filter(model=view.model, name=name).exclude(pk=view.pk)
    seen = same.filter(owner_id=view.owner_id) | same.filter(shared=True)
    if seen.exists():
        raise Refused(Reason("name_taken", gettext("There is a view “%(name)s” already.") % {"name": name}))
