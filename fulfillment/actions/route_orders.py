"""Choose where each order is sent from, say why, and hand the work to the locations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, prefetch_related_objects
from django.utils import timezone

from fulfillment.actions.find_postcodes import find_postcodes
from fulfillment.events import OrderRouted
from fulfillment.models import FulfillmentLine, FulfillmentOrder, RateCard, RoutingDecision
from fulfillment.reasons import all_reasons
from fulfillment.rules import passing_over, rates, routing
from inventory.actions.fit_reservations import firm_units, lock_shelves
from inventory.actions.reseat import Seat, reseat
from inventory.models import Item, Location, StockMovement
from oms.core import journal, money
from oms.core.actors import SYSTEM, Actor
from oms.core.columns import insert, insert_rows
from oms.core.errors import Reason
from oms.core.journal import Line
from oms.core.lifecycle import move
from oms.core.outbox import emit
from oms.core.steps import reached
from orders.actions.advance import Step, advance_lines
from orders.actions.place_holds import Holding, place_holds
from orders.models import Order, OrderLine
from orders.rules.holds import Finding

OPEN_WORK = ("released", "picking", "picked", "packed")
DUE = timedelta(hours=24)


class _Decision(NamedTuple):
    pk: int
    words: str


class _Line(NamedTuple):
    """A line of which ``promised`` units are to be routed."""

    pk: int
    demand_key: UUID
    item_id: int
    promised: int


@dataclass
class _Task:
    """One order to route: its promised lines, and what it holds where. ``barred`` are places by item, ``passed`` types
    of place with the reason."""

    order: Order
    lines: list[_Line]
    firm: dict[UUID, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    busy: dict[UUID, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    barred: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    passed: dict[int, dict[str, str]] = field(default_factory=dict)


@transaction.atomic
def route_orders(
    order_ids: Iterable[int], *, cause: str = "routed", pass_over: bool = True, by: Actor = SYSTEM
) -> list[FulfillmentOrder]:
    """Route what is promised and not yet in work, for a batch of orders.

    Each order gets the cheapest plan over all active locations, a stored decision with its reasons, and one
    fulfillment order per location, released at once: what a hold forbids is not planned. Reservations are re-seated to
    the plan in one guarded write. Orders that are not open, held or without promised units are passed over.
    Without ``pass_over``, places are tried again that are of a type which a reason for missing pieces passes over.
    """
    tasks = _tasks(order_ids)
    if not tasks:
        return []
    known = list(Location.objects.order_by("rank", "code"))
    places = [place for place in known if place.ships]
    items = {line.item_id for task in tasks for line in task.lines}
    # Those of places that send nothing too: what was promised there before is moved away now.
    shelves = lock_shelves((item, place.pk) for item in items for place in known)
    free = {shelf: max(0, units) for shelf, units in shelves.items()}
    card, split_penalty = rate_card(places)
    _read_holdings(tasks, pass_over=pass_over)
    weights = dict(Item.objects.filter(pk__among=items).values_list("pk", "weight_g"))
    goals, starts = _where(tasks, places)
    plans = [
        (task, _plan(task, places, free, weights, card, split_penalty, goals[task.order.pk], starts))
        for task in tasks
    ]
    seats: list[Seat] = []
    for task, plan in plans:
        seats += _seats(task, plan)
    reseat(seats, {key: held for task in tasks for key, held in task.firm.items()}, by=by)
    decisions = _decide(plans, places, card, cause, goals)
    works = _hand_out(plans, decisions, by)
    place_holds(
        [
            Holding(
                task.order.pk,
                Finding("out_of_stock", Reason("cannot_be_routed", "No location can send all of this line now."), left.key),
            )
            for task, plan in plans
            for left in plan.unplaced
        ],
        by=by,
    )  # fmt: skip
    emit([OrderRouted(task.order.pk) for task, plan in plans if plan.shipments], by=by)
    reached("routed")
    return works


def _tasks(order_ids: Iterable[int]) -> list[_Task]:
    orders = list(
        Order.objects.filter(pk__among=list(order_ids), state="open")
        .select_for_update(of=("self",))
        .order_by("pk")
        .only("number", "country", "shipping_address", "due_at")
        .prefetch_related("holds")
    )
    promised: dict[int, list[_Line]] = defaultdict(list)
    rows = OrderLine.objects.filter(
        order_id__among=[o.pk for o in orders], promised__gt=0, item__isnull=False
    )
    for order_id, pk, key, item_id, units in rows.order_by("pk").values_list(
        "order_id", "pk", "demand_key", "item_id", "promised"
    ):
        promised[order_id].append(_Line(pk, key, item_id or 0, units))
    tasks = []
    for order in orders:
        stops = [h for h in order.holds.all() if h.state == "active" and "release" in h.blocks]
        if any(h.line_id is None for h in stops):
            continue
        held = {h.line_id for h in stops}
        lines = [line for line in promised[order.pk] if line.pk not in held]
        if lines:
            tasks.append(_Task(order, lines))
    return tasks


def _read_holdings(tasks: Sequence[_Task], *, pass_over: bool) -> None:
    """What each line holds firm where, what of it is in work already, where it was not found, and which types of
    place are not tried for it therefore."""
    by_key = {line.demand_key: task for task in tasks for line in task.lines}
    for key, _, location, quantity in firm_units(by_key):
        by_key[key].firm[key][location] += quantity
    short: list[tuple[_Task, int, int, datetime, str]] = []
    keys = {line.pk: (task, line.demand_key) for task in tasks for line in task.lines}
    for part in FulfillmentLine.objects.filter(order_line_id__among=keys).select_related("fulfillment_order"):
        task, key = keys[part.order_line_id]
        work = part.fulfillment_order
        if work.state in OPEN_WORK:
            task.busy[key][work.location_id] += part.quantity - part.short - part.cancelled
        if part.short_at:
            short.append((task, part.item_id, work.location_id, part.short_at, part.short_reason))
    # A shelf that failed this order is not tried again until something was put on it.
    filled = _filled({item for _, item, *_ in short})
    for task, item, location, at, _ in short:
        if filled.get((item, location), at) <= at:
            task.barred[item].add(location)
    if pass_over and short:
        _read_passed(short)


def _read_passed(short: Sequence[tuple[_Task, int, int, datetime, str]]) -> None:
    reasons = all_reasons()
    misses: dict[int, list[passing_over.Miss]] = defaultdict(list)
    tasks = {id(task): task for task, *_ in short}
    for task, item, _, _, code in sorted(short, key=lambda row: row[3]):
        if code in reasons:
            misses[id(task)].append(passing_over.Miss(item, reasons[code].words, reasons[code].skips))
    for key, found in misses.items():
        tasks[key].passed = passing_over.passed_over(found)


def _filled(items: set[int]) -> dict[tuple[int, int], datetime]:
    """When goods last came onto each shelf of these items."""
    if not items:
        return {}
    rows = StockMovement.objects.filter(item_id__in=items, on_hand__gt=0).values("item_id", "location_id")
    return {(row["item_id"], row["location_id"]): row["last"] for row in rows.annotate(last=Max("at"))}


def rate_card(places: Sequence[Location]) -> tuple[rates.RateCard, float]:
    """The active rate card with each location's handling, and its split penalty."""
    row = RateCard.objects.filter(active=True).order_by("pk").first() or RateCard()
    card = rates.RateCard(
        currency=row.currency if row.pk else settings.CURRENCY, base=float(row.base), per_zone=float(row.per_zone),
        per_kg=float(row.per_kg), per_kg_zone=float(row.per_kg_zone), split_penalty=float(row.split_penalty),
        handling={place.pk: float(place.handling_cost) for place in places},
    )  # fmt: skip
    return card, float(row.split_penalty)


