"""What is changed at a shop after import, told by the shop's own payloads through the inbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from channels.actions.decide_change import accept_changes, decline_changes
from channels.actions.ingest import ingest
from channels.models import ChannelAccount
from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from oms.core import inbox
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.models import InboundMessage, JournalEntry
from orders.actions.cancel import Cancelling, cancel_orders
from orders.actions.complete import complete_orders
from orders.actions.correct_address import correct_address
from orders.actions.quote_refund import for_quote, quote_refund
from orders.actions.release_holds import release_holds
from orders.actions.screen import screen_orders
from orders.models import Hold, Order, OrderChange, OrderLine
from orders.rules.refund_amount import LineAsk, RefundAsk
from tests import build, way
from tests.channels.adapters import test_shopify_read as shopify
from tests.pressing import Hand

pytestmark = pytest.mark.django_db
NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
HOME = {
    "first_name": "Ada", "last_name": "Smith", "address_1": "12 Castle Gate", "city": "Nottingham",
    "postcode": "NG1 7AQ", "country": "GB",
}  # fmt: skip
PRICE = Decimal("10.00")
POST = Decimal("5.00")


class Shop:
    """A WooCommerce shop: one order in the shape of its REST API, changed as a merchant changes it, and sent
    to us by ``tell``."""

    def __init__(self, lines: Mapping[str, int]):
        self.account = ChannelAccount.objects.create(
            slug="shop-one", name="Shop One", kind="woocommerce", order_prefix="W", base_url="http://127.0.0.1:9",
            credentials={"consumer_key": "ck", "consumer_secret": "cs"},
        )  # fmt: skip
        self.minutes = 0
        self.refunds: list[dict[str, Any]] = []
        self.order: dict[str, Any] = {
            "id": 77, "number": "77", "status": "processing", "currency": "GBP", "date_created_gmt": "2026-11-20T12:00:00",
            "date_paid_gmt": "2026-11-20T12:00:00", "transaction_id": "ch_1", "payment_method": "stripe",
            "billing": {**HOME, "email": "ada@example.com"}, "shipping": dict(HOME), "customer_note": "",
            "line_items": [], "fee_lines": [],
            "shipping_lines": [{"id": 900, "method_title": "Post", "method_id": "flat", "total": str(POST)}],
        }  # fmt: skip
        for sku, quantity in lines.items():
            self.line(sku, quantity)
        self.tell()

    def line(self, sku: str, quantity: int, *, was: str = "") -> None:
        """Set how many are wanted: a new line, another number, none (then it is gone), or another product."""
        rows = self.order["line_items"]
        row = next((r for r in rows if r["sku"] == (was or sku)), None)
        if row is None:
            row = {"id": 100 + len(rows) + self.minutes, "total_tax": "0.00"}
            rows.append(row)
        product = 500 + ord(sku[0])
        row.update(
            name=f"Thing {sku}", sku=sku, product_id=product, quantity=quantity, total=str(PRICE * quantity),
            subtotal=str(PRICE * quantity),
        )  # fmt: skip
        if not quantity:
            rows.remove(row)

    def street(self, street: str) -> None:
        self.order["shipping"]["address_1"] = street

    def refund(self, sku: str, quantity: int) -> None:
        """Money back for pieces: WooCommerce leaves quantity and totals as they were."""
        row = next(r for r in self.order["line_items"] if r["sku"] == sku)
        self.refunds.append(
            {
                "id": 800 + len(self.refunds), "amount": str(PRICE * quantity),
                "line_items": [
                    {
                        "quantity": -quantity, "total": str(-PRICE * quantity), "total_tax": "0.00",
                        "meta_data": [{"key": "_refunded_item_id", "value": str(row["id"])}],
                    }
                ],
            }
        )  # fmt: skip

    def tell(self) -> dict[str, int]:
        """The payload of now comes in, a minute after the last."""
        self.minutes += 1
        at = NOON + timedelta(minutes=self.minutes)
        order = self.order
        order["date_modified_gmt"] = at.strftime("%Y-%m-%dT%H:%M:%S")
        parts = [*order["line_items"], *order["shipping_lines"], *order["fee_lines"]]
        order["total"] = str(sum(Decimal(part["total"]) for part in parts))
        body = json.dumps({"order": deepcopy(order), "refunds": self.refunds}).encode()
        inbox.store([inbox.Incoming(self.account.slug, "order", "77", body, remote_at=at)])
        figures = ingest(self.account)
        assert figures["parked"] == 0, InboundMessage.objects.exclude(detail="").values_list(
            "reason", "detail"
        )
        return figures


@pytest.fixture
def ten(db: None) -> None:
    for sku in "ABC":
        build.stock(build.item(sku), 10)


def order() -> Order:
    return Order.objects.get(source="shop-one")


def counts() -> dict[str, tuple[int, int]]:
    """Of each line: ordered and cancelled."""
    return {x.sku: (x.ordered, x.cancelled) for x in OrderLine.objects.order_by("pk")}


def held() -> list[str]:
    return list(Hold.objects.filter(type="changed_at_shop", state="active").values_list("words", flat=True))


def proposed() -> dict[str, OrderChange]:
    return {c.kind: c for c in OrderChange.objects.filter(state="proposed")}


def books() -> tuple[Any, ...]:
    """All that a refusal must leave alone."""
    return (
        counts(), held(), list(OrderChange.objects.order_by("pk").values("kind", "state", "theirs")),
        list(Order.objects.values("state", "version", "total", "shipping_address")),
        [build.level(build.item(sku)).reserved for sku in "ABC"], JournalEntry.objects.count(),
    )  # fmt: skip


def test_of_a_mixed_edit_more_is_taken_and_less_is_asked(ten: None) -> None:
    shop = Shop({"A": 3, "B": 2})
    way.work_of(order())
    shop.line("C", 2)
    shop.line("A", 1)
    assert shop.tell()["changed"] == 1
    assert counts() == {"A": (3, 0), "B": (2, 0), "C": (2, 0)}
    assert held() == ["Changed at the shop: Thing A: 1 instead of 3"]
    (change,) = proposed().values()
    assert change.kind == "quantity_down"
    accept_changes([change.pk], by=SYSTEM)
    assert counts() == {"A": (3, 2), "B": (2, 0), "C": (2, 0)} and not held()
    way.sound()


def test_only_the_decided_line_is_decided(ten: None) -> None:
    """Two kinds wait; taking one over leaves the other where it is."""
    shop = Shop({"A": 3, "B": 2})
    way.work_of(order())
    shop.line("A", 1)
    shop.line("B", 0)
    shop.tell()
    assert set(proposed()) == {"quantity_down", "line_removed"}
    accept_changes([proposed()["line_removed"].pk], by=SYSTEM)
    assert counts() == {"A": (3, 0), "B": (2, 2)}
    assert set(proposed()) == {"quantity_down"} and held()
    decline_changes([proposed()["quantity_down"].pk], by=SYSTEM)
    assert counts() == {"A": (3, 0), "B": (2, 2)} and not held()
    way.sound()


def test_what_was_sent_meanwhile_is_refused_and_nothing_changes(ten: None) -> None:
    shop = Shop({"A": 3, "B": 2})
    works = way.work_of(order())
    shop.line("A", 1)
    shop.tell()
    change = proposed()["quantity_down"]
    release_holds([Hold.objects.get(state="active").pk], by=SYSTEM, note="the parcel is at the door")
    for work in works:
        way.send(work)
    before = books()
    with pytest.raises(Refused, match="only 0 pieces are left"):
        accept_changes([change.pk], by=SYSTEM)
    assert books() == before
    way.sound()


def cancel(sku: str, quantity: int) -> None:
    line = OrderLine.objects.get(sku=sku)
    cancel_orders([Cancelling(line.order_id, "Broken.", units={line.pk: quantity})], by=SYSTEM)


def test_what_was_cancelled_here_stays_cancelled(ten: None) -> None:
    """The shop goes on counting three, before and after it changes other lines."""
    shop = Shop({"A": 3, "B": 2})
    cancel("A", 1)
    shop.line("B", 1)
    shop.tell()
    assert counts() == {"A": (3, 1), "B": (2, 1)}
    shop.line("A", 5)  # two more, not three
    shop.tell()
    assert counts() == {"A": (5, 1), "B": (2, 1)}
    way.sound()


def test_what_was_paid_back_stays_cancelled(ten: None) -> None:
    shop = Shop({"A": 3, "B": 2})
    shop.refund("A", 1)
    shop.tell()
    assert counts() == {"A": (3, 1), "B": (2, 0)}
    shop.line("A", 2)  # one less of those that were left
    shop.line("B", 3)
    shop.tell()
    assert counts() == {"A": (3, 2), "B": (3, 0)}
    way.sound()


def test_the_shop_put_right_by_hand_takes_nothing_off_twice(ten: None) -> None:
    shop = Shop({"A": 3, "B": 2})
    cancel("A", 1)
    shop.line("A", 2)
    shop.tell()
    assert counts() == {"A": (3, 1), "B": (2, 0)}
    shop.line("A", 3)  # and now one more
    shop.tell()
    assert counts() == {"A": (4, 1), "B": (2, 0)}
    way.sound()


def test_less_that_waits_and_is_taken_back_adds_nothing(ten: None) -> None:
    """Held at one, back at three: there were three here all the time."""
    shop = Shop({"A": 3, "B": 2})
    way.work_of(order())
    shop.line("A", 1)
    shop.tell()
    shop.line("A", 3)
    shop.tell()
    assert counts() == {"A": (3, 0), "B": (2, 0)}
    way.sound()


def seen(order: Order) -> str:
    """The order's page, as a clerk reads it."""
    page = Hand("clerk").client.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert page.status_code == 200
    return str(page.content.decode())


