"""Faults by operation, a stale read, and state that outlives the process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from conftest import PRODUCTS, start
from shopify_client import SECRET, TOKEN, Client, of_whole

NAME = "query Name($id: ID!) { order(id: $id) { note } }"


def test_a_stale_read_shows_the_order_of_a_moment_ago(shop, placed):
    shop.shopper("note", order=placed["id"], note="old")
    time.sleep(0.25)
    shop.shopper("note", order=placed["id"], note="new")
    shop.control("faults", {"rules": [{"kind": "stale_read", "step": "Name", "times": 1, "seconds": 0.2}]})
    assert shop.gql(NAME, id=placed["id"])["order"]["note"] == "old"
    assert shop.gql(NAME, id=placed["id"])["order"]["note"] == "new"
    assert shop.control("faults", method="GET")["struck"] == {"stale_read": {"Name": 1}}


def test_a_mutation_is_never_read_stale(shop, placed):
    shop.control("faults", {"rules": [{"kind": "stale_read", "seconds": 60}]})
    shop.gql(
        'mutation($id: ID!) { tagsAdd(id: $id, tags: ["x"]) { userErrors { message } } }', id=placed["id"]
    )
    shop.control("faults", method="DELETE")
    assert shop.order(placed["id"])["tags"] == ["x"]


def test_faults_strike_by_operation_name_or_first_field(shop, placed):
    shop.control(
        "faults",
        {
            "rules": [
                {"kind": "error_429", "step": "Name", "times": 1, "seconds": 2},
                {"kind": "error_500_before", "step": "shop", "times": 1},
                {"kind": "drop", "step": "Name", "times": 1},
                {"kind": "cut_body", "step": "Name", "times": 1},
            ]
        },
    )
    named = {"query": NAME, "variables": {"id": placed["id"]}}
    limited = shop.post(named)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "2.0")
    for _ in range(2):
        with pytest.raises(requests.RequestException):
            shop.post(named)
    assert shop.post(named).status_code == 200
    assert shop.post({"query": "{ shop { name } }"}).status_code == 500
    assert shop.control("faults", method="GET")["struck"] == {
        "cut_body": {"Name": 1},
        "drop": {"Name": 1},
        "error_429": {"Name": 1},
        "error_500_before": {"shop": 1},
    }


def test_an_applied_refund_whose_answer_was_lost_is_found_by_its_key(shop, placed):
    given = {"orderId": placed["id"], "transactions": shop.payback(placed["id"], "5.00")}
    shop.control("faults", {"rules": [{"kind": "error_500_after", "step": "refundCreate", "times": 1}]})
    with pytest.raises(AssertionError, match="Internal Server Error"):
        shop.refund(key="once", **given)
    assert shop.refund(key="once", **given)["userErrors"] == []
    assert shop.order(placed["id"])["refunded"]["shop"] == "5.00"


def test_an_applied_fulfilment_whose_answer_was_lost_has_happened(shop, placed):
    job = shop.jobs(placed["id"])[0]
    shop.control("faults", {"rules": [{"kind": "error_500_after", "step": "fulfillmentCreate", "times": 1}]})
    with pytest.raises(AssertionError, match="Internal Server Error"):
        shop.fulfil(of_whole(job))
    assert len(shop.order(placed["id"])["fulfillments"]) == 1


def test_down(shop):
    shop.control("configure", {"down": "maintenance"})
    assert shop.post({"query": "{ shop { name } }"}).status_code == 503
    shop.control("configure", {"down": True})
    with pytest.raises(requests.RequestException):
        shop.post({"query": "{ shop { name } }"})
    shop.control("configure", {"down": False})
    assert shop.post({"query": "{ shop { name } }"}).status_code == 200


def test_state_outlives_a_restart(tmp_path, ear):
    running = start(tmp_path / "shop.db", webhook_time_scale=1.0)
    shop = Client(running)
    shop.items = shop.shopper("seed_products", products=PRODUCTS)
    order = shop.shopper("place", lines=[{"sku": "MUG", "quantity": 2}])
    pay = {"orderId": order["id"], "transactions": shop.payback(order["id"], "5.00")}
    first = shop.refund(key="once", **pay)
    before = shop.records()
    running.stop()

    running = start(tmp_path / "shop.db")
    shop = Client(running)
    assert shop.records() == before
    assert shop.refund(key="once", **pay)["refund"]["id"] == first["refund"]["id"]
    assert shop.shopper("seed_products", products=PRODUCTS)["made"] == 0
    assert shop.shopper("place", lines=[{"sku": "MUG"}])["name"] == "#1002"
    assert shop.fulfil(of_whole(shop.jobs(order["id"])[0]))["userErrors"] == []
    assert shop.stock("MUG") == (7, 1)
    running.stop()


def test_a_job_left_undone_is_done_after_a_restart(tmp_path):
    running = start(tmp_path / "shop.db", job_seconds=0.2)
    shop = Client(running)
    shop.shopper("seed_products", products=PRODUCTS)
    order = shop.shopper("place", lines=[{"sku": "MUG"}])
    shop.gql(
        "mutation($id: ID!) { orderCancel(orderId: $id, reason: OTHER, restock: true) { job { id } } }",
        id=order["id"],
    )
    running.stop()
    time.sleep(0.4)
    running = start(tmp_path / "shop.db")
    assert Client(running).order(order["id"])["cancelled_at"]
    running.stop()


def test_the_supervisor_can_run_it(tmp_path):
    root = Path(__file__).parents[4]
    process = subprocess.Popen(
        [sys.executable, "-m", "channels.twins.shopify", "--port", "0", "--store", str(tmp_path / "a b.db"),
         "--name", "shop", "--configure", json.dumps({"token": TOKEN, "secret": SECRET})],
        cwd=root, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        health = requests.get(f"{found[0]}/_twin/health", timeout=5).json()
        assert health["ok"] and health["name"] == "shop"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
