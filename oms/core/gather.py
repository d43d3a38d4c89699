"""Micro-batches: what several threads ask for at one moment is carried out together, and nobody waits for company.

Whoever comes while nothing is under way begins at once, alone. Whoever comes meanwhile waits, and all who wait go
together as soon as it is done. So a batch is as large as the rush: one where it is quiet, and where many want the same
thing they wait for one lock and one commit instead of for each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

MOST = 100


@dataclass
class _Place(Generic[A, R]):
    """One that waits. ``turn`` comes when it is answered, or when it is to carry out the next batch."""

    asked: A
    turn: threading.Event = field(default_factory=threading.Event)
    answer: R | BaseException | None = None


class Gathering(Generic[A, R]):
    """``work`` carries out a batch in a transaction of its own and gives one answer for each, an exception where that
    one alone is refused. When it raises, each of the batch is tried alone, so that a bad one sinks no other."""

    def __init__(self, work: Callable[[Sequence[A]], Sequence[R | Exception]], most: int = MOST):
        self._work, self._most = work, most
        self._lock = threading.Lock()
        self._waiting: list[_Place[A, R]] = []
        self._busy = False

    def do(self, asked: A) -> R:
        """The answer to ``asked``; raises what its own carrying out raised."""
        place: _Place[A, R] = _Place(asked)
        with self._lock:
            self._waiting.append(place)
            leads, self._busy = not self._busy, True
        if not leads:
            place.turn.wait()
        if place.answer is None:
            self._lead()
        if isinstance(place.answer, BaseException):
            raise place.answer
        assert place.answer is not None
        return place.answer

    def _lead(self) -> None:
        """Carry out all that wait, and call the next to lead."""
        with self._lock:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            for place, answer in zip(batch, self._answers(batch), strict=True):
                place.answer = answer
        except BaseException as error:  # our own end: the others must not wait for ever
            for place in batch:
                place.answer = place.answer or error
            raise
        finally:
            for place in batch:
                place.turn.set()
            with self._lock:
                self._busy = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].turn.set()

    def _answers(self, batch: Sequence[_Place[A, R]]) -> Sequence[R | Exception]:
        try:
            return self._work([place.asked for place in batch])
        except Exception as error:
            if len(batch) == 1:
                return [error]
        return [answer for place in batch for answer in self._answers([place])]
