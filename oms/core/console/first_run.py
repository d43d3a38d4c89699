"""The first-run checklist on home: what stands between an empty system and the first order. One statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.urls import reverse

from oms.core.console.registry import FirstStep, registry


@dataclass(frozen=True)
class StepView:
    step: FirstStep
    done: bool
    link: str


def steps_for(user: Any) -> list[StepView]:
    """What this person may do of it, in order; empty once all of that is done."""
    mine = sorted(
        (s for s in registry.first_steps.values() if user.has_perm(s.permission)), key=lambda s: s.rank
    )
    done = _done(mine)
    if all(done.values()):
        return []
    return [StepView(s, done[s.slug], reverse(s.link) if s.link else "") for s in mine]


def _done(steps: list[FirstStep]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    parts, params = [], []
    for step in steps:
        told = step.done()
        if isinstance(told, bool):
            found[step.slug] = told
            continue
        asked = []
        for rows in told:
            sql, values = rows.order_by().values("pk")[:1].query.sql_with_params()
            asked.append(f"EXISTS ({sql})")
            params += values
        parts.append(" OR ".join(asked))
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts)}", params)
            row = cursor.fetchone()
        found |= zip((s.slug for s in steps if s.slug not in found), row, strict=True)
    return found
