"""The verbs of orders as the console offers them: each asks, shows what it will do, and calls one action."""

from orders.buttons import details, holds, items, payments, refunds
from orders.buttons.items import find_item, like
from orders.buttons.refunds import told_quote, told_refund

__all__ = ["BUTTONS", "find_item", "like", "told_quote", "told_refund"]

BUTTONS = (*holds.BUTTONS, *details.BUTTONS, *items.BUTTONS, *refunds.BUTTONS, *payments.BUTTONS)
