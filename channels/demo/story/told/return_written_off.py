"""Both bags come back torn: their price goes back, and nothing of them is for sale again anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.goods_back import check_return, take_back
from channels.demo.story.stage import Stage

SLUG = "return-written-off"


def act(stage: Stage) -> None:
    take_back(stage, stage.plan.case(SLUG), "Arrived torn", condition="damaged", faulty=True)


def check(stage: Stage) -> Iterator[str]:
    yield from check_return(stage, stage.plan.case(SLUG))
