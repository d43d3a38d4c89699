"""Orders through the API: taken in, looked at, and every deed on them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import override_settings

from fulfillment.models import FulfillmentOrder
from inventory.models import Item, Reservation, StockLevel
from oms.core.actors import SYSTEM
from oms.core.errors import Reason
from oms.core.models import IdempotencyRecord, JournalEntry
from orders.actions.place_holds import Holding, place_holds
from orders.actions.quote_refund import quote_refund
from orders.models import Hold, Note, Order, OrderLine, Refund
from orders.rules.holds import Finding
from orders.rules.refund_amount import RefundAsk
from tests import build, way
from tests.api.conftest import Caller, fields, reasons

pytestmark = pytest.mark.django_db

ADDRESS = {
    "name": "Ada Smith",
    "line1": "12 Castle Gate",
    "city": "Nottingham",
    "postcode": "NG1 7AQ",
    "country": "GB",
}


def new(**changes: Any) -> dict[str, Any]:
    return {
        "external_id": "web-1", "number": "1001", "currency": "GBP", "total": "30.00",
        "lines": [{"sku": "A", "title": "A thing", "quantity": 2, "unit_price": "10.00", "tax": "4.00"}],
        "charges": [{"kind": "shipping", "title": "Post", "net": "5.00", "tax": "1.00"}],
        "payments": [{"external_id": "pay-1", "amount": "30.00"}],
        "email": "ada@example.com", "shipping_address": ADDRESS, "billing_address": ADDRESS, **changes,
    }  # fmt: skip


@pytest.fixture
def stocked(db: None) -> Item:
    item = build.item("A")
    build.stock(item, 5)
    return item


# -- taken in


def test_an_order_is_taken_in_and_its_stock_promised(api: Caller, stocked: Item) -> None:
    answer = api.send("orders", new())
    told = answer.json()
    assert answer.status_code == 201
    assert (told["number"], told["source"], told["state"], told["payment_status"]) == (
        "API-1001",
        "api",
        "received",
        "paid",
    )
    assert (told["total"], told["currency"], told["holds"]) == ("30.00", "GBP", [])
    (line,) = told["lines"]
    assert (line["item"], line["net"], line["promised"], line["currency"]) == ("A", "20.00", 2, "GBP")
    assert build.level(stocked).reserved == 2
    assert JournalEntry.objects.get(verb="place").actor == "token:shop"


def test_an_order_says_where_its_shop_rounds_tax(api: Caller, stocked: Item) -> None:
    told = api.send("orders", new(tax_rounding="line", tax_decimals=2)).json()
    assert (told["tax_rounding"], told["tax_decimals"]) == ("line", 2)
    silent = api.send("orders", new(external_id="web-2", number="1002")).json()
    assert (silent["tax_rounding"], silent["tax_decimals"]) == ("", None)
    wrong = api.send("orders", new(external_id="web-3", number="1003", tax_rounding="each", tax_decimals=9))
    assert wrong.status_code == 400 and {"tax_rounding", "tax_decimals"} <= set(fields(wrong))


def test_it_goes_the_whole_way_by_itself(api: Caller, stocked: Item) -> None:
    pk = api.send("orders", new()).json()["id"]
    works = way.work_of(Order.objects.get(pk=pk))
    assert [w.state for w in works] == ["released"] and api.read(f"orders/{pk}").json()["state"] == "open"


def test_the_same_order_with_another_key_is_refused_and_named(
    api: Caller, stocked: Item, nothing_changed: Any
) -> None:
    first = api.send("orders", new())
    with nothing_changed(Order, OrderLine, StockLevel, Reservation, IdempotencyRecord):
        again = api.send("orders", new(number="1002"))
        taken = api.send("orders", new(external_id="web-2"))
    assert again.status_code == 409 and reasons(again) == ["order_exists"]
    assert f"id {first.json()['id']}" in again.json()["error"]["message"]
    assert taken.status_code == 409 and reasons(taken) == ["number_taken"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_two_keys_make_one_order(token: Callable[..., Caller]) -> None:
    build.stock(build.item("A"), 5)
    callers = [token("orders:*"), token("orders:*")]
    gate, answers = threading.Barrier(2), []

    def call(caller: Caller) -> None:
        try:
            gate.wait(10)
            answers.append(caller.send("orders", new()))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=call, args=[c]) for c in callers]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert sorted(a.status_code for a in answers) == [201, 409]
    assert Order.objects.count() == 1 and StockLevel.objects.get().reserved == 2


def test_the_loser_of_the_race_is_told_as_if_it_had_looked_later(
    api: Caller, stocked: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look sees nothing, as when the other has not committed yet; the unique key decides."""
    from orders.actions import take

    api.send("orders", new())
    plain, looks = take._known, []

    def blind_once(*args: Any) -> Any:
        looks.append(args)
        return plain(*args) if len(looks) > 1 else {}

    monkeypatch.setattr(take, "_known", blind_once)
    answer = api.send("orders", new(number="1009"))
    assert answer.status_code == 409 and reasons(answer) == ["order_exists"] and len(looks) == 2
    assert Order.objects.count() == 1 and build.level(stocked).reserved == 2


