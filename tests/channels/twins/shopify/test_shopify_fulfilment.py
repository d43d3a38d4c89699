"""Fulfilment: what is refused, what is left, tracking, and that it is not idempotent."""

from __future__ import annotations

from shopify_client import of_part, of_whole


def message(answer) -> str:
    assert answer["fulfillment"] is None
    return answer["userErrors"][0]["message"]


def test_shipping_in_two_parcels(shop, placed):
    job = shop.jobs(placed["id"])[0]
    first = shop.fulfil(
        of_part(job, 1), tracking={"company": "DPD", "number": "D1", "url": "https://t.example/D1"}
    )
    assert first["fulfillment"]["trackingInfo"] == [
        {"company": "DPD", "number": "D1", "url": "https://t.example/D1"}
    ]
    assert first["fulfillment"]["totalQuantity"] == 1
    order = shop.order(placed["id"])
    assert order["fulfillment_status"] == "PARTIALLY_FULFILLED"
    assert shop.stock("MUG") == (8, 1)
    assert shop.jobs(placed["id"])[0]["status"] == "IN_PROGRESS"
    shop.fulfil(of_whole(job))
    order = shop.order(placed["id"])
    assert order["fulfillment_status"] == "FULFILLED"
    assert [sum(r["quantity"] for r in p["lines"]) for p in order["fulfillments"]] == [1, 2]
    assert shop.jobs(placed["id"])[0]["status"] == "CLOSED"
    assert shop.stock("MUG") == (8, 0)


def test_the_same_call_twice_is_two_parcels(shop, placed):
    job = shop.jobs(placed["id"])[0]
    assert shop.fulfil(of_part(job, 1))["userErrors"] == []
    assert shop.fulfil(of_part(job, 1))["userErrors"] == []
    assert len(shop.order(placed["id"])["fulfillments"]) == 2
    assert message(shop.fulfil(of_part(job, 1))) == "Invalid fulfillment order line item quantity requested."


def test_more_than_is_left_is_refused(shop, placed):
    job = shop.jobs(placed["id"])[0]
    wrong = "Invalid fulfillment order line item quantity requested."
    assert message(shop.fulfil(of_part(job, 3))) == wrong
    assert message(shop.fulfil(of_part(job, 0))) == wrong
    twice = of_part(job, 2)
    twice["fulfillmentOrderLineItems"] *= 2
    assert message(shop.fulfil(twice)) == wrong
    assert shop.order(placed["id"])["fulfillments"] == []
    assert shop.stock("MUG") == (8, 2)


def test_unknown_ids_are_refused(shop, placed):
    job = shop.jobs(placed["id"])[0]
    unknown = {"fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1"}
    assert message(shop.fulfil(unknown)) == "Fulfillment order does not exist."
    foreign = of_part(job, 1)
    foreign["fulfillmentOrderLineItems"][0]["id"] = "gid://shopify/FulfillmentOrderLineItem/1"
    assert message(shop.fulfil(foreign)) == "Fulfillment order line item does not exist."
    assert message(shop.fulfil()) == "Line items by fulfillment order can't be blank"


def test_a_held_order_is_refused_until_released(shop, placed):
    shop.shopper("hold", order=placed["id"], reason="HIGH_RISK_OF_FRAUD")
    job = shop.jobs(placed["id"])[0]
    assert (job["status"], job["fulfillmentHolds"]) == ("ON_HOLD", [{"reason": "HIGH_RISK_OF_FRAUD"}])
    assert "unfulfillable status= on_hold" in message(shop.fulfil(of_whole(job)))
    shop.shopper("release_hold", order=placed["id"])
    assert shop.fulfil(of_whole(job))["userErrors"] == []


def test_closed_and_cancelled_work_is_refused(shop, placed):
    job = shop.jobs(placed["id"])[0]
    shop.shopper("cancel", order=placed["id"])
    assert "unfulfillable status= cancelled" in message(shop.fulfil(of_whole(job)))


def test_a_move_makes_new_ids(shop, placed):
    old = shop.jobs(placed["id"])[0]
    shop.shopper("move", order=placed["id"], location="North")
    assert "unfulfillable status= closed" in message(shop.fulfil(of_whole(old)))
    fresh = next(j for j in shop.jobs(placed["id"]) if j["status"] == "OPEN")
    assert fresh["id"] != old["id"]
    assert fresh["assignedLocation"]["name"] == "North"
    assert shop.fulfil(of_whole(fresh))["userErrors"] == []


def test_one_call_is_one_order_and_one_location(shop, placed):
    other = shop.shopper("place", lines=[{"sku": "MUG"}])
    both = [of_whole(shop.jobs(order["id"])[0]) for order in (placed, other)]
    assert "same order" in message(shop.fulfil(*both))
    shop.shopper("set_stock", sku="LAMP", available=3, location="North")
    shop.shopper("set_stock", sku="LAMP", available=1, location="Main")
    split = shop.shopper("place", lines=[{"sku": "LAMP", "quantity": 4}])
    assert "same location" in message(shop.fulfil(*[of_whole(job) for job in shop.jobs(split["id"])]))


def test_tracking_can_be_put_right_later(shop, placed):
    parcel = shop.fulfil(of_whole(shop.jobs(placed["id"])[0]))["fulfillment"]
    assert parcel["trackingInfo"] == []
    update = """mutation($id: ID!, $t: FulfillmentTrackingInput!) {
        fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $t) {
          fulfillment { trackingInfo { number company url } } userErrors { message } } }"""
    answer = shop.gql(update, id=parcel["id"], t={"company": "UPS", "numbers": ["1", "2"]})
    rows = answer["fulfillmentTrackingInfoUpdate"]["fulfillment"]["trackingInfo"]
    assert [(r["number"], r["company"]) for r in rows] == [("1", "UPS"), ("2", "UPS")]
    answer = shop.gql(update, id="gid://shopify/Fulfillment/1", t={"number": "1"})
    assert (
        answer["fulfillmentTrackingInfoUpdate"]["userErrors"][0]["message"] == "Fulfillment does not exist."
    )
    bad = shop.ask(update, id=parcel["id"], t={"url": "not a url"})
    assert bad["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


def test_gift_cards_are_sent_by_the_shop_itself(shop):
    order = shop.shopper(
        "place", lines=[{"title": "Gift card", "price": "25", "gift_card": True}, {"sku": "MUG"}]
    )
    assert [(line["fulfilled"], line["unfulfilled"]) for line in order["lines"]] == [(1, 0), (0, 1)]
