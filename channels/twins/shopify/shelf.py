"""The shop's own stock: what is available and what is committed to orders, at each location.

``on_hand = available + committed``. Selling turns available into committed, shipping takes the committed
away, a restock gives it back. Nothing else moves stock.
"""

from __future__ import annotations

from typing import Any

from channels.twins.shopify.books import Books

Doc = dict[str, Any]
NAMES = (
    "available",
    "committed",
    "damaged",
    "incoming",
    "on_hand",
    "quality_control",
    "reserved",
    "safety_stock",
)


def quantity(level: Doc, name: str) -> int:
    if name == "on_hand":
        return level["available"] + level["committed"]
    return level.get(name, 0)


def open_level(books: Books, item: int, location: int, available: int = 0) -> Doc:
    level = {
        "id": books.new_id(),
        "item_id": item,
        "location_id": location,
        "available": available,
        "committed": 0,
        "created_at": books.now,
    }
    books.save_level(level)
    return level


def commit(books: Books, item: int, location: int, units: int) -> None:
    """Sold: it stays on the shelf, but is no longer for sale."""
    _move(books, item, location, available=-units, committed=units)


def release(books: Books, item: int, location: int, units: int, *, restock: bool) -> None:
    """No longer wanted: back for sale, or (without restock) off the shelf with nothing gained."""
    _move(books, item, location, available=units if restock else 0, committed=-units)


def ship(books: Books, item: int, location: int, units: int) -> None:
    _move(books, item, location, committed=-units)


def put_back(books: Books, item: int, location: int, units: int) -> None:
    """A return goes on the shelf."""
    _move(books, item, location, available=units)


def _move(books: Books, item: int, location: int, *, available: int = 0, committed: int = 0) -> None:
    level = books.level(item, location) or open_level(books, item, location)
    level["available"] += available
    level["committed"] += committed
    books.save_level(level)


def plan(
    books: Books, wanted: dict[int, int], for_sale_anyway: set[int]
) -> dict[int, list[tuple[int, int]]] | None:
    """Where to take ``{item: units}`` from, as ``{item: [(location, units)]}``; ``None`` when it cannot be sold.

    One location for everything where there is one, else each item from the fullest places. What may be sold
    without stock (inventory policy CONTINUE) goes below zero at the first location.
    """
    places = [place["id"] for place in books.locations() if place["active"]]
    free = {
        item: {level["location_id"]: level["available"] for level in books.levels_of(item)} for item in wanted
    }
    for place in places:
        if all(free[item].get(place, 0) >= units for item, units in wanted.items()):
            return {item: [(place, units)] for item, units in wanted.items()}
    found: dict[int, list[tuple[int, int]]] = {}
    for item, units in wanted.items():
        takes: list[tuple[int, int]] = []
        for place in sorted(places, key=lambda at: -free[item].get(at, 0)):
            take = min(units, max(0, free[item].get(place, 0)))
            if take:
                takes.append((place, take))
                units -= take
        if units and item not in for_sale_anyway:
            return None
        if units:
            takes.append((places[0], units))
        found[item] = takes
    return found
