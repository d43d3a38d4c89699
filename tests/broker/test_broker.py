"""The broker carries nudges and nothing else: with it work is done at once, without it within a sweep, and
whatever dies in between, nothing is lost or done twice."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Sum
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from channels.models import ChannelAccount
from fulfillment.models import FulfillmentLine
from oms.celery import BEAT, app
from oms.core.broker import ENOUGH
from oms.core.models import Delivery, JobRun, OutboxEvent
from oms.core.outbox import BROKER_PAUSE
from oms.core.scheduler import Scheduler
from orders.models import Order
from tests import build, way
from tests.broker.conftest import House, forgets_by_itself, hang_up, like_ours, send, wait_until, waits

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def unfinished() -> int:
    events = OutboxEvent.objects.filter(fanned_out_at=None).count()
    return events + Delivery.objects.exclude(state="done").count()


def in_the_warehouse() -> Counter[int]:
    """Units of work by order, over all work there is."""
    rows = FulfillmentLine.objects.values_list("fulfillment_order__order").annotate(units=Sum("quantity"))
    return Counter(dict(rows))


def each_once() -> bool:
    """Whether all that follows from each order by itself has followed: screened, promised, routed, once."""
    return not unfinished() and in_the_warehouse() == dict.fromkeys(
        Order.objects.values_list("pk", flat=True), 1
    )


def schedule() -> None:
    call_command("sync_schedule", verbosity=0)


# -- with a broker -------------------------------------------------------------------------------------------


def test_an_order_goes_all_its_way_by_nudges_alone(house: House) -> None:
    """No clock runs here: each hop is a nudge that a worker took, the first one ours, the others its own."""
    build.stock(build.item("A"), 10)
    house.worker()
    for _ in range(3):
        build.order([("A", 1)])
        took = wait_until(each_once, "the order lies in the warehouse")
        assert took < 20, f"{took:.1f} s: that was a sweep, not a nudge"
    assert house.taken("worker", "oms.core.relay")
    way.sound()


def test_every_row_of_the_timetable_fires_and_its_task_succeeds(house: House) -> None:
    schedule()
    every_second = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.exclude(task__startswith="celery.").update(interval=every_second)
    assert PeriodicTask.objects.filter(task__in=[job.task for job in BEAT]).count() == len(BEAT)
    house.worker()
    house.beat()
    wait_until(lambda: all(house.done("worker", job.task) for job in BEAT), "each job has run")


def test_nudges_that_waited_for_a_worker_cost_no_run_each(house: House) -> None:
    """A night without workers: no more than enough wait, and whoever comes next has one look, and is at once free for
    what comes now."""
    waited = 2 * ENOUGH if forgets_by_itself() else ENOUGH
    house.run(f"""
import time
from oms.core import outbox
for n in range({2 * ENOUGH}):
    outbox._on_its_way_until.clear()
    outbox._Nudge("oms.core.relay")()
time.sleep(2 * outbox.GATHER)
""")
    house.worker()
    wait_until(lambda: house.done("worker", "oms.core.relay") >= waited, "each message has been taken")
    assert house.taken("worker", "oms.core.relay") == waited
    assert waited - 2 <= house.overtaken("worker", "oms.core.relay") < waited, (
        "one run for each of the two processes"
    )


def test_a_clock_without_workers_does_not_fill_the_broker(house: House) -> None:
    """What comes often is left out when enough waits."""
    if forgets_by_itself():
        house.run(
            'from oms.celery import app; app.send_task("oms.core.relay", ignore_result=True, expires=5)'
        )
        assert waits() == 1
        wait_until(lambda: not waits(), "the broker drops what is out of date, so nobody asks it", 10)
        return
    schedule()
    every_second = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.SECONDS)
    often = PeriodicTask.objects.filter(task__in=[job.task for job in BEAT if job.every <= 60])
    often.update(interval=every_second)
    send("oms.core.relay", ENOUGH - 5)
    house.beat()
    rare = len(BEAT) - often.count()
    wait_until(lambda: waits() >= ENOUGH, "the clock asks until enough wait")
    time.sleep(5)
    assert ENOUGH <= waits() <= ENOUGH + rare


@pytest.fixture
def clock(house: House) -> Iterator[Scheduler]:
    """The clock in our own process. It is closed while its tables are there: it notes what it has asked for."""
    schedule()
    clock = Scheduler(app=app, lazy=True)
    yield clock
    clock.close()


def test_a_job_whose_next_turn_is_far_off_is_never_left_out(clock: Scheduler) -> None:
    jobs = {entry.task: entry for entry in clock.schedule.values()}
    clock.apply_async(jobs["oms.core.relay"])
    send("oms.core.relay", ENOUGH)
    wait_until(lambda: waits() == ENOUGH + 1, "all are there", 5)
    if not forgets_by_itself():
        clock.apply_async(jobs["oms.core.relay"])
        assert waits() == ENOUGH + 1
    clock.apply_async(jobs["oms.core.backup"])
    wait_until(lambda: waits() == ENOUGH + 2, "the nightly backup is asked for all the same", 5)


def test_the_clock_finds_a_broker_again_that_hung_up(clock: Scheduler) -> None:
    if forgets_by_itself():
        pytest.skip("this broker is not asked")
    relay = next(entry for entry in clock.schedule.values() if entry.task == "oms.core.relay")
    clock.apply_async(relay)
    hang_up(clock.producer)
    clock.apply_async(relay)
    clock.apply_async(relay)
    assert waits() == 3


# -- without one ---------------------------------------------------------------------------------------------

TWO_ORDERS = """
import json, os, time
from tests import build
took = []
for turn in "ab":
    name = f"{os.getpid()}{turn}"
    began = time.monotonic()
    build.order([("A", 1)], external_id=name, number=name, email=f"{name}@example.com")
    took.append(time.monotonic() - began)
