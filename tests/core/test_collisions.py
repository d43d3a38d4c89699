"""Real deadlocks and real time-outs: the whole is carried out again, once, counted; what persists changes nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.models import F
from django.urls import reverse

from inventory.models import Item, Receipt, StockLevel, StockMovement
from oms.core import relay as relays
from oms.core.actors import SYSTEM
from oms.core.collisions import TRIES, again
from oms.core.columns import COPIED
from oms.core.journal import Line, write
from oms.core.models import Collision, Delivery, IdempotencyRecord, JournalEntry
from oms.core.outbox import emit
from orders.models import Order
from tests import build
from tests.api.conftest import Caller, api, fresh_house, token  # noqa: F401
from tests.core.test_relay import Happened
from tests.impatient import impatient
from tests.pressing import Hand
from tests.races.test_overselling import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    """Locks that do not come are given up soon."""
    with impatient("250ms"):
        yield


@contextmanager
def held(item: Item, until: Callable[[], bool]) -> Iterator[None]:
    """Somebody else's transaction has the item and its levels until then."""
    locked, over = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                list(Item.objects.filter(pk=item.pk).select_for_update())
                list(StockLevel.objects.filter(item=item).select_for_update())
                locked.set()
                while not over.is_set() and not until():
                    time.sleep(0.005)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(20)
        yield
    finally:
        over.set()
        holder.join(20)


def once_met() -> bool:
    return Collision.objects.exists()


def never() -> bool:
    return False


def met() -> list[tuple[str, str, int, int]]:
    return list(Collision.objects.values_list("door", "kind", "met", "given_up").order_by("door"))


def heavier(item: Item) -> None:
    Item.objects.filter(pk=item.pk).update(weight_g=F("weight_g") + 1)


def weights() -> list[int]:
    return list(Item.objects.order_by("pk").values_list("weight_g", flat=True))


# -- what again() does


def test_who_lost_a_deadlock_begins_again_and_nothing_is_doubled() -> None:
    items, first = [build.item("A", weight_g=100), build.item("B", weight_g=100)], threading.Barrier(2)
    tries: list[int] = []

    def work(n: int) -> None:
        @transaction.atomic
        def both() -> None:
            tries.append(n)
            heavier(items[n])
            if len(tries) <= 2:
                first.wait(timeout=20)
            heavier(items[1 - n])

        again("test", both)

    assert race(work, 2) == []
    assert len(tries) == 3 and weights() == [102, 102]
    assert met() == [("test", "deadlock", 1, 0)]


def test_a_lock_that_comes_late_is_waited_for_again() -> None:
    item = build.item("A", weight_g=100)
    with held(item, once_met):
        again("test", transaction.atomic(lambda: heavier(item)))
    assert weights() == [101] and met() == [("test", "lock_timeout", 1, 0)]


@pytest.mark.parametrize("orders", [1, COPIED + 2])
def test_a_batch_whose_rows_were_sent_ahead_begins_again_too(orders: int) -> None:
    """One order's rows wait for the end, many are under way in the pipeline when the shelf does not come."""
    item = build.item("A")
    build.stock(item, 100)
    drafts = [build.draft([("A", 1)]) for _ in range(orders)]
    with held(item, once_met):
        placed = again("test", lambda: build.place(*drafts))
    assert len(placed) == Order.objects.count() == orders == build.level(item).reserved
    assert [(kind, given_up) for _door, kind, _met, given_up in met()] == [("lock_timeout", 0)]


def test_who_read_what_another_wrote_begins_again() -> None:
    item, tries = build.item("A", weight_g=100), []

    def work() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            seen = Item.objects.get(pk=item.pk).weight_g
            tries.append(seen)
            if len(tries) == 1:
                assert race(lambda _: heavier(item), 1) == []
            Item.objects.filter(pk=item.pk).update(weight_g=seen + 10)

    again("test", work)
    assert tries == [100, 101] and weights() == [111]
    assert met() == [("test", "serialization", 1, 0)]


def test_what_persists_is_given_up_and_nothing_has_changed() -> None:
    item, other = build.item("A", weight_g=100), build.item("B", weight_g=100)

    @transaction.atomic
    def work() -> None:
        heavier(other)
        heavier(item)

    with held(item, never), pytest.raises(OperationalError):
        again("test", work)
    assert weights() == [100, 100] and met() == [("test", "lock_timeout", TRIES, 1)]


def test_what_was_committed_before_is_not_done_twice() -> None:
    item, other = build.item("A", weight_g=100), build.item("B", weight_g=100)

    def in_two() -> None:
        transaction.atomic(lambda: heavier(other))()
        transaction.atomic(lambda: heavier(item))()

    def by_itself() -> None:
        heavier(other)
        transaction.atomic(lambda: heavier(item))()

    with held(item, never):
        for work in (in_two, by_itself):
            with pytest.raises(OperationalError):
                again("test", work)
    assert weights() == [100, 102] and met() == [("test", "lock_timeout", 2, 2)]


