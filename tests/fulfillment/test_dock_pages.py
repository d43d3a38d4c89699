"""The dock without a script: every scan is a form, a form sent twice says the same, and each door knows who may."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfillment.actions.pick import start_pick
from fulfillment.models import CarrierAccount, FulfillmentOrder, Label, Shipment
from fulfillment.rules.scanning import Wanted, scan
from inventory.models import Item, Receipt
from oms.core.actors import SYSTEM
from oms.core.models import JournalEntry
from oms.roles import ROLES
from orders.actions.hold_orders import hold_orders
from returns.actions.authorise import authorise_returns
from returns.actions.open import Opening, open_returns
from returns.actions.open import Wanted as Wish
from returns.models import ReturnReceipt
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db


def work(lines: tuple[tuple[str, int], ...] = (("A", 2), ("B", 1)), **kwargs: Any) -> FulfillmentOrder:
    for sku, _ in lines:
        build.stock(build.item(sku), 20)
    (row,) = way.work_of(build.order(lines, **kwargs))
    return row


def form_of(page: Any) -> dict[str, str]:
    """What the page's first form would send."""
    html = page.content.decode().partition("<form")[2].partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="checkbox"' not in tag:
            found[name[1]] = value[1] if value else ""
    return found


class Dock(Hand):
    """``Dock("warehouse").go(address).send(step="scan", code="A")``."""

    def go(self, address: str) -> Dock:
        self.address, self.answer = address, self.client.get(address)
        return self

    def send(self, **typed: str) -> Any:
        """Fill in the form that is before her and press."""
        self.form = {**form_of(self.answer), **typed}
        self.answer = self.client.post(self.address, self.form)
        return self.answer

    def told(self) -> tuple[str, bool]:  # type: ignore[override]
        told = self.answer.context["told"]
        return told.words, told.good


def at(row: FulfillmentOrder) -> str:
    return reverse("dock:work", args=[row.pk])


def claimed() -> tuple[Dock, FulfillmentOrder]:
    row, dock = work(), Dock("warehouse")
    dock.go(reverse("dock:home"))
    dock.address = reverse("dock:next")
    assert dock.send()["Location"] == at(row)
    return dock.go(at(row)), row


def test_a_scan_counts_where_it_is_wanted() -> None:
    wanted = [Wanted(1, "A", ("A", "501"), 1), Wanted(2, "A again", ("A",), 1), Wanted(3, "B", ("B",), 2)]
    seen = scan(wanted, {}, " a ")
    assert (dict(seen.found), seen.good) == ({1: 1}, True)
    seen = scan(wanted, seen.found, "A")
    assert (dict(seen.found), seen.good) == ({1: 1, 2: 1}, True)
    for code in ("A", "501", "C", "", "  "):
        again = scan(wanted, seen.found, code)
        assert again.found == seen.found and not again.good and again.words, code


def test_from_the_shelf_to_the_carrier_without_a_script() -> None:
    dock, row = claimed()
    for code in ("A", "A", "b"):
        dock.send(step="scan", code=code)
        assert dock.told()[1], code
    sent = dict(dock.form)
    assert dock.send(step="scan", code="A").status_code == 200 and not dock.told()[1]
    assert dock.client.post(dock.address, sent).context["rows"][1][1] == 1, "the same form counts the same"
    assert dock.send(step="confirm").status_code == 302
    dock.go(at(row)).send(step="rest")
    assert dock.send(step="confirm").status_code == 302
    assert dock.go(at(row)).answer.context["types"]
    assert dock.send(step="type", carrier="Post", code="").status_code == 409
    assert dock.send(step="ship").status_code == 409
    assert not Shipment.objects.exclude(state="draft").exists()
    assert dock.send(step="type", carrier="Post", code="RM1").status_code == 302
    assert dock.go(at(row)).send(at="label", step="ship").status_code == 302
    row.refresh_from_db()
    assert row.state == "shipped"
    way.sound()


