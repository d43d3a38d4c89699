"""Who reads what of words that may name people: the veil of a row, by the right of its reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from oms.core.console.registry import registry
from oms.core.models import thread_of
from oms.core.personal import Veil, sees_people

LIFTED = Veil(lifted=True)


def veils_of(rows: Sequence[Any]) -> Mapping[str, Veil]:
    """The veil of each row's thread, for a reader who may not know people; read for all of them at once."""
    return _veils({_thread(row) for row in rows})


def veil_rows(user: Any, rows: Sequence[Any]) -> None:
    """Give every row its reader (``viewer``) and ``veil``; who the rows are about is read for all of them at once,
    and only for readers who may not know it."""
    full = sees_people(user)
    veils: Mapping[str, Veil] = {} if full else veils_of(rows)
    for row in rows:
        row.viewer = user
        row.veil = LIFTED if full else veils[_thread(row)]


def _thread(row: Any) -> str:
    return getattr(row, "thread", "") or thread_of(row)


def _veils(threads: Iterable[str]) -> dict[str, Veil]:
    by_kind: dict[str, dict[int, str]] = defaultdict(dict)
    known: dict[str, list[str]] = {thread: [] for thread in threads}
    for thread in known:
        kind, _, number = thread.partition(":")
        if kind in registry.people and number.isdecimal():
            by_kind[kind][int(number)] = thread
    for kind, ids in by_kind.items():
        for people in registry.people[kind]:
            for pk, texts in people.known(list(ids)).items():
                known[ids[pk]] += texts
    return {thread: Veil(texts) for thread, texts in known.items()}
