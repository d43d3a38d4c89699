"""Give a kept list another name."""

from __future__ import annotations

from django.db import transaction

from oms.core import journal
from oms.core.actions.save_view import refuse_taken, tidy_name
from oms.core.actors import Actor
from oms.core.journal import Line
from oms.core.models import SavedView


@transaction.atomic
def rename_view(view_id: int, *, name: str, by: Actor) -> SavedView:
    """Raises :class:`Refused`: ``name_missing``, ``name_taken``."""
    view = SavedView.objects.select_for_update().get(pk=view_id)
    name = tidy_name(name)
    refuse_taken(view, name)
    before, view.name = view.name, name
    view.save(update_fields=["name"])
    journal.write([Line.of(view, "rename_view", f"View “{before}” is now “{name}”.")], by=by)
    return view