def _where(
    tasks: Sequence[_Task], places: Sequence[Location]
) -> tuple[dict[int, rates.Place], dict[int, rates.Place]]:
    """Where each order goes and where each location is. The imported postcodes are asked for whatever has no
    coordinates."""
    goals, starts = {}, {}
    for task in tasks:
        address = task.order.shipping_address
        goals[task.order.pk] = rates.Place(
            country=task.order.country, postcode=address.get("postcode", ""),
            latitude=address.get("latitude"), longitude=address.get("longitude"),
        )  # fmt: skip
    for place in places:
        starts[place.pk] = rates.Place(place.country, place.postcode, place.latitude, place.longitude)
    bare = {
        (there.country, there.postcode)
        for there in (*goals.values(), *starts.values())
        if rates.known_by(there) != "coordinates"
    }
    areas = find_postcodes(bare)
    for known in (goals, starts):
        for pk, there in known.items():
            if area := areas.get((there.country, there.postcode)):
                known[pk] = replace(there, area=area)
    return goals, starts


def _plan(
    task: _Task,
    places: Sequence[Location],
    free: dict[tuple[int, int], int],
    weights: Mapping[int, int],
    card: rates.RateCard,
    penalty: float,
    goal: rates.Place,
    starts: Mapping[int, rates.Place],
) -> routing.Plan:
    """Route one order against what is free and its own promised units; what it takes is free no more."""
    own: dict[tuple[int, int], int] = defaultdict(int)
    for line in task.lines:
        for location, quantity in task.firm[line.demand_key].items():
            own[line.item_id, location] += quantity - task.busy[line.demand_key][location]
    candidates = []
    items = [line.item_id for line in task.lines]
    for place in places:
        way = rates.tariff(card, place.pk, starts[place.pk], goal)
        available = {
            line.item_id: 0
            if place.pk in task.barred[line.item_id] or place.type in task.passed.get(line.item_id, ())
            else free.get((line.item_id, place.pk), 0) + own[line.item_id, place.pk]
            for line in task.lines
        }
        candidates.append(
            routing.Location(
                place.pk, place.name, available, way.fixed, way.per_kg, active=place.active,
                excluded="its type is passed over" if passing_over.wholly(task.passed, place.type, items) else "",
            )
        )  # fmt: skip
    plan = routing.route(
        [
            routing.Line(line.pk, line.item_id, line.promised, weights[line.item_id] or rates.UNIT_WEIGHT_G)
            for line in task.lines
        ],
        candidates,
        routing.Options(split_penalty=penalty, currency=card.currency),
    )
    plan = replace(plan, notes=(*plan.notes, *passing_over.told(task.passed, items)))
    for shelf, quantity in own.items():
        free[shelf] = free.get(shelf, 0) + quantity
    for pick in plan.picks:
        free[pick.item_id, pick.location_id] -= pick.quantity
    for shelf, quantity in _left_behind(task, plan).items():
        free[shelf] -= quantity
    return plan


