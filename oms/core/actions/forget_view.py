"""Delete a kept list's name; what it listed stays."""

from __future__ import annotations

from django.db import transaction

from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line
from oms.core.models import SavedView


@transaction.atomic
def forget_view(view_id: int, *, by: Actor) -> None:
    view = SavedView.objects.select_for_update().get(pk=view_id)
    journal.write([Line.of(view, "forget_view", f"View “{view.name}” of {view.model} deleted.")], by=by)
    view.delete()
