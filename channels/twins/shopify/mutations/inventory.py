"""Setting stock: absolute with compare-and-set, or by a difference; all of a call or nothing."""

from __future__ import annotations

import re

from graphql import GraphQLError

from channels.twins.shopify import ids, shelf
from channels.twins.shopify.books import Doc
from channels.twins.shopify.fields.lookup import level_node
from channels.twins.shopify.mutations.idempotency import Error, Facts, error
from channels.twins.shopify.node import Node, Session

REASONS = frozenset(
    [
        "correction",
        "cycle_count_available",
        "damaged",
        "movement_created",
        "movement_updated",
        "movement_received",
        "movement_canceled",
        "other",
        "promotion",
        "quality_control",
        "received",
        "reservation_created",
        "reservation_deleted",
        "reservation_updated",
        "restock",
        "safety_stock",
        "shrinkage",
    ]
)
MOST = 1_000_000_000
DOCUMENT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//)?[^\s/].*\Z")


def set_quantities(session: Session, input: Doc) -> tuple[Facts, list[Error]]:
    _demand_compare("InventoryQuantityInput", input["quantities"])
    errors = _check_head(input, {"available", "on_hand"}, "INVALID_NAME")
    seen: set[tuple[str, str]] = set()
    changes: list[tuple[Doc, int]] = []
    for place, row in enumerate(input["quantities"]):
        path = ["input", "quantities", str(place)]
        pair = (row["inventoryItemId"], row["locationId"])
        if pair in seen:
            errors.append(
                error(
                    [*path, "locationId"],
                    "The combination of inventoryItemId and locationId must be unique.",
                    "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
                )
            )
        seen.add(pair)
        if row["quantity"] < 0:
            errors.append(
                error([*path, "quantity"], "The quantity can't be negative.", "INVALID_QUANTITY_NEGATIVE")
            )
        elif row["quantity"] > MOST:
            errors.append(
                error(
                    [*path, "quantity"],
                    "The total quantity can't be higher than 1,000,000,000.",
                    "INVALID_QUANTITY_TOO_HIGH",
                )
            )
        level = _level(session, row, path, errors)
        if level is None or errors:
            continue
        have = shelf.quantity(level, input["name"])
        if not _fresh(row, have, path, errors):
            continue
        changes.append((level, row["quantity"] - have))
    if errors:
        return {}, errors
    return _apply(session, "inventorySetQuantities", input, changes), []


def adjust_quantities(session: Session, input: Doc) -> tuple[Facts, list[Error]]:
    _demand_compare("InventoryChangeInput", input["changes"])
    errors = _check_head(input, {"available"}, "INVALID_QUANTITY_NAME")
    changes: list[tuple[Doc, int]] = []
    for place, row in enumerate(input["changes"]):
        path = ["input", "changes", str(place)]
        level = _level(session, row, path, errors)
        if level is None or errors:
            continue
        have = shelf.quantity(level, input["name"])
        if not _fresh(row, have, path, errors):
            continue
        for limit, words, code in ((MOST, "higher", "HIGH"), (-MOST, "lower", "LOW")):
            if (have + row["delta"] > limit) if limit > 0 else (have + row["delta"] < limit):
                errors.append(
                    error(
                        [*path, "delta"],
                        f"The total quantity can't be {words} than {limit:,}.",
                        f"INVALID_QUANTITY_TOO_{code}",
                    )
                )
        changes.append((level, row["delta"]))
    if errors:
        return {}, errors
    return _apply(session, "inventoryAdjustQuantities", input, changes), []


def activate(
    session: Session,
    inventoryItemId: str,
    locationId: str,
    available: int | None = None,
    onHand: int | None = None,
    stockAtLegacyLocation: bool = False,
) -> tuple[Facts, list[Error]]:
    books = session.books
    item, place = ids.number("InventoryItem", inventoryItemId), ids.number("Location", locationId)
    if books.variant_of_item(item) is None:
        return {}, [error(["inventoryItemId"], "The inventory item could not be found.")]
    if books.location(place) is None:
        return {}, [error(["locationId"], "The location could not be found.")]
    if available is not None and onHand is not None:
        return {}, [error(["available"], "Only one of available and on hand can be set.")]
    start = available if available is not None else onHand
    if start is not None and start < 0:
        return {}, [error(["available"], "The quantity can't be negative.")]
    level = books.level(item, place)
    if level is not None and start is not None:
        return {}, [
            error(
                ["available"],
                "Not allowed to set available quantity when the item is already active at the location.",
            )
        ]
    if level is None:
        shelf.open_level(books, item, place, start or 0)
        books.log("inventoryActivate", item_id=item, location_id=place, available=start or 0)
    return {"item_id": item, "location_id": place}, []


