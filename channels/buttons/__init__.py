"""The verbs of running channels as the console offers them: each asks, shows what it will do, calls one action.

Those that speak with a shop say what to do when it does not answer. Connecting one is in ``connecting.py``.
"""

from channels.buttons import changes, fetching, levels, mapping, switching, untold
from channels.buttons.base import ask_shop

__all__ = ["BUTTONS", "ask_shop"]

BUTTONS = (
    *fetching.BUTTONS,
    *changes.BUTTONS,
    *mapping.BUTTONS,
    *levels.BUTTONS,
    *switching.BUTTONS,
    *untold.BUTTONS,
)
