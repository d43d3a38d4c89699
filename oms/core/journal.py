"""The journal: every change in words, written in the transaction of the change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from oms.core.actors import Actor
from oms.core.columns import insert
from oms.core.errors import OmsError
from oms.core.models import JournalEntry, subject_of, thread_of
from oms.core.transactions import in_transaction


class NoTransaction(OmsError):
    """A journal line or an event was written outside the transaction of its change: a programming error."""


@dataclass(frozen=True)
class Line:
    """One journal line to be. ``of`` gives subject and thread from a row."""

    subject: str
    thread: str
    verb: str
    words: str = ""
    before: str = ""
    after: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Any, verb: str, words: str = "", **kwargs: Any) -> Line:
        return cls(subject=subject_of(row), thread=thread_of(row), verb=verb, words=words, **kwargs)


def write(lines: Iterable[Line], *, by: Actor) -> None:
    """One insert for all lines. Raises :class:`NoTransaction` outside a transaction."""
    if not in_transaction():
        raise NoTransaction("a journal line belongs into the transaction of its change")
    actor = str(by)
    insert(
        JournalEntry,
        [
            {
                "actor": actor, "verb": line.verb, "subject": line.subject, "thread": line.thread, "words": line.words,
                "before": line.before, "after": line.after, "data": dict(line.data),
            }
            for line in lines
        ],
    )  # fmt: skip
