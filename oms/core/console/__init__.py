"""The operations console: what an app's ``console.py`` needs to extend it."""

from oms.core.console.navigation import navigation
from oms.core.console.registry import (
    GROUPS,
    Button,
    Day,
    Figure,
    Finder,
    MenuEntry,
    Outcome,
    Panel,
    Preview,
    Queue,
    Reading,
    Related,
    Teller,
    register,
    registry,
)

__all__ = [
    "GROUPS",
    "Button",
    "Day",
    "Figure",
    "Finder",
    "MenuEntry",
    "Outcome",
    "Panel",
    "Preview",
    "Queue",
    "Reading",
    "Related",
    "Teller",
    "navigation",
    "register",
    "registry",
]