def _left_behind(task: _Task, plan: routing.Plan) -> dict[tuple[int, int], int]:
    """Promised units the plan could not place stay where they are reserved."""
    stay: dict[tuple[int, int], int] = defaultdict(int)
    for _key, item, location, quantity in _staying(task, plan):
        stay[item, location] += quantity
    return stay


def _staying(task: _Task, plan: routing.Plan) -> list[tuple[UUID, int, int, int]]:
    missing = {left.key: left.quantity for left in plan.unplaced}
    rows = []
    for line in task.lines:
        owed = missing.get(line.pk, 0)
        for location, quantity in task.firm[line.demand_key].items():
            idle = min(owed, quantity - task.busy[line.demand_key][location])
            if idle > 0:
                rows.append((line.demand_key, line.item_id, location, idle))
                owed -= idle
    return rows


def _seats(task: _Task, plan: routing.Plan) -> list[Seat]:
    """Where every unit the lines hold shall be: in work where it is, planned where the plan says."""
    lines = {line.pk: line for line in task.lines}
    seats = [
        Seat(lines[pick.key].demand_key, pick.item_id, pick.location_id, pick.quantity)  # type: ignore[index]
        for pick in plan.picks
    ]
    seats += [
        Seat(line.demand_key, line.item_id, location, quantity)
        for line in task.lines
        for location, quantity in task.busy[line.demand_key].items()
        if quantity
    ]
    return seats + [
        Seat(key, item, location, quantity) for key, item, location, quantity in _staying(task, plan)
    ]


