"""When a button is shown, when it is refused, and how its answer counts."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.utils.translation import ngettext

from fulfillment.models import Label
from oms.core.console.registry import each
from oms.core.lifecycle import why_not

OPEN = ("released", "picking", "picked", "packed")
# A label's document is a PDF: not read for a list of buttons.
LABELS = Prefetch("labels", Label.objects.defer("document"))


def in_states(*states: str) -> Any:
    return lambda row: row.state in states


def can(command: str, *, but: str = "") -> Any:
    """Refused as the lifecycle refuses it; ``but`` is a guard that the form answers."""
    return each(lambda row: [r for r in why_not(row, command) if r.code != but])


def told_work(n: int) -> str:
    return ngettext("%(n)s piece of work", "%(n)s pieces of work", n) % {"n": n}


def told_parcels(n: int) -> str:
    return ngettext("%(n)s parcel", "%(n)s parcels", n) % {"n": n}
