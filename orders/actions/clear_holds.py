"""What a hold waited for has happened: it is over."""

from __future__ import annotations

from collections.abc import Iterable

from oms.core.actors import Actor
from orders.actions.release_holds import lift
from orders.models import Hold


def clear_holds(
    order_ids: Iterable[int],
    types: Iterable[str],
    *,
    by: Actor,
    note: str,
    line_ids: Iterable[int] | None = None,
) -> None:
    """What a hold waited for has happened: it is over. Quietly does nothing where none stands. Needs a
    transaction and the orders locked; ``go_on`` follows."""
    holds = Hold.objects.filter(order_id__in=list(order_ids), type__in=list(types), state="active")
    if line_ids is not None:
        holds = holds.filter(line_id__in=list(line_ids))
    lift(holds, "expire", by=by, note=note)
