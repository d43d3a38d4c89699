"""Documents as REST shows them: with the site's own dates, with links, in the wanted decimals."""

from __future__ import annotations

from typing import Any

from channels.twins.woocommerce import dates, pricing
from channels.twins.woocommerce.shop import Shop

API = "/wp-json/wc/v3"


def show(
    shop: Shop, document: dict[str, Any], stamps: tuple[str, ...], links: dict[str, str]
) -> dict[str, Any]:
    shown = {name: value for name, value in document.items() if name != "_twin"}
    for stamp in stamps:
        shown[f"date_{stamp}"] = dates.local(document.get(f"date_{stamp}_gmt"), shop.config["timezone"])
    shown["_links"] = {name: [{"href": address}] for name, address in links.items()}
    return shown


def order(shop: Shop, document: dict[str, Any], home: str, dp: int | None = None) -> dict[str, Any]:
    base = f"{home}{API}/orders"
    links = {"self": f"{base}/{document['id']}", "collection": base}
    if document.get("customer_id"):
        links["customer"] = f"{home}{API}/customers/{document['customer_id']}"
    shown = show(shop, document, ("created", "modified", "paid", "completed"), links)
    return shown if dp is None or dp == shop.decimals else pricing.reformat(shown, dp)


def refund(
    shop: Shop, document: dict[str, Any], home: str, dp: int | None = None, parent: bool = False
) -> dict[str, Any]:
    base = f"{home}{API}/orders/{document['parent_id']}"
    links = {"self": f"{base}/refunds/{document['id']}", "collection": f"{base}/refunds", "up": base}
    shown = show(shop, document, ("created",), links)
    if not parent:
        del shown["parent_id"]
    return shown if dp is None or dp == shop.decimals else pricing.reformat(shown, dp)


def note(shop: Shop, document: dict[str, Any], home: str) -> dict[str, Any]:
    base = f"{home}{API}/orders/{document['order_id']}"
    links = {"self": f"{base}/notes/{document['id']}", "collection": f"{base}/notes", "up": base}
    shown = show(shop, document, ("created",), links)
    del shown["order_id"]
    return shown


def product(shop: Shop, document: dict[str, Any], home: str) -> dict[str, Any]:
    base = f"{home}{API}/products"
    links = {"self": f"{base}/{document['id']}", "collection": base}
    return {
        **show(shop, document, ("created", "modified", "on_sale_from", "on_sale_to"), links),
        "permalink": f"{home}/product/{document['slug']}/",
    }


def variation(shop: Shop, document: dict[str, Any], home: str) -> dict[str, Any]:
    base = f"{home}{API}/products/{document['parent_id']}"
    links = {"self": f"{base}/variations/{document['id']}", "collection": f"{base}/variations", "up": base}
    shown = show(shop, document, ("created", "modified", "on_sale_from", "on_sale_to"), links)
    return {**shown, "permalink": f"{home}/?p={document['id']}"}


def webhook(shop: Shop, document: dict[str, Any], home: str) -> dict[str, Any]:
    base = f"{home}{API}/webhooks"
    links = {"self": f"{base}/{document['id']}", "collection": base}
    return show(shop, document, ("created", "modified"), links)
