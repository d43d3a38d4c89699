"""The story with few orders and all its cases, in this process; then once more; then found in the console."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from channels.demo.story import ending, play
from channels.demo.story.stage import Stage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# By case: what its order's page (the last one's, where there are several) must tell a clerk.
WORDS = {
    "race": ("1 wait for stock",),
    "unknown-item": ("84796-B", "The shop was told that"),
    "total-mismatch": ("The total is £5.00 more than its parts", "The shop confirmed its total."),
    "suspicious": (
        "The channel says high risk",
        "Looks like fraud.",
        "The shop was told that the order is cancelled.",
    ),
    "backorder": ("4 wait for stock", "stock arrived", "Everything has arrived."),
    "split-shipment": ("Sent from Nottingham warehouse and Rotterdam warehouse", "Everything has arrived."),
    "short-pick": ("1 pieces picked, 2 not found.", "Sent from Brighton store", "Everything has arrived."),
    "cancel": ("cancelled at the shop", "The customer cancelled"),
    "lost-parcel": ("Lost in transit", "Lost; what was in it is paid back."),
    "return-restocked": ("Ordered one too many", "back for sale"),
    "return-written-off": ("Arrived torn", "written off"),
    "part-refund": ("One arrived scratched; the customer keeps it", "Everything has arrived."),
    "webhook-thrice": ("Everything has arrived.",),
    "shop-down": ("Everything has arrived.",),
    "not-reordered": ("3 wait for stock",),
}


def test_the_story_goes_as_planned(stage: Stage) -> None:
    began = time.monotonic()
    play(stage)
    ending.settle(stage)
    figures, wrong = ending.sum_up(stage, began)
    assert not wrong, wrong
    assert figures["ok"]
    assert figures["stock_pushes_confirmed"] > 0

    again = time.monotonic()
    other = replace(stage, _desks={}, _program=None)
    play(other)
    assert time.monotonic() - again < 10
    repeated, wrong = ending.sum_up(other, began)
    assert not wrong, wrong
    assert {**repeated, "seconds": 0} == {**figures, "seconds": 0}

    every_case_is_in_the_console(other)


def every_case_is_in_the_console(stage: Stage) -> None:
    assert set(WORDS) == {case.slug for case in stage.plan.cases}
    clerk = stage.desk("clerk")
    missing = []
    for case in stage.plan.cases:
        page = ""
        for number in case.orders:
            ours = stage.number(stage.plan.order(number))
            (pk,) = clerk.find("orders/order", ours)
            page += clerk.page(f"/admin/orders/order/{pk}/change/")
        missing += [
            f"{case.slug}: {words}" for words in WORDS[case.slug] if words not in page.replace("&#x27;", "'")
        ]
    assert not missing, missing