def test_every_deed_sent_again_is_done_once() -> None:
    dock, row = claimed()

    def twice(**typed: str) -> None:
        assert dock.send(**typed).status_code == 302
        lines = JournalEntry.objects.count()
        again = dock.client.post(dock.address, dock.form)
        assert again.status_code == 302 and JournalEntry.objects.count() == lines, typed
        dock.go(at(row))

    first, second = row.lines.order_by("pk")
    twice(step="confirm", **{f"found_{first.pk}": "2", f"found_{second.pk}": "1"})
    dock.send(step="rest")
    twice(step="confirm")
    assert Shipment.objects.count() == 1
    twice(step="type", carrier="Post", code="RM1")
    twice(step="ship")
    way.sound()
    receiving = dock.go(reverse("dock:receive"))
    receiving.send(step="scan", code="A")
    before = Receipt.objects.count()
    assert receiving.send(step="confirm").status_code == 302
    assert receiving.client.post(receiving.address, receiving.form).status_code == 302
    assert Receipt.objects.count() == before + 1


def test_what_is_refused_changes_nothing() -> None:
    dock, row = claimed()
    first, second = row.lines.order_by("pk")
    lines = JournalEntry.objects.count()
    for typed in (
        {},  # nothing found, and no reason
        {f"found_{first.pk}": "1", f"found_{second.pk}": "1"},
        {f"why_{first.pk}": "no such reason", f"found_{second.pk}": "1"},
        {f"found_{first.pk}": "2", f"found_{second.pk}": "1", "press": ""},
    ):
        assert dock.send(step="confirm", **typed).status_code == 409, typed
        assert "Nothing was changed." in dock.told()[0]
        dock.go(at(row))
    row.refresh_from_db()
    assert row.state == "picking" and JournalEntry.objects.count() == lines
    assert dock.send(step="confirm", **{f"found_{first.pk}": "1", f"why_{first.pk}": "damaged", f"found_{second.pk}": "1"}).status_code == 302  # fmt: skip
    lines = JournalEntry.objects.count()
    for step in ("box", "confirm"):
        page = dock.go(at(row)).send(step=step)
        assert page.status_code == (200 if step == "box" else 409) and not dock.told()[1]
    assert not Shipment.objects.exists() and JournalEntry.objects.count() == lines
    way.sound()


def test_the_next_work_is_the_one_due_first_and_what_was_begun_comes_before() -> None:
    late, held, first = work(), work(), work()
    for days, row in ((3, late), (1, held), (2, first)):
        FulfillmentOrder.objects.filter(pk=row.pk).update(due_at=f"2026-11-2{days}T10:00Z")
    hold_orders([held.order_id], type="customer_request", words="Away", by=SYSTEM)
    ada = Dock("warehouse").go(reverse("dock:home"))
    ada.address = reverse("dock:next")
    assert ada.send()["Location"] == at(first)
    assert ada.client.post(ada.address, ada.form)["Location"] == at(first)
    assert ada.client.post(ada.address, {"press": uuid.uuid4().hex})["Location"] == at(first)
    bea = Dock("clerk")
    assert bea.client.post(ada.address, {"press": uuid.uuid4().hex})["Location"] == at(late)
    clash = bea.client.post(at(first), {"at": "pick", "step": "confirm", "press": "x"})
    assert clash.status_code == 409 and "picks this" in clash.content.decode()
    cid = Dock("manager")
    assert cid.client.post(ada.address, {"press": uuid.uuid4().hex})["Location"] == reverse("dock:home")
    held.refresh_from_db()
    first.refresh_from_db()
    assert (held.state, first.state) == ("released", "picking")


def test_a_label_is_bought_once_and_its_failure_is_told() -> None:
    dock, row = claimed()
    CarrierAccount.objects.create(slug="post", name="Post", kind="easypost", base_url="http://127.0.0.1:9")
    first, second = row.lines.order_by("pk")
    dock.send(step="confirm", **{f"found_{first.pk}": "2", f"found_{second.pk}": "1"})
    dock.go(at(row)).send(step="rest")
    dock.send(step="confirm")
    assert dock.go(at(row)).answer.context["buys"]
    assert dock.send(step="buy").status_code == 302
    assert dock.client.post(at(row), dock.form).status_code == 302
    assert Label.objects.count() == 1
    assert dock.go(at(row)).answer.context["bought"] and "http-equiv" in dock.answer.content.decode()
    Label.objects.update(state="failed", failure="unknown postcode")
    assert "unknown postcode" in dock.go(at(row)).answer.content.decode()