def both_sides(kind: str) -> tuple[list[str], list[str]]:
    change = proposed()[kind]
    return list(change.ours.values()), list(change.theirs["by"].values())


def test_here_is_ours_however_often_the_shop_changes(ten: None) -> None:
    shop = Shop({"A": 3})
    way.work_of(order())
    for street in ("2 Mill Lane", "3 Park Row"):
        shop.street(street)
        shop.tell()
        (here,), (there,) = both_sides("address")
        assert "12 Castle Gate" in here and street in there
    assert OrderChange.objects.count() == 2 and len(held()) == 1
    page = seen(order())
    assert page.index("12 Castle Gate, Nottingham") < page.index("3 Park Row, Nottingham")
    # Another payload that changes neither side leaves the question as it is, even when its hold was lifted.
    release_holds([Hold.objects.get(state="active").pk], by=SYSTEM)
    shop.refund("A", 1)
    shop.tell()
    assert OrderChange.objects.count() == 2 and not held()


def test_a_shop_that_goes_back_takes_its_question_back(ten: None) -> None:
    shop = Shop({"A": 3, "B": 2})
    way.work_of(order())
    shop.street("2 Mill Lane")
    shop.line("A", 1)
    shop.tell()
    assert set(proposed()) == {"address", "quantity_down"}
    shop.street("12 Castle Gate")
    shop.tell()
    assert set(proposed()) == {"quantity_down"}
    assert held() == ["Changed at the shop: Thing A: 1 instead of 3"]
    shop.line("A", 3)
    shop.tell()
    assert not proposed() and not held()
    last = Hold.objects.order_by("pk").last()
    assert last and last.state == "expired" and last.note == "nothing differs from the shop any more"
    told = JournalEntry.objects.filter(verb="supersede").order_by("pk").last()
    assert told and "nothing differs any more" in told.words
    assert order().state == "open" and counts() == {"A": (3, 0), "B": (2, 0)}


