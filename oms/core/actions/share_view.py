"""Show a kept list to everybody, or to its owner alone."""

from __future__ import annotations

from django.db import transaction

from oms.core import journal
from oms.core.actions.save_view import refuse_person, refuse_taken
from oms.core.actors import Actor
from oms.core.journal import Line
from oms.core.models import SavedView


@transaction.atomic
def share_view(view_id: int, *, shared: bool, by: Actor) -> SavedView:
    """Raises :class:`Refused`: ``name_taken``, and ``names_person`` for one that searches for a person."""
    view = SavedView.objects.select_for_update().get(pk=view_id)
    if view.shared == shared:
        return view
    view.shared = shared
    if shared:
        refuse_person(view.query)
        refuse_taken(view, view.name)
    view.save(update_fields=["shared"])
    words = "shown to everybody" if shared else f"shown to {view.owner} alone"
    journal.write([Line.of(view, "share_view", f"View “{view.name}” of {view.model} is now {words}.")], by=by)
    return view
