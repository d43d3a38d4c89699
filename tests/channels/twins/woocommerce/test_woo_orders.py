"""Orders over the wire: pages, windows, clocks, status, notes, refunds, trackings."""

from __future__ import annotations

from decimal import Decimal

import pytest

GMT = {"dates_are_gmt": "true", "orderby": "modified", "order": "asc"}


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()]


def add_up(order) -> Decimal:
    parts = [Decimal(order["total_tax"]), Decimal(order["shipping_total"])]
    parts += [Decimal(line["total"]) for line in (*order["line_items"], *order["fee_lines"])]
    return sum(parts)


def stamp(shop, order_id, modified):
    """Move an order's change time, which no door of the shop allows."""
    with shop.twin.lock:
        order = shop.twin.store.get("order", order_id)
        shop.twin.store.put("order", order_id, {**order, "date_modified_gmt": modified})


def test_pages_and_their_headers(shop):
    orders = [shop.place(("C", 1))["id"] for _ in range(7)]
    first = shop.get("/orders", per_page="3", orderby="id", order="asc")
    assert ids(first) == orders[:3]
    assert (first.headers["X-WP-Total"], first.headers["X-WP-TotalPages"]) == ("7", "3")
    assert "page=2" in first.links["next"]["url"]
    assert "prev" not in first.links
    last = shop.get("/orders", per_page="3", orderby="id", order="asc", page="3")
    assert ids(last) == orders[6:]
    assert "next" not in last.links
    beyond = shop.get("/orders", per_page="3", page="9")
    assert (ids(beyond), beyond.headers["X-WP-Total"]) == ([], "7")
    assert "page=3" in beyond.links["prev"]["url"]
    assert len(ids(shop.get("/orders"))) == 7
    assert ids(shop.get("/orders", include=f"{orders[4]},{orders[1]}", orderby="include")) == [
        orders[4],
        orders[1],
    ]


def test_the_window_is_open_at_both_ends_and_ordered_by_change(shop):
    a, b, c = (shop.place(("C", 1))["id"] for _ in range(3))
    stamp(shop, a, "2024-07-01T12:00:02")
    stamp(shop, b, "2024-07-01T12:00:01")
    stamp(shop, c, "2024-07-01T12:00:03")
    assert ids(shop.get("/orders", modified_after="2024-07-01T12:00:00", **GMT)) == [b, a, c]
    window = {"modified_after": "2024-07-01T12:00:01", "modified_before": "2024-07-01T12:00:03"}
    assert ids(shop.get("/orders", **window, **GMT)) == [a]


def test_a_date_without_gmt_is_the_sites_own_and_a_zone_does_harm(shop):
    order = shop.place(("A", 1))["id"]
    stamp(shop, order, "2024-07-01T12:00:00")  # 13:00 in London
    assert ids(shop.get("/orders", modified_after="2024-07-01T12:30:00")) == [order]
    assert ids(shop.get("/orders", modified_after="2024-07-01T12:30:00", dates_are_gmt="true")) == []
    # WordPress moves a date with a zone to the site's clock, even against the GMT column.
    assert ids(shop.get("/orders", modified_after="2024-07-01T11:30:00", **GMT)) == [order]
    assert ids(shop.get("/orders", modified_after="2024-07-01T11:30:00Z", **GMT)) == []
    shown = shop.get(f"/orders/{order}").json()
    assert shown["date_modified"] == "2024-07-01T13:00:00"
    assert shown["date_modified_gmt"] == "2024-07-01T12:00:00"
    shop.configure(timezone="America/New_York")
    assert shop.get(f"/orders/{order}").json()["date_modified"] == "2024-07-01T08:00:00"