def test_an_address_corrected_here_is_ours(ten: None) -> None:
    shop = Shop({"A": 3})
    corrected = replace(build.NOTTINGHAM, line1="14 Castle Gate")
    correct_address(order().pk, address=corrected, by=SYSTEM)
    way.work_of(order())
    shop.street("2 Mill Lane")
    shop.tell()
    (here,), (there,) = both_sides("address")
    assert "14 Castle Gate" in here and "2 Mill Lane" in there
    shop.street("14 Castle Gate")
    shop.tell()
    assert not proposed() and not held()


def test_a_second_line_joins_the_first(ten: None) -> None:
    shop = Shop({"A": 3, "B": 2})
    way.work_of(order())
    shop.line("A", 2)
    shop.tell()
    shop.line("B", 1)
    shop.tell()
    assert both_sides("quantity_down") == (["3", "2"], ["2", "1"])
    shop.line("A", 0)
    shop.tell()
    assert both_sides("quantity_down") == (["2"], ["1"]) and both_sides("line_removed") == (["3"], ["0"])
    shop.order["status"] = "cancelled"
    shop.tell()
    assert set(proposed()) == {"cancelled"}
    accept_changes([proposed()["cancelled"].pk], by=SYSTEM)
    assert order().state == "cancelled" and not held()
    way.sound()


