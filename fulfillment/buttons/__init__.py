"""The verbs of fulfillment as the console offers them: each asks, shows what it will do, and calls one action."""

from __future__ import annotations

from fulfillment.buttons import manifests, orders, parcels, work

BUTTONS = (*work.BUTTONS, *parcels.BUTTONS, *manifests.BUTTONS, *orders.BUTTONS)
