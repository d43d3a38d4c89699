"""The story with few orders and all its cases, in this process."""

from __future__ import annotations

import time

import pytest

from channels.demo.story import ending, play
from channels.demo.story.stage import Stage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_the_story_goes_as_planned(stage: Stage) -> None:
    began = time.monotonic()
    play(stage)
    ending.settle(stage)
    figures, wrong = ending.sum_up(stage, began)
    assert not wrong, wrong
    assert figures["ok"]
