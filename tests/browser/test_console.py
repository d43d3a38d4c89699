"""The console in a real browser: at both widths, by keyboard, by scanner, with eyes that need contrast."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import TimeoutError

from oms.core.console import registry
from tests.browser.conftest import Window
from tests.console.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Window]


def pages(world: World) -> dict[str, str]:
    """A page of every kind."""
    work = world.shipped.fulfillment_orders.get()
    rows: dict[str, Any] = {
        "orders_order": world.waiting, "inventory_item": world.items[0], "channels_listing": world.listing,
        "channels_channelaccount": world.account, "core_inboundmessage": world.message,
        "core_outboundeffect": world.effect, "core_delivery": world.delivery, "returns_return": world.rma,
        "fulfillment_fulfillmentorder": work, "fulfillment_shipment": work.shipments.get(),
    }  # fmt: skip
    found = {name: reverse(f"admin:{name}_change", args=[row.pk]) for name, row in rows.items()}
    found |= {
        "held order": reverse("admin:orders_order_change", args=[world.held.pk]),
        "sent order": reverse("admin:orders_order_change", args=[world.shipped.pk]),
        "home": reverse("admin:index"),
        "orders": reverse("admin:orders_order_changelist"),
        "holds": reverse("admin:orders_hold_changelist"),
        "levels": reverse("admin:inventory_stocklevel_changelist"),
        "past": reverse("admin:inventory_stocklevel_as_it_was") + f"?at={timezone.now():%Y-%m-%dT%H:%M:%SZ}",
        "found": reverse("console:find") + "?q=T-",
        "edit": reverse("admin:inventory_item_change", args=[world.items[0].pk]) + "?edit=1",
        "refund": reverse("console:press", args=["orders.refund"]) + f"?ids={world.waiting.pk}",
        "ask": reverse("console:press", args=["core.drop_effect"]) + f"?ids={world.effect.pk}",
    }
    return found


# Every text against what is behind it, as WCAG 2.2 AA wants it: 4.5 to 1, and 3 to 1 for large letters.
CONTRAST = """() => {
    const canvas = document.createElement("canvas"); canvas.width = canvas.height = 1;
    const pen = canvas.getContext("2d", {willReadFrequently: true});
    const rgba = colour => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
        const d = pen.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
    const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat([1]);
    const light = c => { const v = c.slice(0, 3).map(x => { x /= 255;
        return x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; }); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
    const behind = el => { let layers = []; for (; el; el = el.parentElement) {
        const c = rgba(getComputedStyle(el).backgroundColor); if (c[3]) { layers.push(c); } if (c[3] === 1) { break; } }
        let base = document.documentElement.classList.contains("dark") ? [17, 24, 39, 1] : [255, 255, 255, 1];
        for (const c of layers.reverse()) { base = over(c, base); } return base; };
    const found = [];
    for (const el of document.querySelectorAll("body *")) {
        const own = [...el.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!own || !el.checkVisibility({visibilityProperty: true, opacityProperty: true})) { continue; }
        if (el.closest("[disabled], .visually-hidden, .skip, .material-symbols-outlined, svg")) { continue; }
        const style = getComputedStyle(el), back = behind(el), front = over(rgba(style.color), back);
        const [x, y] = [light(front), light(back)].sort((a, b) => b - a), ratio = (x + .05) / (y + .05);
        const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        if (ratio < (large ? 3 : 4.5) - .02) { found.push(`${ratio.toFixed(2)} ${el.tagName}.${el.className}: ${el.textContent.trim().slice(0, 40)}`); }
    }
    return found; }"""

NAMELESS = """() => [...document.querySelectorAll("#content input, #content select, #content textarea, #content button, #content a, .console-header input, .console-header button")]
    .filter(el => el.type !== "hidden" && el.checkVisibility())
    .filter(el => !(el.labels && el.labels.length) && !el.getAttribute("aria-label") && !el.getAttribute("aria-labelledby")
        && !el.title && !el.textContent.trim() && !el.querySelector("title"))
    .map(el => el.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("width", ["desktop", "phone"])
def test_every_kind_of_page_fits_and_is_whole(world: World, window: Open, width: str) -> None:
    here = window("manager", width)
    for name, path in pages(world).items():
        page = here.open(path)
        across = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert across[0] <= across[1], f"{name} is {across[0]} wide"
        assert page.locator("h1").count() == 1, (
            f"{name} has {page.locator('h1').count()} headings of the first rank"
        )
        assert page.evaluate(NAMELESS) == [], name
    assert here.faults == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read(world: World, window: Open, dark: bool) -> None:
    here = window("manager", dark=dark)
    for name, path in pages(world).items():
        page = here.open(path)
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.classList.contains('dark')") is dark
        assert page.evaluate(CONTRAST) == [], name


def test_by_keyboard_alone(world: World, window: Open) -> None:
    here = window("clerk")
    page = here.open(reverse("admin:orders_order_changelist"))
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "console-q"
    page.keyboard.type(world.held.number)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('admin:orders_order_change', args=[world.held.pk])}")
    page.goto(here.base + reverse("admin:orders_order_changelist"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second = page.locator("[data-row] .row-link").nth(1)
    assert second.evaluate("el => el === document.activeElement")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/order/*/change/")
    assert here.faults == []


def test_one_letter_presses_the_primary_button(world: World, window: Open) -> None:
    here = window("clerk")
    page = here.open(reverse("admin:orders_order_change", args=[world.held.pk]))
    letter = page.locator(".button.primary").get_attribute("data-hotkey")
    page.keyboard.press(letter)
    page.wait_for_url("**/admin/do/**")


def test_a_scanner_works_on_any_page(world: World, window: Open) -> None:
    here = window("warehouse")
    page = here.open(reverse("admin:fulfillment_fulfillmentorder_changelist"))
    found = f"**{reverse('admin:inventory_item_change', args=[world.items[0].pk])}"
    for tries_left in (3, 2, 1, 0):  # a busy machine may be slower than a scanner; then one scans again
        page.keyboard.type("5012345678900", delay=2)
        page.keyboard.press("Enter")
        try:
            page.wait_for_url(found, timeout=10_000)
            break
        except TimeoutError:
            if not tries_left:
                raise
    assert here.faults == []


def test_rows_are_chosen_and_the_deed_is_shown_first(world: World, window: Open) -> None:
    bulk = next(b for b in registry.buttons.values() if b.name == "core.replay_message")
    here = window("clerk")
    page = here.open(reverse("admin:core_inboundmessage_changelist"))
    bar = page.locator("[data-bulk]")
    assert not bar.is_visible()
    page.locator("[data-pick-all]").check()
    assert bar.is_visible() and "1 chosen" in bar.inner_text()
    bar.get_by_role("button", name=str(bulk.label)).click()
    page.wait_for_url("**/admin/do/core.replay_message/**")
    page.locator(".press-form .button.primary").click()
    page.wait_for_url("**/core/inboundmessage/**")
    assert "1 to be read again" in page.content()
    world.message.refresh_from_db()
    assert world.message.state == "received"
    assert here.faults == []


def test_times_are_in_the_zone_of_the_browser(world: World, window: Open) -> None:
    here = window("clerk")
    path = reverse("admin:core_inboundmessage_change", args=[world.message.pk])
    page = here.open(path)
    page.wait_for_function("document.cookie.includes('oms_zone=Asia/Tokyo')")
    page.goto(here.base + path)
    shown = page.locator("time").first
    at = datetime.fromisoformat(shown.get_attribute("datetime")).astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"{at:%H:%M}" in shown.get_attribute("title")


def test_the_menu_opens_on_a_phone(world: World, window: Open) -> None:
    page = window("clerk", "phone").open(reverse("admin:index"))
    entry = page.locator("#nav-sidebar").locator(
        f"a[href='{reverse('admin:fulfillment_shipment_changelist')}']"
    )
    assert not entry.is_visible()
    page.locator(".menu-button.narrow-only").click()
    entry.click()
    page.wait_for_url("**/fulfillment/shipment/")
