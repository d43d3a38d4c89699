"""A small durable store of JSON documents on SQLite, held in memory for reading.

Documents live in named collections under string keys, in the order of their first writing. A store is used
under its twin's lock. Reading a moment of the past (``as_of``) is what makes a stale read honest: the answer
is one the outside party really could have given.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REMEMBERED_CHANGES = 20_000


class _Entry:
    """A document as text, parsed once and only when somebody scans it."""

    __slots__ = ("_document", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._document: Any = None

    @property
    def document(self) -> Any:
        if self._document is None:
            self._document = json.loads(self.text)
        return self._document


class Store:
    """``path`` is a file, made when absent, or ``":memory:"``. Collections named ``_…`` belong to the kit."""

    def __init__(self, path: str | Path = ":memory:") -> None:
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS document (position INTEGER PRIMARY KEY AUTOINCREMENT,"
            " collection TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (collection, key))"
        )
        self._live: dict[str, dict[str, _Entry]] = {}
        for collection, key, body in self._db.execute(
            "SELECT collection, key, body FROM document ORDER BY position"
        ):
            self._live.setdefault(collection, {})[key] = _Entry(body)
        self._depth = 0
        self._undo: list[tuple[str, str, _Entry | None]] = []
        self._past: deque[tuple[float, str, str, _Entry | None]] = deque(maxlen=REMEMBERED_CHANGES)
        self._overlay: dict[str, dict[str, _Entry | None]] | None = None

    # --- reading -----------------------------------------------------------------------------------------

    def get(self, collection: str, key: object, default: Any = None) -> Any:
        """A copy of one document, the caller's to change."""
        entry = self._entries(collection).get(str(key))
        return default if entry is None else json.loads(entry.text)

    def has(self, collection: str, key: object) -> bool:
        return str(key) in self._entries(collection)

    def all(self, collection: str) -> list[Any]:
        """Copies of every document, oldest first."""
        return [json.loads(entry.text) for entry in self._entries(collection).values()]

    def scan(self, collection: str) -> Iterator[Any]:
        """Every document without copying: quick, for filtering. What it yields must not be changed."""
        return (entry.document for entry in self._entries(collection).values())

    def keys(self, collection: str) -> list[str]:
        return list(self._entries(collection))

    def count(self, collection: str) -> int:
        return len(self._entries(collection))

    # --- writing -----------------------------------------------------------------------------------------

    def put(self, collection: str, key: object, document: Any) -> None:
        self._set(
            collection, str(key), _Entry(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
        )

    def delete(self, collection: str, key: object) -> None:
        if self.has(collection, key):
            self._set(collection, str(key), None)

    def next(self, name: str, start: int = 1) -> int:
        """The next number of a named sequence; never handed out twice."""
        number = self.get("_sequence", name, start - 1) + 1
        self.put("_sequence", name, number)
        return number

    def append(self, collection: str, document: Any) -> int:
        """Add to a list; returns its number."""
        number = self.next(f"list:{collection}")
        self.put(collection, number, document)
        return number

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, on disk and in memory. An inner one that fails undoes only its own part."""
        start = len(self._undo)
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            self._roll_back(start)
            raise
        self._depth -= 1
        if not self._depth:
            self._commit()

    # --- the past ----------------------------------------------------------------------------------------

    @contextmanager
    def as_of(self, seconds: float) -> Iterator[bool]:
        """Read the state of ``seconds`` ago; yields whether it differs from now. Writing inside raises."""
        horizon = time.monotonic() - seconds
        overlay: dict[str, dict[str, _Entry | None]] = {}
        for moment, collection, key, before in reversed(self._past):
            if moment < horizon:
                break
            overlay.setdefault(collection, {})[key] = before
        self._overlay = overlay
        try:
            yield bool(overlay)
        finally:
            self._overlay = None

    def close(self) -> None:
        self._db.close()

    # --- inside ------------------------------------------------------------------------------------------

    def _entries(self, collection: str) -> dict[str, _Entry]:
        live = self._live.get(collection, {})
        changed = self._overlay.get(collection) if self._overlay else None
        if not changed:
            return live
        merged: dict[str, _Entry | None] = {**live, **changed}
        return {key: entry for key, entry in merged.items() if entry is not None}

    def _set(self, collection: str, key: str, entry: _Entry | None) -> None:
        if self._overlay is not None:
            raise RuntimeError("A stale read must not write.")
        documents = self._live.setdefault(collection, {})
        self._undo.append((collection, key, documents.get(key)))
        if entry is None:
            documents.pop(key, None)
        else:
            documents[key] = entry
        if not self._depth:
            self._commit()

    def _commit(self) -> None:
        if not self._undo:
            return
        moment = time.monotonic()
        touched = dict.fromkeys((collection, key) for collection, key, _ in self._undo)
        self._db.execute("BEGIN")
        for collection, key in touched:
            entry = self._live[collection].get(key)
            if entry is None:
                self._db.execute("DELETE FROM document WHERE collection = ? AND key = ?", (collection, key))
            else:
                self._db.execute(
                    "INSERT INTO document (collection, key, body) VALUES (?, ?, ?)"
                    " ON CONFLICT (collection, key) DO UPDATE SET body = excluded.body",
                    (collection, key, entry.text),
                )
        self._db.execute("COMMIT")
        self._past.extend((moment, c, k, before) for c, k, before in self._undo if not c.startswith("_"))
        self._undo.clear()

    def _roll_back(self, start: int) -> None:
        while len(self._undo) > start:
            collection, key, before = self._undo.pop()
            if before is None:
                self._live[collection].pop(key, None)
            else:
                self._live[collection][key] = before