def test_status_filter_and_the_bin(shop):
    paid, waiting, gone = shop.place(("A", 1)), shop.place(("A", 1), payment="unpaid"), shop.place(("A", 1))
    shop.shopper("trash", order=gone["id"])
    assert set(ids(shop.get("/orders"))) == {paid["id"], waiting["id"]}
    assert ids(shop.get("/orders", status="pending")) == [waiting["id"]]
    assert ids(shop.get("/orders", status="trash")) == [gone["id"]]
    assert set(ids(shop.get("/orders", status="pending,trash"))) == {waiting["id"], gone["id"]}
    assert shop.get(f"/orders/{gone['id']}").json()["status"] == "trash"
    assert shop.shopper("restore", order=gone["id"])["order"]["status"] == "processing"


def test_an_order_adds_up_with_tax_coupon_fee_and_shipping(shop):
    shop.configure(tax_rates={"GB": "20"})
    order = shop.place(
        ("A", 3),
        ("B", 1),
        shipping={"title": "Royal Mail", "total": "3.95"},
        coupon={"code": "spring", "percent": 10},
        fees=[{"name": "Gift wrap", "total": "1.50"}],
    )
    assert add_up(order) == Decimal(order["total"])
    assert order["discount_total"] == "3.25"
    assert order["coupon_lines"][0]["discount"] == "3.25"
    assert order["tax_lines"][0]["tax_total"] == order["cart_tax"]
    apple = order["line_items"][0]
    assert (apple["subtotal"], apple["total"], apple["total_tax"]) == ("30.00", "27.00", "5.40")
    assert apple["taxes"] == [{"id": 1, "total": "5.4", "subtotal": "6"}]
    shop.configure(prices_include_tax=True)
    gross = shop.place(("A", 1))
    assert (gross["total"], gross["line_items"][0]["total"], gross["total_tax"]) == ("10.00", "8.33", "1.67")
    assert gross["prices_include_tax"] is True


def test_tax_rounded_once_on_the_order_misses_its_lines_by_a_cent(shop):
    setting = "/settings/tax/woocommerce_tax_round_at_subtotal"
    odd = [{"sku": sku, "quantity": 1, "price": "10.02"} for sku in "AB"]
    each = shop.place(*odd, tax_rate="20")
    assert (each["total_tax"], each["total"]) == ("4.00", "24.04")
    assert shop.get(setting).json()["value"] == "no"
    shop.configure(tax_round_at_subtotal=True, decimals=2)
    once = shop.place({**odd[0], "price": "10.03"}, {**odd[0], "sku": "T-S", "price": "10.03"}, tax_rate="20")
    assert [line["total_tax"] for line in once["line_items"]] == ["2.01", "2.01"]
    assert [line["taxes"][0]["total"] for line in once["line_items"]] == ["2.006", "2.006"]
    assert (once["total_tax"], once["total"]) == ("4.01", "24.07")
    told = shop.get(setting).json()
    assert (told["id"], told["value"], told["group_id"]) == (setting.rpartition("/")[2], "yes", "tax")
    assert shop.get("/settings/general/woocommerce_price_num_decimals").json()["value"] == "2"
    shop.configure(prices_include_tax=True)
    gross = shop.place({**odd[0], "price": "10.03"}, tax_rate="20")
    assert gross["total"] == "10.03"


def test_keys_of_somebody_who_does_not_manage_the_shop_see_no_settings(shop):
    shop.configure(manages_shop=False)
    refused = shop.get("/settings/tax/woocommerce_tax_round_at_subtotal")
    assert (refused.status_code, refused.json()["code"]) == (403, "woocommerce_rest_cannot_view")


def test_yen_has_decimals_because_the_shop_says_so(shop):
    order = shop.place({"sku": "A", "quantity": 1, "price": "520"}, currency="JPY")
    assert (order["currency"], order["total"]) == ("JPY", "520.00")
    assert shop.get(f"/orders/{order['id']}", dp="0").json()["total"] == "520"


