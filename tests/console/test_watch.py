"""What home tells of the machine: jobs that are late, keys that are refused, a disk that fills up; and what is
about to be late, was not found, or was sold."""

from __future__ import annotations

import io
import shutil
from collections import namedtuple
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from channels.actions.connect import answered, failed
from channels.console import sold
from channels.models import ChannelAccount
from fulfillment.actions.note_carrier import carrier_answered, carrier_failed
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.models import CarrierAccount, FulfillmentOrder
from oms.core.actors import SYSTEM
from oms.core.console import registry, watch
from oms.core.console.home import measure
from oms.core.errors import Permanent, Retry
from oms.core.models import JobRun
from oms.core.relay import relay
from tests import build, way

Browse = Callable[[str], Client]
pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now


def rows(slug: str) -> list[Any]:
    """What the queue's list shows; its count on home must agree."""
    queue = registry.queues[slug]
    found = list(queue.rows())
    (view,) = measure([queue])
    assert view.count == len(found), slug
    assert (view.oldest is None) == (not found), slug
    assert queue.empty_words != "Nothing waits here."
    return found


# -- jobs


def schedule(**ran: timedelta) -> None:
    """All jobs as the code has them, started just now, except those named (dots as underscores)."""
    call_command("sync_schedule", stdout=io.StringIO())
    PeriodicTask.objects.update(last_run_at=NOW())
    for task, ago in ran.items():
        changed = PeriodicTask.objects.filter(task=task.replace("__", ".")).update(last_run_at=NOW() - ago)
        assert changed == 1, task


def late() -> set[str]:
    return {job.task for job in rows("jobs-late")}


def test_a_job_that_was_not_started_for_three_turns_is_late() -> None:
    schedule(
        channels__pull=timedelta(minutes=9), channels__listings=timedelta(minutes=46),
        channels__reconcile=timedelta(days=2), inventory__reconcile=timedelta(days=4), orders__sweep=timedelta(minutes=14),
    )  # fmt: skip
    assert late() == {"channels.listings", "inventory.reconcile"}
    PeriodicTask.objects.filter(task="channels.listings").update(enabled=False)
    assert late() == {"inventory.reconcile"}  # what an operator switched off is not late


def test_a_job_that_was_never_started_is_late_after_its_time() -> None:
    schedule()
    PeriodicTask.objects.filter(task="orders.sweep").update(last_run_at=None)
    assert late() == set()
    PeriodicTask.objects.filter(task="orders.sweep").update(date_changed=NOW() - timedelta(hours=1))
    assert late() == {"orders.sweep"}


def test_a_run_that_hangs_and_one_that_only_fails_are_late() -> None:
    schedule()
    JobRun.objects.create(name="orders.sweep", started_at=NOW() - timedelta(minutes=16))
    JobRun.objects.create(name="channels.pull", scope="a", started_at=NOW() - timedelta(minutes=5))
    JobRun.objects.create(name="fulfillment.track", state="failed", started_at=NOW() - timedelta(minutes=2))
    assert late() == {"orders.sweep", "fulfillment.track"}
    JobRun.objects.create(
        name="fulfillment.track", state="succeeded", started_at=NOW() - timedelta(minutes=1)
    )
    assert late() == {"orders.sweep"}


def test_a_job_by_the_clock_is_not_judged() -> None:
    schedule()
    at_four = CrontabSchedule.objects.create(minute="0", hour="4")
    PeriodicTask.objects.create(
        name="ours", task="ours", crontab=at_four, last_run_at=NOW() - timedelta(days=9)
    )
    assert late() == set()


@pytest.mark.parametrize(("period", "every"), [("hours", 2), ("days", 1), ("minutes", 90), ("seconds", 3600)])
def test_every_unit_of_time_is_known(period: str, every: int) -> None:
    span = timedelta(**{period: every})
    interval = IntervalSchedule.objects.create(every=every, period=period)
    job = PeriodicTask.objects.create(
        name="ours", task="ours", interval=interval, last_run_at=NOW() - 2.9 * span
    )
    assert late() == set()
    PeriodicTask.objects.filter(pk=job.pk).update(last_run_at=NOW() - 3.1 * span)
    assert late() == {"ours"}


def test_its_list_opens(browse: Browse) -> None:
    schedule(channels__listings=timedelta(hours=2))
    page = browse("manager").get(
        reverse("admin:django_celery_beat_periodictask_changelist"), {"queue": "jobs-late"}
    )
    assert [job.task for job, *_ in page.context["rows"]] == ["channels.listings"]
    assert "Nothing is lost" in page.content.decode()


# -- the disk

Disk = namedtuple("Disk", "total used free")


