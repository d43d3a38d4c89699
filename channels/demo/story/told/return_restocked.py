"""One of two trays comes back as new: back on the shelf, and its price back to the customer."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.goods_back import check_return, take_back
from channels.demo.story.stage import Stage

SLUG = "return-restocked"


def act(stage: Stage) -> None:
    take_back(stage, stage.plan.case(SLUG), "Ordered one too many", condition="as_new")


def check(stage: Stage) -> Iterator[str]:
    yield from check_return(stage, stage.plan.case(SLUG))