def test_the_traps_of_an_order(shop):
    odd = shop.place(("A", 1), wrong_total=True, number="INV-77", placed_at="2011-12-01T08:26:00")
    assert Decimal(odd["total"]) - add_up(odd) == 1
    assert (odd["number"], odd["customer_id"], odd["date_created_gmt"]) == (
        "INV-77",
        0,
        "2011-12-01T08:26:00",
    )
    assert odd["date_modified_gmt"] > "2020"
    new = shop.place({"sku": "NEW-1", "quantity": 1, "price": "3.00", "name": "Newcomer"})
    assert new["line_items"][0]["product_id"] in ids(shop.get("/products", sku="NEW-1"))
    own = shop.place({"sku": "", "quantity": 1, "price": "4.00", "name": "Engraving", "custom": True})
    assert (own["line_items"][0]["product_id"], own["line_items"][0]["sku"]) == (0, "")
    assert "give a price" in shop.refused("place", lines=[{"sku": "NEVER", "quantity": 1}])


def test_completing_leaves_its_marks_and_a_note_leaves_none(shop):
    order = shop.place(("A", 1))
    assert (order["status"], order["date_completed"]) == ("processing", None)
    path = f"/orders/{order['id']}"
    done = shop.put(path, {"status": "completed", "meta_data": [{"key": "_parcel", "value": "P1"}]}).json()
    assert done["status"] == "completed"
    assert done["date_completed_gmt"]
    assert [m["value"] for m in done["meta_data"] if m["key"] == "_parcel"] == ["P1"]
    again = shop.put(path, {"meta_data": [{"key": "_parcel", "value": {"n": [1]}}]}).json()
    assert [m["value"] for m in again["meta_data"] if m["key"] == "_parcel"] == [{"n": [1]}]
    stamp(shop, order["id"], "2024-01-01T00:00:00")
    answer = shop.post(f"{path}/notes", {"note": "Tracking 1Z999", "customer_note": True})
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"{path}/notes/{answer.json()['id']}")
    assert shop.get(path).json()["date_modified_gmt"] == "2024-01-01T00:00:00"
    notes = shop.get(f"{path}/notes").json()
    assert notes[0]["note"] == "Tracking 1Z999"
    assert any("from Processing to Completed" in note["note"] for note in notes)
    assert len(shop.get(f"{path}/notes", type="customer").json()) == 1
    assert shop.get(f"{path}/notes/{answer.json()['id']}").json()["customer_note"] is True


def test_refund_by_line_is_shown_restocks_and_is_not_idempotent(shop):
    shop.configure(tax_rates={"GB": "20"})
    order = shop.place(("A", 3), shipping="5.00")
    line = order["line_items"][0]
    path = f"/orders/{order['id']}"
    body = {
        "amount": "12.00",
        "reason": "Broken",
        "line_items": [
            {
                "id": line["id"],
                "quantity": 1,
                "refund_total": 10,
                "refund_tax": [{"id": 1, "refund_total": 2}],
            }
        ],
        "meta_data": [{"key": "_key", "value": "k-1"}],
    }
    first = shop.post(f"{path}/refunds", body)
    assert first.status_code == 201, first.text
    refund = first.json()
    assert (refund["amount"], refund["reason"], refund["refunded_payment"]) == ("12.00", "Broken", True)
    back = refund["line_items"][0]
    assert (back["quantity"], back["total"], back["total_tax"]) == (-1, "-10.00", "-2.00")
    assert back["meta_data"][0]["value"] == str(line["id"])
    assert [m["value"] for m in refund["meta_data"]] == ["k-1"]
    assert shop.stock()["A"] == 8
    assert shop.post(f"{path}/refunds", body).status_code == 201
    assert shop.stock()["A"] == 9
    shown = shop.get(path).json()
    assert [(r["reason"], r["total"]) for r in shown["refunds"]] == [("Broken", "-12.00")] * 2
    assert shown["status"] == "processing"
    assert len(shop.get(f"{path}/refunds").json()) == 2
    everything = shop.get("/refunds", **GMT).json()
    assert {row["parent_id"] for row in everything} == {order["id"]}
    one = shop.get(f"{path}/refunds/{refund['id']}")
    assert one.json()["id"] == refund["id"]
    books = shop.records()
    assert [row["amount"] for row in books["gateway"]] == ["12.00", "12.00"]
    assert [row["restocked"] for row in books["orders"][0]["refunds"]] == [{"A": 1}, {"A": 1}]


