"""What returns hangs into the console."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from fulfillment.dock.shared import TILES, Tile
from oms.core.console import Figure, Finder, MenuEntry, Panel, People, Queue, register
from oms.core.console.figures import daily
from oms.core.console.offers import attach
from orders.models import Order
from returns.buttons import BUTTONS
from returns.models import Return, ReturnLine
from returns.querysets import senders_of_orders, senders_of_returns

OPEN = ("requested", "authorised", "partly_received", "received")


def _of_order(request: Any, order: Order) -> Mapping[str, Any] | None:
    rows = list(
        Return.objects.filter(order=order).select_related("location").prefetch_related(
            "lines__order_line", "lines__item", "lines__instead_of__order_line", "lines__dispositions"
        ).order_by("id")
    )  # fmt: skip
    if not rows:
        return None
    attach(request.user, rows)
    return {"returns": rows}


def _lines(request: Any, rma: Return) -> Mapping[str, Any]:
    lines = sorted(rma.lines.all(), key=lambda line: line.pk)
    attach(request.user, lines)
    verdict = rma.verdict or {}
    return {
        "lines": lines,
        "verdict": verdict.get("words", "") if isinstance(verdict, dict) else str(verdict),
    }


def _open(*states: str) -> Callable[[], Any]:
    return lambda: Return.objects.filter(state__in=OPEN).filter(state__in=states)


def _uninspected() -> Any:
    return ReturnLine.objects.filter(received__gt=F("disposed"), rma__state__in=OPEN).values("rma_id")


def _to_inspect() -> Any:
    return _open("partly_received", "received")().filter(pk__in=_uninspected())


def _to_settle() -> Any:
    return _open("received")().filter(order__isnull=False).exclude(pk__in=_uninspected())


def _unmatched() -> Any:
    return Return.objects.filter(state="received", order=None)


TILES.append(
    Tile(
        _("Goods come back"),
        _("Returns, by what the parcel says."),
        "dock_returns:which",
        "returns.receive_return",
    )
)

register(
    *BUTTONS,
    People("return", senders_of_returns),
    People("order", senders_of_orders),
    Panel("returns", _("Returns"), "orders.order", "returns/of_order.html", _of_order, order=40,
          permission="returns.view_return"),
    Panel("lines", _("What comes back"), "returns.return", "returns/lines.html", _lines, order=10),
    Queue("returns-to-approve", _("To approve"), "Coming back", "returns.return", _open("requested"), "requested_at",
          "returns.authorise_return", _("No request waits for an answer."), rank=10),
    Queue("returns-unmatched", _("Came without papers"), "Coming back", "returns.return", _unmatched, "requested_at",
          "returns.authorise_return", _("Of everything that came back the order is known."),
          _("Say which order it is of: by its number, the customer's e-mail or the parcel that was sent."), rank=15),
    Queue("returns-to-inspect", _("To inspect"), "Coming back", "returns.return", _to_inspect, "requested_at",
          "returns.inspect_return", _("Everything that came back is inspected."),
          _("Goods at the dock, not for sale until somebody has looked."), rank=20),
    Queue("returns-to-settle", _("To pay or to close"), "Coming back", "returns.return", _to_settle, "requested_at",
          "returns.close_return", _("Every return that was inspected is settled."),
          _("All is here and inspected: pay for it, or say that nothing is owed."), rank=25),
    Figure("returns", _("Returns asked for"), "returns.view_return",
           daily(lambda: Return.objects.all(), "requested_at", "admin:returns_return_changelist"), rank=40, good=False),
    Finder("returns.return", _("Returns"), "returns.view_return", rank=50,
           find=lambda q: Return.objects.filter(number__startswith=q.upper()).order_by("-id"),
           exact=lambda q: Return.objects.filter(number=q.upper())),
    MenuEntry("Returns", _("Returns"), "assignment_return", "admin:returns_return_changelist", "returns.view_return", 10),
    MenuEntry("Returns", _("Goods without papers"), "markunread_mailbox", "admin:returns_return_unannounced",
              "returns.receive_return", 20),
)  # fmt: skip
