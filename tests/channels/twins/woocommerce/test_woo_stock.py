"""The shop's own shelf, and what happens to it by shoppers, merchants and the API."""

from __future__ import annotations

import json
import subprocess
import sys

import requests
from woo_client import ADDRESS, KEY, SECRET


def test_buying_takes_and_cancelling_gives_back_once(shop):
    order = shop.place(("A", 4), ("T-S", 1))
    assert (shop.stock()["A"], shop.stock()["T-S"]) == (6, 2)
    shirt = order["line_items"][1]
    assert (shirt["name"], shirt["parent_name"], shirt["variation_id"] > 0) == ("Shirt - S", "Shirt", True)
    shop.put(f"/orders/{order['id']}", {"status": "completed"})
    assert shop.stock()["A"] == 6
    shop.put(f"/orders/{order['id']}", {"status": "cancelled"})
    assert (shop.stock()["A"], shop.stock()["T-S"]) == (10, 3)
    shop.put(f"/orders/{order['id']}", {"status": "cancelled"})
    assert shop.stock()["A"] == 10
    assert "cancelled" in shop.refused("cancel", order=order["id"])


def test_cancelling_after_a_restocked_refund_gives_back_only_the_rest(shop):
    order = shop.place(("A", 3))
    line = {"sku": "A", "quantity": 1}
    shop.shopper("refund_in_shop", order=order["id"], lines=[line], restock=True)
    assert shop.stock()["A"] == 8
    shop.shopper("cancel", order=order["id"])
    assert shop.stock()["A"] == 10


def test_it_sells_no_more_than_it_believes_to_have(shop):
    words = shop.refused("place", lines=[{"sku": "A", "quantity": 11}])
    assert 'not have enough "Apple"' in words and "(10 available)" in words
    assert shop.stock()["A"] == 10
    shop.place(("C", 5))
    assert shop.stock()["C"] == -5
    listing = shop.get("/products", sku="C").json()[0]
    assert (listing["stock_status"], listing["backordered"]) == ("onbackorder", True)


def test_an_unpaid_order_holds_the_last_piece(shop):
    waiting = shop.place(("B", 1), payment="unpaid")
    assert shop.stock()["B"] == 1
    assert "(0 available)" in shop.refused("place", lines=[{"sku": "B", "quantity": 1}])
    shop.shopper("pay", order=waiting["id"])
    assert shop.stock()["B"] == 0
    assert shop.get("/products", sku="B").json()[0]["stock_status"] == "outofstock"


def test_one_refused_order_does_not_stop_a_batch(shop):
    good = {"email": "a@example.com", "shipping_address": ADDRESS, "lines": [{"sku": "A", "quantity": 1}]}
    bad = {
        **good,
        "lines": [{"sku": "ON-THE-FLY", "price": "1.00", "quantity": 1}, {"sku": "B", "quantity": 2}],
    }
    placed = shop.shopper("place_many", orders=[good, bad, good])["orders"]
    assert ["error" in one for one in placed] == [False, True, False]
    assert shop.stock()["A"] == 8
    assert "ON-THE-FLY" not in shop.stock()


def test_a_merchants_edit_moves_totals_and_shelf(shop):
    order = shop.place(("A", 4), ("B", 1), shipping="2.00")
    changed = shop.shopper(
        "change_lines",
        order=order["number"],
        lines=[{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 0}],
    )["order"]
    assert [(line["sku"], line["quantity"]) for line in changed["line_items"]] == [("A", 1)]
    assert changed["total"] == "12.00"
    assert (shop.stock()["A"], shop.stock()["B"]) == (9, 1)
    book = shop.records()["orders"][0]
    assert book["ordered"] == [{"sku": "A", "quantity": 4}, {"sku": "B", "quantity": 1}]
    moved = shop.shopper("change_address", order=order["id"], shipping={"city": "Leeds"})["order"]
    assert moved["shipping"]["city"] == "Leeds"


def test_seeding_twice_changes_nothing(shop):
    shop.place(("A", 4))
    again = shop.shopper(
        "seed_products", products=[{"sku": "A", "name": "Apple", "price": "10", "stock": 10}]
    )
    assert again["created"] == 0
    assert shop.stock()["A"] == 6


