"""Stock: compare-and-set, idempotency keys, all of a call or nothing, and what selling does to it."""

from __future__ import annotations

import pytest


def row(shop, sku, quantity, expected=None, place="Main"):
    return {
        "inventoryItemId": shop.items["products"][sku]["inventory_item_id"],
        "locationId": shop.items["locations"][place],
        "quantity": quantity,
        "changeFromQuantity": expected,
    }


def test_setting_available_stock_and_reading_it_back(shop):
    answer = shop.set_stock([row(shop, "MUG", 7, expected=10)])
    assert answer["userErrors"] == []
    changes = answer["inventoryAdjustmentGroup"]["changes"]
    assert {c["name"]: (c["delta"], c["quantityAfterChange"]) for c in changes} == {
        "available": (-3, 7),
        "on_hand": (-3, 7),
    }
    level = shop.gql(
        """query($item: ID!, $place: ID!) { inventoryItem(id: $item) { inventoryLevel(locationId: $place) {
           quantities(names: ["available", "committed", "on_hand"]) { name quantity } } } }""",
        item=shop.items["products"]["MUG"]["inventory_item_id"],
        place=shop.items["locations"]["Main"],
    )["inventoryItem"]["inventoryLevel"]
    assert [q["quantity"] for q in level["quantities"]] == [7, 0, 7]


def test_on_hand_leaves_what_is_committed(shop):
    shop.shopper("place", lines=[{"sku": "MUG", "quantity": 4}])
    assert shop.stock("MUG") == (6, 4)
    shop.set_stock([row(shop, "MUG", 20, expected=10)], name="on_hand")
    assert shop.stock("MUG") == (16, 4)


def test_a_stale_comparison_changes_nothing_at_all(shop):
    answer = shop.set_stock([row(shop, "MUG", 3, expected=10), row(shop, "LAST", 9, expected=4)])
    assert answer["inventoryAdjustmentGroup"] is None
    assert [(e["code"], e["field"]) for e in answer["userErrors"]] == [
        ("CHANGE_FROM_QUANTITY_STALE", ["input", "quantities", "1", "changeFromQuantity"])
    ]
    assert shop.stock("MUG") == (10, 0)
    assert shop.stock("LAST") == (1, 0)


def test_null_overrides_but_absent_is_an_error(shop):
    assert shop.set_stock([row(shop, "MUG", 3)])["userErrors"] == []
    absent = row(shop, "MUG", 5)
    del absent["changeFromQuantity"]
    answer = shop.ask(
        """mutation($input: InventorySetQuantitiesInput!) {
           inventorySetQuantities(input: $input) @idempotent(key: "k") { userErrors { code } } }""",
        input={"name": "available", "reason": "correction", "quantities": [absent]},
    )
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"
    assert shop.stock("MUG") == (3, 0)