def test_inside_a_greater_transaction_it_is_the_greater_ones_business() -> None:
    item, tries = build.item("A", weight_g=100), []

    def work() -> None:
        tries.append(1)
        again("inner", transaction.atomic(lambda: heavier(item)))

    with held(item, once_met):
        again("outer", transaction.atomic(work))
    assert weights() == [101] and len(tries) == 2 and met() == [("outer", "lock_timeout", 1, 0)]


def test_other_errors_are_none_of_its_business() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '10ms'; SELECT pg_sleep(1)")

    with pytest.raises(OperationalError):
        again("test", transaction.atomic(work))
    assert len(tries) == 1 and met() == []


# -- the doors


@pytest.fixture
def shelf() -> StockLevel:
    build.stock(build.item("A"), 5)
    return build.level(build.item("A"))


RECEIPT = {"location": "MAIN", "reference": "R", "lines": [{"item": "A", "quantity": 2}]}


def test_a_call_of_the_api_is_answered_as_if_nothing_had_been(api: Caller, shelf: StockLevel) -> None:  # noqa: F811
    with held(shelf.item, once_met):
        answer = api.send("receipts", RECEIPT, key="k")
    assert answer.status_code == 201, answer.content
    assert api.send("receipts", RECEIPT, key="k").json() == answer.json()
    shelf.refresh_from_db()
    assert shelf.on_hand == 7 and Receipt.objects.count() == 2 and IdempotencyRecord.objects.count() == 1
    assert met() == [("API POST /api/v1/receipts", "lock_timeout", 1, 0)]


def test_a_call_that_never_comes_through_may_be_sent_again(api: Caller, shelf: StockLevel) -> None:  # noqa: F811
    with held(shelf.item, never):
        answer = api.send("receipts", RECEIPT, key="k")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
    assert Receipt.objects.count() == 1 and not IdempotencyRecord.objects.exists()
    assert api.send("receipts", RECEIPT, key="k").status_code == 201


def test_a_button_is_pressed_once_whatever_is_in_its_way(shelf: StockLevel) -> None:
    hand = Hand("manager")
    with held(shelf.item, once_met):
        assert hand.press("inventory.adjust", shelf, change=-1, reason="counted") == 302, hand.told
    shelf.refresh_from_db()
    assert shelf.on_hand == 4 and met() == [("button inventory.adjust", "lock_timeout", 1, 0)]


def test_a_button_that_comes_through_never_says_so(shelf: StockLevel) -> None:
    hand, before = Hand("manager"), StockMovement.objects.count()
    with held(shelf.item, never):
        assert hand.press("inventory.adjust", shelf, change=-1, reason="counted") == 409
    assert "Somebody else is changing the same thing" in hand.told
    shelf.refresh_from_db()
    assert shelf.on_hand == 5 and StockMovement.objects.count() == before
    assert hand.press("inventory.adjust", shelf, change=-1, reason="counted") == 302


def test_at_the_dock_it_is_the_same(shelf: StockLevel) -> None:
    hand = Hand("warehouse")
    counted = {"step": "confirm", "press": "k", "at_place": shelf.location_id, f"got_{shelf.item_id}": 2}
    with held(shelf.item, never):
        answer = hand.client.post(reverse("dock:receive"), counted)
    assert answer.status_code == 409 and "Somebody else is changing the same thing" in answer.content.decode()
    assert Receipt.objects.count() == 1
    Collision.objects.all().delete()
    with held(shelf.item, once_met):
        assert hand.client.post(reverse("dock:receive"), counted).status_code == 302
    shelf.refresh_from_db()
    assert shelf.on_hand == 7 and met() == [("dock receive", "lock_timeout", 1, 0)]


def react(events: Sequence[relays.Told]) -> None:
    """Leaves an effect before it collides, and one after."""
    write([Line(e.subject, e.subject, "before") for e in events], by=SYSTEM)
    heavier(Item.objects.get(sku="A"))
    write([Line(e.subject, e.subject, "after") for e in events], by=SYSTEM)


def test_a_reaction_that_collides_has_its_effects_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "reactions", lambda: {"test.happened": [f"{__name__}.react"]})
    item = build.item("A", weight_g=100)
    with transaction.atomic():
        emit([Happened(1), Happened(2)])
    with held(item, once_met):
        ended = relays.relay(seconds=1)
    assert ended == {"done": 2} and set(Delivery.objects.values_list("state", "attempts")) == {("done", 1)}
    assert sorted(JournalEntry.objects.values_list("subject", "verb")) == [
        ("thing:1", "after"), ("thing:1", "before"), ("thing:2", "after"), ("thing:2", "before"),
    ]  # fmt: skip
    assert weights() == [101] and [m[1:] for m in met()] == [("lock_timeout", 1, 0)]


# -- what is shown


def test_the_console_says_where_and_how_many_there_were(shelf: StockLevel) -> None:
    with held(shelf.item, never), pytest.raises(OperationalError):
        again("test", transaction.atomic(lambda: heavier(shelf.item)))
    page = Hand("manager").client.get("/admin/core/collision/")
    assert page.status_code == 200 and b"waited too long" in page.content
    assert [row.met for row, *_ in page.context["rows"]] == [TRIES]