def test_each_door_asks_who_comes_and_where() -> None:
    row, there = work(), build.location("FAR")
    addresses = [reverse("dock:home"), reverse("dock:receive"), reverse("dock_returns:which"), at(row)]
    start_pick([row.pk], by=SYSTEM)
    for role in ROLES:
        answers = [Dock(role).client.get(a).status_code for a in addresses]
        may = role in ("clerk", "warehouse", "manager")
        assert all((status in (200, 302)) is may for status in answers), (role, answers)
    before = JournalEntry.objects.count()
    nobody = Dock("read-only")
    for address in (*addresses, reverse("dock:next")):
        assert nobody.client.post(address, {"press": "x", "step": "confirm"}).status_code == 403
    far = Dock("warehouse")
    far.user.places.set([there])
    assert far.client.get(at(row)).status_code == 404
    assert far.client.post(at(row), {"at": "pick", "step": "confirm", "press": "x"}).status_code == 404
    assert far.client.post(reverse("dock:home"), {"place": row.location_id}).status_code == 404
    assert far.go(reverse("dock:home")).answer.context["place"] == there
    assert JournalEntry.objects.count() == before


def test_the_place_is_chosen_and_a_page_of_another_posts_nothing() -> None:
    work()
    here, there = build.location("MAIN"), build.location("FAR")
    dock = Dock("warehouse")
    assert dock.go(reverse("dock:receive")).answer.status_code == 302
    assert {p.pk for p in dock.go(reverse("dock:home")).answer.context["places"]} == {here.pk, there.pk}
    dock.client.post(reverse("dock:home"), {"place": here.pk})
    dock.go(reverse("dock:receive")).send(step="scan", code="A")
    dock.client.post(reverse("dock:home"), {"place": there.pk})
    before = Receipt.objects.count()
    assert dock.send(step="confirm", at_place=str(here.pk)).status_code == 409
    assert "You are at Far now" in dock.told()[0] and Receipt.objects.count() == before
    assert dock.send(step="confirm").status_code == 302
    assert Receipt.objects.latest("pk").location == there


def test_a_return_is_found_by_its_parcel_and_received_once() -> None:
    order = way.shipped([("A", 2)])
    (rma,) = open_returns(
        [Opening(order.pk, [Wish(order.lines.get().pk, 2, "Broken", faulty=True)])], by=SYSTEM
    )
    if rma.state == "requested":
        authorise_returns([rma.pk], by=SYSTEM)
    dock = Dock("warehouse").go(reverse("dock_returns:which"))
    assert dock.send(code="no-such").status_code == 200 and not dock.told()[1]
    tracking = Shipment.objects.get().tracking_number
    page = reverse("dock_returns:one", args=[rma.pk])
    for text in (rma.number.lower(), order.number, tracking):
        assert dock.send(code=text)["Location"] == page, text
        dock.go(reverse("dock_returns:which"))
    dock.go(page).send(step="confirm")
    assert dock.answer.status_code == 409 and not ReturnReceipt.objects.exists()
    dock.send(step="scan", code="WRONG")
    assert not dock.told()[1]
    dock.send(step="scan", code="A")
    assert dock.told()[1] and dock.send(step="confirm").status_code == 302
    assert dock.client.post(page, dock.form).status_code == 302
    assert [r.quantity for r in ReturnReceipt.objects.all()] == [1]
    rma.refresh_from_db()
    assert rma.state == "partly_received"
    way.sound()


def test_statements_do_not_grow_with_the_lines() -> None:
    def cost(lines: int) -> int:
        row = work(tuple((f"S{n}", 1) for n in range(lines)))
        dock = Dock("warehouse")
        start_pick([row.pk], by=SYSTEM)
        FulfillmentOrder.objects.filter(pk=row.pk).update(claimed_by="user:warehouse-hand")
        with CaptureQueriesContext(connection) as seen:
            assert dock.client.get(at(row)).status_code == 200
        return len(seen)

    assert cost(12) == cost(2)


def test_pictures_stand_by_what_has_one() -> None:
    dock, row = claimed()
    Item.objects.filter(sku="A").update(image_url="https://shop.example/a.jpg?size=1&v=2")
    page = dock.go(at(row)).answer
    (picture,) = re.findall(r"<img[^>]*>", page.content.decode())
    assert (
        'src="https://shop.example/a.jpg?size=1&amp;v=2"' in picture
        and 'alt="Picture of A Thing A"' in picture
    )
    assert 'loading="lazy"' in picture and 'referrerpolicy="no-referrer"' in picture
    order = Hand("clerk").client.get(reverse("admin:orders_order_change", args=[row.order_id]))
    (thumb,) = re.findall(r'<img class="thumb"[^>]*>', order.content.decode())
    assert 'referrerpolicy="no-referrer"' in thumb and 'alt="Picture of Thing A"' in thumb