def test_with_the_order_its_open_questions_end(ten: None) -> None:
    shop = Shop({"A": 3})
    way.work_of(order())
    shop.street("2 Mill Lane")
    shop.tell()
    cancel_orders_in_work([Cancelling(order().pk, "Changed her mind.")], by=SYSTEM)
    assert not proposed() and not held()
    assert OrderChange.objects.get().state == "superseded"


def test_what_we_took_off_already_needs_no_decision(ten: None) -> None:
    shop = Shop({"A": 3, "B": 2})
    cancel("A", 1)
    way.work_of(order())
    shop.line("A", 2)
    shop.tell()
    assert not proposed() and not held() and counts() == {"A": (3, 1), "B": (2, 0)}


def test_ours_once_kept_is_not_asked_again(ten: None) -> None:
    shop = Shop({"A": 3})
    way.work_of(order())
    shop.street("2 Mill Lane")
    shop.tell()
    decline_changes([proposed()["address"].pk], by=SYSTEM)
    shop.line("A", 2)
    shop.tell()
    assert set(proposed()) == {"quantity_down"}
    assert order().shipping_address["line1"] == "12 Castle Gate"


def reserved(sku: str) -> int:
    return build.level(build.item(sku)).reserved


def test_another_product_on_a_line_is_promised_in_its_place(ten: None) -> None:
    shop = Shop({"A": 3})
    assert reserved("A") == 3
    shop.line("C", 3, was="A")
    shop.tell()
    line = OrderLine.objects.get()
    assert (line.sku, line.title, line.item, line.external_variant_id) == (
        "C",
        "Thing C",
        build.item("C"),
        "567",
    )
    assert (line.ordered, line.promised, reserved("A"), reserved("C")) == (3, 3, 0, 3)
    (work,) = way.work_of(order())
    assert work.lines.get().item == build.item("C")
    way.sound()


def test_another_product_with_fewer_pieces_keeps_what_was_cancelled(ten: None) -> None:
    shop = Shop({"A": 4})
    cancel("A", 1)
    shop.line("C", 2, was="A")
    shop.tell()
    assert counts() == {"C": (4, 2)} and (reserved("A"), reserved("C")) == (0, 2)
    way.sound()


def test_a_product_that_nobody_knows_waits_to_be_named(ten: None) -> None:
    shop = Shop({"A": 3})
    shop.line("Z", 3, was="A")
    shop.tell()
    screen_orders([order().pk], by=SYSTEM)
    line = OrderLine.objects.get()
    assert (line.item, line.unallocated, reserved("A")) == (None, 3, 0)
    assert Hold.objects.get(state="active").type == "unmapped_sku"
    shop.line("B", 3, was="Z")
    shop.tell()
    assert (OrderLine.objects.get().promised, reserved("B")) == (3, 3)
    assert not Hold.objects.filter(state="active").exists()
    way.sound()


