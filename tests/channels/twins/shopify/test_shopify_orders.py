"""Orders: searching and paging, the law of the totals, cancelling, editing, and what the shop's people do."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MONEY = "{ shopMoney { amount } presentmentMoney { amount } }"
SUMS = f"""query($id: ID!) {{ order(id: $id) {{ taxesIncluded
  totalPriceSet {MONEY} subtotalPriceSet {MONEY} totalTaxSet {MONEY} totalShippingPriceSet {MONEY}
  totalDiscountsSet {MONEY} currentTotalPriceSet {MONEY} totalReceivedSet {MONEY} netPaymentSet {MONEY}
  shippingLines(first: 5) {{ nodes {{ discountedPriceSet {MONEY} taxLines {{ priceSet {MONEY} }} }} }}
  lineItems(first: 50) {{ nodes {{ quantity originalTotalSet {MONEY} discountedTotalSet {MONEY}
    discountAllocations {{ allocatedAmountSet {MONEY} }} taxLines {{ priceSet {MONEY} }} }} }} }} }}"""


def amounts(bag) -> tuple[Decimal, Decimal]:
    return Decimal(bag["presentmentMoney"]["amount"]), Decimal(bag["shopMoney"]["amount"])


def law(order, side: int) -> Decimal:
    """Lines less discounts, shipping and (where it is on top) tax: what the total must be."""
    total = Decimal(0)
    for row in order["lineItems"]["nodes"]:
        total += amounts(row["originalTotalSet"])[side]
        total -= sum(amounts(a["allocatedAmountSet"])[side] for a in row["discountAllocations"])
        if not order["taxesIncluded"]:
            total += sum(amounts(t["priceSet"])[side] for t in row["taxLines"])
    for row in order["shippingLines"]["nodes"]:
        total += amounts(row["discountedPriceSet"])[side]
        if not order["taxesIncluded"]:
            total += sum(amounts(t["priceSet"])[side] for t in row["taxLines"])
    return total


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prices=st.lists(
        st.tuples(st.decimals("0.01", "99.99", places=2), st.integers(1, 9)), min_size=1, max_size=5
    ),
    shipping=st.decimals("0", "20", places=2),
    off=st.decimals("0", "30", places=2),
    included=st.booleans(),
    rate=st.sampled_from(["1", "1.17", "0.8731", "156.2"]),
)
def test_the_totals_add_up_in_both_currencies(shop, prices, shipping, off, included, rate):
    order = shop.shopper(
        "place",
        lines=[{"title": "Thing", "price": str(p), "quantity": n} for p, n in prices],
        shipping=str(shipping),
        discount=str(off),
        taxes_included=included,
        currency={"1": "GBP", "156.2": "JPY"}.get(rate, "EUR"),
        rate=rate,
    )
    found = shop.gql(SUMS, id=order["id"])["order"]
    for side in (0, 1):
        assert law(found, side) == amounts(found["totalPriceSet"])[side]
        assert amounts(found["currentTotalPriceSet"])[side] == amounts(found["totalPriceSet"])[side]
        assert amounts(found["netPaymentSet"])[side] == amounts(found["totalPriceSet"])[side]


def test_a_wrong_total_does_not_add_up(shop):
    order = shop.shopper("place", lines=[{"sku": "MUG"}], wrong_total="3.00")
    found = shop.gql(SUMS, id=order["id"])["order"]
    assert amounts(found["totalPriceSet"])[1] - law(found, 1) == Decimal(3)


def test_discounts_on_the_whole_order_are_only_in_the_allocations(shop):
    """The trap: ``discountedTotalSet`` of a line knows nothing of them."""
    order = shop.shopper(
        "place",
        lines=[{"sku": "MUG", "quantity": 2}, {"sku": "LAMP"}],
        discount={"code": "TEN", "percentage": 10},
    )
    rows = shop.gql(SUMS, id=order["id"])["order"]["lineItems"]["nodes"]
    assert [amounts(r["discountedTotalSet"])[1] for r in rows] == [Decimal(24), Decimal(30)]
    assert [amounts(r["discountAllocations"][0]["allocatedAmountSet"])[1] for r in rows] == [
        Decimal("2.40"),
        Decimal("3.00"),
    ]


def names(shop, query, **args) -> list[str]:
    answer = shop.gql(
        """query($q: String, $n: Int, $after: String, $key: OrderSortKeys, $reverse: Boolean) {
           orders(first: $n, after: $after, query: $q, sortKey: $key, reverse: $reverse) { nodes { name } } }""",
        **{"q": query, "n": 50, "key": "UPDATED_AT"} | args,
    )
    return [row["name"] for row in answer["orders"]["nodes"]]


@pytest.fixture
def three(shop):
    shop.shopper("place", lines=[{"sku": "MUG"}], email="a@example.com", risk="high", tags=["gift"])
    shop.shopper("place", lines=[{"sku": "LAMP"}], payment="authorized")
    shop.shopper("place", lines=[{"sku": "MUG"}], payment="pending")
    shop.shopper("cancel", order="#1003")
    return shop


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("updated_at:>='2000-01-01T00:00:00Z' AND updated_at:<'2100-01-01'", ["#1001", "#1002", "#1003"]),
        ("updated_at:<'2000-01-01T00:00:00Z'", []),
        ("financial_status:authorized", ["#1002"]),
        ("financial_status:paid OR financial_status:authorized", ["#1001", "#1002"]),
        ("status:open", ["#1001", "#1002"]),
        ("-status:cancelled sku:MUG", ["#1001"]),
        ("NOT (sku:MUG OR sku:LAMP)", []),
        ("name:1002", ["#1002"]),
        ('name:"#1002"', ["#1002"]),
        ("tag:gift email:A@example.com", ["#1001"]),
        ("risk_level:high", ["#1001"]),
        ("sku:M*", ["#1001", "#1003"]),
    ],
)
def test_search(three, query, expected):
    assert sorted(names(three, query)) == expected


def test_an_unknown_search_field_is_ignored_and_warned_of(three):
    answer = three.ask('{ orders(first: 5, query: "colour:red") { nodes { name } } }')
    assert len(answer["data"]["orders"]["nodes"]) == 3
    assert answer["extensions"]["search"][0]["warnings"][0]["field"] == "colour"


def test_paging_meets_every_order_once_though_orders_come_in_between(shop):
    shop.shopper("place_many", orders=[{"lines": [{"title": "x", "price": "1"}]} for _ in range(7)])
    seen, after = [], None
    while True:
        answer = shop.gql(
            """query($after: String) { orders(first: 3, after: $after, sortKey: UPDATED_AT) {
               edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage endCursor } } }""",
            after=after,
        )["orders"]
        seen += [edge["node"]["name"] for edge in answer["edges"]]
        assert answer["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = answer["pageInfo"]["endCursor"]
        if len(seen) == 3:
            shop.shopper("place", lines=[{"title": "late", "price": "1"}])
        if not answer["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == [f"#{n}" for n in range(1001, 1009)]
    backwards = names(shop, None, reverse=True, key="ORDER_NUMBER")
    assert backwards == [f"#{n}" for n in range(1008, 1000, -1)]


def test_nested_pages_go_on_by_themselves(shop):
    order = shop.shopper("place", lines=[{"title": f"t{n}", "price": "1"} for n in range(5)])
    query = """query($id: ID!, $after: String) { order(id: $id) { lineItems(first: 2, after: $after) {
        nodes { title } pageInfo { hasNextPage endCursor } } } }"""
    seen, after = [], None
    for _ in range(3):
        page = shop.gql(query, id=order["id"], after=after)["order"]["lineItems"]
        seen += [row["title"] for row in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == ["t0", "t1", "t2", "t3", "t4"]
    assert page["pageInfo"]["hasNextPage"] is False


CANCEL = """mutation($id: ID!, $restock: Boolean!, $refund: Boolean) {
  orderCancel(orderId: $id, reason: CUSTOMER, restock: $restock, refund: $refund, staffNote: "n") {
    job { id done } orderCancelUserErrors { code field message } } }"""


def test_cancelling_is_a_job_done_later(shop, placed):
    shop.control("configure", {"job_seconds": 3600})
    job = shop.gql(CANCEL, id=placed["id"], restock=True, refund=True)["orderCancel"]["job"]
    assert job["done"] is False
    ask = "query($id: ID!) { job(id: $id) { done } }"
    assert shop.gql(ask, id=job["id"]) == {"job": {"done": False}}
    assert shop.order(placed["id"])["cancelled_at"] is None
    again = shop.gql(CANCEL, id=placed["id"], restock=True, refund=True)["orderCancel"]
    assert again["orderCancelUserErrors"][0]["code"] == "INVALID"


def test_cancel_with_restock_and_refund(shop, placed):
    job = shop.gql(CANCEL, id=placed["id"], restock=True, refund=True)["orderCancel"]["job"]
    assert shop.gql("query($id: ID!) { job(id: $id) { done } }", id=job["id"]) == {"job": {"done": True}}
    order = shop.order(placed["id"])
    assert order["cancelled_at"] and order["cancel_reason"] == "CUSTOMER"
    assert order["financial_status"] == "REFUNDED"
    assert order["current_total"]["shop"] == "0.00"
    assert shop.stock("MUG") == (10, 0)
    assert shop.stock("LAMP") == (4, 0)
    twice = shop.gql(CANCEL, id=placed["id"], restock=True, refund=True)["orderCancel"]
    assert twice["job"] is None
    assert twice["orderCancelUserErrors"][0]["code"] == "INVALID"


def test_cancel_without_restock_leaves_the_shelf_alone(shop, placed):
    shop.gql(CANCEL, id=placed["id"], restock=False, refund=False)
    assert shop.stock("MUG") == (8, 0)
    assert shop.order(placed["id"])["cancelled_at"]
    assert shop.order(placed["id"])["financial_status"] == "PAID"


def test_cancel_voids_an_authorisation(shop):
    order = shop.shopper("place", lines=[{"sku": "MUG"}], payment="authorized")
    shop.gql(CANCEL, id=order["id"], restock=True, refund=False)
    assert shop.order(order["id"])["financial_status"] == "VOIDED"


def test_what_cannot_be_cancelled(shop, placed):
    unknown = shop.gql(CANCEL, id="gid://shopify/Order/1", restock=True, refund=True)["orderCancel"]
    assert unknown["orderCancelUserErrors"][0]["code"] == "NOT_FOUND"
    shop.fulfil({"fulfillmentOrderId": shop.jobs(placed["id"])[0]["id"]})
    shipped = shop.gql(CANCEL, id=placed["id"], restock=True, refund=True)["orderCancel"]
    assert shipped["orderCancelUserErrors"][0]["code"] == "INVALID"
    assert shop.order(placed["id"])["cancelled_at"] is None


def test_an_edit_changes_the_current_quantity_only(shop, placed):
    shop.shopper("edit_lines", order=placed["name"], lines=[{"sku": "MUG", "quantity": 1}])
    found = shop.gql(
        """query($id: ID!) { order(id: $id) { edited lineItems(first: 5) { nodes {
           sku quantity currentQuantity unfulfilledQuantity } } totalPriceSet { shopMoney { amount } }
           currentTotalPriceSet { shopMoney { amount } } totalOutstandingSet { shopMoney { amount } } } }""",
        id=placed["id"],
    )["order"]
    assert found["lineItems"]["nodes"][0] == {
        "sku": "MUG",
        "quantity": 2,
        "currentQuantity": 1,
        "unfulfilledQuantity": 1,
    }
    assert found["totalPriceSet"]["shopMoney"]["amount"] == "58.8"
    assert found["currentTotalPriceSet"]["shopMoney"]["amount"] == "46.8"
    assert found["totalOutstandingSet"]["shopMoney"]["amount"] == "-12.0"
    assert shop.stock("MUG") == (9, 1)
    assert "none added" in shop.refused(
        "edit_lines", order=placed["name"], lines=[{"sku": "MUG", "quantity": 5}]
    )


def test_update_tags_and_note(shop, placed):
    answer = shop.gql(
        """mutation($input: OrderInput!) { orderUpdate(input: $input) {
           order { tags note shippingAddress { city countryCodeV2 name } } userErrors { message } } }""",
        input={"id": placed["id"], "tags": ["b", "A"], "note": "hi", "shippingAddress": {"city": "York"}},
    )["orderUpdate"]
    assert answer["order"]["tags"] == ["A", "b"]
    assert answer["order"]["shippingAddress"] == {"city": "York", "countryCodeV2": "GB", "name": "Ann Lee"}
    tags = (
        "mutation($id: ID!, $t: [String!]!) { %s(id: $id, tags: $t) { node { id } userErrors { message } } }"
    )
    shop.gql(tags % "tagsAdd", id=placed["id"], t=["c", "a"])
    assert shop.order(placed["id"])["tags"] == ["A", "b", "c"]
    shop.gql(tags % "tagsRemove", id=placed["id"], t=["B"])
    assert shop.order(placed["id"])["tags"] == ["A", "c"]


def test_payment_comes_in(shop):
    held = shop.shopper("place", lines=[{"sku": "MUG"}], payment="authorized")
    assert held["financial_status"] == "AUTHORIZED"
    assert shop.shopper("pay", order=held["name"])["financial_status"] == "PAID"
    waiting = shop.shopper("place", lines=[{"sku": "MUG"}], payment="pending")
    assert waiting["financial_status"] == "PENDING"
    assert shop.shopper("pay", order=waiting["name"], amount="2")["financial_status"] == "PARTIALLY_PAID"
    assert shop.shopper("pay", order=waiting["name"])["financial_status"] == "PAID"
    assert "nothing to pay" in shop.refused("pay", order=waiting["name"])


def test_a_return_is_asked_for(shop, placed):
    assert "shipped" in shop.refused(
        "request_return", order=placed["id"], lines=[{"sku": "MUG", "quantity": 1}]
    )
    shop.fulfil({"fulfillmentOrderId": shop.jobs(placed["id"])[0]["id"]})
    shop.shopper(
        "request_return", order=placed["id"], lines=[{"sku": "MUG", "quantity": 1, "reason": "DEFECTIVE"}]
    )
    found = shop.gql(
        """query($id: ID!) { order(id: $id) { returnStatus returns(first: 5) { nodes { status
           returnLineItems(first: 5) { nodes { quantity returnReason
             ... on ReturnLineItem { fulfillmentLineItem { lineItem { sku } } } } } } } } }""",
        id=placed["id"],
    )["order"]
    assert found["returnStatus"] == "RETURN_REQUESTED"
    row = found["returns"]["nodes"][0]
    assert row["status"] == "REQUESTED"
    assert row["returnLineItems"]["nodes"] == [
        {"quantity": 1, "returnReason": "DEFECTIVE", "fulfillmentLineItem": {"lineItem": {"sku": "MUG"}}}
    ]


def test_one_refused_order_does_not_sink_the_others(shop):
    answer = shop.shopper(
        "place_many",
        orders=[
            {"number": 5001, "lines": [{"sku": "LAST"}]},
            {"number": 5002, "lines": [{"sku": "LAST"}]},
            {"number": 5003, "lines": [{"sku": "NOWHERE"}]},
            {"number": 5001, "lines": [{"sku": "MUG"}]},
            {"number": 5004, "lines": [{"sku": "MUG"}], "risk": "huge"},
            {"number": 5005, "lines": [{"sku": "MUG"}]},
        ],
    )
    assert [row["name"] for row in answer["placed"]] == ["#5001", "#5005"]
    assert [row["index"] for row in answer["refused"]] == [1, 2, 3, 4]
    assert shop.stock("MUG") == (9, 1)
    assert shop.stock("LAST") == (0, 1)


def test_mistakes_on_the_shoppers_side_are_told(shop):
    assert "does not know" in shop.refused("place", lines=[{"sku": "MUG"}], colour="red")
    assert "needs a line" in shop.refused("place", lines=[])
    assert "no order" in shop.refused("cancel", order="#9")
    assert shop.http.post(f"{shop.running.url}/_twin/shopper/dance", json={}, timeout=5).status_code == 404
