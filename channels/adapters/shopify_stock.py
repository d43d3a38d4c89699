"""Listings and stock at one Shopify location. A listing is a variant; its stock is an inventory item's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters import shopify_queries as q
from channels.adapters.base import Page, RemoteListing, StockResult, StockTarget
from channels.adapters.shopify_read import gid, number_of
from channels.adapters.shopify_wire import Wire
from oms.core.errors import Permanent, Rejected

BATCH = 100  # Shopify takes up to 250; a refused item means sending the rest again, so rather fewer

OUTCOMES = {
    "CHANGE_FROM_QUANTITY_STALE": "stale",
    "COMPARE_QUANTITY_STALE": "stale",
    "INVALID_INVENTORY_ITEM": "missing",
    "ITEM_NOT_STOCKED_AT_LOCATION": "unstocked",
}


class Stock(Wire):
    stock_batch = BATCH
    _location: str = ""

    def location(self) -> str:
        """Whose stock we set. Raises ``Permanent("no_location")`` if it is untold and not the only one."""
        if not self._location:
            told = str(self.account.options.get("location_id") or "")
            if told:
                self._location = gid("Location", told)
            else:
                found = self.ask(q.LOCATIONS)["locations"]["nodes"]
                if len(found) != 1:
                    raise Permanent("no_location", f"{self.account.slug}: say which location's stock to set")
                self._location = found[0]["id"]
        return self._location

    def pull_listings(self, cursor: str | None = None) -> Page:
        """``ref`` is ``{"item": gid of the inventory item}``."""
        found = self.ask(q.VARIANTS, first=100, after=cursor, location=self.location())["productVariants"]
        listings = [
            RemoteListing(
                external_id=number_of(variant["id"]),
                external_product_id=number_of(variant["product"]["id"]),
                sku=variant.get("sku") or "",
                title=variant.get("displayName") or "",
                barcode=variant.get("barcode") or "",
                quantity=_available(variant["inventoryItem"]),
                tracked=variant["inventoryItem"]["tracked"],
                ref={"item": variant["inventoryItem"]["id"]},
            )
            for variant in found["nodes"]
        ]
        return Page(listings, found["pageInfo"]["endCursor"] if found["pageInfo"]["hasNextPage"] else None)

    def push_stock(self, targets: Sequence[StockTarget]) -> Sequence[StockResult]:
        """Absolute, compare-and-set where ``expected`` is told.

        Shopify sets all of a batch or nothing: items it refuses are taken out with their outcome, the rest
        is sent again under a key of its own. An item not yet stocked at the location is activated there.
        """
        results: dict[str, StockResult] = {}
        for at in range(0, len(targets), BATCH):
            left = list(targets[at : at + BATCH])
            while left:
                refused = self._set(left)
                for target in left:
                    if not refused:
                        results[target.external_id] = StockResult(target.external_id, "sent", target.quantity)
                    elif target.external_id in refused:
                        outcome, words = refused[target.external_id]
                        result = StockResult(target.external_id, outcome, words=words)
                        results[target.external_id] = (
                            self._activate(target) if outcome == "unstocked" else result
                        )
                left = [target for target in left if target.external_id not in results]
        stale = [target for target in targets if results[target.external_id].outcome == "stale"]
        for external_id, actual in (self.read_stock(stale) if stale else {}).items():
            results[external_id] = StockResult(external_id, "stale", actual, results[external_id].words)
        return [results[target.external_id] for target in targets]

    def read_stock(self, targets: Sequence[StockTarget]) -> Mapping[str, int | None]:
        """An item that is not stocked at the location has nothing there: zero."""
        standing: dict[str, int | None] = {}
        for at in range(0, len(targets), BATCH):
            some = targets[at : at + BATCH]
            ids = [target.ref["item"] for target in some]
            found = self.ask(q.STOCK, ids=ids, location=self.location())["nodes"]
            for target, item in zip(some, found, strict=True):
                standing[target.external_id] = (_available(item) or 0) if item else None
        return standing

    def _set(self, targets: Sequence[StockTarget]) -> dict[str, tuple[str, str]]:
        """What was refused, by listing: outcome and words. Nothing refused means that all is set."""
        quantities = [
            {
                "inventoryItemId": target.ref["item"],
                "locationId": self.location(),
                "quantity": target.quantity,
                "changeFromQuantity": target.expected,
            }
            for target in targets
        ]
        told = "|".join(f"{target.key}:{target.quantity}:{target.expected}" for target in targets)
        key = hashlib.sha256(told.encode()).hexdigest()
        asked = {"name": "available", "reason": "correction", "quantities": quantities}
        payload = self.change_once(q.SET_STOCK, "inventorySetQuantities", key, input=asked)
        refused: dict[str, tuple[str, str]] = {}
        for error in payload["userErrors"]:
            at = _index(error)
            if at is None or at >= len(targets):
                raise Rejected("quantities", str(error.get("code") or "").lower(), str(error.get("message")))
            outcome = OUTCOMES.get(str(error.get("code")), "rejected")
            refused[targets[at].external_id] = (outcome, str(error.get("message") or ""))
        return refused

    def _activate(self, target: StockTarget) -> StockResult:
        asked: dict[str, Any] = {"item": target.ref["item"], "location": self.location()}
        payload = self.change_once(
            q.ACTIVATE_STOCK,
            "inventoryActivate",
            f"activate:{target.key}",
            available=target.quantity,
            **asked,
        )
        if payload["userErrors"]:
            words = "; ".join(str(error.get("message")) for error in payload["userErrors"])
            return StockResult(target.external_id, "rejected", words=words)
        return StockResult(target.external_id, "sent", target.quantity)


def _index(error: Mapping[str, Any]) -> int | None:
    """Which of the quantities an error is about: ``["input", "quantities", "3", "changeFromQuantity"]``."""
    return next((int(part) for part in error.get("field") or () if str(part).isdigit()), None)


def _available(item: Mapping[str, Any]) -> int | None:
    level = item.get("inventoryLevel")
    return level["quantities"][0]["quantity"] if level and level["quantities"] else None
