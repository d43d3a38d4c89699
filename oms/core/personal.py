"""Personal data for somebody who does not need it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLAIN = frozenset({"country", "region"})
"""What of an address tells nobody who it is."""


def hidden(text: str) -> str:
    """Initials stay, so that two people can be told apart: ``A••• S•••``, ``a•••@e•••``."""
    if "@" in text:
        name, _, domain = text.partition("@")
        return f"{name[:1]}•••@{domain[:1]}•••"
    return " ".join(f"{word[:1]}•••" for word in text.split())


def hidden_address(address: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v if k in PLAIN else hidden(str(v)) for k, v in address.items()}
