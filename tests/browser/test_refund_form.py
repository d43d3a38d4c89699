"""The refund of a long order in a real browser: a table on a desk, cards on a phone, and what it comes to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from oms.core.actors import SYSTEM
from orders.models import Order
from returns.actions.open import Opening, Wanted, open_returns
from tests import build, way
from tests.browser.conftest import Window

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PICTURES = os.environ.get("PICTURES", "")
"""A folder for pictures of the pages, for whoever wants to look at them."""


def long_order() -> Order:
    skus = [(f"L{n:02}", 1 + n % 4) for n in range(30)]
    for n, (sku, quantity) in enumerate(skus):
        build.stock(build.item(sku, name=f"Hanging heart T-light holder, edition {n}"), quantity)
    return build.order(skus)


def picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("width", ["desktop", "phone"])
def test_a_long_order_is_paid_back_in_a_table(window: Callable[..., Window], width: str) -> None:
    order = long_order()
    first, *_, last = order.lines.order_by("pk")
    here = window("manager", width)
    page = here.open(f"{reverse('console:press', args=['orders.refund'])}?ids={order.pk}")
    assert page.locator(".asked tbody tr").count() == 30
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"refund-{width}")
    heads = page.locator(".asked thead").is_visible()
    assert heads is (width == "desktop")
    page.get_by_label(f"{first.title}: pieces").fill("1")
    page.get_by_label(f"{last.title}: or this amount").fill("3.50")
    page.get_by_label("Reason").fill("Broken")
    page.get_by_role("button", name="Show what it will do").click()
    page.wait_for_selector(".asked-total")
    assert "£15.50" in page.locator(".asked-total").inner_text()
    given = page.locator(".asked tbody strong").all_inner_texts()
    assert given == ["£12.00", "£3.50"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"refund-{width}-told")
    # A thumb hits what it aims at, and nothing typed is hidden behind something else.
    box = page.get_by_label(f"{last.title}: or this amount").bounding_box()
    assert box["height"] >= (44 if width == "phone" else 34) and box["x"] >= 0
    assert here.faults == []


@pytest.mark.parametrize("width", ["desktop", "phone"])
def test_what_came_back_is_paid_with_its_duty(window: Callable[..., Window], width: str) -> None:
    order = way.delivered_with_fees()
    line = order.lines.get()
    (rma,) = open_returns([Opening(order.pk, [Wanted(line.pk, 2)], authorise=True)], by=SYSTEM)
    here = window("manager", width)
    page = here.open(f"{reverse('console:press', args=['returns.refund'])}?ids={rma.pk}")
    page.get_by_label(f"{line.title}: pieces").fill("1")
    page.get_by_label("Duties: A, £3.60").check()
    page.get_by_label("Fees paid", exact=False).last.fill("0.50")
    picture(page, f"return-refund-{width}")
    page.get_by_role("button", name="Show what it will do").click()
    page.wait_for_selector(".asked-total")
    assert "£16.10" in page.locator(".asked-total").inner_text()
    assert page.get_by_label("Duties: A, £3.60").is_checked()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"return-refund-{width}-told")
    assert here.faults == []
