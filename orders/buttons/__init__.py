"""The verbs of orders as the console offers them: each asks, shows what it will do, and calls one action."""

from orders.buttons import details, files, holds, items, payments, refunds
from orders.buttons.items import which_item
from orders.buttons.refunds import asked_heads, fee_fields, line_fields, most_of, told_quote, told_refund

__all__ = [
    "BUTTONS",
    "asked_heads",
    "fee_fields",
    "line_fields",
    "most_of",
    "told_quote",
    "told_refund",
    "which_item",
]

BUTTONS = (
    *holds.BUTTONS,
    *details.BUTTONS,
    *files.BUTTONS,
    *items.BUTTONS,
    *refunds.BUTTONS,
    *payments.BUTTONS,
)
