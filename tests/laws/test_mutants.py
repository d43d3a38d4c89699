"""The guard, the sum, the fit and the order of locks, each broken on purpose: some check must notice.

A mutant is a change of the source itself, made where it runs. Each names the check that catches it; the check passes
before and fails with it.
"""

from __future__ import annotations
import __future__

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import pytest
from django.db import IntegrityError, connection, transaction

from inventory.actions import consume_reservations, fit_reservations, move_stock, reseat
from inventory.models import StockLevel
from inventory.rules import allocation
from oms.core.actors import SYSTEM
from tests import build
from tests.laws.model import Nets, Session, World, explore
from tests.laws.test_interleavings import (
    BUYERS,
    EACH,
    NORTH,
    ONE,
    SCENES,
    SOUTH,
    TWO,
    A,
    B,
    change,
    law,
    place,
    route,
    without_lock,
    world,
)  # fmt: skip

pytestmark = pytest.mark.django_db

MODULES = (move_stock, fit_reservations, reseat, consume_reservations)


# ------------------------------------------------------------------------------------------------- the checks


def all_get_what_there_is() -> None:
    start, works, _ = SCENES[BUYERS]
    found = explore(start, works, Nets(), law)
    assert found.broken == [] and found.deadlocks == 0
    assert set(found.ends) == {("committed",) * 3}, "nobody is refused, who comes late waits for stock"


def the_guard_holds_alone() -> None:
    start, works, _ = SCENES[BUYERS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit_reservations, "_FREE", without_lock(fit_reservations._FREE))
        assert explore(start, works, Nets(check=False), law).broken == []


def a_shelf_that_is_short_is_refused() -> None:
    """In the guard's words, before a constraint has to say it."""
    item = build.item("GUARDED")
    build.stock(item, 2)
    shelf = (item.pk, build.location().pk)
    for promises, entries in (
        ([move_stock.Promise(*shelf, -1)], []),
        ([move_stock.Promise(*shelf, 3)], []),
        ([], [move_stock.Entry(*shelf, "restock", "law", "k1", unavailable=-1)]),
        ([], [move_stock.Entry(*shelf, "quarantine", "law", "k2", unavailable=3)]),
        ([], [move_stock.Entry(*shelf, "adjustment", "law", "k3", on_hand=-3)]),
    ):
        try:
            with transaction.atomic():
                move_stock.move_stock(entries=entries, promises=promises, by=SYSTEM)
        except move_stock.ShortOfStock as error:
            assert error.shelves == (shelf,)
        except IntegrityError:
            raise AssertionError("the guard let it pass to the constraint") from None
        else:
            raise AssertionError("it was written")


def the_database_refuses() -> None:
    build.stock(build.item("CHECKED"), 2)
    for broken in ("reserved = 3", "reserved = -1", "unavailable = -1", "unavailable = 3", "on_hand = -1"):
        with transaction.atomic(), connection.cursor() as cursor:
            try:
                with transaction.atomic():
                    cursor.execute(f"UPDATE inventory_stocklevel SET {broken}")
            except IntegrityError:
                continue
            raise AssertionError(broken)


def lines_of_one_item_are_added_up() -> None:
    two_lines = place(ONE, (A, 1), (B, 1), (A, 2))
    found = explore(world({(A, NORTH): 2, (B, NORTH): 1}), [two_lines], Nets(), law)
    assert found.broken == [] and set(found.ends) == {("committed",)}
    item, other = build.item("SUMMED"), build.item("OTHER")
    build.stock(item, 5)
    at = build.location().pk
    with transaction.atomic():
        move_stock.move_stock(
            entries=[
                move_stock.Entry(item.pk, at, "adjustment", "law", f"s{n}", on_hand=-1, unavailable=0)
                for n in range(2)
            ]
            + [move_stock.Entry(item.pk, at, "quarantine", "law", f"q{n}", unavailable=1) for n in range(2)]
            + [move_stock.Entry(other.pk, at, "receipt", "law", "o", on_hand=1)],
            by=SYSTEM,
        )
    level = build.level(item)
    assert (level.on_hand, level.unavailable) == (3, 2)