def test_the_same_key_gives_the_first_result_again(shop):
    first = shop.set_stock([row(shop, "MUG", 7, expected=10)], key="one")
    shop.shopper("set_stock", sku="MUG", available=2)
    again = shop.set_stock([row(shop, "MUG", 7, expected=10)], key="one")
    assert again == first
    assert again["inventoryAdjustmentGroup"]["id"]
    assert shop.stock("MUG") == (2, 0)
    other = shop.set_stock([row(shop, "MUG", 8, expected=10)], key="one")
    assert other["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    assert other["inventoryAdjustmentGroup"] is None
    assert shop.stock("MUG") == (2, 0)


def test_a_failed_attempt_spends_its_key(shop):
    stale = [row(shop, "MUG", 7, expected=3)]
    assert shop.set_stock(stale, key="one")["userErrors"][0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    shop.shopper("set_stock", sku="MUG", available=3)
    assert shop.set_stock(stale, key="one")["userErrors"][0]["code"] == "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"
    assert shop.stock("MUG") == (3, 0)
    assert shop.set_stock(stale, key="two")["userErrors"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": -1}, "INVALID_QUANTITY_NEGATIVE"),
        ({"quantity": 1_000_000_001}, "INVALID_QUANTITY_TOO_HIGH"),
        ({"inventoryItemId": "gid://shopify/InventoryItem/1"}, "INVALID_INVENTORY_ITEM"),
        ({"locationId": "gid://shopify/Location/1"}, "INVALID_LOCATION"),
    ],
)
def test_user_errors(shop, change, code):
    answer = shop.set_stock([row(shop, "MUG", 3) | change])
    assert answer["userErrors"][0]["code"] == code
    assert shop.stock("MUG") == (10, 0)


def test_head_and_duplicate_errors(shop):
    mug = row(shop, "MUG", 3)
    assert shop.set_stock([mug], name="incoming")["userErrors"][0]["code"] == "INVALID_NAME"
    twice = shop.set_stock([mug, mug])["userErrors"][0]["code"]
    assert twice == "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
    answer = shop.gql(
        """mutation($input: InventorySetQuantitiesInput!) {
           inventorySetQuantities(input: $input) @idempotent(key: "k") { userErrors { code } } }""",
        input={"name": "available", "reason": "because", "quantities": [mug], "referenceDocumentUri": "x"},
    )
    codes = [e["code"] for e in answer["inventorySetQuantities"]["userErrors"]]
    assert codes == ["INVALID_REASON", "INVALID_REFERENCE_DOCUMENT"]
    assert shop.stock("MUG") == (10, 0)


def test_an_item_must_be_activated_at_a_location_first(shop):
    assert shop.set_stock([row(shop, "MUG", 3, place="North")])["userErrors"][0]["code"] == (
        "ITEM_NOT_STOCKED_AT_LOCATION"
    )
    activate = """mutation($item: ID!, $place: ID!, $n: Int, $key: String!) {
        inventoryActivate(inventoryItemId: $item, locationId: $place, available: $n) @idempotent(key: $key) {
          inventoryLevel { id } userErrors { message } } }"""
    given = {"item": row(shop, "MUG", 1)["inventoryItemId"], "place": shop.items["locations"]["North"]}
    assert shop.gql(activate, **given, n=2, key="a")["inventoryActivate"]["userErrors"] == []
    again = shop.gql(activate, **given, n=9, key="b")["inventoryActivate"]
    assert "already active" in again["userErrors"][0]["message"]
    assert shop.set_stock([row(shop, "MUG", 3, expected=2, place="North")])["userErrors"] == []


def test_adjusting_by_a_difference(shop):
    adjust = """mutation($input: InventoryAdjustQuantitiesInput!, $key: String!) {
        inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
          inventoryAdjustmentGroup { changes { name delta } } userErrors { code } } }"""
    change = row(shop, "MUG", 0) | {"delta": -4}
    del change["quantity"]
    given = {"name": "available", "reason": "shrinkage", "changes": [change]}
    assert shop.gql(adjust, input=given, key="a")["inventoryAdjustQuantities"]["userErrors"] == []
    shop.gql(adjust, input=given, key="a")
    assert shop.stock("MUG") == (6, 0)
    stale = given | {"changes": [change | {"changeFromQuantity": 10}]}
    answer = shop.gql(adjust, input=stale, key="b")["inventoryAdjustQuantities"]
    assert answer["userErrors"][0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    assert shop.stock("MUG") == (6, 0)


def test_the_shop_does_not_sell_what_it_does_not_have(shop):
    shop.shopper("place", lines=[{"sku": "LAST"}])
    assert "Sold out" in shop.refused("place", lines=[{"sku": "LAST"}])
    assert "Sold out" in shop.refused("place", lines=[{"sku": "MUG"}, {"sku": "LAMP", "quantity": 5}])
    assert shop.stock("LAST") == (0, 1)
    assert shop.stock("MUG") == (10, 0)
    assert len(shop.records()["orders"]) == 1


def test_backorders_go_below_zero(shop):
    shop.shopper("place", lines=[{"sku": "BACK", "quantity": 2}])
    assert shop.stock("BACK") == (-2, 2)


def test_an_order_takes_from_one_location_when_it_can_and_is_split_when_not(shop):
    whole = shop.shopper("place", lines=[{"sku": "LAMP", "quantity": 3}])
    assert [j["assignedLocation"]["name"] for j in shop.jobs(whole["id"])] == ["North"]
    shop.shopper("set_stock", sku="LAMP", available=3, location="North")
    split = shop.shopper("place", lines=[{"sku": "LAMP", "quantity": 4}])
    parts = {
        j["assignedLocation"]["name"]: j["lineItems"]["nodes"][0]["remainingQuantity"]
        for j in shop.jobs(split["id"])
    }
    assert parts == {"North": 3, "Main": 1}


def test_seeding_twice_changes_nothing(shop):
    shop.shopper("place", lines=[{"sku": "MUG"}])
    before = shop.records()["stock"]
    answer = shop.shopper(
        "seed_products", products=[{"sku": "MUG", "name": "Mug", "price": "1", "stock": 99}]
    )
    assert answer["made"] == 0
    assert shop.records()["stock"] == before
