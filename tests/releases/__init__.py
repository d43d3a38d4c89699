"""Databases of releases, kept: each must migrate to what is here now. ``python -m tests.releases`` makes the next."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
BASELINE = HERE / "migrations.txt"
OURS = ("core", "inventory", "orders", "fulfillment", "returns", "channels")


def released() -> set[str]:
    """``app.name`` of every migration that databases out there may have applied."""
    return set(BASELINE.read_text().split())