def test_batch_sets_stock_and_tells_of_each_failure_in_its_place(shop):
    known = {row["sku"]: row["id"] for row in shop.get("/products", per_page="100").json()}
    body = {
        "update": [
            {"id": known["A"], "manage_stock": True, "stock_quantity": 77},
            {"id": 999999, "stock_quantity": 1},
            {"id": known["B"], "stock_quantity": "many"},
            {"id": known["B"], "sku": "A"},
        ]
    }
    answer = shop.post("/products/batch", body)
    assert answer.status_code == 200
    good, absent, nonsense, taken = answer.json()["update"]
    assert (good["stock_quantity"], good["stock_status"]) == (77, "instock")
    assert absent == {
        "id": 999999,
        "error": {
            "code": "woocommerce_rest_product_invalid_id",
            "message": "Invalid ID.",
            "data": {"status": 400},
        },
    }
    assert nonsense["error"]["code"] == "rest_invalid_param"
    assert taken["error"]["code"] == "product_invalid_sku"
    assert (shop.stock()["A"], shop.stock()["B"]) == (77, 1)


def test_variations_keep_their_own_stock_or_their_parents(shop):
    parent = shop.get("/products", sku="T").json()[0]
    path = f"/products/{parent['id']}/variations"
    small = shop.get(path).json()[0]
    assert parent["variations"] == [small["id"]]
    answer = shop.post(f"{path}/batch", {"update": [{"id": small["id"], "stock_quantity": 9}]})
    assert answer.json()["update"][0]["stock_quantity"] == 9
    inherited = shop.put(f"{path}/{small['id']}", {"manage_stock": "parent"}).json()
    assert (inherited["manage_stock"], inherited["stock_quantity"]) == ("parent", None)
    shop.put(f"/products/{parent['id']}", {"manage_stock": True, "stock_quantity": 5})
    shop.place(("T-S", 2))
    assert shop.stock()["T"] == 3


def test_a_quantity_for_unmanaged_stock_is_dropped_without_a_word(shop):
    parent = shop.get("/products", sku="T").json()[0]
    answer = shop.put(f"/products/{parent['id']}", {"stock_quantity": 5})
    assert (answer.status_code, answer.json()["stock_quantity"]) == (200, None)


def test_the_books_can_be_checked_against_the_log(shop):
    shop.place(("A", 4))
    cancelled = shop.place(("A", 3))
    shop.shopper("cancel", order=cancelled["id"])
    shop.shopper("set_stock", sku="A", quantity=20)
    books = shop.records()
    moves = [(row["before"], row["after"], row["by"]) for row in books["log"] if row["what"] == "stock"]
    apple = [move for move in moves if move[2] != "api"]
    assert apple == [(10, 6, "order"), (6, 3, "order"), (3, 6, "cancel"), (6, 20, "shopper")]
    assert [order["lines"][0]["off_shelf"] for order in books["orders"]] == [4, 0]


def test_everything_is_there_after_a_restart_of_the_process(tmp_path):
    def start():
        command = [sys.executable, "-m", "channels.twins.woocommerce", "--store", str(tmp_path / "s.db")]
        settings = json.dumps({"consumer_key": KEY, "consumer_secret": SECRET, "https": True})
        process = subprocess.Popen(
            [*command, "--name", "shop", "--configure", settings], stdout=subprocess.PIPE, text=True
        )
        return process, process.stdout.readline().rsplit(" ", 1)[1].strip()

    process, url = start()
    seed = {"products": [{"sku": "A", "name": "Apple", "price": "1.00", "stock": 5}]}
    requests.post(f"{url}/_twin/shopper/seed_products", json=seed, timeout=5).raise_for_status()
    order = {"email": "a@example.com", "shipping_address": ADDRESS, "lines": [{"sku": "A", "quantity": 2}]}
    placed = requests.post(f"{url}/_twin/shopper/place", json=order, timeout=5).json()
    process.terminate()
    assert process.wait(10) == 0
    process, url = start()
    try:
        shown = requests.get(f"{url}/wp-json/wc/v3/orders/{placed['id']}", auth=(KEY, SECRET), timeout=5)
        assert shown.json()["total"] == "2.00"
        records = requests.get(f"{url}/_twin/records", timeout=5).json()
        assert records["products"][0]["stock_quantity"] == 3
    finally:
        process.terminate()
        process.wait(10)