def test_a_full_disk_is_said_at_the_top(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 100 * 2**30
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(size, size * 89 // 100, size * 11 // 100))
    assert watch.disk_words() == ""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(size, size * 92 // 100, size * 8 // 100))
    assert "8.0 GB of 100.0 GB are left" in watch.disk_words()
    assert "The disk is nearly full" in browse("clerk").get(reverse("admin:index")).content.decode()
    assert "The disk" not in browse("warehouse").get(reverse("admin:index")).content.decode()


def test_a_disk_that_cannot_be_looked_at_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Any) -> Any:
        raise OSError("no such folder")

    monkeypatch.setattr(shutil, "disk_usage", broken)
    assert watch.disk_words() == ""


# -- keys


def test_refused_keys_are_told_apart_from_a_silent_shop() -> None:
    well, down, keyless = (
        ChannelAccount.objects.create(slug=s, name=s, kind="csv_file", order_prefix=s)
        for s in ("a", "b", "c")
    )
    answered(well)
    failed(down, Retry("503"))
    failed(keyless, Permanent("unauthorised", "Invalid consumer key"))
    assert rows("channel-keys") == [keyless]
    failed(keyless, Retry("503"))  # the next failure is another one: nobody must look for keys
    assert rows("channel-keys") == []
    failed(keyless, Permanent("no_credentials", "c: consumer_key is not set"))
    assert rows("channel-keys") == [keyless]
    answered(keyless)
    assert rows("channel-keys") == []


def test_a_carrier_that_refuses_our_key() -> None:
    post = CarrierAccount.objects.create(
        slug="post", name="Post", kind="easypost", base_url="http://127.0.0.1:9"
    )
    carrier_failed(post.pk, Permanent("UNAUTHORIZED", "The API key is missing"))
    assert rows("carrier-keys") == [post]
    since = CarrierAccount.objects.get().failing_since
    carrier_failed(post.pk, Permanent("UNAUTHORIZED", "The API key is missing"))
    assert CarrierAccount.objects.get().failing_since == since
    carrier_answered(post.pk)
    assert rows("carrier-keys") == []
    assert CarrierAccount.objects.get().failing_since is None


# -- work


def test_work_due_soon_and_not_packed_is_at_risk() -> None:
    build.stock(build.item("R"), 20)
    soon, later, past, packed = (way.work_of(build.order([("R", 1)]))[0] for _ in range(4))
    start_pick([packed.pk], by=SYSTEM)
    confirm_pick([Found(packed.pk)], by=SYSTEM)
    pack([Packing(packed.pk)], by=SYSTEM)
    for work, due in ((soon, 2), (later, 5), (past, -1), (packed, 1)):
        FulfillmentOrder.objects.filter(pk=work.pk).update(due_at=NOW() + timedelta(hours=due))
    assert rows("at-risk") == [soon]


def test_what_was_not_found_is_shown_until_it_has_another_way() -> None:
    item = build.item("S")
    build.stock(item, 5)
    order = build.order([("S", 5)])
    (work,) = way.work_of(order)
    line = work.lines.get()
    start_pick([work.pk], by=SYSTEM)
    assert rows("short-picks") == []
    confirm_pick([Found(work.pk, {line.pk: 3}, {line.pk: "not_found"})], by=SYSTEM)
    assert rows("short-picks") == [order]
    build.stock(item, 5, build.location("OTHER", city="Leeds"))
    relay()
    assert FulfillmentOrder.objects.filter(order=order).exclude(pk=work.pk).exists()
    assert rows("short-picks") == []


def test_its_list_opens_with_the_orders(browse: Browse) -> None:
    build.stock(build.item("S"), 2)
    order = build.order([("S", 2)])
    (work,) = way.work_of(order)
    start_pick([work.pk], by=SYSTEM)
    confirm_pick([Found(work.pk, {work.lines.get().pk: 0}, {work.lines.get().pk: "not_found"})], by=SYSTEM)
    page = browse("clerk").get(reverse("admin:orders_order_changelist"), {"queue": "short-picks"})
    assert [row.pk for row, *_ in page.context["rows"]] == [order.pk]


# -- what was sold


def test_sold_by_channel_against_the_same_hours_a_week_ago(browse: Browse) -> None:
    ChannelAccount.objects.create(slug="heart", name="Heart & Home", kind="csv_file", order_prefix="HH")
    now = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    week = timedelta(days=7)
    placed = [
        ("heart", now - timedelta(hours=1)), ("heart", now - timedelta(hours=11, minutes=59)), ("tills", now),
        ("heart", now - week), ("heart", now - week + timedelta(minutes=1)), ("tills", now - timedelta(hours=13)),
        ("gone", now - week - timedelta(hours=2)),
    ]  # fmt: skip
    build.place(
        *(build.draft([("X", 1)], source=source, placed_at=at, updated_at=at) for source, at in placed)
    )
    reading = sold(now)
    told = [(part.title, part.now, part.before, part.words) for part in reading.parts]
    assert told == [("Heart & Home", 2, 1, "£36.00"), ("tills", 1, 0, "£18.00"), ("gone", 0, 1, "")]
    assert (reading.now, reading.before) == (3, 2)
    for part in reading.parts:
        listed = browse("read-only").get(part.link).context["rows"]
        assert len(listed) == part.now, part.title  # each bar opens the orders behind it
    assert len(browse("read-only").get(reading.link).context["rows"]) == reading.now


def test_many_channels_are_summed_up(browse: Browse) -> None:
    now = timezone.localtime()
    build.place(
        *(build.draft([("X", 1)], source=f"shop-{n}", placed_at=now, updated_at=now) for n in range(9))
    )
    reading = sold(now)
    assert [part.title for part in reading.parts][-1] == "3 more channels"
    assert sum(part.now for part in reading.parts) == reading.now == 9
    home = browse("clerk").get(reverse("admin:index")).content.decode()
    assert "Sold by channel" in home and "3 more channels" in home
