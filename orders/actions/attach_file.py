"""Put a file on an order: the customer's letter, a picture of what came broken."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from orders.models import Order, OrderFile
from orders.rules.file_kinds import kind_of, named


def most_bytes() -> int:
    return int(settings.FILE_LIMIT_MB) * 1024 * 1024


def too_large() -> Reason:
    return Reason(
        "file_too_large",
        gettext("The file is too large: at most %(n)s MB.") % {"n": settings.FILE_LIMIT_MB},
    )


@transaction.atomic
def attach_file(order_id: int, *, name: str, body: bytes, by: Actor) -> OrderFile:
    """Its kind is read from its bytes, whatever its name says. Raises :class:`Refused` for one that is too large or is
    no PDF, picture or text."""
    if len(body) > most_bytes():
        raise Refused(too_large())
    kind = kind_of(body)
    if kind is None:
        raise Refused(Reason("file_kind", gettext("Only PDFs, pictures and texts can be kept here.")))
    order = Order.objects.get(pk=order_id)
    file = OrderFile.objects.create(
        order=order, name=named(name, kind), kind=kind.mime, size=len(body), body=body, added_by=str(by)
    )
    # The name stays on the file: it may name people, and the journal is for everybody.
    words = f"A file was put on it ({kind.endings[0].upper()}, {len(body):,} bytes)."
    journal.write([Line.of(order, "attach_file", words)], by=by)
    return file
