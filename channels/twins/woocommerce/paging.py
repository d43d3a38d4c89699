"""A collection as WordPress pages it: filtered, ordered, cut, with its totals in the headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from channels.twins.woocommerce import dates
from channels.twins.woocommerce.shop import Shop
from channels.twins.woocommerce.wordpress import Arg, Call, answer
from oms.twinkit.server import Response

PAGING = {
    "context": Arg(enum=("view", "edit"), default="view"),
    "page": Arg("integer", 1, minimum=1),
    "per_page": Arg("integer", 10, minimum=1, maximum=100),
    "offset": Arg("integer"),
    "search": Arg(),
    "include": Arg("integers", []),
    "exclude": Arg("integers", []),
    "order": Arg(enum=("asc", "desc"), default="desc"),
}
DATED = {
    "after": Arg(date=True),
    "before": Arg(date=True),
    "modified_after": Arg(date=True),
    "modified_before": Arg(date=True),
    "dates_are_gmt": Arg("boolean", False),
}


def dated(shop: Shop, call: Call) -> Callable[[dict[str, Any]], bool]:
    """The date filters. Both ends are open: an object changed in that very second is left out."""
    zone = shop.config["timezone"]
    tests: list[tuple[str, str, bool]] = []
    for name, column, later in (
        ("after", "date_created_gmt", True),
        ("before", "date_created_gmt", False),
        ("modified_after", "date_modified_gmt", True),
        ("modified_before", "date_modified_gmt", False),
    ):
        if call[name]:
            tests.append((column, dates.boundary(call[name], zone), later))

    def passes(document: dict[str, Any]) -> bool:
        for column, edge, later in tests:
            stamp = document.get(column) or document["date_created_gmt"]
            stamp = stamp if call["dates_are_gmt"] else dates.local(stamp, zone) or ""
            if not (stamp > edge if later else stamp < edge):
                return False
        return True

    return passes


def included(call: Call) -> Callable[[dict[str, Any]], bool]:
    include, exclude = set(call["include"] or ()), set(call["exclude"] or ())
    return lambda document: (not include or document["id"] in include) and document["id"] not in exclude


KEYS: dict[str, Callable[[dict[str, Any]], tuple[Any, int]]] = {
    "id": lambda d: (d["id"], 0),
    "date": lambda d: (d["date_created_gmt"], d["id"]),
    "modified": lambda d: (d.get("date_modified_gmt") or d["date_created_gmt"], d["id"]),
    "title": lambda d: (d.get("name") or "", d["id"]),
    "slug": lambda d: (d.get("slug") or "", d["id"]),
    "price": lambda d: (float(d.get("price") or 0), d["id"]),
    "menu_order": lambda d: (d.get("menu_order") or 0, d["id"]),
}


def respond(
    shop: Shop,
    call: Call,
    path: str,
    found: Iterable[dict[str, Any]],
    view: Callable[[dict[str, Any]], dict[str, Any]],
) -> Response:
    """The page asked for. Beyond the last page it is empty, with the totals still told."""
    orderby = call["orderby"] or "date"
    if orderby == "include":
        places = {one: place for place, one in enumerate(call["include"])}
        rows = sorted(found, key=lambda d: places.get(d["id"], 0))
    else:
        rows = sorted(found, key=KEYS.get(orderby, KEYS["date"]), reverse=call["order"] == "desc")
    size, page = call["per_page"], call["page"]
    start = call["offset"] if call["offset"] is not None else (page - 1) * size
    pages = -(-len(rows) // size)
    headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
    links = [f'<{call.home}/wp-json/>; rel="https://api.w.org/"']
    for rel, target, there in (("prev", min(page - 1, pages), page > 1), ("next", page + 1, pages > page)):
        if there:
            query = urlencode([(n, v) for n, v in call.query if n != "page"] + [("page", str(target))])
            links.append(f'<{call.home}/wp-json/wc/v3{path}?{query}>; rel="{rel}"')
    headers["Link"] = ", ".join(links)
    return answer([view(row) for row in rows[start : start + size]], headers=headers)
