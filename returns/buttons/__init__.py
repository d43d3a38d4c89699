"""The verbs of returns as the console offers them: each asks, shows what it will do, and calls one action."""

from returns.buttons import asking, closing, dock, inspection, others, paying, unannounced

__all__ = ["BUTTONS"]

BUTTONS = (
    *asking.BUTTONS,
    *dock.BUTTONS,
    *others.BUTTONS,
    *inspection.BUTTONS,
    *paying.BUTTONS,
    *closing.BUTTONS,
    *unannounced.BUTTONS,
)
