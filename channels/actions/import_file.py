"""A file of orders, uploaded by a person: every order stored and taken in, every bad row told."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext

from channels.actions.connect import able, reader_of
from channels.actions.ingest import ingest
from channels.actions.pull import keep
from channels.adapters.base import Can, FileError
from channels.models import ChannelAccount
from oms.core import inbox
from oms.core.errors import Reason, Refused, Rejected
from oms.core.inbox import Incoming


def import_file(account: ChannelAccount, data: bytes, name: str) -> dict[str, int]:
    """Returns figures: ``orders`` found, ``placed``, ``changed`` and ``parked``. Bad orders are parked with
    their row and reason. Raises :class:`Refused` when the whole is no such file; nothing is stored then."""
    if not able(account, Can.READ_FILE):
        raise Refused(Reason("no_files", gettext("%(name)s takes no files.") % {"name": account.name}))
    try:
        found = reader_of(account).split(data)
    except Rejected as error:
        raise Refused(Reason(error.reason, str(error))) from error
    with transaction.atomic():
        keep(account, list(found.orders))
        _park(account, found.errors, name)
    figures = {
        "orders": len(found.orders) + len(found.errors),
        "placed": 0,
        "changed": 0,
        "parked": len(found.errors),
    }
    while (done := ingest(account))["read"] or done["parked"]:
        for key in ("placed", "changed", "parked"):
            figures[key] += done[key]
    return figures


def _park(account: ChannelAccount, errors: Sequence[FileError], name: str) -> None:
    inbox.store(
        [
            Incoming(
                account.slug, "order", error.external_id or f"{name}:{error.row}"[:120],
                f"{name}, row {error.row}: {error.error}".encode(),
                fault=Reason(error.error.reason, gettext("%(name)s, row %(row)s: %(error)s") % {"name": name, "row": error.row, "error": error.error}),
            )
            for error in errors
        ]
    )  # fmt: skip