def test_a_shop_that_sells_only_what_is_there_is_refused_the_rest(
    api: Caller, stocked: Item, nothing_changed: Any
) -> None:
    def wanting(n: int, quantity: int, **line: Any) -> dict[str, Any]:
        lines = [{"sku": "A", "title": "A thing", "quantity": quantity, "net": "24.00", **line}]
        return new(external_id=f"w-{n}", number=f"{n}", lines=lines, when_short="refuse")

    with nothing_changed(Order, OrderLine, StockLevel, Reservation, IdempotencyRecord):
        short = api.send("orders", wanting(1, 6))
        unknown = api.send("orders", wanting(2, 1, sku="NOBODY"))
    assert short.status_code == 409 and reasons(short) == ["sold_out"]
    assert short.json()["error"]["message"] == "A: 6 wanted, 5 free."
    assert unknown.status_code == 409 and reasons(unknown) == ["unknown_item"]
    taken = api.send("orders", wanting(1, 5))
    assert taken.status_code == 201 and taken.json()["lines"][0]["promised"] == 5
    with nothing_changed(Order, StockLevel, Reservation):
        assert reasons(api.send("orders", wanting(3, 1))) == ["sold_out"]
    assert api.send("orders", {**wanting(4, 1), "when_short": "wait"}).json()["lines"][0]["backordered"] == 1


