"""The dock on a phone, by scanner: one order from the shelf to the carrier, and what goes wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from fulfillment.models import FulfillmentOrder, Shipment
from inventory.models import Barcode, Receipt
from oms.core.actors import SYSTEM
from oms.core.models import JournalEntry
from returns.actions.open import Opening, Wanted, open_returns
from returns.models import ReturnReceipt
from tests import build, way
from tests.browser.conftest import Window
from tests.browser.test_console import CONTRAST, NAMELESS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Window]
SMALL = """() => [...document.querySelectorAll("button, .tile, input:not([type=hidden]), select")]
    .filter(el => el.checkVisibility() && el.getBoundingClientRect().height < 44 && el.type !== "checkbox")
    .map(el => el.outerHTML.slice(0, 100))"""


def work(lines: tuple[tuple[str, int], ...] = (("A", 2), ("B", 1))) -> FulfillmentOrder:
    """Work that waits to be picked; A has a barcode."""
    for sku, _ in lines:
        build.stock(build.item(sku), 10)
    Barcode.objects.get_or_create(code="5012345678900", defaults={"item": build.item("A")})
    (row,) = way.work_of(build.order(lines))
    return row


def scan(page: Any, code: str) -> None:
    """As a scanner does: it types where the focus is, and ends with Enter."""
    assert page.evaluate("document.activeElement.id") == "code", "the focus is not in the scan field"
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def told(page: Any) -> tuple[str, bool]:
    box = page.locator("#told")
    box.wait_for()
    return box.inner_text(), "good" in box.get_attribute("class")


def fits(page: Any) -> None:
    """Nothing is cut off, everything has a name, can be read, and can be pressed with a thumb."""
    across = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert across[0] <= across[1] == 375
    assert page.evaluate(NAMELESS) == [] and page.evaluate(CONTRAST) == [] and page.evaluate(SMALL) == []
    assert page.locator("h1").count() == 1


def begin(window: Open) -> tuple[Window, Any]:
    here = window("warehouse", "phone")
    page = here.open(reverse("dock:home"))
    fits(page)
    page.get_by_role("button", name="Next to pick").click()
    page.wait_for_url("**/dock/work/*/")
    fits(page)
    return here, page


def state(row: FulfillmentOrder) -> str:
    row.refresh_from_db()
    return str(row.state)


def test_one_order_from_the_shelf_to_the_carrier(window: Open, roles: None) -> None:
    row = work()
    here, page = begin(window)
    assert (state(row), row.claimed_by) == ("picking", "user:warehouse-person")
    for code in ("5012345678900", "a", "B"):
        scan(page, code)
        assert told(page)[1], code
    page.get_by_role("button", name="Picked").click()
    page.get_by_role("button", name="Packed").wait_for()
    assert state(row) == "picked"
    fits(page)

    scan(page, "A")
    page.get_by_role("button", name="One more parcel").click()
    page.get_by_role("heading", name="Parcel 2").wait_for()
    scan(page, "A")
    scan(page, "B")
    page.get_by_label("Weight in grams").fill("700")
    page.get_by_role("button", name="Packed").click()
    page.get_by_label("Carrier").wait_for()
    assert [p.weight_g for p in Shipment.objects.order_by("pk")][1] == 700
    assert [sum(x.quantity for x in p.lines.all()) for p in Shipment.objects.order_by("pk")] == [1, 2]
    fits(page)

    for number in ("RM1GB", "RM2GB"):
        page.get_by_label("Carrier").fill("Royal Mail")
        page.locator("#code").focus()
        scan(page, number)
        page.get_by_text(f"Royal Mail {number}: stuck on.").wait_for()
    fits(page)
    page.get_by_role("button", name="Shipped").click()
    page.get_by_text("is on its way").wait_for()
    assert state(row) == "shipped"
    assert [p.tracking_number for p in Shipment.objects.order_by("pk")] == ["RM1GB", "RM2GB"]
    page.get_by_role("link", name="Go on").click()
    page.get_by_text("nothing waits here").wait_for()
    assert here.faults == []
    way.sound()


def test_a_wrong_scan_is_loud_and_counts_nothing(window: Open, roles: None) -> None:
    row = work()
    build.item("WRONG")
    here, page = begin(window)
    before = JournalEntry.objects.count()
    scan(page, "A")
    for code, words in (("WRONG", "Wrong item"), ("no-such", "Wrong item"), ("A", ""), ("A", "One too many")):
        scan(page, code)
        said, good = told(page)
        assert (good, words in said) == (not words, True), code
        if words:
            assert (
                page.locator("#told").evaluate("el => getComputedStyle(el).backgroundColor")
                == "rgb(176, 24, 24)"
            )
    assert page.locator("[data-count]").evaluate_all("all => all.map(el => el.value)") == ["2", "0"]
    page.get_by_role("button", name="Picked").click()
    page.get_by_text("0 of 1. Scan the rest, or say why.").wait_for()
    assert page.locator("[data-count]").evaluate_all("all => all.map(el => el.value)") == ["2", "0"]
    fits(page)
    assert state(row) == "picking" and JournalEntry.objects.count() == before
    assert [f for f in here.faults if "409" not in f] == []


def test_what_is_short_is_said_with_a_reason(window: Open, roles: None) -> None:
    row = work()
    here, page = begin(window)
    scan(page, "A")
    page.get_by_text("Not all there?").first.click()
    page.get_by_label(re.compile("^A .*why fewer")).select_option("damaged")
    scan(page, "B")
    page.get_by_role("button", name="Picked").click()
    page.get_by_role("button", name="Packed").wait_for()
    lines = {x.item.sku: (x.picked, x.short, x.short_reason) for x in row.lines.all()}
    assert lines == {"A": (1, 1, "damaged"), "B": (1, 0, "")}
    assert state(row) == "picked" and here.faults == []
    way.sound()


def test_pressed_twice_is_done_once(window: Open, roles: None) -> None:
    """Two presses before the first is answered, and the same page once more by way of "back"."""
    row = work()
    here, page = begin(window)
    for code in ("A", "A", "B"):
        scan(page, code)
    page.evaluate(
        """async () => {
            const form = document.querySelector("form[data-scans]"), body = new FormData(form);
            body.append("step", "confirm");
            const sent = new URLSearchParams(body);
            await Promise.all([1, 2, 3].map(() => fetch(location.href, {method: "POST", body: sent})));
        }"""
    )
    assert state(row) == "picked"
    assert JournalEntry.objects.filter(subject=f"fulfillmentorder:{row.pk}", verb="finish_pick").count() == 1
    page.get_by_role("button", name="Picked").click()
    page.get_by_role("button", name="Packed").wait_for()
    assert [x.picked for x in row.lines.order_by("pk")] == [2, 1]
    assert JournalEntry.objects.filter(subject=f"fulfillmentorder:{row.pk}", verb="finish_pick").count() == 1
    assert here.faults == []
    way.sound()


def test_without_a_connection_nothing_is_lost(window: Open, roles: None) -> None:
    row = work()
    _, page = begin(window)
    page.context.set_offline(True)
    for code in ("A", "A", "B"):
        scan(page, code)
        assert told(page)[1]
    page.get_by_role("button", name="Picked").click()
    assert "No connection" in told(page)[0] and state(row) == "picking"
    page.context.set_offline(False)
    page.reload()
    assert page.locator("[data-count]").evaluate_all("all => all.map(el => el.value)") == ["2", "1"]
    page.get_by_role("button", name="Picked").click()
    page.get_by_role("button", name="Packed").wait_for()
    assert state(row) == "picked"


def test_goods_are_received_by_scanning(window: Open, roles: None) -> None:
    work()
    here = window("warehouse", "phone")
    page = here.open(reverse("dock:home"))
    page.get_by_role("link", name="Receive goods").click()
    page.wait_for_url("**/dock/receive/")
    before = Receipt.objects.count()
    for code, good in (("5012345678900", True), ("no-such", False), ("b", True), ("A", True)):
        scan(page, code)
        page.wait_for_load_state()
        assert told(page)[1] is good, code
    fits(page)
    page.get_by_label("A: pieces").fill("12")
    page.get_by_label("Delivery note").fill("DN-1")
    page.get_by_role("button", name="Received").click()
    page.get_by_text("13 pieces received").wait_for()
    receipt = Receipt.objects.latest("pk")
    assert Receipt.objects.count() == before + 1 and receipt.reference == "DN-1"
    assert {x.item.sku: x.quantity for x in receipt.lines.all()} == {"A": 12, "B": 1}
    assert here.faults == []
    way.sound()


def test_a_return_is_received_by_scanning(window: Open, roles: None) -> None:
    order = way.shipped([("A", 2)])
    wish = Wanted(order.lines.get().pk, 2, "Broken", faulty=True)
    (rma,) = open_returns([Opening(order.pk, [wish], authorise=True)], by=SYSTEM)
    here = window("warehouse", "phone")
    page = here.open(reverse("dock:home"))
    page.get_by_role("link", name="Goods come back").click()
    page.wait_for_url("**/dock/returns/")
    fits(page)
    scan(page, "no-such")
    page.get_by_text("No return is awaited").wait_for()
    fits(page)
    scan(page, rma.number)
    page.wait_for_url(f"**/dock/returns/{rma.pk}/")
    scan(page, "WRONG")
    assert not told(page)[1]
    scan(page, "A")
    assert told(page)[1]
    fits(page)
    page.get_by_role("button", name="Received").click()
    page.get_by_text("1 received, set aside").wait_for()
    scan(page, rma.number)
    page.wait_for_url(f"**/dock/returns/{rma.pk}/")
    counts = page.locator("[data-count]").evaluate_all("all => all.map(el => el.value)")
    assert counts == ["0"], "what was received is not counted once more"
    rma.refresh_from_db()
    assert rma.state == "partly_received" and here.faults == []
    way.sound()


def test_another_item_came_back(window: Open, roles: None) -> None:
    order = way.shipped([("A", 2), ("C", 1)])
    build.item("B")
    wishes = [Wanted(line.pk, line.ordered, "Broken", faulty=True) for line in order.lines.all()]
    (rma,) = open_returns([Opening(order.pk, wishes, authorise=True)], by=SYSTEM)
    here = window("warehouse", "phone")
    page = here.open(reverse("dock_returns:one", args=[rma.pk]))
    scan(page, "A")
    assert told(page)[1]
    scan(page, "B")  # no line has it: the page itself is asked, and what was counted stays
    page.get_by_text("Instead of what did it come?").wait_for()
    fits(page)
    page.locator(".ask").get_by_role("button", name="A Thing A").click()
    page.locator("li.other").wait_for()
    assert page.locator("[data-count]").evaluate_all("all => all.map(el => el.value)") == ["1", "0"]
    scan(page, "C")
    assert told(page)[1]
    with page.expect_navigation():
        scan(page, "B")  # nothing is left that it could be instead of
    assert not told(page)[1] and page.locator("li.other input").first.input_value() == "1"
    fits(page)
    page.get_by_role("button", name="Received").click()
    page.wait_for_url("**/dock/returns/")
    assert {(r.line.title, r.quantity) for r in ReturnReceipt.objects.all()} == {
        ("Thing A", 1), ("Thing B", 1), ("Thing C", 1),
    }  # fmt: skip
    assert here.faults == []
    way.sound()


def test_it_can_be_read_in_the_dark(window: Open, roles: None) -> None:
    row = work()
    here = window("warehouse", "phone", dark=True)
    page = here.open(reverse("dock:home"))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(27, 33, 43)"
    fits(page)
    page.get_by_role("button", name="Next to pick").click()
    page.wait_for_url("**/dock/work/*/")
    for code in ("A", "A", "no-such"):
        scan(page, code)
        fits(page)
    page = here.open(reverse("dock:receive"))
    fits(page)
    assert state(row) == "picking" and here.faults == []
