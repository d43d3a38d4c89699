"""Units of order lines move from one counter to the next: how the floors above report progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext

from oms.core.errors import Reason, Refused
from orders.actions.derive import COUNTERS, derive_progress

_MOVABLE = COUNTERS[1:]


@dataclass(frozen=True)
class Step:
    """``quantity`` units of a line leave counter ``source`` for ``target``. ``delivered`` and ``returned``
    count beside the others: they have no source."""

    line_id: int
    quantity: int
    source: str
    target: str


def advance_lines(steps: Sequence[Step]) -> None:
    """Write all steps in one guarded UPDATE, and the orders' derived statuses. Needs a transaction with the
    orders locked. Raises :class:`Refused` (``units_elsewhere``) when a line has not that many there."""
    deltas: dict[int, dict[str, int]] = {}
    for step in steps:
        delta = deltas.setdefault(step.line_id, dict.fromkeys(_MOVABLE, 0))
        if step.source:
            delta[step.source] -= step.quantity
        delta[step.target] += step.quantity
    deltas = {pk: delta for pk, delta in deltas.items() if any(delta.values())}
    moved = [name for name in _MOVABLE if any(delta[name] for delta in deltas.values())]
    if not deltas:
        return
    ids = sorted(deltas)
    sets = ", ".join(f"{name} = l.{name} + k.{name}" for name in moved)
    guard = [f"l.{name} + k.{name} >= 0" for name in moved]
    after = {name: f"l.{name} + k.{name}" if name in moved else f"l.{name}" for name in _MOVABLE}
    guard += [f"{after['shipped']} >= {after[part]}" for part in ("delivered", "returned")]
    with connection.cursor() as cursor:
        # The column names are our own constants; the values go as parameters.
        cursor.execute(
            f"UPDATE orders_orderline l SET {sets}"  # noqa: S608
            f" FROM unnest(%s::bigint[], {', '.join(['%s::int[]'] * len(moved))}) AS k(id, {', '.join(moved)})"
            f" WHERE l.id = k.id AND {' AND '.join(guard)} RETURNING l.order_id",
            [ids, *([deltas[pk][name] for pk in ids] for name in moved)],
        )
        written = [row[0] for row in cursor.fetchall()]
    if len(written) != len(ids):
        raise Refused(
            Reason("units_elsewhere", gettext("These units are not where they were any more. Look again."))
        )
    derive_progress(set(written))
