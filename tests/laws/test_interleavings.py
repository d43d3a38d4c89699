"""Every interleaving of three orders over two items at two locations: no deadlock, nothing sold twice, no law broken.

With the control: locks without an order deadlock, and without the nets it oversells; each net alone holds.
"""

from __future__ import annotations

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from inventory.actions import fit_reservations, move_stock
from inventory.actions.consume_reservations import Use, consume_reservations
from inventory.actions.fit_reservations import Need
from inventory.actions.reseat import Seat, reseat
from inventory.models import Reservation, StockLevel
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.models import OutboxEvent
from tests import build
from tests.laws.model import NOW, Explored, Held, Nets, Own, Session, Work, World, explore, follow
from tests.nets import past_all_nets

pytestmark = pytest.mark.django_db

A, B = 1, 2
NORTH, SOUTH = 1, 2
ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


def keys(order: UUID) -> dict[int, UUID]:
    """The demands of an order, by item."""
    return {item: UUID(int=order.int * 10 + item) for item in (A, B)}


def place(order: UUID, *lines: tuple[int, int]) -> Work:
    """Takes an order in: lines of item and quantity, in its own order; an item may come twice."""
    needs = [Need(UUID(int=order.int * 10 + item + 5 * (n // 2)), item, quantity, NOW) for n, (item, quantity) in enumerate(lines)]  # fmt: skip
    return lambda session: _fit(needs, fresh=True)


def change(order: UUID, **wanted: int) -> Work:
    """Locks the order and makes its reservations what it wants now (``A=0, B=2``)."""
    needs = [Need(keys(order)[{"A": A, "B": B}[sku]], {"A": A, "B": B}[sku], n, NOW) for sku, n in wanted.items()]  # fmt: skip

    def work(session: Session) -> None:
        session.lock(("order", order))
        _fit(needs)

    return work


def route(order: UUID, **seats: tuple[int, int]) -> Work:
    """Locks the order and all shelves of its items, and moves its promises (``A=(NORTH, 1)``: one piece, to the
    north)."""

    def work(session: Session) -> None:
        session.lock(("order", order))
        items = {sku: {"A": A, "B": B}[sku] for sku in seats}
        fit_reservations.lock_shelves((item, place) for item in items.values() for place in (NORTH, SOUTH))
        held: dict[UUID, dict[int, int]] = defaultdict(dict)
        for key, _, place, quantity in fit_reservations.firm_units(
            keys(order)[item] for item in items.values()
        ):
            held[key][place] = held[key].get(place, 0) + quantity
        reseat(
            [Seat(keys(order)[items[sku]], items[sku], *seat) for sku, seat in seats.items()], held, by=SYSTEM
        )

    return work


def ship(order: UUID, *parts: tuple[int, int, int]) -> Work:
    """Locks the order and its work, and takes (item, location, quantity) off the shelves."""

    def work(session: Session) -> None:
        session.lock(("order", order))
        session.lock(("work", order))
        consume_reservations(
            [
                Use(keys(order)[item], item, at, quantity, "law", f"{order}-{item}-{at}")
                for item, at, quantity in parts
            ],
            by=SYSTEM,
        )

    return work


def _fit(needs: Sequence[Need], **kwargs: bool) -> None:
    # By its module, so that a mutant of it is what runs.
    fit_reservations.fit_reservations(needs, by=SYSTEM, **kwargs)


def world(on_hand: Mapping[tuple[int, int], int], *held: tuple[UUID, int, int, int]) -> World:
    """Shelves, and what orders hold on them: (order, item, location, quantity)."""
    reserved = {
        shelf: sum(q for _, item, at, q in held if (item, at) == shelf)
        for shelf in ((A, NORTH), (A, SOUTH), (B, NORTH), (B, SOUTH))
    }
    return World(
        tuple((shelf, (on_hand.get(shelf, 0), reserved[shelf], 0, 0)) for shelf in sorted(reserved)),
        tuple(
            Held(pk, keys(order)[item], item, at, quantity)
            for pk, (order, item, at, quantity) in enumerate(held, 1)
        ),
    )


def law(now: World) -> str:
    """Nothing is promised that is not there, and a level is the sum of its reservations."""
    for shelf, (on_hand, reserved, unavailable, _) in now.levels:
        firm = sum(r.quantity for r in now.held if r.state == "firm" and (r.item_id, r.location_id) == shelf)
        if firm + unavailable > on_hand:
            return f"{shelf}: {firm} promised of {on_hand}"
        if firm != reserved:
            return f"{shelf}: the level says {reserved}, the reservations {firm}"
    return ""


EACH = {(A, NORTH): 1, (A, SOUTH): 1, (B, NORTH): 1, (B, SOUTH): 1}

# What there is at the start, who works at once, and how many interleavings that gives at least.
SCENES: Mapping[str, tuple[World, tuple[Work, ...], int]] = {
    "three buyers of the last pieces, in another order each": (
        world(EACH), (place(ONE, (A, 1), (B, 1)), place(TWO, (B, 1), (A, 1)), place(THREE, (A, 2))),
        900,
    ),
    "one cancels what two buy": (
        world(EACH, (ONE, A, NORTH, 1), (ONE, B, SOUTH, 1)),
        (change(ONE, B=0, A=0), place(TWO, (B, 2), (A, 1)), place(THREE, (A, 2), (B, 1))),
        20_000,
    ),
    "one is routed elsewhere, one cancelled, one placed": (
        world(EACH, (ONE, A, NORTH, 1), (ONE, B, SOUTH, 1), (TWO, B, NORTH, 1)),
        (route(ONE, B=(NORTH, 1), A=(SOUTH, 1)), change(TWO, B=0), place(THREE, (B, 1), (A, 1))),
        800_000,
    ),
    "two change places, one is placed": (
        world({**EACH, (A, NORTH): 2}, (ONE, A, NORTH, 1), (TWO, A, SOUTH, 1)),
        (route(ONE, A=(SOUTH, 1)), route(TWO, A=(NORTH, 1)), place(THREE, (A, 1), (B, 1))),
        10_000,
    ),
    "one order is shipped, cancelled and routed at once": (
        world(EACH, (ONE, A, NORTH, 1), (ONE, B, NORTH, 1)),
        (ship(ONE, (B, NORTH, 1), (A, NORTH, 1)), change(ONE, A=0, B=0), route(ONE, A=(SOUTH, 1))),
        6,
    ),
    "one is shipped, one placed, one cancelled": (
        world(EACH, (ONE, A, NORTH, 1), (ONE, B, SOUTH, 1), (TWO, A, SOUTH, 1)),
        (ship(ONE, (B, SOUTH, 1), (A, NORTH, 1)), change(TWO, A=0), place(THREE, (A, 2))),
        1_000,
    ),
}  # fmt: skip


def explored(scene: str, **kwargs: bool) -> Explored:
    start, works, _ = SCENES[scene]
    return explore(start, works, Nets(**kwargs), law)


@pytest.mark.parametrize("scene", SCENES)
def test_no_interleaving_breaks_a_law_or_deadlocks(scene: str) -> None:
    found, (_, _, least) = explored(scene), SCENES[scene]
    assert found.broken == [] and found.deadlocks == 0
    assert all("committed" in end for end in found.ends)
    # So that nobody takes the scene's teeth out unseen.
    assert found.interleavings >= least


# ------------------------------------------------------------------------------------------------ the control

BUYERS, CANCELLED, *_ = SCENES


def without_order(sql: str) -> str:
    return re.sub(r"ORDER BY [^\n]*(?=FOR UPDATE)", "", sql)


def without_guard(sql: str) -> str:
    start, end = sql.index(" AND l.reserved + k"), sql.index("RETURNING")
    return f"{sql[:start]} {sql[end:]}"


def without_lock(sql: str) -> str:
    return sql.replace("FOR UPDATE OF s", "")


def test_locks_without_an_order_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_reservations, "_FREE", without_order(fit_reservations._FREE))
    assert explored(BUYERS).deadlocks > 0


def test_who_comes_back_for_more_shelves_can_deadlock() -> None:
    """One edit at the shop that takes a line off and puts another on does: it is carried out again then."""
    start = world({**EACH, (A, NORTH): 2}, (ONE, A, NORTH, 1))
    found = explore(start, [change(ONE, A=0, B=1), place(TWO, (A, 1), (B, 1))], Nets(), law)
    assert found.deadlocks > 0 and found.broken == []


@pytest.mark.parametrize("net", ["none", "lock", "guard", "check"])
def test_without_nets_it_oversells_and_each_net_alone_holds(
    net: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if net != "lock":
        monkeypatch.setattr(fit_reservations, "_FREE", without_lock(fit_reservations._FREE))
    if net != "guard":
        monkeypatch.setattr(move_stock, "_UPDATE", without_guard(move_stock._UPDATE))
    found = explored(BUYERS, check=net == "check")
    assert bool(found.broken) is (net == "none")
    if net in {"guard", "check"}:  # who came too late was refused
        assert any(end.count("committed") < 3 for end in found.ends)


# ------------------------------------------------------------------------------------- against PostgreSQL itself

TURNS = ((), (0, 1, 2) * 4, (2, 1, 0) * 4, (0, 0, 1, 2, 1, 2), (2, 2, 0, 2, 1, 1, 0), (1, 0, 0, 0, 2, 1, 2))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scene", [BUYERS, CANCELLED])
def test_postgresql_does_what_the_model_says(scene: str) -> None:
    start, works, _ = SCENES[scene]
    ends, sure = set(), 0
    for turns in TURNS:
        expected = [told(end) for end in follow(start, works, Nets(), turns)]
        found = really(start, works, turns)
        assert found in expected, turns
        sure += len(expected) == 1
        ends.add(str(found))
    assert len(ends) > 1, "all turns end alike: they show nothing"
    assert sure, "the model leaves everything open: it shows nothing"


def told(end: World) -> tuple[object, ...]:
    """An end, however its rows are numbered."""
    held = Counter({(r.demand_key, r.location_id, r.state): 0 for r in end.held if r.state != "released"})
    for row in end.held:
        if row.state != "released":
            held[row.demand_key, row.location_id, row.state] += row.quantity
    return end.levels, sorted(map(str, held.items())), tuple(own.end for own in end.own)


class Racer(threading.Thread):
    """A transaction on a connection of its own that begins each statement about stock in its turn only."""

    def __init__(self, work: Work):
        super().__init__()
        self.work, self.end = work, ""
        self.turn, self.at_gate = threading.Semaphore(0), threading.Event()

    def lock(self, thing: object) -> None:
        """Orders are each in one hand here: their locks are of no matter."""

    def gate(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if re.search("SELECT.*(stocklevel|reservation)|UPDATE inventory_stocklevel", sql, re.DOTALL):
            self.wait()
        return execute(sql, params, many, context)

    def wait(self) -> None:
        self.at_gate.set()
        assert self.turn.acquire(timeout=20)

    def run(self) -> None:
        try:
            connection.ensure_connection()
            self.pid = connection.connection.info.backend_pid
            with transaction.atomic(), connection.execute_wrapper(self.gate):
                self.work(self)  # type: ignore[arg-type]
                self.wait()
            self.end = "committed"
        except Refused as error:
            self.end = type(error).__name__
        finally:
            self.at_gate.set()
            connections.close_all()

    def waits(self, others: Sequence[Racer]) -> bool:
        """Whether one of them keeps it waiting, by the table of locks: what the process says of itself is old until it
        was given a processor again. A vacuum that takes the table for a moment is none of them, and passes."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_blocking_pids(%s) && %s::int[]", [self.pid, [one.pid for one in others]]
            )
            found = cursor.fetchone()
        return bool(found and found[0])


def really(start: World, works: Sequence[Work], turns: Sequence[int]) -> tuple[object, ...]:
    """The same on PostgreSQL, one turn after the other."""
    for model in (OutboxEvent, Reservation, StockLevel):
        with past_all_nets() as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
    for sku, item in (("A", A), ("B", B)):
        build.item(sku, id=item)
    for code, place in (("NORTH", NORTH), ("SOUTH", SOUTH)):
        build.location(code, id=place)
    for (item, place), (on_hand, reserved, unavailable, safety) in start.levels:
        StockLevel.objects.create(
            item_id=item, location_id=place, on_hand=on_hand, reserved=reserved, unavailable=unavailable, safety_stock=safety
        )  # fmt: skip
    for row in start.held:
        Reservation.objects.create(
            demand_key=row.demand_key, item_id=row.item_id, location_id=row.location_id, quantity=row.quantity, promised_at=NOW
        )  # fmt: skip
    racers = [Racer(work) for work in works]
    for racer in racers:
        racer.start()
        assert racer.at_gate.wait(20)
    for me in (*turns, *list(range(len(works))) * 20):
        racer = racers[me]
        if racer.at_gate.is_set() and not racer.end:
            racer.at_gate.clear()
            racer.turn.release()
        # Until each is at its gate, at its end, or waits for a lock; first the one whose commit lets others go on.
        for other in (racer, *racers):
            while not (other.at_gate.wait(0.002) or other.waits(racers)):
                pass
    for racer in racers:
        racer.join(20)
    levels = StockLevel.objects.order_by("item_id", "location_id")
    names = ("on_hand", "reserved", "unavailable", "safety_stock")
    held = Reservation.objects.exclude(state="released").values_list("pk", "demand_key", "item_id", "location_id", "quantity", "state")  # fmt: skip
    return told(
        World(
            tuple(((x.item_id, x.location_id), tuple(getattr(x, n) for n in names)) for x in levels),
            tuple(Held(*row) for row in held),
            own=tuple(Own(end=racer.end) for racer in racers),
        )
    )
