"""Write a colleague's note on orders."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from orders.models import Note, Order


@transaction.atomic
def add_note(order_ids: Sequence[int], *, text: str, by: Actor) -> list[Note]:
    """The same note on every order named. Raises :class:`Refused` for an empty one."""
    if not text.strip():
        raise Refused(Reason("note_missing", gettext("Write something first.")))
    orders = list(Order.objects.filter(pk__in=order_ids).order_by("pk"))
    notes = Note.objects.bulk_create([Note(order=o, text=text.strip(), author=str(by)) for o in orders])
    # The text stays on the note: it may name people, and the journal is for everybody.
    journal.write([Line.of(o, "note", "A note was written.") for o in orders], by=by)
    return notes
