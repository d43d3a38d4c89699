"""What the buttons of returns share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from inventory.models import Location
from oms.core.console.registry import Ids
from returns.lifecycle import AWAITED
from returns.models import Return

READS = ("lines__order_line", "lines__item", "lines__receipts", "refund", "order")


def in_state(*states: str) -> Any:
    return lambda rma: rma.state in states


def numbers(rows: Sequence[Return]) -> str:
    return ", ".join(rma.number for rma in rows[:5]) + (" …" if len(rows) > 5 else "")


def one(ids: Ids) -> Return:
    return Return.objects.prefetch_related(*READS).get(pk=ids[0])


def page(rma: Return) -> tuple[str, str]:
    return rma.number, reverse("admin:returns_return_change", args=[rma.pk])


def places() -> Any:
    return Location.objects.filter(active=True)


def waiting(rma: Return) -> list[Any]:
    return [x for x in rma.lines.all() if x.reception in AWAITED]


def code(line: Any, what: str) -> str:
    left = line.quantity - line.received if what == "awaited" else line.received - line.disposed
    told = gettext("%(n)s awaited") if what == "awaited" else gettext("%(n)s to look at")
    return f"{line.sku or gettext('no SKU')} · {told % {'n': left}}"
