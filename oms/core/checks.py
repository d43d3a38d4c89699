"""What must hold before the system starts: the wiring names real handlers, the schedule real tasks."""

from __future__ import annotations

import importlib
from typing import Any

from django.conf import settings
from django.core import checks

TASKS = ("oms.core.tasks", "inventory.tasks", "orders.tasks", "fulfillment.tasks", "channels.tasks")


@checks.register("oms")
def wiring(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    from oms.core.asking import asked
    from oms.core.relay import named, reactions

    found: list[checks.CheckMessage] = []
    for topic, targets in (*reactions().items(), *asked().items()):
        for path in targets:
            try:
                named(path)
            except (ImportError, AttributeError, ValueError) as error:
                found.append(checks.Error(f"oms/wiring.py sends {topic} to {path}: {error}", id="oms.E001"))
    return found


@checks.register("oms")
def schedule(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    from oms.celery import BEAT, app

    # By hand: Celery's own discovery runs the checks again, and so would never end.
    for name in TASKS:
        importlib.import_module(name)
    return [
        checks.Error(f"BEAT has a row for {job.task}, and no task has that name", id="oms.E002")
        for job in BEAT
        if job.task not in app.tasks
    ]


@checks.register("oms", deploy=True)
def field_key(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    if settings.FIELD_KEYS:
        return []
    return [checks.Error("OMS_FIELD_KEY is not set: credentials cannot be kept", id="oms.E003",
                         hint="Make one: python -c 'from cryptography.fernet import Fernet;"
                              " print(Fernet.generate_key().decode())'")]  # fmt: skip
