"""Micro-batches: who comes while others are carried out goes with all that wait, and a bad one sinks no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from oms.core.gather import Gathering


class Slow:
    """Carries out a batch when it is let go, and remembers each batch."""

    def __init__(self, spoiled: str = "") -> None:
        self.batches: list[list[str]] = []
        self.began, self.go = threading.Event(), threading.Event()
        self.spoiled = spoiled

    def __call__(self, asked: Sequence[str]) -> list[str | Exception]:
        self.batches.append([*asked])
        self.began.set()
        assert self.go.wait(10)
        if self.spoiled in asked:
            raise RuntimeError(f"{self.spoiled} is bad")
        return [KeyError(one) if one == "refused" else one.upper() for one in asked]


def rush(gathering: Gathering[str, str], work: Slow, first: str, *others: str) -> dict[str, str]:
    """All ask at once, the first a little before; what each was answered, an error by its words."""
    told: dict[str, str] = {}

    def ask(one: str) -> None:
        try:
            told[one] = gathering.do(one)
        except Exception as error:
            told[one] = f"{type(error).__name__}: {error}"

    threads = [threading.Thread(target=ask, args=[one]) for one in (first, *others)]
    threads[0].start()
    assert work.began.wait(10)
    for count, thread in enumerate(threads[1:], 1):
        thread.start()
        until = time.monotonic() + 10
        while len(gathering._waiting) < count and time.monotonic() < until:
            time.sleep(0.001)
    work.go.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    return told


def test_nobody_waits_where_it_is_quiet() -> None:
    work = Slow()
    work.go.set()
    gathering = Gathering(work)
    assert [gathering.do("a"), gathering.do("b")] == ["A", "B"] and work.batches == [["a"], ["b"]]


def test_who_comes_meanwhile_goes_together_and_each_has_its_own_answer() -> None:
    work = Slow()
    told = rush(Gathering(work), work, "a", "b", "refused", "c")
    assert work.batches == [["a"], ["b", "refused", "c"]]
    assert told == {"a": "A", "b": "B", "refused": "KeyError: 'refused'", "c": "C"}


def test_a_batch_has_a_greatest_size() -> None:
    work = Slow()
    told = rush(Gathering(work, most=2), work, "a", "b", "c", "d")
    assert work.batches == [["a"], ["b", "c"], ["d"]] and sorted(told.values()) == ["A", "B", "C", "D"]


def test_a_batch_that_fails_is_tried_one_by_one() -> None:
    work = Slow(spoiled="b")
    told = rush(Gathering(work), work, "a", "b", "c")
    assert work.batches == [["a"], ["b", "c"], ["b"], ["c"]]
    assert told == {"a": "A", "b": "RuntimeError: b is bad", "c": "C"}


def test_after_an_error_the_next_is_served() -> None:
    work = Slow(spoiled="b")
    work.go.set()
    gathering = Gathering(work)
    with pytest.raises(RuntimeError):
        gathering.do("b")
    assert gathering.do("c") == "C"


def test_many_threads_each_get_their_own() -> None:
    sizes: list[int] = []

    def work(asked: Sequence[int]) -> list[int | Exception]:
        sizes.append(len(asked))
        time.sleep(0.001)
        return [-one for one in asked]

    gathering, wrong = Gathering(work), []

    def ask(start: int) -> None:
        wrong.extend(n for n in range(start, start + 50) if gathering.do(n) != -n)

    threads = [threading.Thread(target=ask, args=[1000 * k]) for k in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not wrong and sum(sizes) == 400 and max(sizes) > 1
