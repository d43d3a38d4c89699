"""What higher apps know about how far an object is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms.core.console.registry import registry


def told_of(model: str, obj: Any) -> dict[str, Any]:
    """Everything told about ``obj``, merged: lists are joined, numbers added, later text wins."""
    merged: dict[str, Any] = {}
    for source in registry.tellers_of(model):
        told: Mapping[str, Any] = source.tell(obj)
        for name, value in told.items():
            if name in merged and isinstance(value, list | int):
                merged[name] = merged[name] + value
            else:
                merged[name] = value
    return merged