def test_refund_without_restock_and_in_full(shop):
    order = shop.place(("A", 2))
    path = f"/orders/{order['id']}/refunds"
    line = {"id": order["line_items"][0]["id"], "quantity": 2, "refund_total": 20}
    answer = shop.post(path, {"api_restock": False, "api_refund": False, "line_items": [line]})
    assert (answer.status_code, answer.json()["amount"]) == (201, "20.00")
    assert shop.stock()["A"] == 8
    assert shop.records()["gateway"] == []
    assert shop.get(f"/orders/{order['id']}").json()["status"] == "refunded"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"amount": "20.01"}, "Invalid refund amount."),
        ({"amount": "twenty"}, "Invalid refund amount."),
        (
            {"amount": "0"},
            "An error occurred while attempting to create the refund using the payment gateway API.",
        ),
    ],
)
def test_refund_refusals_come_as_500_as_the_real_ones_do(shop, body, message):
    order = shop.place(("A", 2))
    answer = shop.post(f"/orders/{order['id']}/refunds", body)
    assert answer.status_code == 500
    assert answer.json() == {
        "code": "woocommerce_rest_cannot_create_order_refund",
        "message": message,
        "data": 500,
    }
    assert shop.get("/refunds").json() == []


def test_a_gateway_that_cannot_refund_says_so(shop):
    order = shop.place(("A", 1), payment="on_hold")
    path = f"/orders/{order['id']}/refunds"
    assert "does not support automatic refunds" in shop.post(path, {"amount": "1.00"}).json()["message"]
    assert shop.post(path, {"amount": "1.00", "api_refund": False}).status_code == 201
    strange = shop.place(("A", 1), payment_method="plugin_x")
    words = shop.post(f"/orders/{strange['id']}/refunds", {"amount": "1.00"}).json()["message"]
    assert "does not exist" in words


def test_known_faults_of_the_field(shop):
    order = shop.place(("A", 2))
    stamp(shop, order["id"], "2024-01-01T00:00:00")
    shop.shopper("refund_in_shop", order=order["id"], amount="5.00", touch=False, reason="Goodwill")
    assert shop.get(f"/orders/{order['id']}").json()["date_modified_gmt"] == "2024-01-01T00:00:00"
    assert [
        r["amount"] for r in shop.get("/refunds", modified_after="2024-01-01T00:00:00", **GMT).json()
    ] == ["5.00"]
    shop.configure(refunds_in_list=False)
    assert shop.get("/orders").json()[0]["refunds"] == []
    assert len(shop.get(f"/orders/{order['id']}").json()["refunds"]) == 1


def test_shipment_tracking_where_the_plugin_is(shop):
    shop.configure(shipment_tracking=True)
    order = shop.place(("A", 1))
    path = f"/wp-json/wc-shipment-tracking/v3/orders/{order['id']}/shipment-trackings"
    body = {"custom_tracking_provider": "USPS", "tracking_number": "94001", "date_shipped": "2024-07-01"}
    made = shop.post(path, body)
    assert (made.status_code, made.json()["date_shipped"]) == (201, "2024-07-01")
    assert shop.get(path).json() == [made.json()]
    assert shop.records()["orders"][0]["trackings"][0]["tracking_number"] == "94001"


def test_the_body_is_written_as_php_writes_it(shop):
    order = shop.place(("A", 1), note="naïve / café")
    raw = shop.get(f"/orders/{order['id']}").content
    assert b"na\\u00efve \\/ caf\\u00e9" in raw
    assert b"http:\\/\\/127.0.0.1" in raw