def a_need_that_grows_or_shrinks_is_met() -> None:
    start = world({(A, NORTH): 2, (A, SOUTH): 1}, (ONE, A, NORTH, 1), (ONE, A, SOUTH, 1))
    for wanted in (0, 1, 2, 3, 4):

        def met(now: World, wanted: int = wanted) -> str:
            live = [r.quantity for r in now.held if r.state in {"firm", "backordered"}]
            return "" if not now.own[0].end or sum(live) == wanted else f"{sum(live)} held of {wanted}"

        found = explore(start, [change(ONE, A=wanted)], Nets(), lambda now, met=met: law(now) or met(now))  # type: ignore[misc]
        assert found.broken == [] and set(found.ends) == {("committed",)}


def safety_stock_is_kept() -> None:
    start = World((((A, NORTH), (2, 0, 0, 1)), ((A, SOUTH), (1, 0, 0, 1))), ())

    def kept(now: World) -> str:
        return next(
            (str(s) for s, (on_hand, reserved, _, keep) in now.levels if on_hand - reserved < keep), ""
        )

    found = explore(start, [place(ONE, (A, 2)), place(TWO, (A, 1))], Nets(), kept)
    assert found.broken == [] and set(found.ends) == {("committed", "committed")}


def writers_lock_in_one_order() -> None:
    """The one writer by itself, whoever forgot to lock before it."""

    def move(*shelves: tuple[int, int]) -> Callable[[Session], None]:
        return lambda session: move_stock.move_stock(
            promises=[move_stock.Promise(*shelf, 1) for shelf in shelves], by=SYSTEM
        )

    works = [move((A, NORTH), (B, SOUTH)), move((B, SOUTH), (A, NORTH))]
    assert explore(world(dict.fromkeys(EACH, 2)), works, Nets(), lambda now: "").deadlocks == 0


def routes_lock_in_one_order() -> None:
    start = world(dict.fromkeys(EACH, 3), (ONE, A, NORTH, 1), (TWO, A, SOUTH, 1))
    works = [route(ONE, A=(SOUTH, 1)), route(TWO, A=(NORTH, 1))]
    assert explore(start, works, Nets(), law).deadlocks == 0


# ------------------------------------------------------------------------------------------------ the mutants


@dataclass(frozen=True)
class Mutant:
    """``where`` is a constant or function of ``module``; in its text ``old`` becomes ``new``."""

    module: ModuleType
    where: str
    old: str
    new: str
    check: Callable[[], None]


def _mutant(module: ModuleType, where: str, old: str, new: str, check: Callable[[], None]) -> object:
    name = f"{where}: {' '.join(old.split())} → {' '.join(new.split()) or 'nothing'}"
    return pytest.param(Mutant(module, where, old, new, check), id=name)