def _decide(
    plans: Sequence[tuple[_Task, routing.Plan]],
    places: Sequence[Location],
    card: rates.RateCard,
    cause: str,
    goals: Mapping[int, rates.Place],
) -> dict[int, _Decision]:
    """Store each order's decision; by order, its primary key and words."""
    names, figures = {place.pk: place.name for place in places}, _plain(card)
    before = RoutingDecision.objects.filter(
        order_id__among=[task.order.pk for task, _ in plans], superseded_by=None
    )
    superseded = dict(before.values_list("order_id", "pk"))
    rows: list[dict[str, Any]] = [
        {
            "order_id": task.order.pk,
            "words": _words(plan, names, card.currency, rates.known_by(goals[task.order.pk])),
            "inputs": {"lines": {str(line.pk): line.promised for line in task.lines}, "rates": figures},
            "plan": [
                {
                    "location": s.location_id,
                    "name": names[s.location_id],
                    "cost": round(s.cost, 4),
                    "picks": [{"line": p.key, "item": p.item_id, "quantity": p.quantity} for p in s.picks],
                }
                for s in plan.shipments
            ],
            "candidates": [vars(verdict) for verdict in plan.verdicts],
            "cost": _cost(plan.cost),
            "next_cost": _cost(plan.next_cost),
            "currency": card.currency,
            "solver": plan.solver,
            "gap": plan.gap,
            "cause": cause,
            "supersedes_id": superseded.get(task.order.pk),
        }
        for task, plan in plans
    ]
    keys = insert(RoutingDecision, rows, keys=True)
    return {row["order_id"]: _Decision(key, row["words"]) for key, row in zip(keys, rows, strict=True)}


def _plain(card: rates.RateCard) -> Mapping[str, Any]:
    return {key: value for key, value in asdict(card).items() if key != "handling"}


def _cost(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(round(value, 4)))


# How well we know where an order goes, in words.
_KNOWN_BY = {
    "coordinates": "Distance by its coordinates.",
    "postcode": "Distance by its postcode.",
    "country": "Its postcode is not known here: distance by the middle of its country.",
    "nothing": "Where it goes is not known: distance taken as long.",
}


def _words(plan: routing.Plan, names: Mapping[int, str], currency: str, known_by: str) -> str:
    """The decision as one would tell it on the phone."""
    if not plan.shipments:
        return " ".join(["No location can send it now.", *(n.rstrip(".") + "." for n in plan.notes)])
    from_where = " and ".join(names[s.location_id] for s in plan.shipments)
    told = f"Sent from {from_where}, for about {money.words(Decimal(str(round(plan.cost, 2))), currency)}."
    if plan.next_cost is not None:
        told += f" The next best choice would have cost {money.words(Decimal(str(round(plan.next_cost, 2))), currency)}."
    if plan.gap:
        told += f" It is at most {plan.gap:.1%} above the best possible."
    return " ".join(
        [
            told,
            _KNOWN_BY[known_by],
            *(f"{v.name}: {v.words.rstrip('.')}." for v in plan.verdicts),
            *(n.rstrip(".") + "." for n in plan.notes),
        ]
    )


def _hand_out(
    plans: Sequence[tuple[_Task, routing.Plan]], decisions: Mapping[int, _Decision], by: Actor
) -> list[FulfillmentOrder]:
    """One fulfillment order per location and order, its units counted as released."""
    order_ids = [task.order.pk for task, _ in plans]
    counted = Counter(
        FulfillmentOrder.objects.filter(order_id__among=order_ids).values_list("order_id", flat=True)
    )
    now = timezone.now()
    works: list[FulfillmentOrder] = []
    parts: list[tuple[FulfillmentOrder, Mapping[tuple[Any, int], int]]] = []
    for task, plan in plans:
        for shipment in plan.shipments:
            counted[task.order.pk] += 1
            work = FulfillmentOrder(
                number=f"{task.order.number}-F{counted[task.order.pk]}", order=task.order,
                location_id=shipment.location_id, decision_id=decisions[task.order.pk].pk,
                due_at=task.order.due_at or now + DUE,
            )  # fmt: skip
            together: dict[tuple[Any, int], int] = defaultdict(int)
            for pick in shipment.picks:
                together[pick.key, pick.item_id] += pick.quantity
            works.append(work)
            parts.append((work, together))
    insert_rows(works)
    lines = [
        {"fulfillment_order_id": work.pk, "order_line_id": line_id, "item_id": item_id, "quantity": quantity}
        for work, together in parts
        for (line_id, item_id), quantity in together.items()
    ]
    insert(FulfillmentLine, lines)
    advance_lines([Step(line["order_line_id"], line["quantity"], "promised", "released") for line in lines])
    journal.write(
        [
            Line(f"routingdecision:{told.pk}", f"order:{order_id}", "route", told.words)
            for order_id, told in decisions.items()
        ],
        by=by,
    )
    # Nobody else can see them yet, so they need no lock; their orders' holds were read with the orders.
    held = [work for work in works if any(hold.state == "active" for hold in work.order.holds.all())]
    prefetch_related_objects(held, "lines")
    return move(works, "release", by=by, sets={"released_at": now}).or_refuse()
