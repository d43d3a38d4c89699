"""``python -m oms.clock``: the scheduler, with a Celery app of its own. It reads the schedule and asks for tasks by their
names, so it loads the schedule's tables and none of ours: half the memory of a process that knows everything.

One at a time: two would ask for everything twice. That is harmless, since no job overlaps itself, but no use.
"""

from __future__ import annotations

import os

import django
from celery import Celery
from django.conf import settings

from oms import settings as full
from oms.memory import give_back_each_minute

os.environ["CELERY_SKIP_CHECKS"] = "1"  # they would load every page
NEEDED = ["django.contrib.contenttypes", "django_celery_beat"]

settings.configure(
    **{name: value for name, value in vars(full).items() if name.isupper() and name != "INSTALLED_APPS"},
    INSTALLED_APPS=NEEDED,
)
django.setup()

app = Celery("oms")
app.config_from_object(settings, namespace="CELERY")


if __name__ == "__main__":  # why not by Celery's command line: see oms.worker
    give_back_each_minute()
    app.Beat(loglevel="INFO").run()
