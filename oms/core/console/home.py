"""Home is the work: queues with count and age, in one statement, and today's figures beside last week's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from oms.core.console.charts import bars
from oms.core.console.figures import read_for
from oms.core.console.first_run import steps_for
from oms.core.console.registry import GROUPS, Queue, registry
from oms.core.places import own

CAP = 1000


@dataclass(frozen=True)
class QueueView:
    queue: Queue
    count: int
    oldest: datetime | None
    link: str

    @property
    def shown(self) -> str:
        return f"{CAP}+" if self.count > CAP else str(self.count)


def dashboard(request: Any, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's dashboard callback: what ``admin/index.html`` shows."""
    user = request.user
    views = measure([q for q in registry.queues.values() if user.has_perm(q.permission)], user)
    views.sort(key=lambda v: v.queue.rank)
    groups = []
    for group, title in GROUPS.items():
        mine = [v for v in views if v.queue.group == group]
        if mine:
            waits, clear = [v for v in mine if v.count], [v for v in mine if not v.count]
            groups.append({"title": title, "waiting": waits, "clear": clear})
    waiting = sum(v.count for v in views)
    context.update(
        title=gettext("Work"), subtitle=None, groups=groups, waiting=waiting, figures=_figures(user), console_home=True,
        first_steps=steps_for(user),
        notices=[words for n in registry.notices.values() if user.has_perm(n.permission) and (words := n.read())],
    )  # fmt: skip
    return context


def measure(queues: Sequence[Queue], user: Any = None) -> list[QueueView]:
    """Count, capped, and the oldest of every queue at this person's places, in one statement."""
    if not queues:
        return []
    parts, params = [], []
    for queue in queues:
        rows = own(user, (queue.counted or queue.rows)())
        inner = rows.order_by(queue.age_field).values_list(queue.age_field)[: CAP + 1]
        sql, values = inner.query.sql_with_params()
        parts.append(f"SELECT %s::text, count(*), min(age) FROM ({sql}) AS q(age)")  # noqa: S608
        params += [queue.slug, *values]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        found = {slug: (count, oldest) for slug, count, oldest in cursor.fetchall()}
    return [QueueView(queue, *found[queue.slug], link=link_to(queue)) for queue in queues]


def link_to(queue: Queue) -> str:
    return (
        f"{reverse(f'admin:{queue.model.lower().replace(chr(46), chr(95))}_changelist')}?queue={queue.slug}"
    )


def _figures(user: Any) -> list[dict[str, Any]]:
    now = timezone.localtime()
    shown = []
    for figure in sorted(registry.figures.values(), key=lambda f: f.rank):
        if not user.has_perm(figure.permission):
            continue
        reading = read_for(user, figure.read)(now)
        more = reading.now - (reading.before or 0)
        most = max((n for part in reading.parts for n in (part.now, part.before)), default=0) or 1
        shown.append(
            {
                "title": figure.title, "reading": reading, "more": more, "fewer": -more, "welcome": (more > 0) == figure.good,
                "weekday": date_format(now - timedelta(days=7), "l"), "chart": bars(figure.title, reading.days) if reading.days else "",
                "parts": [(p, round(100 * p.now / most), round(100 * p.before / most)) for p in reading.parts],
            }
        )  # fmt: skip
    return shown