def show_level(session: Session, facts: Facts) -> Doc:
    level = session.books.level(facts["item_id"], facts["location_id"]) if facts else None
    return {"inventoryLevel": level_node(level)}


def show_group(_session: Session, facts: Facts) -> Doc:
    group = facts.get("group")
    return {"inventoryAdjustmentGroup": Node("InventoryAdjustmentGroup", group) if group else None}


def _demand_compare(kind: str, rows: list[Doc]) -> None:
    """The field must be there, though it may be null: absent and null are not the same to Shopify."""
    if any("changeFromQuantity" not in row for row in rows):
        raise GraphQLError(
            f"{kind} must include the following argument: changeFromQuantity.",
            extensions={"code": "INVALID_FIELD_ARGUMENTS"},
        )


def _check_head(input: Doc, names: set[str], name_code: str) -> list[Error]:
    errors: list[Error] = []
    if input["name"] not in names:
        errors.append(
            error(["input", "name"], "The quantity name must be either 'available' or 'on_hand'.", name_code)
        )
    if input["reason"] not in REASONS:
        errors.append(error(["input", "reason"], "The specified reason is invalid.", "INVALID_REASON"))
    document = input.get("referenceDocumentUri")
    if document is not None and not DOCUMENT.match(document):
        errors.append(
            error(
                ["input", "referenceDocumentUri"],
                "The specified reference document is invalid.",
                "INVALID_REFERENCE_DOCUMENT",
            )
        )
    return errors


def _level(session: Session, row: Doc, path: list[str], errors: list[Error]) -> Doc | None:
    item, place = (
        ids.number("InventoryItem", row["inventoryItemId"]),
        ids.number("Location", row["locationId"]),
    )
    if session.books.variant_of_item(item) is None:
        errors.append(
            error(
                [*path, "inventoryItemId"],
                "The specified inventory item could not be found.",
                "INVALID_INVENTORY_ITEM",
            )
        )
        return None
    if session.books.location(place) is None:
        errors.append(
            error([*path, "locationId"], "The specified location could not be found.", "INVALID_LOCATION")
        )
        return None
    level = session.books.level(item, place)
    if level is None:
        errors.append(
            error(
                [*path, "locationId"],
                "The specified inventory item is not stocked at the location.",
                "ITEM_NOT_STOCKED_AT_LOCATION",
            )
        )
    return level


def _fresh(row: Doc, have: int, path: list[str], errors: list[Error]) -> bool:
    expected = row["changeFromQuantity"]
    if expected is None or expected == have:
        return True
    errors.append(
        error(
            [*path, "changeFromQuantity"],
            "The changeFromQuantity value does not match persisted value.",
            "CHANGE_FROM_QUANTITY_STALE",
        )
    )
    return False


def _apply(session: Session, operation: str, input: Doc, changes: list[tuple[Doc, int]]) -> Facts:
    """Committed units stay what they are, so available and on hand move together."""
    books = session.books
    rows = []
    for level, delta in changes:
        level["available"] += delta
        books.save_level(level)
        names = ("available", "on_hand") if delta else ()
        rows += [
            {
                "item_id": level["item_id"],
                "location_id": level["location_id"],
                "name": name,
                "delta": delta,
                "after": shelf.quantity(level, name),
            }
            for name in names
        ]
        books.log(
            operation,
            item_id=level["item_id"],
            sku=(books.variant_of_item(level["item_id"]) or {}).get("sku"),
            location_id=level["location_id"],
            delta=delta,
            available=level["available"],
        )
    group = {
        "id": books.new_id(),
        "created_at": books.now,
        "reason": input["reason"],
        "reference_document_uri": input.get("referenceDocumentUri"),
        "changes": rows,
    }
    return {"group": group}


__all__ = ["REASONS", "activate", "adjust_quantities", "set_quantities", "show_group", "show_level"]