def test_another_product_after_release_is_decided(ten: None) -> None:
    shop = Shop({"A": 3})
    way.work_of(order())
    shop.line("C", 3, was="A")
    shop.tell()
    assert both_sides("item") == (["3 × Thing A (A)"], ["3 × Thing C (C)"])
    shop.line("C", 2)
    shop.tell()
    shop.line("C", 3)
    shop.tell()
    assert both_sides("item") == (["3 × Thing A (A)"], ["3 × Thing C (C)"]) and list(proposed()) == ["item"]
    assert OrderLine.objects.get().item == build.item("A") and held()
    accept_changes([proposed()["item"].pk], by=SYSTEM)
    assert OrderLine.objects.get().item == build.item("C") and not held()
    assert (reserved("A"), reserved("C")) == (0, 3)
    assert [
        w.lines.get().item.sku for w in way.work_of(order()) if w.state == "planned" or w.state == "released"
    ] == ["C"]
    way.sound()


def test_more_of_another_product_waits_with_it(ten: None) -> None:
    """Else it would be more of the old one."""
    shop = Shop({"A": 3})
    way.work_of(order())
    shop.line("C", 4, was="A")
    shop.tell()
    shop.line("C", 5)
    shop.tell()
    assert (counts(), reserved("A"), reserved("C")) == ({"A": (3, 0)}, 3, 0)
    assert both_sides("item") == (["3 × Thing A (A)"], ["5 × Thing C (C)"])
    accept_changes([proposed()["item"].pk], by=SYSTEM)
    assert (counts(), reserved("A"), reserved("C")) == ({"C": (5, 0)}, 0, 5) and not proposed()
    way.sound()


def test_a_product_that_was_sent_becomes_no_other(ten: None) -> None:
    shop = Shop({"A": 3})
    (work,) = way.work_of(order())
    shop.line("C", 3, was="A")
    shop.tell()
    change = proposed()["item"]
    release_holds([Hold.objects.get(state="active").pk], by=SYSTEM)
    way.send(work)
    before = books()
    with pytest.raises(Refused, match="cannot become Thing C"):
        accept_changes([change.pk], by=SYSTEM)
    assert books() == before
    way.sound()


def to_refund(**units: int) -> Decimal:
    """What a refund of these pieces comes to, or of everything."""
    ids = {line.sku: line.pk for line in OrderLine.objects.all()}
    asks = [LineAsk(ids[sku], quantity) for sku, quantity in units.items()]
    quote = quote_refund(for_quote([order().pk])[0], RefundAsk(asks, whole=not units))
    assert not quote.refusals, quote.refusals
    return quote.total


def test_a_line_taken_off_costs_nothing_and_is_not_paid_back(ten: None) -> None:
    shop = Shop({"A": 3, "B": 2})
    assert "does not add up" not in seen(order())
    shop.line("B", 0)
    shop.tell()
    gone = OrderLine.objects.get(sku="B")
    assert (gone.net, gone.shop_net, gone.cancelled) == (0, 0, 2)
    assert order().total == Decimal("35.00") and "does not add up" not in seen(order())
    assert not Hold.objects.filter(type="total_mismatch").exists()
    assert to_refund(A=3) == 30 and to_refund(A=1) == 10
    before = books()
    quote = quote_refund(for_quote([order().pk])[0], RefundAsk([LineAsk(gone.pk, 1)]))
    assert quote.refusals and books() == before


def test_pieces_taken_off_leave_the_price_of_the_others(ten: None) -> None:
    """The shop's amounts are for the pieces that are left; where we cancelled, they are as they were paid."""
    shop = Shop({"A": 3, "B": 2})
    cancel("A", 1)
    shop.line("B", 1)
    shop.tell()
    assert to_refund(A=1) == 10 and to_refund(B=1) == 10
    page = Hand("clerk").look("orders.refund", order()).context["form"]
    assert [page.fields[f"units_{x.pk}"].max_value for x in order().lines.all()] == [3, 1]
    assert "does not add up" not in seen(order())