print(json.dumps(took))
"""


def test_a_dead_broker_costs_moments_once_and_loses_nothing(
    house: House, closed_port: int, silent_port: int
) -> None:
    """Whether nobody is there, or somebody who takes the call and says nothing."""
    build.stock(build.item("A"), 10)
    for port in (closed_port, silent_port):
        first, second = json.loads(house.run(TWO_ORDERS, BROKER_URL=like_ours(port)))
        assert first < 12, "whoever placed the order waited for a broker that is not there"
        assert second < first + 1 and second < 3, f"within {BROKER_PAUSE:.0f} s nobody tries again"
    assert Order.objects.count() == 4
    assert OutboxEvent.objects.filter(fanned_out_at=None).count() and not in_the_warehouse()
    schedule()
    house.worker()
    house.beat()
    wait_until(each_once, "the sweep carries what no nudge told of")
    way.sound()


# -- what dies -----------------------------------------------------------------------------------------------


@contextmanager
def nothing_can_be_routed() -> Iterator[None]:
    """The table of work is locked by somebody else: a worker that routes gets so far, and no further."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:  # type: ignore[arg-type]
        other.execute("LOCK TABLE fulfillment_fulfillmentorder IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_worker_killed_in_the_midst_of_a_task_loses_nothing(house: House) -> None:
    build.stock(build.item("A"), 10)
    schedule()
    house.worker("first")
    with nothing_can_be_routed():
        build.order([("A", 1)])
        wait_until(somebody_waits_for_a_lock, "the worker is in the midst of routing")
        house.kill("first")
    assert not in_the_warehouse()
    assert Delivery.objects.filter(state="pending", leased_until__isnull=False).exists(), "it was taken"
    house.worker("second")
    house.beat()
    wait_until(each_once, "the next worker has done what the killed one had begun")
    way.sound()


class Visits:
    """A shop's door that counts who is inside. It lets everybody wait, then says that it is unwell."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside: Counter[int] = Counter()
        self.most: Counter[int] = Counter()
        self.most_in_all = self.visits = 0

    def open(self) -> ThreadingHTTPServer:
        visits = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                port = self.server.server_address[1]
                with visits.lock:
                    visits.visits += 1
                    visits.inside[port] += 1
                    visits.most[port] = max(visits.most[port], visits.inside[port])
                    visits.most_in_all = max(visits.most_in_all, visits.inside.total())
                time.sleep(0.5)
                with visits.lock:
                    visits.inside[port] -= 1
                self.send_error(503)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


def test_a_job_never_overlaps_itself_over_two_workers(house: House) -> None:
    """Two shops, so that the doors can see two jobs at once; at each shop there is never more than one."""
    visits = Visits()
    doors = [visits.open(), visits.open()]
    for number, door in enumerate(doors):
        ChannelAccount.objects.create(
            slug=f"shop-{number}", name=f"Shop {number}", kind="woocommerce", order_prefix=f"W{number}",
            base_url=f"http://127.0.0.1:{door.server_address[1]}",
            credentials={"consumer_key": "ck", "consumer_secret": "cs", "webhook_secret": "x"},
        )  # fmt: skip
    house.worker("first")
    house.worker("second")
    asked = 16
    send("channels.pull", asked)
    wait_until(
        lambda: sum(house.done(name, "channels.pull") for name in ("first", "second")) == asked,
        "all runs have ended",
    )
    for door in doors:
        door.shutdown()
        door.server_close()
    assert all(house.done(name, "channels.pull") for name in ("first", "second")), "both had a part in it"
    assert set(visits.most.values()) == {1}, visits.most
    assert visits.most_in_all == 2, "nothing is proved: no two jobs were ever at work at once"
    assert JobRun.objects.filter(name="channels.pull").count() < 2 * asked, "who came second was turned away"
