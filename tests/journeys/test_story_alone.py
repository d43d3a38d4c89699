"""The story has clean hands: nothing of it knows our actions or models."""

from __future__ import annotations

import ast
from pathlib import Path

import channels.demo.hands
import channels.demo.story

OURS = {"oms", "inventory", "orders", "fulfillment", "returns", "channels"}
ROOMS = [Path(package.__path__[0]) for package in (channels.demo.hands, channels.demo.story)]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_the_story_imports_no_action_and_no_model() -> None:
    files = [path for room in ROOMS for path in room.rglob("*.py")]
    assert len(files) > 25
    for path in files:
        for name in imported(path):
            if name.partition(".")[0] in OURS:
                assert name == "channels" or name.startswith("channels.demo"), f"{path.name} imports {name}"
            assert not name.startswith("django") or name in {"django.db", "django.db.connection"}, path.name


def test_only_the_books_speak_sql() -> None:
    """Everybody acts by hand; the one file that looks into the database looks and changes nothing."""
    for room in ROOMS:
        for path in room.rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if path.name == "books.py":
                for word in ("INSERT ", "UPDATE ", "DELETE ", "TRUNCATE ", "ALTER "):
                    assert word not in text, word
            else:
                assert "django.db" not in text, path.name
