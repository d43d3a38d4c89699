"""``/products``, ``/products/{id}/variations`` and their batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from channels.twins.woocommerce import catalogue, paging, views
from channels.twins.woocommerce.shop import Shop
from channels.twins.woocommerce.wordpress import Arg, Call, Invalid, RestError, answer, convert
from oms.twinkit.server import Response

BATCH_LIMIT = 100
LIST = {
    **paging.PAGING,
    **paging.DATED,
    "orderby": Arg(
        enum=("date", "id", "include", "title", "slug", "modified", "price", "menu_order"), default="date"
    ),
    "sku": Arg(),
    "status": Arg(
        enum=("any", "future", "trash", "draft", "pending", "private", "publish"),
        default="any",
    ),
    "type": Arg(enum=("simple", "grouped", "external", "variable")),
    "stock_status": Arg(enum=("instock", "outofstock", "onbackorder")),
}
DELETE = {"force": Arg("boolean", False)}


def list_products(shop: Shop, call: Call) -> Response:
    return _list(shop, call, "/products", "product", lambda item: views.product(shop, item, call.home))


def list_variations(shop: Shop, call: Call) -> Response:
    parent = call.ids["product_id"]

    def view(item: dict[str, Any]) -> dict[str, Any]:
        return views.variation(shop, item, call.home)

    return _list(shop, call, f"/products/{parent}/variations", "variation", view, parent)


def _list(
    shop: Shop,
    call: Call,
    path: str,
    kind: str,
    view: Callable[[dict[str, Any]], dict[str, Any]],
    parent: int | None = None,
) -> Response:
    on_time, wanted = paging.dated(shop, call), paging.included(call)
    skus = {sku.strip() for sku in call["sku"].split(",")} if call["sku"] else set()
    search = (call["search"] or "").lower()

    def passes(item: dict[str, Any]) -> bool:
        if parent is not None and item["parent_id"] != parent:
            return False
        if item["status"] != call["status"] if call["status"] != "any" else item["status"] == "trash":
            return False
        if skus and item["sku"] not in skus:
            return False
        if any(call[name] and item[name] != call[name] for name in ("type", "stock_status")):
            return False
        return (not search or search in item["name"].lower()) and wanted(item) and on_time(item)

    return paging.respond(shop, call, path, filter(passes, shop.store.scan(kind)), view)


# --- one -------------------------------------------------------------------------------------------------


def get_product(shop: Shop, call: Call) -> Response:
    return answer(views.product(shop, _product(shop, call.ids["id"], 404), call.home))


def create_product(shop: Shop, call: Call) -> Response:
    product = catalogue.new_product(shop, call.args)
    where = f"{call.home}{views.API}/products/{product['id']}"
    return answer(views.product(shop, product, call.home), 201, {"Location": where})


def update_product(shop: Shop, call: Call) -> Response:
    product = _product(shop, call.ids["id"], 400)
    catalogue.change(shop, "product", product, call.args)
    return answer(views.product(shop, product, call.home))


def delete_product(shop: Shop, call: Call) -> Response:
    product = _product(shop, call.ids["id"], 404)
    shown = views.product(shop, product, call.home)
    if call["force"]:
        catalogue.remove(shop, "product", product)
    else:
        catalogue.change(shop, "product", product, {"status": "trash"}, "product.deleted")
    return answer(shown)


def get_variation(shop: Shop, call: Call) -> Response:
    variation = _variation(shop, call.ids["product_id"], call.ids["id"], 404)
    return answer(views.variation(shop, variation, call.home))


def update_variation(shop: Shop, call: Call) -> Response:
    variation = _variation(shop, call.ids["product_id"], call.ids["id"], 400)
    catalogue.change(shop, "variation", variation, _inherited(call.args))
    return answer(views.variation(shop, variation, call.home))


def _product(shop: Shop, number: Any, status: int) -> dict[str, Any]:
    product = shop.store.get("product", number)
    if product is None:
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid ID.", status)
    return product


def _variation(shop: Shop, parent: int, number: Any, status: int) -> dict[str, Any]:
    variation = shop.store.get("variation", number)
    if variation is None or variation["parent_id"] != parent:
        raise RestError("woocommerce_rest_product_variation_invalid_id", "Invalid ID.", status)
    return variation


def _inherited(fields: Mapping[str, Any]) -> dict[str, Any]:
    """``manage_stock`` of a variation: true, false, or ``"parent"``."""
    value = fields.get("manage_stock")
    if value is None or value == "parent":
        return dict(fields)
    try:
        return {**fields, "manage_stock": convert("manage_stock", Arg("boolean"), value)}
    except Invalid as problem:
        raise _wrong("manage_stock", problem) from problem


# --- many ------------------------------------------------------------------------------------------------


def batch_products(shop: Shop, call: Call) -> Response:
    def create(item: dict[str, Any]) -> dict[str, Any]:
        return views.product(shop, catalogue.new_product(shop, _checked(catalogue.PRODUCT, item)), call.home)

    def update(item: dict[str, Any]) -> dict[str, Any]:
        product = _product(shop, item.get("id"), 400)
        catalogue.change(shop, "product", product, _checked(catalogue.PRODUCT, item))
        return views.product(shop, product, call.home)

    def delete(number: Any) -> dict[str, Any]:
        product = _product(shop, number, 404)
        catalogue.remove(shop, "product", product)
        return views.product(shop, product, call.home)

    return _batch(shop, call, create, update, delete)


def batch_variations(shop: Shop, call: Call) -> Response:
    parent = call.ids["product_id"]

    def create(item: dict[str, Any]) -> dict[str, Any]:
        fields = _inherited(_checked(catalogue.VARIATION, item))
        made = catalogue.new_variation(shop, _product(shop, parent, 404), fields)
        return views.variation(shop, made, call.home)

    def update(item: dict[str, Any]) -> dict[str, Any]:
        variation = _variation(shop, parent, item.get("id"), 400)
        catalogue.change(shop, "variation", variation, _inherited(_checked(catalogue.VARIATION, item)))
        return views.variation(shop, variation, call.home)

    def delete(number: Any) -> dict[str, Any]:
        variation = _variation(shop, parent, number, 404)
        catalogue.remove(shop, "variation", variation)
        return views.variation(shop, variation, call.home)

    return _batch(shop, call, create, update, delete)


def _batch(
    shop: Shop,
    call: Call,
    create: Callable[[dict[str, Any]], dict[str, Any]],
    update: Callable[[dict[str, Any]], dict[str, Any]],
    delete: Callable[[Any], dict[str, Any]],
) -> Response:
    """At most 100 in all; every item on its own, its error in its place, the whole answered 200."""
    given = {name: call[name] for name in ("create", "update", "delete") if call[name]}
    if sum(len(items) for items in given.values()) > BATCH_LIMIT:
        words = f"Unable to accept more than {BATCH_LIMIT} items for this request."
        raise RestError("woocommerce_rest_request_entity_too_large", words, 413)
    verbs: dict[str, Callable[[Any], dict[str, Any]]] = {"create": create, "update": update, "delete": delete}
    done: dict[str, list[dict[str, Any]]] = {}
    for name, items in given.items():
        done[name] = []
        for item in items:
            number = (item.get("id") or 0) if isinstance(item, dict) else item
            try:
                if name != "delete" and not isinstance(item, dict):
                    raise RestError("rest_invalid_param", f"{name} holds something that is no object.", 400)
                with shop.store.transaction():
                    done[name].append(verbs[name](item))
            except RestError as error:
                done[name].append({"id": number, "error": error.body})
    return answer(done)


BATCH = {"create": Arg("array"), "update": Arg("array"), "delete": Arg("array")}


def _checked(declared: Mapping[str, Arg], item: dict[str, Any]) -> dict[str, Any]:
    """Types of a batch item. The real shop turns nonsense into nought here; a twin had better refuse."""
    fields = dict(item)
    for name, arg in declared.items():
        if item.get(name) is not None:
            try:
                fields[name] = convert(name, arg, item[name])
            except Invalid as problem:
                raise _wrong(name, problem) from problem
    return fields


def _wrong(name: str, problem: Invalid) -> RestError:
    return RestError(
        "rest_invalid_param",
        f"Invalid parameter(s): {name}",
        data={"status": 400, "params": {name: str(problem)}},
    )
