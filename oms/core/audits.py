"""The audit: every law that rows of different tables must keep, each asked by one statement that shares nothing
with the actions which wrote them. Apps add theirs in their ``audit.py``, found by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils.module_loading import autodiscover_modules

from oms.core.actors import Actor


@dataclass(frozen=True)
class Difference:
    """``subject`` names the row as everywhere (``order:7``), ``words`` what is wrong with which rows."""

    subject: str
    words: str


Repair = Callable[[Sequence[str], str, Actor], Mapping[str, str]]
"""Given subjects, a reason and who: sets right what can be, journals it, and returns what could not and why."""


@dataclass(frozen=True)
class Check:
    """``sql`` gives the differences as rows (subject, words, …) and nothing when all is well. It is one statement
    and so one snapshot: what moves meanwhile cannot look like a difference. ``judge`` looks at each row where SQL
    alone cannot tell; ``repair`` exists only where the truth is in other rows."""

    slug: str
    title: str
    sql: str
    judge: Callable[..., Difference | None] = Difference
    repair: Repair | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


_checks: dict[str, Check] = {}


def register(*checks: Check) -> None:
    for check in checks:
        if check.slug in _checks:
            raise ValueError(f"the audit has {check.slug} twice")
        _checks[check.slug] = check


def checks() -> Mapping[str, Check]:
    """All checks by slug, the lowest app's first."""
    autodiscover_modules("audit")
    return _checks


def run(slugs: Sequence[str] = ()) -> dict[str, list[Difference]]:
    """The differences by check; all checks, unless some are named. Raises ``KeyError`` for an unknown one."""
    known = checks()
    with patient():
        return {slug: list(_differences(known[slug])) for slug in (slugs or known)}


def repair(found: Mapping[str, Sequence[Difference]], *, reason: str, by: Actor) -> dict[str, dict[str, str]]:
    """Set right what can be; returns by check and subject what could not, and why."""
    left: dict[str, dict[str, str]] = {}
    for slug, differences in found.items():
        mend = checks()[slug].repair
        subjects = sorted({d.subject for d in differences})
        if not subjects:
            continue
        if mend is None:
            left[slug] = dict.fromkeys(subjects, "no other rows say what is right: a person has to look")
        elif failed := mend(subjects, reason, by):
            left[slug] = dict(failed)
    return left


def _differences(check: Check) -> Iterator[Difference]:
    with connection.cursor() as cursor:
        cursor.execute(check.sql, check.params or None)
        while rows := cursor.fetchmany(2000):
            for row in rows:
                if (difference := check.judge(*row)) is not None:
                    yield difference


@contextmanager
def patient() -> Iterator[None]:
    """Whole tables are read: statements may take longer than a clerk's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        (usual,) = cursor.fetchone()
        cursor.execute("SET statement_timeout = 0")
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, false)", [usual])