def test_a_line_that_is_kept_against_the_shop_costs_what_the_shop_says(ten: None) -> None:
    shop = Shop({"A": 3, "B": 2})
    way.work_of(order())
    shop.line("B", 0)
    shop.tell()
    assert "does not add up" not in seen(order())
    decline_changes([proposed()["line_removed"].pk], by=SYSTEM)
    assert counts()["B"] == (2, 0) and OrderLine.objects.get(sku="B").net == 0
    assert to_refund(A=1) == 10
    way.sound()


def test_charges_come_and_go_with_the_total(ten: None) -> None:
    shop = Shop({"A": 3})
    shop.order["fee_lines"] = [{"id": 950, "name": "Gift wrap", "total": "2.00"}]
    shop.tell()
    assert "Gift wrap" in seen(order()) and "does not add up" not in seen(order())
    shop.order["fee_lines"] = []
    shop.order["shipping_lines"][0]["total"] = "3.00"
    shop.tell()
    charges = order().charges.values_list("kind", "net", "shop_net")
    assert list(charges) == [("shipping", 3, 3)] and order().total == 33
    assert "Gift wrap" not in seen(order()) and "does not add up" not in seen(order())


def test_cancelled_and_the_rest_of_the_payload_is_taken_in_too(ten: None) -> None:
    shop = Shop({"A": 3})
    shop.order["status"] = "cancelled"
    shop.order["customer_note"] = "Sorry!"
    shop.tell()
    assert (order().state, order().channel_status, order().note) == ("cancelled", "cancelled", "Sorry!")
    assert reserved("A") == 0


def test_nothing_is_promised_to_a_cancelled_order(ten: None) -> None:
    shop = Shop({"A": 3})
    cancel("A", 3)
    assert order().state == "cancelled"
    shop.line("A", 4)
    shop.line("C", 2)
    shop.tell()
    assert counts() == {"A": (3, 3), "C": (2, 2)} and order().state == "cancelled"
    assert (reserved("A"), reserved("C")) == (0, 0) and "does not add up" not in seen(order())
    assert JournalEntry.objects.filter(verb="change_at_shop", words__contains="stays so").exists()
    way.sound()


def test_more_for_a_finished_order_takes_it_up_again(ten: None) -> None:
    shop = Shop({"A": 3})
    for work in way.work_of(order()):
        way.send(work)
    way.deliver(order())
    complete_orders([order().pk], by=SYSTEM)
    assert order().state == "completed"
    shop.line("C", 2)
    shop.tell()
    assert order().state == "review" and order().closed_at is None and reserved("C") == 2
    assert "Opened again: more was ordered at the shop." in Hold.objects.values_list("words", flat=True)
    way.sound()


def test_a_payment_is_told_once_and_a_doubt_about_it_outlives_other_amounts(ten: None) -> None:
    shop = Shop({"A": 3})
    shop.line("A", 2)  # the shop says of its one payment that it was for the new total
    shop.tell()
    told = JournalEntry.objects.get(verb="change_at_shop").words
    assert "capture" not in told and not JournalEntry.objects.filter(verb="pay").exists()
    assert order().payment_status == "overpaid"


def test_another_currency_than_was_paid_is_held(ten: None) -> None:
    shop = Shop({"A": 3})
    shop.order["currency"] = "EUR"
    shop.tell()
    assert (order().currency, order().shop_currency) == ("EUR", "EUR")
    words = Hold.objects.get(type="total_mismatch", state="active").words
    assert words == "The shop changed the currency to EUR, but it was paid in GBP"


def shopify_tells(*payloads: dict[str, Any]) -> Order:
    """Payloads of one order of a Shopify shop, each taken in; what became of it."""
    build.stock(build.item("TEA"), 10)
    account = ChannelAccount.objects.create(
        slug="shop-two", name="Shop Two", kind="shopify", order_prefix="S", base_url="http://127.0.0.1:9",
        credentials={"access_token": "shpat"},
    )  # fmt: skip
    for told in payloads:
        body = json.dumps({"order": shopify.order(**told)}).encode()
        inbox.store([inbox.Incoming("shop-two", "order", "450789469", body)])
        assert ingest(account)["parked"] == 0
    return Order.objects.get(source="shop-two")