GUARD = "l.on_hand + k.on_hand >= l.reserved + k.reserved + l.unavailable + k.unavailable"
MUTANTS = (
    # the guard
    _mutant(move_stock, "_UPDATE", f"AND {GUARD}", "", the_guard_holds_alone),
    _mutant(move_stock, "_UPDATE", f"AND {GUARD}", "", a_shelf_that_is_short_is_refused),
    _mutant(move_stock, "_UPDATE", ">= l.reserved + k.reserved + l.un", ">= l.reserved + l.un", the_guard_holds_alone),
    _mutant(move_stock, "_UPDATE", "+ l.unavailable + k.unavailable\n", "+ l.unavailable\n", a_shelf_that_is_short_is_refused),
    _mutant(move_stock, "_UPDATE", "l.on_hand + k.on_hand >=", "l.on_hand >=", a_shelf_that_is_short_is_refused),
    _mutant(move_stock, "_UPDATE", "AND l.reserved + k.reserved >= 0", "", a_shelf_that_is_short_is_refused),
    _mutant(move_stock, "_UPDATE", "AND l.unavailable + k.unavailable >= 0", "", a_shelf_that_is_short_is_refused),
    _mutant(move_stock, "move_stock", "raise ShortOfStock(short)", "pass", a_shelf_that_is_short_is_refused),
    # the fit
    _mutant(fit_reservations, "_FREE", " FOR UPDATE OF s", "", all_get_what_there_is),
    _mutant(fit_reservations, "_FREE", "- s.unavailable - s.safety_stock", "- s.unavailable", safety_stock_is_kept),
    _mutant(fit_reservations, "_FREE", "s.on_hand - s.reserved -", "s.on_hand -", a_need_that_grows_or_shrinks_is_met),
    _mutant(fit_reservations, "fit_reservations", "n.quantity - has.get(n.demand_key, 0) for", "n.quantity for", a_need_that_grows_or_shrinks_is_met),
    _mutant(fit_reservations, "fit_reservations", "if units < 0]", "if units < -1]", a_need_that_grows_or_shrinks_is_met),
    _mutant(fit_reservations, "_give_back", "surplus -= take", "pass", a_need_that_grows_or_shrinks_is_met),
    _mutant(fit_reservations, "_give_back", "row.location_id, -take", "row.location_id, take", a_need_that_grows_or_shrinks_is_met),
    _mutant(allocation, "plan", "min(missing, shelves[location])", "missing", all_get_what_there_is),
    _mutant(allocation, "plan", "shelves[location] -= take", "pass", lines_of_one_item_are_added_up),
    # the sum
    _mutant(move_stock, "move_stock", "[0, 0, 0])[1] += promise.reserved", "[0, 0, 0])[1] = promise.reserved", lines_of_one_item_are_added_up),
    _mutant(move_stock, "move_stock", "total[0] += entry", "total[0] = entry", lines_of_one_item_are_added_up),
    _mutant(move_stock, "move_stock", "total[2] += entry", "total[2] = entry", lines_of_one_item_are_added_up),
    # the order of locks
    _mutant(fit_reservations, "_FREE", "ORDER BY s.item_id, s.location_id", "", all_get_what_there_is),
    _mutant(move_stock, "_UPDATE", "ORDER BY l.item_id, l.location_id", "", writers_lock_in_one_order),
    _mutant(fit_reservations, "_LOCK", "ORDER BY item_id, location_id", "", routes_lock_in_one_order),
)  # fmt: skip


def _apply(mutant: Mutant, patch: pytest.MonkeyPatch) -> None:
    whole = getattr(mutant.module, mutant.where)
    text = whole if isinstance(whole, str) else textwrap.dedent(inspect.getsource(whole))
    assert text.count(mutant.old) == 1, "the source is another: think the mutant over"
    text = text.replace(mutant.old, mutant.new)
    if isinstance(whole, str):
        patch.setattr(mutant.module, mutant.where, text)
        return
    names: dict[str, object] = {}
    code = compile(text, f"<mutant of {mutant.where}>", "exec", __future__.annotations.compiler_flag)
    exec(code, mutant.module.__dict__, names)
    for module in {mutant.module, *MODULES}:
        if getattr(module, mutant.where, None) is whole:
            patch.setattr(module, mutant.where, names[mutant.where])


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_caught(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        mutant.check()
        transaction.set_rollback(True)
    _apply(mutant, monkeypatch)
    with pytest.raises(AssertionError), transaction.atomic():
        mutant.check()


@pytest.mark.parametrize("name", [c.name for c in StockLevel._meta.constraints if c.name != "level_once"])
def test_a_constraint_that_is_gone_is_missed(name: str) -> None:
    the_database_refuses()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE inventory_stocklevel DROP CONSTRAINT {name}")
    with pytest.raises(AssertionError):
        the_database_refuses()
