"""A change at the shop that comes too late to be applied by itself: both sides, for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from oms.core.actors import Actor
from oms.core.errors import Reason
from oms.core.lifecycle import move
from orders.actions.clear_holds import clear_holds
from orders.actions.go_on import go_on
from orders.actions.place_holds import Holding, place_holds
from orders.models import Order, OrderChange
from orders.rules.holds import Finding
from orders.rules.order_changes import Change


@dataclass(frozen=True)
class Proposing:
    order_id: int
    changes: Sequence[Change]
    reason: Reason
    data: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def propose_changes(proposings: Sequence[Proposing], *, by: Actor) -> list[OrderChange]:
    """Hold the orders, with what we have and what the shop has now side by side. A newer proposal of the
    same kind overtakes the older one."""
    list(
        Order.objects.filter(pk__in=[p.order_id for p in proposings])
        .select_for_update()
        .order_by("pk")
        .values_list("pk")
    )
    rows: list[OrderChange] = []
    for p in proposings:
        kinds: dict[str, list[Change]] = {}
        for change in p.changes:
            kinds.setdefault(change.kind, []).append(change)
        move(
            OrderChange.objects.filter(order_id=p.order_id, kind__in=kinds, state="proposed"),
            "supersede",
            by=by,
        )
        rows += [
            OrderChange(
                order_id=p.order_id, kind=kind, words="; ".join(c.words for c in group)[:300],
                ours={c.line or "order": c.before for c in group},
                theirs={"by": {c.line or "order": c.after for c in group}, **p.data},
            )
            for kind, group in kinds.items()
        ]  # fmt: skip
    OrderChange.objects.bulk_create(rows)
    place_holds([Holding(p.order_id, Finding("changed_at_shop", p.reason)) for p in proposings], by=by)
    return rows


@transaction.atomic
def settle_changes(change_ids: Sequence[int], command: str, *, by: Actor) -> list[OrderChange]:
    """Note the decision: ``apply`` (the caller has carried it out) or ``decline`` (keep ours). The hold ends
    with the last open change."""
    changes = move(
        OrderChange.objects.filter(pk__in=change_ids), command, by=by, words=lambda c: c.words,
        sets={"decided_by": str(by)[:150], "decided_at": timezone.now()},
    ).or_refuse()  # fmt: skip
    orders = {c.order_id for c in changes}
    still = set(
        OrderChange.objects.filter(order_id__in=orders, state="proposed").values_list("order_id", flat=True)
    )
    clear_holds(orders - still, ["changed_at_shop"], by=by, note="decided")
    go_on(orders - still, by=by)
    return changes