def test_a_shop_that_empties_the_lines_it_cancels() -> None:
    """Shopify: no piece is wanted any more, and the order is cancelled, both at once."""
    again = {
        "updatedAt": "2026-03-01T12:00:00Z", "cancelledAt": "2026-03-01T12:00:00Z", "cancelReason": "CUSTOMER",
        "lineItems": {"nodes": [shopify.line(currentQuantity=0)]},
    }  # fmt: skip
    made = shopify_tells({}, again)
    assert made.state == "cancelled" and build.level(build.item("TEA")).reserved == 0
    assert JournalEntry.objects.filter(words__contains="Cancelled at the shop. customer").exists()
    assert "does not add up" not in seen(made)


@pytest.mark.parametrize("first", [2, 1])
def test_a_shop_whose_amounts_stay_when_pieces_go(first: int) -> None:
    """Shopify keeps what two cost when one is taken off, whether that was before the order came here or after."""
    edited = {
        "updatedAt": "2026-03-01T12:00:00Z",
        "note": "x",
        "lineItems": {"nodes": [shopify.line(currentQuantity=1)]},
    }
    paid = {"transactions": [shopify_payment()]}
    made = shopify_tells(
        {"lineItems": {"nodes": [shopify.line(currentQuantity=first)]}, **paid}, {**edited, **paid}
    )
    assert counts() == {"TEA": (2, 1)} and build.level(build.item("TEA")).reserved == 1
    quote = quote_refund(for_quote([made.pk])[0], RefundAsk([LineAsk(made.lines.get().pk, 1)]))
    assert not quote.refusals and quote.total == Decimal("12.96")  # half of 21.60 and 4.32
    assert "does not add up" not in seen(made)


def shopify_payment() -> dict[str, Any]:
    return {
        "id": "gid://shopify/OrderTransaction/9", "kind": "SALE", "status": "SUCCESS", "gateway": "shopify_payments",
        "processedAt": "2026-03-01T10:00:00Z", "createdAt": "2026-03-01T10:00:00Z",
        "amountSet": shopify.money("33.12", "27.60"),
    }  # fmt: skip


def test_a_cancelled_order_that_is_paid_late_is_asked_for_and_taken_up(ten: None) -> None:
    """WooCommerce cancels what is not paid in time, and takes the money all the same when it comes."""
    shop = Shop({"A": 3})
    shop.order["status"] = "cancelled"
    shop.tell()
    assert order().state == "cancelled" and not proposed()
    shop.order["status"] = "processing"
    shop.tell()
    assert order().state == "cancelled" and both_sides("revived") == (["cancelled"], ["wanted"])
    assert held() == ["Changed at the shop: no longer cancelled"]
    accept_changes([proposed()["revived"].pk], by=SYSTEM)
    assert (order().state, order().closed_at, reserved("A")) == ("received", None, 3) and not held()
    assert counts() == {"A": (3, 0)} and to_refund(A=1) == 10
    assert len(way.work_of(order())) == 1 and order().state == "open"
    way.sound()


def test_a_cancelled_order_is_left_cancelled(ten: None) -> None:
    shop = Shop({"A": 3})
    shop.order["status"] = "cancelled"
    shop.tell()
    shop.order["status"] = "processing"
    shop.tell()
    decline_changes([proposed()["revived"].pk], by=SYSTEM)
    assert (order().state, reserved("A")) == ("cancelled", 0) and not held()


def test_what_was_paid_back_is_not_taken_up_again(ten: None) -> None:
    shop = Shop({"A": 3})
    shop.order["status"] = "cancelled"
    shop.refund("A", 3)
    shop.tell()
    for status in ("processing", "refunded", "cancelled"):
        shop.order["status"] = status
        shop.tell()
        assert not proposed() and not held() and (order().state, reserved("A")) == ("cancelled", 0)
