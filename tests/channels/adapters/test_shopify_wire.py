"""The calls to Shopify at their edges: throttling, cost, refusals inside 200, keys that are used up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from channels.adapters.base import (
    Account,
    CancelRequest,
    RefundCharge,
    RefundLine,
    RefundRequest,
    ShipmentNotice,
    ShippedLine,
    StockTarget,
)
from channels.adapters.shopify import Shopify
from channels.adapters.shopify_wire import derived
from oms.core.errors import Permanent, Rejected, Retry
from tests.channels.adapters.contracts import needs_contracts, sample, samples
from tests.channels.adapters.scripted import Asked, Says, Script, scripted
from tests.channels.adapters.test_shopify_read import money, order

KEYS = {"access_token": "shpat_1", "webhook_secret": "hush"}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@contextmanager
def shop(answer: list[Says] | Callable[[Asked], Says], **options: Any) -> Iterator[tuple[Shopify, Script]]:
    with scripted(answer) as script:
        account = Account("shop", script.url, KEYS, {"location_id": "9"} | options)
        yield Shopify(account, Shopify.make_http(account)), script


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def data(**told: Any) -> Says:
    return Says({"data": told})


def error(code: str, message: str = "no", told: Any = None, **extensions: Any) -> Says:
    return Says(
        {
            "errors": [{"message": message, "extensions": {"code": code}}],
            "data": told,
            "extensions": extensions,
        }
    )


def throttled(available: int, restore: int = 100) -> Says:
    bucket = {"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": restore}
    return error("THROTTLED", "Throttled", cost={"requestedQueryCost": 900, "throttleStatus": bucket})


def test_the_address_the_version_and_the_token() -> None:
    with shop([data(order=None)]) as (adapter, script):
        assert adapter.fetch_order("12") is None
    (asked,) = script.asked
    assert (asked.method, asked.path) == ("POST", "/admin/api/2026-07/graphql.json")
    assert asked.headers["x-shopify-access-token"] == "shpat_1"
    assert asked.body["variables"]["id"] == "gid://shopify/Order/12"


def test_a_short_wait_is_waited_out_and_a_long_one_handed_back(no_waiting: list[float]) -> None:
    with shop([throttled(700), data(order=None)]) as (adapter, _):
        assert adapter.fetch_order("12") is None
    assert no_waiting == [2.0]
    with shop([throttled(0)]) as (adapter, _), pytest.raises(Retry) as trouble:
        adapter.fetch_order("12")
    assert trouble.value.after == 9.0
    with shop(lambda _: throttled(899)) as (adapter, script), pytest.raises(Retry):
        adapter.fetch_order("12")
    assert len(script.asked) == 5


@pytest.mark.parametrize(
    ("says", "kind", "reason"),
    [
        (Says({"errors": "[API] Invalid API key"}, 401), Permanent, "unauthorised"),
        (Says({}, 403), Permanent, "unauthorised"),
        (Says({}, 402), Permanent, "shop_closed"),
        (Says({}, 423), Permanent, "shop_closed"),
        (error("ACCESS_DENIED"), Permanent, "access_denied"),
        (Says({"errors": [{"message": "Field 'x' doesn't exist"}]}), Permanent, "graphql"),
        (error("MAX_COST_EXCEEDED"), Permanent, "too_costly"),
    ],
)
def test_refusals(says: Says, kind: type[Permanent], reason: str) -> None:
    with shop([says]) as (adapter, _), pytest.raises(Permanent) as refusal:
        adapter.fetch_order("12")
    assert isinstance(refusal.value, kind) and refusal.value.reason == reason


@pytest.mark.parametrize(
    "says",
    [
        Says({}, 500), Says("slow", 429, {"Retry-After": "2"}), error("INTERNAL_SERVER_ERROR"), Says({"data": None}),
        Says({"data": {"order": None}}, cut=5), Says(b"<html>"),
    ],
)  # fmt: skip
def test_what_is_worth_another_try(says: Says) -> None:
    with shop([says]) as (adapter, _), pytest.raises(Retry):
        adapter.fetch_order("12")


def test_fields_we_may_not_see_do_not_cost_us_the_rest() -> None:
    told = wire_order(customer=None, shippingAddress=None)
    with shop([error("ACCESS_DENIED", "no customers", {"order": told})]) as (adapter, _):
        raw = adapter.fetch_order("450789469")
    assert raw is not None and adapter.read(raw.body).missing == ("shipping_address",)


def wire_order(n: int = 450789469, **changes: Any) -> dict[str, Any]:
    told = order(id=f"gid://shopify/Order/{n}", transactionsCount={"count": 0}) | changes
    told["lineItems"] = told["lineItems"] | {"pageInfo": {"hasNextPage": False, "endCursor": None}}
    return told


def page(*orders: dict[str, Any], after: str | None = None) -> Says:
    return data(orders={"nodes": list(orders), "pageInfo": {"hasNextPage": bool(after), "endCursor": after}})


def test_pages_and_the_closed_window() -> None:
    with shop([page(wire_order(1), after="c1"), page(wire_order(2))]) as (adapter, script):
        first = adapter.pull_orders(NOW, NOW + timedelta(hours=1))
        second = adapter.pull_orders(NOW, NOW + timedelta(hours=1), first.next)
    assert [raw.external_id for raw in (*first.items, *second.items)] == ["1", "2"] and second.next is None
    asked = [one.body["variables"] for one in script.asked]
    assert [one["after"] for one in asked] == [None, "c1"]
    assert asked[0]["query"] == "updated_at:>='2026-03-01T00:00:00Z' AND updated_at:<'2026-03-01T01:00:00Z'"


def test_a_page_that_could_cost_too_much_is_asked_smaller_and_stays_so() -> None:
    answers = [
        error("MAX_COST_EXCEEDED"),
        error("MAX_COST_EXCEEDED"),
        page(wire_order(1), after="c1"),
        page(),
    ]
    with shop(answers, orders_page=8) as (adapter, script):
        adapter.pull_orders(NOW, NOW, adapter.pull_orders(NOW, NOW).next)
    asked = [(one.body["variables"]["first"], one.body["variables"]["lines"]) for one in script.asked]
    assert asked == [(8, 25), (4, 12), (2, 6), (2, 6)]


def test_lists_within_an_order_are_read_to_their_end() -> None:
    head = wire_order(transactionsCount={"count": 4})
    rows = head["lineItems"]["nodes"]
    head["lineItems"]["pageInfo"] = {"hasNextPage": True, "endCursor": "l1"}

    def more(n: int, after: str | None) -> Says:
        told = {"nodes": [rows[0] | {"id": f"gid://shopify/LineItem/{n}"}]}
        return data(
            order={"lineItems": told | {"pageInfo": {"hasNextPage": bool(after), "endCursor": after}}}
        )

    paid = {
        "id": "gid://shopify/OrderTransaction/1", "kind": "SALE", "status": "SUCCESS", "gateway": "bogus",
        "createdAt": "2026-03-01T10:00:01Z", "processedAt": None, "amountSet": money("1.00"),
    }  # fmt: skip
    answers = [
        data(order=head),
        more(2, "l2"),
        more(3, None),
        data(order={"taxesIncluded": False, "transactions": [paid] * 4}),
    ]
    with shop(answers) as (adapter, script):
        raw = adapter.fetch_order("450789469")
    assert raw is not None
    draft = adapter.read(raw.body)
    assert [one.external_id for one in draft.lines] == ["1", "2", "3"] and len(draft.payments) == 4
    assert [one.body["variables"]["after"] for one in script.asked[1:3]] == ["l1", "l2"]


def target(n: int, quantity: int = 5, expected: int | None = 3) -> StockTarget:
    return StockTarget(str(n), {"item": f"gid://shopify/InventoryItem/{n}"}, quantity, f"k{n}", expected)


def stock_errors(*errors: dict[str, Any]) -> Says:
    return data(inventorySetQuantities={"inventoryAdjustmentGroup": None, "userErrors": list(errors)})


def about(at: int, code: str) -> dict[str, Any]:
    return {
        "code": code,
        "field": ["input", "quantities", str(at), "changeFromQuantity"],
        "message": code.lower(),
    }


def test_stock_items_that_are_refused_step_aside_and_the_rest_goes_on() -> None:
    level = {"inventoryLevel": {"quantities": [{"quantity": 7}]}}
    answers = [
        stock_errors(about(1, "CHANGE_FROM_QUANTITY_STALE"), about(2, "ITEM_NOT_STOCKED_AT_LOCATION"), about(3, "INVALID_INVENTORY_ITEM"), about(4, "NON_MUTABLE_INVENTORY_ITEM")),
        data(inventoryActivate={"inventoryLevel": {"id": "x"}, "userErrors": []}),
        stock_errors(),
        data(nodes=[{"id": "gid://shopify/InventoryItem/2"} | level]),
    ]  # fmt: skip
    with shop(answers) as (adapter, script):
        results = adapter.push_stock([target(n) for n in range(1, 6)])
    assert [(one.external_id, one.outcome) for one in results] == [
        ("1", "sent"), ("2", "stale"), ("3", "sent"), ("4", "missing"), ("5", "rejected"),
    ]  # fmt: skip
    assert results[1].actual == 7
    first, activated, again = (one.body["variables"] for one in script.asked[:3])
    assert first["input"]["quantities"][0] == {
        "inventoryItemId": "gid://shopify/InventoryItem/1", "locationId": "gid://shopify/Location/9",
        "quantity": 5, "changeFromQuantity": 3,
    }  # fmt: skip
    assert activated["available"] == 5
    assert len(again["input"]["quantities"]) == 1
    assert len({first["key"], activated["key"], again["key"]}) == 3, "another input needs another key"


def test_the_same_push_carries_the_same_key_and_no_expectation_is_said_as_null() -> None:
    with shop([stock_errors(), stock_errors(), stock_errors()]) as (adapter, script):
        adapter.push_stock([target(1, expected=None)])
        adapter.push_stock([target(1, expected=None)])
        adapter.push_stock([target(1, quantity=6, expected=None)])
    keys = [one.body["variables"]["key"] for one in script.asked]
    assert keys[0] == keys[1] != keys[2]
    sent = script.asked[0].body["variables"]["input"]["quantities"][0]
    assert sent["changeFromQuantity"] is None, "the field must be there even when it is null"


def test_a_key_that_is_used_up_gives_way_to_the_next() -> None:
    with shop([stock_errors(about(0, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")), stock_errors()]) as (
        adapter,
        script,
    ):
        assert adapter.push_stock([target(1)])[0].outcome == "sent"
    keys = [one.body["variables"]["key"] for one in script.asked]
    assert keys[0] != keys[1]
    with (
        shop([stock_errors(about(0, "IDEMPOTENCY_CONCURRENT_REQUEST"))]) as (adapter, _),
        pytest.raises(Retry),
    ):
        adapter.push_stock([target(1)])
    with shop([stock_errors({"code": "INVALID_REASON", "field": ["input", "reason"], "message": "no"})]) as (
        adapter,
        _,
    ):
        with pytest.raises(Rejected) as refusal:
            adapter.push_stock([target(1)])
        assert refusal.value.reason == "invalid_reason"
    assert derived("a") == derived("a") != derived("a", 1)


def test_the_location_must_be_clear() -> None:
    two = data(locations={"nodes": [{"id": "gid://shopify/Location/1"}, {"id": "gid://shopify/Location/2"}]})
    with shop([two], location_id="") as (adapter, _), pytest.raises(Permanent, match="which location"):
        adapter.location()
    one = data(locations={"nodes": [{"id": "gid://shopify/Location/1"}]})
    with shop([one], location_id="") as (adapter, script):
        assert adapter.location() == adapter.location() == "gid://shopify/Location/1"
    assert len(script.asked) == 1


def notice(*lines: tuple[str, int], tracking: str = "T1") -> ShipmentNotice:
    pieces = [ShippedLine(line, quantity) for line, quantity in lines]
    return ShipmentNotice("s-1", "12", pieces, "Royal Mail", tracking, "", NOW, True)


class Desk:
    """An order of two fulfillment orders, as it answers; it remembers the fulfillments that are made."""

    def __init__(self, remaining: dict[str, int], told: list[dict[str, Any]] | None = None, may: bool = True):
        self.remaining, self.told, self.may = remaining, told or [], may
        self.made: list[Any] = []

    def __call__(self, asked: Asked) -> Says:
        query, end = asked.body["query"], {"hasNextPage": False, "endCursor": None}
        if "query Fulfillments" in query:
            return data(
                order={"fulfillments": [{k: v for k, v in one.items() if k != "lines"} for one in self.told]}
            )
        if "query FulfillmentLines" in query:
            one = next(one for one in self.told if one["id"] == asked.body["variables"]["id"])
            rows = [
                {"quantity": n, "lineItem": {"id": f"gid://shopify/LineItem/{line}"}}
                for line, n in one["lines"].items()
            ]
            return data(fulfillment={"fulfillmentLineItems": {"nodes": rows, "pageInfo": end}})
        if "query FulfillmentOrders" in query:
            action = [{"action": "CREATE_FULFILLMENT"}] if self.may else []
            rows = [{"id": line, "status": "OPEN", "supportedActions": action} for line in self.remaining]
            return data(order={"fulfillmentOrders": {"nodes": rows, "pageInfo": end}})
        if "query FulfillmentOrderLines" in query:
            line = asked.body["variables"]["id"]
            row = {
                "id": f"row-{line}",
                "remainingQuantity": self.remaining[line],
                "lineItem": {"id": f"gid://shopify/LineItem/{line}"},
            }
            return data(fulfillmentOrder={"lineItems": {"nodes": [row], "pageInfo": end}})
        self.made.append(asked.body["variables"]["fulfillment"])
        return data(
            fulfillmentCreate={
                "fulfillment": {"id": f"gid://shopify/Fulfillment/{len(self.made)}"},
                "userErrors": [],
            }
        )


def told(tracking: str | None, status: str = "SUCCESS", **lines: int) -> dict[str, Any]:
    info = [{"company": "Royal Mail", "number": tracking, "url": None}] if tracking else []
    pieces = {line.removeprefix("l"): n for line, n in lines.items()}
    return {
        "id": f"gid://shopify/Fulfillment/7{len(pieces)}",
        "status": status,
        "trackingInfo": info,
        "lines": pieces,
    }


def test_a_shipment_is_told_for_each_fulfillment_order() -> None:
    desk = Desk({"1": 2, "2": 5})
    with shop(desk) as (adapter, _):
        assert adapter.find_shipment(notice(("1", 2), ("2", 1))) is None
        assert adapter.confirm_shipment(notice(("1", 2), ("2", 1))) == "1"
    first, second = desk.made
    assert first == {
        "lineItemsByFulfillmentOrder": [
            {"fulfillmentOrderId": "1", "fulfillmentOrderLineItems": [{"id": "row-1", "quantity": 2}]}
        ],
        "trackingInfo": {"company": "Royal Mail", "number": "T1"},
        "notifyCustomer": True,
    }
    assert second["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderLineItems"] == [
        {"id": "row-2", "quantity": 1}
    ]


def test_a_half_told_shipment_is_completed_not_repeated() -> None:
    desk = Desk({"1": 0, "2": 5}, [told("T1", l1=2)])
    with shop(desk) as (adapter, _):
        assert adapter.find_shipment(notice(("1", 2), ("2", 1))) is None
        assert adapter.confirm_shipment(notice(("1", 2), ("2", 1))) == "71"
        assert adapter.find_shipment(notice(("1", 2))) == "71"
        assert adapter.confirm_shipment(notice(("1", 2))) == "71"
    assert len(desk.made) == 1


@pytest.mark.parametrize(
    ("standing", "tracking", "found"),
    [
        (told("T1", l1=2), "T1", True),
        (told("T1", "CANCELLED", l1=2), "T1", False),
        (told("T2", l1=2), "T1", False),
        (told("T1", l1=1), "T1", False),
        (told(None, l1=2), "", True),
        (told(None, l1=1), "", False),
        (told("T1", l1=2), "", False),
    ],
)
def test_which_shipment_is_this_one(standing: dict[str, Any], tracking: str, found: bool) -> None:
    with shop(Desk({}, [standing])) as (adapter, _):
        assert (adapter.find_shipment(notice(("1", 2), tracking=tracking)) is not None) is found


@pytest.mark.parametrize("desk", [Desk({"1": 1}), Desk({"1": 2}, may=False), Desk({})])
def test_pieces_that_the_shop_does_not_ask_for_are_refused_with_nothing_told(desk: Desk) -> None:
    with shop(desk) as (adapter, _), pytest.raises(Rejected) as refusal:
        adapter.confirm_shipment(notice(("1", 2)))
    assert refusal.value.reason == "not_fulfillable" and desk.made == []


def transaction(
    n: int, kind: str, amount: str, status: str = "SUCCESS", parent: int | None = None
) -> dict[str, Any]:
    return {
        "id": f"t{n}", "kind": kind, "status": status, "gateway": f"g{n}", "amountSet": money(amount),
        "parentTransaction": {"id": f"t{parent}"} if parent else None,
    }  # fmt: skip


def test_money_goes_back_the_way_it_came() -> None:
    standing = [
        transaction(1, "AUTHORIZATION", "50.00"), transaction(2, "CAPTURE", "30.00", parent=1),
        transaction(3, "SALE", "20.00"), transaction(4, "SALE", "99.00", "FAILURE"),
        transaction(5, "REFUND", "12.00", parent=2), transaction(6, "REFUND", "5.00", "FAILURE", parent=3),
    ]  # fmt: skip
    made = {
        "id": "gid://shopify/Refund/9",
        "transactions": {"nodes": [transaction(7, "REFUND", "25.00", "PENDING")]},
    }
    request = RefundRequest(
        "r-1", "12", "EUR", Decimal("25.00"), [RefundLine("1", 1, Decimal("20"), Decimal("4")), RefundLine("2", 0, Decimal("1"), Decimal("0"))],
        shipping=Decimal("1.00"), shipping_tax=Decimal("0.20"), reason="Broken",
    )  # fmt: skip
    for included, shipping in ((False, "1.00"), (True, "1.20")):
        answers = [
            data(order={"taxesIncluded": included, "transactions": standing}),
            data(refundCreate={"refund": made, "userErrors": []}),
        ]
        with shop(answers) as (adapter, script):
            refund = adapter.issue_refund(request)
        assert (refund.external_id, refund.amount, refund.status) == ("9", Decimal("25.00"), "pending")
        variables = script.asked[1].body["variables"]
        asked = variables["input"]
        assert variables["key"] == derived("refund:r-1")
        assert [(one["parentId"], one["amount"], one["gateway"]) for one in asked["transactions"]] == [
            ("t2", "18.00", "g2"), ("t3", "7.00", "g3"),
        ]  # fmt: skip
        assert asked["refundLineItems"] == [
            {"lineItemId": "gid://shopify/LineItem/1", "quantity": 1, "restockType": "NO_RESTOCK"}
        ]
        assert (asked["note"], asked["shipping"], asked["notify"]) == (
            "Broken [oms:r-1]",
            {"amount": shipping},
            False,
        )


def test_only_a_duty_that_goes_back_whole_goes_by_its_name() -> None:
    answers = [
        data(order={"taxesIncluded": False, "transactions": [transaction(1, "SALE", "50.00")]}),
        data(
            refundCreate={
                "refund": {"id": "gid://shopify/Refund/9", "transactions": {"nodes": []}},
                "userErrors": [],
            }
        ),
    ]
    named = [
        RefundCharge("gid://shopify/Duty/1", Decimal("3"), Decimal("0.60"), whole=True),
        RefundCharge("gid://shopify/Duty/2", Decimal("1"), Decimal("0"), whole=False),
        RefundCharge("77", Decimal("2"), Decimal("0"), whole=True),  # an additional fee
    ]
    request = RefundRequest(
        "r-1",
        "12",
        "EUR",
        Decimal("6.60"),
        charges=Decimal("6"),
        charges_tax=Decimal("0.60"),
        named_charges=named,
    )
    with shop(answers) as (adapter, script):
        adapter.issue_refund(request)
    asked = script.asked[1].body["variables"]["input"]
    assert asked["refundDuties"] == [{"dutyId": "gid://shopify/Duty/1", "refundType": "FULL"}]
    assert [one["amount"] for one in asked["transactions"]] == ["6.60"]


def test_more_than_was_paid_is_refused_before_it_is_asked() -> None:
    standing = data(order={"taxesIncluded": False, "transactions": [transaction(1, "SALE", "10.00")]})
    with shop([standing]) as (adapter, script), pytest.raises(Rejected) as refusal:
        adapter.issue_refund(RefundRequest("r-1", "12", "EUR", Decimal("10.01")))
    assert refusal.value.reason == "more_than_captured" and len(script.asked) == 1


def test_cancelling_waits_for_the_job(no_waiting: list[float]) -> None:
    def standing(at: str | None) -> Says:
        return data(order={"id": "x", "cancelledAt": at})

    begun = data(orderCancel={"job": {"id": "j", "done": False}, "orderCancelUserErrors": []})
    answers = [
        standing(None),
        begun,
        data(job={"id": "j", "done": False}),
        data(job={"id": "j", "done": True}),
        standing("2026-03-01T00:00:00Z"),
    ]
    with shop(answers) as (adapter, script):
        adapter.cancel_order(CancelRequest("c-1", "12", "customer"))
    variables = script.asked[1].body["variables"]
    assert variables["reason"] == "CUSTOMER" and variables["refundMethod"] == {
        "originalPaymentMethodsRefund": False
    }
    assert "restock: false" in script.asked[1].body["query"] and len(no_waiting) == 2
    refused = data(
        orderCancel={
            "job": None,
            "orderCancelUserErrors": [{"code": "INVALID", "field": ["orderId"], "message": "Fulfilled"}],
        }
    )
    with shop([standing(None), refused]) as (adapter, _), pytest.raises(Rejected, match="Fulfilled"):
        adapter.cancel_order(CancelRequest("c-1", "12"))
    with shop([standing("2026-03-01T00:00:00Z")]) as (adapter, script):
        adapter.cancel_order(CancelRequest("c-1", "12"))
    assert len(script.asked) == 1


def nobody() -> Shopify:
    return Shopify(Account("shop", "http://shop.test", KEYS), None)  # type: ignore[arg-type]


def test_webhook_signature() -> None:
    body = b'{"id": 12}'
    good = base64.b64encode(hmac.new(b"hush", body, hashlib.sha256).digest()).decode()
    assert nobody().verify({"X-Shopify-Hmac-Sha256": good}, body)
    assert nobody().verify({"x-shopify-hmac-sha256": good}, body)
    assert not nobody().verify({"X-Shopify-Hmac-Sha256": good}, body + b" ")
    assert not nobody().verify({}, body)


@pytest.mark.parametrize(
    ("topic", "body", "expected"),
    [
        ("orders/updated", {"id": 12, "admin_graphql_api_id": "gid://shopify/Order/12"}, ("order", "12")),
        ("orders/delete", {"id": 12}, ("order", "12")),
        ("orders/edited", {"order_edit": {"id": 5, "order_id": 12}}, ("order", "12")),
        (
            "orders/risk_assessment_changed",
            {"admin_graphql_api_order_id": "gid://shopify/Order/12"},
            ("order", "12"),
        ),
        ("refunds/create", {"id": 5, "order_id": 12}, ("order", "12")),
        ("fulfillments/update", {"id": 5, "order_id": 12}, ("order", "12")),
        ("products/update", {"id": 7}, ("product", "7")),
        ("inventory_levels/update", {"inventory_item_id": 3, "location_id": 9}, ("stock", "3")),
        ("app/uninstalled", {"id": 1}, None),
        ("orders/updated", {}, None),
        ("orders/updated", [], None),
    ],
)
def test_hints(topic: str, body: Any, expected: tuple[str, str] | None) -> None:
    hint = nobody().hint({"X-Shopify-Topic": topic}, json.dumps(body).encode())
    assert (hint and (hint.kind, hint.external_id)) == expected


@needs_contracts
@pytest.mark.parametrize(
    "path", samples("shopify/webhooks/2026-07/*.example.json"), ids=lambda path: path.name
)
def test_the_contracts_own_webhooks(path: Any) -> None:
    topic = path.name.removesuffix(".example.json").replace("__", "/")
    body = sample(f"shopify/webhooks/2026-07/{path.name}")
    hint = nobody().hint({"X-Shopify-Topic": topic}, json.dumps(body).encode())
    kinds = {"orders": "order", "refunds": "order", "fulfillments": "order", "order_transactions": "order",
             "products": "product", "inventory_levels": "stock"}  # fmt: skip
    assert (hint.kind if hint else None) == kinds.get(topic.partition("/")[0])


def test_only_missing_subscriptions_are_made() -> None:
    here = "https://oms.test/hook"
    standing = [
        {"id": "a", "topic": "ORDERS_CREATE", "uri": here},
        {"id": "b", "topic": "ORDERS_UPDATED", "uri": "https://other.test"},
    ]
    end = {"hasNextPage": False, "endCursor": None}

    def answer(asked: Asked) -> Says:
        if "webhookSubscriptions" in asked.body["query"]:
            return data(webhookSubscriptions={"nodes": standing, "pageInfo": end})
        return data(webhookSubscriptionCreate={"webhookSubscription": {"id": "c"}, "userErrors": []})

    with shop(answer) as (adapter, script):
        topics = adapter.ensure_webhooks(here)
    made = [one.body["variables"]["topic"] for one in script.asked[1:]]
    assert made == [topic for topic in topics if topic != "ORDERS_CREATE"]
    assert script.asked[1].body["variables"]["webhookSubscription"] == {"uri": here, "format": "JSON"}