@pytest.mark.django_db(transaction=True)
def test_those_who_come_at_once_go_together_and_each_gets_its_own_answer(
    token: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight at once for two pieces, while the first is held up: the others go as one batch behind it."""
    from orders.api import orders as door

    item = build.item("A")
    build.stock(item, 2)
    callers = [token("orders:*")] + [Caller() for _ in range(7)]
    for caller in callers[1:]:
        caller._credentials = callers[0]._credentials
    batches: list[int] = []
    first, go = threading.Event(), threading.Event()
    plain = door.take_orders

    def slow(takings: Any, **kwargs: Any) -> Any:
        batches.append(len(takings))
        first.set()
        assert go.wait(60)
        return plain(takings, **kwargs)

    monkeypatch.setattr(door, "take_orders", slow)
    answers: dict[int, Any] = {}

    def call(n: int) -> None:
        try:
            line = {"sku": "A", "title": "A thing", "quantity": 1, "net": "24.00"}
            body = new(external_id=f"e-{n}", number=f"{n}", lines=[line], when_short="refuse")
            if n == 3:
                body["currency"] = "XXQ"  # one that cannot be read sinks no other
            answers[n] = callers[n].send("orders", body)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=call, args=[n]) for n in range(8)]
    workers[0].start()
    assert first.wait(10)
    for worker in workers[1:]:
        worker.start()
    gathering = next(g for g in door.Orders._gatherings.values() if g._busy)
    until = time.monotonic() + 40
    while len(gathering._waiting) < 7 and time.monotonic() < until:
        time.sleep(0.01)
    go.set()
    for worker in workers:
        worker.join(60)
    statuses = Counter(answer.status_code for answer in answers.values())
    assert batches == [1, 6] and statuses == {201: 2, 409: 5, 400: 1}
    assert answers[3].status_code == 400 and fields(answers[3]) == ["currency"]
    mine = [a.json()["external_id"] == f"e-{n}" for n, a in answers.items() if a.status_code == 201]
    assert mine == [True] * 2
    level = StockLevel.objects.get()
    assert (level.reserved, Order.objects.count(), IdempotencyRecord.objects.count()) == (2, 2, 2)


def test_an_unknown_item_waits_and_a_barcode_finds_one(api: Caller, stocked: Item) -> None:
    stocked.barcodes.create(code="5000000000017")
    lines = [
        {"barcode": "5000000000017", "quantity": 1, "net": "10.00"},
        {"sku": "NOBODY", "quantity": 1, "net": "20.00"},
        {"title": "Gift wrap", "kind": "custom", "quantity": 1, "net": "0.00"},
    ]
    made = api.send("orders", new(lines=lines, charges=[]))
    assert made.status_code == 201, made.json()
    known, unknown, wrap = made.json()["lines"]
    assert (known["item"], known["promised"]) == ("A", 1)
    assert (unknown["item"], unknown["unallocated"]) == (None, 1)
    assert wrap["item"] is None and wrap["kind"] == "custom"


def test_a_total_that_does_not_add_up_is_held(api: Caller, stocked: Item) -> None:
    told = api.send("orders", new(total="31.00")).json()
    assert [hold["type"] for hold in told["holds"]] == ["total_mismatch"] and told["total"] == "31.00"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"total": "30.001"}, "total"),
        ({"currency": "JPY", "total": "30.50"}, "total"),
        ({"currency": "XXQ"}, "currency"),
        ({"currency": "gbp"}, "currency"),
        ({"total": "-1"}, "total"),
        ({"total": 1e300}, "total"),
        ({"lines": []}, "lines"),
        ({"lines": [{"sku": "A", "quantity": 0, "net": "1"}]}, "lines.0.quantity"),
        ({"lines": [{"sku": "A", "quantity": 1}]}, "lines.0.net"),
        ({"lines": [{"quantity": 1, "net": "1"}]}, "lines.0.sku"),
        ({"lines": [{"sku": "A", "quantity": 1, "unit_price": "1", "discount": "2"}]}, "lines.0.discount"),
        ({"lines": [{"external_id": "x", "sku": "A", "quantity": 1, "net": "1"}] * 2}, "lines"),
        ({"source": "woo-shop"}, "source"),
        ({"email": "nobody"}, "email"),
        ({"placed_at": "1999-01-01T00:00:00Z"}, "placed_at"),
        ({"placed_at": "0001-01-01T00:00:00+14:00"}, "placed_at"),
        ({"shipping_address": {"country": "United Kingdom"}}, "shipping_address.country"),
        ({"shipping_address": {"street": "x"}}, "shipping_address.street"),
        ({"customer_name": "a\x00b"}, "customer_name"),
    ],
)
def test_what_is_not_well_formed_is_refused_at_its_place(
    api: Caller, stocked: Item, nothing_changed: Any, change: dict[str, Any], where: str
) -> None:
    with nothing_changed(Order, StockLevel, Reservation, IdempotencyRecord):
        answer = api.send("orders", new(**change))
    assert answer.status_code == 400
    assert where in fields(answer)


def test_personal_data_is_masked_for_whoever_need_not_see_it(
    api: Caller, token: Callable[..., Caller]
) -> None:
    pk = api.send("orders", new(note="Ring at Mrs Jones", phone="0115 1234")).json()["id"]
    looker, seer = token("orders:read"), token("orders:read", "orders:personal")
    told = looker.read(f"orders/{pk}")
    assert not any(
        word in told.content.decode() for word in ("Ada", "Smith", "ada@", "Castle", "NG1", "Jones", "1234")
    )
    body = told.json()
    assert (body["customer_name"], body["email"]) == ("A••• S•••", "a•••@e•••")
    assert (body["shipping_address"]["country"], body["shipping_address"]["postcode"]) == ("GB", "N••• 7•••")
    assert "Ada" not in looker.read("orders").content.decode()
    whole = seer.read(f"orders/{pk}").json()
    assert (whole["email"], whole["shipping_address"]["line1"]) == ("ada@example.com", "12 Castle Gate")
    # Nor may one find out who is behind the mask by asking for a name.
    assert looker.read("orders", email="ada@example.com").status_code == 403
    assert len(seer.read("orders", email="Ada@Example.com").json()["results"]) == 1


def test_orders_are_found_by_what_has_an_index(api: Caller) -> None:
    build.stock(build.item("A"), 50)
    build.item("B")
    one, two = build.place(build.draft([("A", 1)], source="left"), build.draft([("B", 1)], source="right"))
    with transaction.atomic():
        place_holds([Holding(two.pk, Finding("manual", Reason("manual", "wait")))], by=SYSTEM)

    def found(**query: Any) -> list[int]:
        return [row["id"] for row in api.read("orders", **query).json()["results"]]

    assert found() == [two.pk, one.pk]
    assert found(source="left") == found(sku="A") == found(number=one.number) == [one.pk]
    assert found(held="manual") == found(external_number=two.external_number) == [two.pk]
    assert found(source="right", external_id=two.external_id) == [two.pk]
    assert found(state="completed") == found(placed_before="2000-01-01T00:00:00Z") == []
    assert found(placed_after="2026-11-20T00:00:00Z") == [two.pk, one.pk]
    for wrong in (
        {"state": "nonsense"},
        {"external_id": two.external_id},
        {"held": "x"},
        {"placed_after": "yesterday"},
    ):
        assert api.read("orders", **wrong).status_code == 400


# -- deeds


@pytest.fixture
def order(stocked: Item) -> Order:
    return build.order([("A", 2)])


def test_hold_and_release(api: Caller, order: Order) -> None:
    held = api.send(f"orders/{order.pk}/hold", {"words": "She will call back"}).json()
    (hold,) = held["holds"]
    assert (hold["type"], hold["state"], hold["words"]) == ("manual", "active", "She will call back")
    freed = api.send(f"orders/{order.pk}/release-hold", {"holds": [hold["id"]], "note": "called"})
    assert freed.status_code == 200 and freed.json()["holds"][0]["state"] == "released"
    again = api.send(f"orders/{order.pk}/release-hold", {"holds": [hold["id"]]})
    assert again.status_code == 409 and reasons(again) == ["wrong_state"]


def test_a_hold_of_another_order_is_not_ours_to_release(
    api: Caller, order: Order, nothing_changed: Any
) -> None:
    other = build.order([("A", 1)])
    api.send(f"orders/{other.pk}/hold")
    hold = Hold.objects.get()
    with nothing_changed(Hold, Order):
        answer = api.send(f"orders/{order.pk}/release-hold", {"holds": [hold.pk]})
    assert answer.status_code == 400 and fields(answer) == ["holds.0"]


def test_a_person_releases_only_the_types_of_her_role(
    person: Callable[..., Caller], order: Order, nothing_changed: Any
) -> None:
    with transaction.atomic():
        (hold,) = place_holds([Holding(order.pk, Finding("fraud_risk", Reason("risk", "odd")))], by=SYSTEM)
    support = person("orders.view_order", "orders.release_manual_hold")
    with nothing_changed(Hold, Order):
        answer = support.send(f"orders/{order.pk}/release-hold", {"holds": [hold.pk]})
    assert answer.status_code == 403
    boss = person("orders.view_order", "orders.release_fraud_risk_hold", name="boss")
    assert boss.send(f"orders/{order.pk}/release-hold", {"holds": [hold.pk]}).status_code == 200


def test_a_hold_until_a_date_needs_one(api: Caller, order: Order, nothing_changed: Any) -> None:
    with nothing_changed(Hold, Order):
        answer = api.send(f"orders/{order.pk}/hold", {"type": "scheduled_until"})
    assert answer.status_code == 409 and reasons(answer) == ["until_missing"]


def test_a_note_is_written_and_its_text_stays_off_the_journal(api: Caller, order: Order) -> None:
    told = api.send(f"orders/{order.pk}/note", {"text": "Mrs Jones rang"})
    assert told.status_code == 201 and told.json()["notes"][0]["text"] == "Mrs Jones rang"
    assert Note.objects.get().author == "token:shop"
    line = JournalEntry.objects.get(verb="note")
    assert line.thread == f"order:{order.pk}" and "Jones" not in line.words
    assert api.send(f"orders/{order.pk}/note", {"text": "  "}).status_code == 400


def test_an_address_is_corrected_as_its_country_writes_it(api: Caller, order: Order) -> None:
    with transaction.atomic():
        place_holds(
            [Holding(order.pk, Finding("address_invalid", Reason("x", "no such postcode")))], by=SYSTEM
        )
    told = api.send(
        f"orders/{order.pk}/correct-address", {**ADDRESS, "line1": "14 Castle Gate", "postcode": "ng17aq"}
    )
    assert told.status_code == 200
    assert (
        told.json()["shipping_address"]["postcode"] == "NG1 7AQ"
        and told.json()["holds"][0]["state"] == "expired"
    )
    assert told.json()["state"] == "open"
    line = JournalEntry.objects.get(verb="correct_address")
    assert "line1" in line.words and "Castle" not in line.words


def test_an_address_nobody_can_deliver_to_is_refused(api: Caller, order: Order, nothing_changed: Any) -> None:
    with nothing_changed(Order, Hold):
        nowhere = api.send(
            f"orders/{order.pk}/correct-address", {**ADDRESS, "postcode": "12345678", "city": ""}
        )
        same = api.send(f"orders/{order.pk}/correct-address", dict(order.shipping_address))
    assert nowhere.status_code == 409 and len(reasons(nowhere)) >= 2
    assert reasons(same) == ["no_change"]


def test_once_packed_an_address_is_no_longer_corrected(
    api: Caller, order: Order, nothing_changed: Any
) -> None:
    (work,) = way.work_of(order)
    way.start_pick([work.pk], by=SYSTEM)
    way.confirm_pick([way.Found(work.pk)], by=SYSTEM)
    way.pack([way.Packing(work.pk)], by=SYSTEM)
    with nothing_changed(Order, Hold):
        answer = api.send(f"orders/{order.pk}/correct-address", {**ADDRESS, "line1": "14 Castle Gate"})
    assert reasons(answer) == ["packed_already"]


def test_an_unknown_line_is_mapped_and_its_stock_promised(
    api: Caller, stocked: Item, nothing_changed: Any
) -> None:
    order = build.order([("NEVER-SEEN", 2)])
    line = order.lines.get()
    with nothing_changed(OrderLine, Reservation):
        unknown = api.send(f"orders/{order.pk}/map-line", {"line": line.pk, "item": "NOPE"})
        foreign = api.send(f"orders/{order.pk}/map-line", {"line": line.pk + 999, "item": "A"})
    assert (unknown.status_code, fields(unknown)) == (400, ["item"])
    assert (foreign.status_code, fields(foreign)) == (400, ["line"])
    told = api.send(f"orders/{order.pk}/map-line", {"line": line.pk, "item": "A"}).json()
    assert (told["lines"][0]["item"], told["lines"][0]["promised"]) == ("A", 2)
    build.item("B")
    again = api.send(f"orders/{order.pk}/map-line", {"line": line.pk, "item": "B"})
    assert reasons(again) == ["mapped_already"]


def test_a_whole_order_is_cancelled_also_out_of_the_warehouse(
    api: Caller, order: Order, stocked: Item
) -> None:
    way.work_of(order)
    told = api.send(f"orders/{order.pk}/cancel", {"reason": "Changed her mind"})
    assert told.status_code == 200 and told.json()["state"] == "cancelled"
    assert FulfillmentOrder.objects.get().state == "cancelled" and build.level(stocked).reserved == 0


def test_some_units_of_a_line_are_cancelled(
    api: Caller, order: Order, stocked: Item, nothing_changed: Any
) -> None:
    line = order.lines.get()
    address = f"orders/{order.pk}/cancel"
    with nothing_changed(Order, OrderLine, StockLevel, Reservation):
        many = api.send(address, {"reason": "x", "lines": [{"line": line.pk, "quantity": 9}]})
        foreign = api.send(address, {"reason": "x", "lines": [{"line": line.pk + 999, "quantity": 1}]})
        twice = api.send(address, {"reason": "x", "lines": [{"line": line.pk, "quantity": 1}] * 2})
        mute = api.send(address, {"lines": [{"line": line.pk, "quantity": 1}]})
    assert (many.status_code, foreign.status_code, twice.status_code, mute.status_code) == (
        409,
        400,
        400,
        400,
    )
    told = api.send(address, {"reason": "One too many", "lines": [{"line": line.pk, "quantity": 1}]}).json()
    assert (told["state"], told["lines"][0]["cancelled"], told["lines"][0]["promised"]) == ("open", 1, 1)
    assert build.level(stocked).reserved == 1


def test_what_is_shipped_is_not_cancelled(api: Caller, nothing_changed: Any) -> None:
    order = way.shipped()
    with nothing_changed(Order, OrderLine, StockLevel, Reservation, FulfillmentOrder):
        answer = api.send(f"orders/{order.pk}/cancel", {"reason": "too late"})
    assert answer.status_code == 409 and reasons(answer) == ["shipped_already"]


# -- money


def test_the_preview_of_a_refund_is_what_the_deed_comes_to(
    api: Caller, order: Order, nothing_changed: Any
) -> None:
    ask = {"lines": [{"line": order.lines.get().pk, "quantity": 1}], "shipping": "2.00", "reason": "broken"}
    with nothing_changed(Refund):
        quote = api.send(f"orders/{order.pk}/refund?preview=true", ask)
    assert quote.status_code == 200 and quote.json()["refusals"] == [] and quote.json()["total"] == "14.00"
    made = api.send(f"orders/{order.pk}/refund", ask)
    assert made.status_code == 201 and (made.json()["amount"], made.json()["currency"]) == ("14.00", "GBP")
    refund = Refund.objects.get()
    assert refund.amount == Decimal("14.00") and refund.created_by == "token:shop"
    whole = api.send(f"orders/{order.pk}/refund?preview=true", {"whole": True}).json()
    assert Decimal(whole["total"]) == quote_refund(Order.objects.get(), RefundAsk(whole=True)).total == 16
    fees = api.send(f"orders/{order.pk}/refund?preview=true", {"charges": "0.01"}).json()
    assert [r["code"] for r in fees["refusals"]] == ["more_than_charges"] and fees["charges_net"] == "0.01"


def test_a_fee_is_given_back_by_the_shops_id_of_it(api: Caller, order: Order) -> None:
    order.charges.create(kind="fee", title="Duties", external_id="duty-1", net="1.50", shop_net="1.50")
    (charge,) = [c for c in api.read(f"orders/{order.pk}").json()["charges"] if c["kind"] == "fee"]
    ask = {"named_charges": [charge["external_id"]], "reason": "never due"}
    assert api.send(f"orders/{order.pk}/refund?preview=true", ask).json()["total"] == "1.50"
    (line,) = api.send(f"orders/{order.pk}/refund", ask).json()["lines"]
    assert (line["kind"], line["charge"], line["net"]) == ("charge", "duty-1", "1.50")
    assert reasons(api.send(f"orders/{order.pk}/refund", ask)) == ["charge_gone"]


def test_more_than_was_paid_is_not_given_back(api: Caller, order: Order, nothing_changed: Any) -> None:
    body = {"goodwill": "1000.00"}
    with nothing_changed(Refund):
        quote = api.send(f"orders/{order.pk}/refund?preview=true", body)
        answer = api.send(f"orders/{order.pk}/refund", body)
    assert answer.status_code == 409
    assert reasons(answer) == [r["code"] for r in quote.json()["refusals"]] and reasons(answer)
    misspelt = api.send(f"orders/{order.pk}/refund?preveiw=true", {"whole": True})
    assert misspelt.status_code == 400 and fields(misspelt) == ["preveiw"]
    assert api.send(f"orders/{order.pk}/refund?preview=perhaps", {"whole": True}).status_code == 400
    assert api.send(f"orders/{order.pk}/refund", {"goodwill": "1.001"}).status_code in {400, 409}
    assert not Refund.objects.exists()


@override_settings(REFUND_LIMIT_CLERK=20)
def test_clerks_and_plain_tokens_are_held_to_a_limit(
    token: Callable[..., Caller], person: Callable[..., Caller], order: Order, nothing_changed: Any
) -> None:
    address = f"orders/{order.pk}/refund"
    clerk, till, writer = person("orders.issue_refund"), token("orders:refund"), token("orders:write")
    with nothing_changed(Refund):
        assert reasons(clerk.send(address, {"whole": True})) == ["over_limit"]
        assert reasons(till.send(address, {"whole": True})) == ["over_limit"]
        assert writer.send(address, {"whole": True}).status_code == 403
    assert till.send(address, {"goodwill": "5.00"}).status_code == 201
    boss = person("orders.issue_large_refund", name="boss")
    assert boss.send(address, {"whole": True}).status_code == 201


def test_a_refund_is_made_once_even_when_its_record_is_forgotten(api: Caller, order: Order) -> None:
    body = {"goodwill": "5.00"}
    first = api.send(f"orders/{order.pk}/refund", body, key="k")
    IdempotencyRecord.objects.all().delete()
    again = api.send(f"orders/{order.pk}/refund", body, key="k")
    assert first.json()["id"] == again.json()["id"] and Refund.objects.count() == 1


def test_the_shop_of_an_api_order_says_how_its_refund_went(
    api: Caller, stocked: Item, nothing_changed: Any
) -> None:
    pk = api.send("orders", new()).json()["id"]
    refund = api.send(f"orders/{pk}/refund", {"whole": True}).json()
    failed = api.send(f"refunds/{refund['id']}/fail", {"why": "card closed"})
    assert (failed.json()["state"], failed.json()["failure"]) == ("failed", "card closed")
    paid = api.send(f"refunds/{refund['id']}/settle", {"external_id": "psp-9"})
    assert (paid.json()["state"], paid.json()["external_id"]) == ("succeeded", "psp-9")
    assert api.read(f"orders/{pk}").json()["payment_status"] == "refunded"
    assert [r["id"] for r in api.read("refunds", state="succeeded", order=pk).json()["results"]] == [
        refund["id"]
    ]
    with nothing_changed(Refund, Order):
        assert reasons(api.send(f"refunds/{refund['id']}/fail", {"why": "x"})) == ["wrong_state"]


def test_a_channels_refund_is_not_ours_to_settle(api: Caller, order: Order, nothing_changed: Any) -> None:
    refund = api.send(f"orders/{order.pk}/refund", {"goodwill": "5.00"}).json()
    with nothing_changed(Refund):
        assert reasons(api.send(f"refunds/{refund['id']}/settle", {"external_id": "x"})) == [
            "not_ours_to_say"
        ]
