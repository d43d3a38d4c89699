"""All workloads by name, each a function of the database's address and the number of rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from tests.bench import intake

Measure = Callable[[str, int], bool]


def all_of(*, quick: bool) -> Mapping[str, Measure]:
    size = 1000 if quick else 3000
    one = 200 if quick else 600
    return {
        "hundreds": partial(intake.by_hundreds, size=size),
        "payload": partial(intake.with_payload, size=size),
        **{f"one-{w}": partial(intake.several_at_once, size=one, workers=w, batch=1) for w in (1, 2, 4)},
        **{f"many-{w}": partial(intake.several_at_once, size=size, workers=w, batch=100) for w in (1, 2, 4)},
        "whole-way": partial(intake.whole_way, size=size),
    }
