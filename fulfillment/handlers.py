"""Doors for events: what fulfillment does when something happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from fulfillment.actions.follow_demand import follow_demand as follow
from fulfillment.actions.route_orders import route_orders
from fulfillment.actions.settle_parcel import finish_settled as finish
from oms.core.actors import SYSTEM
from oms.core.relay import Told


def route(events: Sequence[Told]) -> None:
    route_orders({event.payload["order_id"] for event in events})


def follow_demand(events: Sequence[Told]) -> None:
    keys: dict[str, set[UUID]] = defaultdict(set)
    for event in events:
        keys[event.payload["why"]].add(UUID(event.payload["demand_key"]))
    for why, group in keys.items():
        follow(group, why=why)


def finish_settled(events: Sequence[Told]) -> None:
    """Money was paid back: an order that waited for nothing but a lost parcel is done."""
    finish({event.payload["order_id"] for event in events}, by=SYSTEM)
