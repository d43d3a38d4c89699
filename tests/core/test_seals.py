"""Seals: behind the writers, never before one that is still under way; whatever is changed afterwards shows."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from oms.core import seals
from oms.core.actors import SYSTEM
from oms.core.audits import run
from oms.core.journal import Line, write
from oms.core.models import JournalEntry, LedgerMark, Seal
from oms.core.tasks import seal as seal_by_clock
from tests import build
from tests.nets import past_all_nets

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "GRACE", timedelta(0))
    monkeypatch.setattr(seals, "BLOCK", 3)


def note(count: int = 1) -> None:
    with transaction.atomic():
        write([Line("thing:1", "thing:1", "tested", f"Line {n}") for n in range(count)], by=SYSTEM)


def catch_up() -> None:
    """Seal all there is. Other databases of the same server have slow transactions of their own: wait for them."""
    until = time.monotonic() + 60
    seals.seal()
    while LedgerMark.objects.exists():
        assert time.monotonic() < until, "something has been running for a minute"
        seals.seal()
        time.sleep(0.05)


def sealed() -> int:
    return sum(Seal.objects.filter(ledger="journal").values_list("rows", flat=True))


def differences() -> list[str]:
    return [d.words for found in run(["core.seals"]).values() for d in found]


def test_a_run_marks_and_the_next_one_seals() -> None:
    note(7)
    assert seals.seal()["journal"] == 0
    catch_up()
    assert sealed() == 7 and not differences()
    assert seals.seal()["journal"] == 0 and not LedgerMark.objects.exists()
    note(1)
    seal_by_clock()
    assert LedgerMark.objects.get().last_id == JournalEntry.objects.latest("pk").pk
    catch_up()
    assert sealed() == 8 and not differences()
    assert set(seals.heads()) == {"journal"}


def test_what_is_young_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "GRACE", timedelta(minutes=10))
    note()
    for _ in range(3):
        assert seals.seal()["journal"] == 0
    assert not Seal.objects.exists()


def test_an_earlier_id_that_is_still_under_way_is_waited_for() -> None:
    """The slow one has its id, the quick one commits a later id; sealing must wait for the slow one."""
    drawn, go = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            write([Line("thing:1", "thing:1", "tested", "slow")], by=SYSTEM)
            drawn.set()
            assert go.wait(30)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        assert drawn.wait(30)
        note()
        for _ in range(4):
            assert seals.seal()["journal"] == 0
    finally:
        go.set()
        thread.join()
    assert JournalEntry.objects.order_by("pk").first().words == "slow"  # type: ignore[union-attr]
    catch_up()
    assert sealed() == 2 and not differences()


def test_the_mark_of_another_server_is_not_waited_for_for_ever() -> None:
    note()
    seals.seal()
    LedgerMark.objects.update(following=2**60)
    assert seals.seal()["journal"] == 1


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE core_journalentry SET words = 'Nothing happened.' WHERE words = 'Line 4'",
        "UPDATE core_journalentry SET at = at - interval '1 microsecond' WHERE words = 'Line 4'",
        "DELETE FROM core_journalentry WHERE words = 'Line 4'",
        "UPDATE core_seal SET digest = sha256(digest) WHERE last_id = (SELECT max(last_id) FROM core_seal)",
        "DELETE FROM core_seal WHERE id = (SELECT min(id) + 1 FROM core_seal)",
    ],
)
def test_what_is_changed_behind_its_back_shows(deed: str) -> None:
    note(9)
    catch_up()
    assert not differences()
    with past_all_nets() as cursor:
        cursor.execute(deed)
        assert cursor.rowcount == 1
    assert differences()


def test_the_digest_is_the_same_in_every_session() -> None:
    build.stock(build.item("A"), 5)
    build.order([("A", 1)])
    catch_up()
    assert set(seals.heads()) == {"journal", "movements", "payments"}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'Asia/Kolkata'")
        cursor.execute("SET LOCAL DateStyle = 'German'")
        cursor.execute("SET LOCAL extra_float_digits = 0")
        assert not differences()
