"""The twin's payloads against the schemas of a real server, and the documentation's samples through the twin.

The contracts lie outside the project; without them (``OMS_CONTRACTS`` or ``../shared/contracts``) this is skipped.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).resolve().parents[4]
CONTRACTS = Path(os.environ.get("OMS_CONTRACTS") or ROOT.parent / "shared" / "contracts") / "woocommerce"
pytestmark = pytest.mark.skipif(not CONTRACTS.is_dir(), reason="the contracts are not here")

# Where a real server does not keep to its own schema: an absent image has the id "", and so on.
LAX = {("image", "id"), ("line_items", "parent_name"), ("root", "shipping_class_id"), ("root", "image")}
NULLABLE = {"stock_quantity", "date_paid", "date_completed"}


def schema(name: str) -> dict:
    return clean(json.loads((CONTRACTS / "schema" / f"{name}.schema.json").read_text()), "root")


def clean(node: dict, where: str) -> dict:
    """WordPress's schema dialect as JSON Schema."""
    kind = node.get("type")
    if kind == "mixed" or (isinstance(kind, list) and "object" in kind):
        return {}
    if kind == "date-time":
        return {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$"}
    out: dict = {"type": kind} if kind else {}
    if "enum" in node and kind == "string":
        out["enum"] = node["enum"]
    if "properties" in node:
        out["properties"] = {
            name: {} if (where, name) in LAX else nullable(name, clean(child, name))
            for name, child in node["properties"].items()
        }
    if isinstance(node.get("items"), dict):
        out["items"] = clean(node["items"], where)
    return out


def nullable(name: str, child: dict) -> dict:
    return {"anyOf": [child, {"type": "null"}]} if name in NULLABLE else child


def view_properties(name: str) -> set[str]:
    raw = json.loads((CONTRACTS / "schema" / f"{name}.schema.json").read_text())["properties"]
    return {key for key, node in raw.items() if "view" in node.get("context", ["view"])}


def check(name: str, payload: dict, optional: set[str] = frozenset()) -> None:
    jsonschema.validate(payload, schema(name), cls=jsonschema.Draft4Validator)
    assert view_properties(name) - set(payload) - optional == set()


def test_the_check_can_fail(shop):
    order = shop.place(("A", 1))
    for spoil in (
        {"total": 10.0},
        {"status": "shipped"},
        {"date_created": "2024-07-01T12:00:00Z"},
        {"line_items": [{**order["line_items"][0], "quantity": "1"}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check("order", {**order, **spoil})
    with pytest.raises(AssertionError):
        check("order", {name: value for name, value in order.items() if name != "refunds"})


@pytest.fixture
def full(shop):
    shop.configure(tax_rates={"GB": "20"})
    return shop.place(
        ("A", 2),
        {"sku": "T-S", "quantity": 1, "meta": {"engraving": "for Ann"}},
        shipping="4.00",
        coupon={"code": "spring", "amount": "1.00"},
        fees=[{"name": "Wrap", "total": "2.00"}],
        meta={"_source": "newsletter"},
    )


def test_orders(shop, full):
    check("order", shop.get(f"/orders/{full['id']}").json())
    check("order", shop.get("/orders").json()[0])
    waiting = shop.place(("A", 1), payment="unpaid")
    check("order", shop.get(f"/orders/{waiting['id']}").json())


def test_refunds_and_notes(shop, full):
    lines = [
        {"id": full["line_items"][0]["id"], "quantity": 1, "refund_total": 9, "refund_tax": [{"id": 1, "refund_total": 1.8}]},
        {"id": full["shipping_lines"][0]["id"], "refund_total": 4, "refund_tax": [{"id": 1, "refund_total": 0.8}]},
        {"id": full["fee_lines"][0]["id"], "refund_total": 2},
    ]  # fmt: skip
    path = f"/orders/{full['id']}"
    made = shop.post(f"{path}/refunds", {"line_items": lines})
    assert made.status_code == 201, made.text
    assert made.json()["amount"] == "17.60"
    edit_only = {"api_refund", "api_restock"}
    check("order_refund", made.json(), edit_only)
    check("refund", shop.get("/refunds").json()[0], edit_only)
    shop.post(f"{path}/notes", {"note": "Hello"})
    check("order_note", shop.get(f"{path}/notes").json()[0], {"added_by_user"})
    check("order", shop.get(path).json())


def test_products_variations_and_webhooks(shop, ear):
    for product in shop.get("/products").json():
        check("product", product, {"permalink_template", "generated_slug"})
    parent = shop.get("/products", sku="T").json()[0]
    for variation in shop.get(f"/products/{parent['id']}/variations").json():
        check("product_variation", variation)
    hook = shop.post("/webhooks", {"topic": "order.updated", "delivery_url": ear.url}).json()
    check("webhook", hook, {"secret"})


def samples(pattern: str):
    found = [json.loads(path.read_text()) for path in sorted((CONTRACTS / "examples").glob(pattern))]
    flat = [one for document in found for one in (document if isinstance(document, list) else [document])]
    batches = [one for doc in flat for part in ("create", "update", "delete") for one in doc.get(part, [])]
    return [one for one in (*flat, *batches) if "id" in one and "line_items" in one]


def test_sample_orders_are_served_back_as_they_are(shop):
    # The samples were made on a site three hours behind Greenwich.
    shop.configure(timezone="America/Sao_Paulo")
    orders = samples("orders__*.json")
    assert len(orders) >= 5
    for order in orders:
        shop.shopper("load_orders", orders=[order])
        shown = shop.get(f"/orders/{order['id']}").json()
        wanted = {name: value for name, value in order.items() if name != "_links"}
        differing = {name for name, value in wanted.items() if shown.get(name) != value}
        # In some samples the two clocks disagree by their own hands.
        skewed = {f"date_{name}" for name in ("created", "modified", "paid", "completed")}
        assert differing <= skewed, differing
        assert shop.get("/orders", include=str(order["id"])).json()[0]["id"] == order["id"]


def test_documented_routes_are_known_by_the_real_server(shop):
    """Every path and method the twin answers under wc/v3 is one the real index lists."""
    from channels.twins.woocommerce.twin import ROUTES

    index = json.loads((CONTRACTS / "schema" / "routes.json").read_text())["routes"]
    shape = {
        "".join("{}" if part.startswith("(?P<") else part + "/" for part in path.strip("/").split("/")): {
            method for endpoint in node["endpoints"] for method in endpoint["methods"]
        }
        for path, node in index.items()
    }
    for route in ROUTES:
        path = route.pattern.pattern.removesuffix("/?").removeprefix("/wp-json/")
        if not path.startswith("wc/v3/") or path.startswith(("wc/v3/data", "wc/v3/system_status")):
            continue
        key = "".join("{}" if part.startswith("(?P<") else part + "/" for part in path.split("/"))
        assert set(route.methods) <= shape[key], route.step
