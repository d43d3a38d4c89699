"""The verbs of stock as the console offers them: each asks, shows what it will do, and calls one action."""

from inventory.buttons import arrivals, differences, items, shelves
from inventory.buttons.arrivals import ArrivalForm, items_by_code, read_arrivals

__all__ = ["BUTTONS", "ArrivalForm", "items_by_code", "read_arrivals"]

BUTTONS = (*arrivals.BUTTONS, *shelves.BUTTONS, *differences.BUTTONS, *items.BUTTONS)
