"""Listings and stock. One listing is a simple product or one variation; their ids share one number space."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Any

from channels.adapters.base import Page, RemoteListing, StockResult, StockTarget
from channels.adapters.woocommerce_wire import Wire
from oms.core.errors import Permanent, Retry

NO_STOCK_OF_THEIR_OWN = frozenset({"grouped", "external"})
BATCH = 100


class Stock(Wire):
    stock_batch = BATCH

    def pull_listings(self, cursor: str | None = None) -> Page:
        """``ref`` is ``{"product": id, "variation": id or 0}``.

        A variation whose stock is kept at its product says ``manage_stock: "parent"``; it counts as tracked,
        and the first push gives it a stock of its own.
        """
        page = int(cursor or 1)
        answer = self.get("products", orderby="id", order="asc", per_page=self.page_size, page=page)
        found: list[RemoteListing] = []
        for product in answer.json():
            if product.get("type") in NO_STOCK_OF_THEIR_OWN or product.get("status") == "trash":
                continue
            # A plug-in may bring its own kind of variable product, so the list of variations decides too.
            if product.get("variations") or product.get("type") == "variable":
                variations = self.every(f"products/{product['id']}/variations", orderby="id", order="asc")
                found += [_listing(variation, product) for variation in variations]
            else:
                found.append(_listing(product, product))
        return Page(found, self.next_page(answer, page))

    def push_stock(self, targets: Sequence[StockTarget]) -> Sequence[StockResult]:
        """Absolute, without compare-and-set (WooCommerce has none: ``expected`` is not looked at).

        Outcomes are per item. When the shop stops answering, what was not sent comes back as ``retry``;
        when nothing at all was sent, ``Retry`` is raised.
        """
        results: list[StockResult] = []
        trouble: Retry | None = None
        for path, some in _groups(targets):
            if trouble is None:
                try:
                    results += self._push(f"{path}/batch", some)
                    continue
                except Retry as error:
                    trouble = error
            results += [StockResult(target.external_id, "retry", words=str(trouble)) for target in some]
        if trouble is not None and all(result.outcome == "retry" for result in results):
            raise trouble
        return results

    def read_stock(self, targets: Sequence[StockTarget]) -> Mapping[str, int | None]:
        """A listing whose stock the shop does not manage has no number and is left out."""
        standing: dict[str, int | None] = {}
        for path, some in _groups(targets):
            ids = ",".join(str(_id(target)) for target in some)
            answer = self.get(path, missing_ok=True, include=ids, per_page=BATCH)
            rows = {} if answer.status == 404 else {row["id"]: row for row in answer.json()}
            for target in some:
                row = rows.get(_id(target))
                if row is None:
                    standing[target.external_id] = None
                elif row.get("manage_stock") and row.get("stock_quantity") is not None:
                    standing[target.external_id] = int(row["stock_quantity"])
        return standing

    def _push(self, path: str, targets: Sequence[StockTarget]) -> list[StockResult]:
        update = [
            {"id": _id(target), "manage_stock": True, "stock_quantity": target.quantity} for target in targets
        ]
        answer = self.send("POST", path, {"update": update}, missing_ok=True)
        if answer.status == 404:
            return [StockResult(target.external_id, "missing") for target in targets]
        rows = {row.get("id"): row for row in answer.json().get("update") or ()}
        return [_result(target, rows.get(_id(target))) for target in targets]


def _id(target: StockTarget) -> int:
    return int(target.ref.get("variation") or target.ref["product"])


def _groups(targets: Sequence[StockTarget]) -> Iterator[tuple[str, Sequence[StockTarget]]]:
    """Products go together; variations go by their product, since each product has a route of its own."""
    groups: dict[str, list[StockTarget]] = defaultdict(list)
    for target in targets:
        own = f"products/{target.ref['product']}/variations" if target.ref.get("variation") else "products"
        groups[own].append(target)
    for path, group in groups.items():
        for at in range(0, len(group), BATCH):
            yield path, group[at : at + BATCH]


def _result(target: StockTarget, row: Mapping[str, Any] | None) -> StockResult:
    """Errors come one by one inside an answer of 200."""
    if row is None:
        return StockResult(target.external_id, "retry", words="the shop did not answer for this listing")
    error = row.get("error")
    if error:
        gone = "invalid_id" in str(error.get("code")) or (error.get("data") or {}).get("status") == 404
        return StockResult(
            target.external_id, "missing" if gone else "rejected", words=str(error.get("message") or "")
        )
    stands = row.get("stock_quantity")
    return StockResult(target.external_id, "sent", actual=None if stands is None else int(stands))


def _listing(row: Mapping[str, Any], product: Mapping[str, Any]) -> RemoteListing:
    if not row.get("id"):
        raise Permanent("no_id", f"product {product.get('id')} has a variation without id")
    variation = row["id"] if row is not product else 0
    options = " / ".join(
        str(part.get("option")) for part in row.get("attributes") or () if part.get("option")
    )
    title = unescape(str(product.get("name") or ""))
    quantity = row.get("stock_quantity")
    return RemoteListing(
        external_id=str(row["id"]),
        external_product_id=str(product["id"]),
        sku=str(row.get("sku") or ""),
        title=f"{title} ({options})" if variation and options else title,
        barcode=str(row.get("global_unique_id") or ""),
        quantity=None if quantity is None else int(quantity),
        tracked=bool(row.get("manage_stock")),
        ref={"product": product["id"], "variation": variation},
    )
