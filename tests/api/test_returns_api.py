"""Returns through the API: opened, decided, received, inspected, paid for, closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inventory.models import StockLevel, StockMovement
from oms.core.models import IdempotencyRecord
from orders.models import Order, OrderLine, Refund
from returns.models import Disposition, Return, ReturnLine, ReturnReceipt
from tests import build, way
from tests.api.conftest import Caller, fields, reasons

pytestmark = pytest.mark.django_db

BOOKS = (Order, OrderLine, StockLevel, StockMovement, Return, ReturnLine, ReturnReceipt, Disposition, Refund)


@pytest.fixture
def order(db: None) -> Order:
    return way.deliver(way.shipped([("A", 2)]))


def opened(api: Caller, order: Order, **changes: Any) -> Any:
    line = order.lines.get().pk
    return api.send(
        "returns",
        {"order": order.pk, "lines": [{"line": line, "quantity": 2}], "reason": "too big", **changes},
    )


def test_from_asked_for_to_closed(api: Caller, order: Order) -> None:
    made = opened(api, order)
    assert (
        made.status_code == 201 and made.json()["state"] == "requested" and made.json()["location"] == "MAIN"
    )
    pk, (line,) = made.json()["id"], made.json()["lines"]
    assert api.send(f"returns/{pk}/authorise").json()["state"] == "authorised"
    part = api.send(
        f"returns/{pk}/receive", {"location": "MAIN", "lines": [{"line": line["id"], "quantity": 1}]}
    ).json()
    assert (part["state"], part["lines"][0]["received"]) == ("partly_received", 1)
    level = build.level(build.item("A"))
    assert (level.on_hand, level.unavailable) == (1, 1)
    rest = api.send(
        f"returns/{pk}/receive", {"location": "MAIN", "lines": [{"line": line["id"], "quantity": 1}]}
    ).json()
    assert rest["state"] == "received"
    findings = [
        {"line": line["id"], "quantity": 1, "condition": "as_new", "disposition": "restock"},
        {
            "line": line["id"],
            "quantity": 1,
            "condition": "damaged",
            "disposition": "write_off",
            "note": "torn",
        },
    ]
    seen = api.send(f"returns/{pk}/inspect", {"findings": findings}).json()
    assert [d["kind"] for d in seen["lines"][0]["dispositions"]] == ["restock", "write_off"]
    level = build.level(build.item("A"))
    assert (level.on_hand, level.unavailable) == (1, 0)
    quote = api.send(f"returns/{pk}/refund?preview=true", {"fee": "1.00"})
    assert quote.status_code == 200 and quote.json()["total"] == "23.00" and not Refund.objects.exists()
    paid = api.send(f"returns/{pk}/refund", {"fee": "1.00"})
    assert paid.status_code == 201 and paid.json()["refund"]["amount"] == "23.00"
    early = api.send(f"returns/{pk}/close")
    assert early.status_code == 409
    closed = api.send(f"returns/{pk}/close", {"settled_otherwise": "a voucher"})
    assert closed.status_code in {200, 409}
    assert [r["id"] for r in api.read("returns", order=order.pk).json()["results"]] == [pk]
    assert api.read("returns", state="declined").json()["results"] == []


def test_a_return_is_opened_once_by_its_external_id(api: Caller, order: Order) -> None:
    one, two = opened(api, order, external_id="r-1"), opened(api, order, external_id="r-1")
    assert one.json()["id"] == two.json()["id"] and Return.objects.count() == 1


def test_what_cannot_come_back_is_refused(api: Caller, order: Order, nothing_changed: Any) -> None:
    build.stock(build.item("B"), 1)
    unshipped = build.order([("B", 1)])
    line = order.lines.get().pk
    with nothing_changed(*BOOKS):
        early = api.send(
            "returns", {"order": unshipped.pk, "lines": [{"line": unshipped.lines.get().pk, "quantity": 1}]}
        )
        many = opened(api, order, lines=[{"line": line, "quantity": 3}])
        foreign = opened(api, order, lines=[{"line": unshipped.lines.get().pk, "quantity": 1}])
        nowhere = api.send("returns", {"order": 10**15, "lines": [{"line": line, "quantity": 1}]})
    assert (early.status_code, reasons(early)) == (409, ["not_shipped"])
    assert (many.status_code, reasons(many)) == (409, ["too_many"])
    assert (foreign.status_code, fields(foreign)) == (400, ["lines.0.line"])
    assert nowhere.status_code == 404


def test_whoever_may_ask_may_not_decide(
    person: Callable[..., Caller], order: Order, nothing_changed: Any
) -> None:
    asker = person("returns.open_return", "returns.view_return")
    with nothing_changed(*BOOKS):
        assert opened(asker, order, authorise=True).status_code == 403
        assert opened(asker, order, for_review=True).status_code == 403
    pk = opened(asker, order).json()["id"]
    with nothing_changed(*BOOKS):
        assert asker.send(f"returns/{pk}/authorise").status_code == 403
        assert asker.send(f"returns/{pk}/refund", {"goodwill": "1"}).status_code == 403


def test_declined_and_called_off(api: Caller, order: Order, nothing_changed: Any) -> None:
    pk = opened(api, order).json()["id"]
    assert api.send(f"returns/{pk}/decline", {"reason": "worn"}).json()["state"] == "declined"
    with nothing_changed(*BOOKS):
        assert reasons(api.send(f"returns/{pk}/authorise")) == ["wrong_state"]
    other = opened(api, order).json()["id"]
    assert api.send(f"returns/{other}/cancel").json()["state"] == "cancelled"


def test_goods_arrive_once_even_when_the_record_is_forgotten(api: Caller, order: Order) -> None:
    made = opened(api, order, authorise=True).json()
    assert made["state"] == "authorised"
    body = {"location": "MAIN", "lines": [{"line": made["lines"][0]["id"], "quantity": 1}]}
    api.send(f"returns/{made['id']}/receive", body, key="k")
    IdempotencyRecord.objects.all().delete()
    again = api.send(f"returns/{made['id']}/receive", body, key="k")
    assert again.json()["lines"][0]["received"] == 1 and build.level(build.item("A")).on_hand == 1


def test_what_was_not_announced_is_not_received(api: Caller, order: Order, nothing_changed: Any) -> None:
    made = opened(api, order, authorise=True).json()
    address, line = f"returns/{made['id']}/receive", made["lines"][0]["id"]
    with nothing_changed(*BOOKS):
        many = api.send(address, {"location": "MAIN", "lines": [{"line": line, "quantity": 3}]})
        place = api.send(address, {"location": "NOWHERE", "lines": [{"line": line, "quantity": 1}]})
        early = api.send(
            f"returns/{made['id']}/inspect",
            {"findings": [{"line": line, "quantity": 1, "condition": "as_new", "disposition": "restock"}]},
        )
    assert (many.status_code, reasons(many)) == (409, ["more_than_announced"])
    assert (place.status_code, fields(place)) == (400, ["location"])
    assert early.status_code == 409


def test_the_rest_stays_with_the_customer(api: Caller, order: Order) -> None:
    made = opened(api, order, authorise=True).json()
    told = api.send(f"returns/{made['id']}/finish-reception", {"kept": [made["lines"][0]["id"]]})
    assert told.status_code == 200 and told.json()["lines"][0]["reception"] == "not_sent"


def test_fees_are_given_back_by_name_and_by_amount(api: Caller) -> None:
    order = way.delivered_with_fees()
    line = order.lines.get().pk
    opened = api.send("returns", {"order": order.pk, "lines": [{"line": line, "quantity": 1}]}).json()["id"]
    api.send(f"returns/{opened}/authorise")
    ask = {"lines": [{"line": line, "quantity": 1}], "named_charges": ["duty-1"], "charges": "0.50"}
    refused = api.send(f"returns/{opened}/refund", {**ask, "named_charges": ["another's"]})
    assert refused.status_code == 409 and reasons(refused) == ["unknown_charge"]
    assert not Refund.objects.exists()
    quote = api.send(f"returns/{opened}/refund?preview=true", ask).json()
    assert (quote["total"], quote["charges_net"], quote["charges_tax"]) == ("16.10", "3.50", "0.60")
    assert api.send(f"returns/{opened}/refund", ask).json()["refund"]["amount"] == "16.10"
