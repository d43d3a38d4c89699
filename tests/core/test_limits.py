"""No door leads to the database without limits: no statement, no wait for a lock and no forgotten transaction lasts
for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

WANTED = {"statement_timeout": "1min", "lock_timeout": "15s", "idle_in_transaction_session_timeout": "2min"}

# Each door by the very way in which it does its work, in one program, since each takes its time to load.
DOORS = """
import json, sys

def ask():
    from django.db import connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name",
                       [["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]])
        return dict(cursor.fetchall())

told = {}
def note(door):
    told[door] = ask()

import oms.wsgi
from django.test import RequestFactory
from oms.core import apart, health
plain = health.HttpResponse
health.HttpResponse = lambda *args, **more: (note("web"), plain(*args, **more))[1]
oms.wsgi.application(RequestFactory().get("/healthz", headers={"host": "localhost"}).environ, lambda *args: None)

from oms.celery import app
app.loader.import_default_modules()
@app.task(name="ask")
def by_the_worker():
    note("worker")
by_the_worker.apply(throw=True)
apart._in_a_worker = lambda: True
apart.apart("ask", {"x": lambda: note("a thread of the worker")})

from oms.core.scheduler import Scheduler
class Clock(Scheduler):
    def all_as_schedule(self):
        note("clock")
        return super().all_as_schedule()
Clock(app=app, lazy=True).all_as_schedule()

from django.core.management import BaseCommand, call_command
class Command(BaseCommand):
    def handle(self, *args, **options):
        note("command")
call_command(Command())
print(json.dumps(told))
"""


@pytest.mark.django_db
def test_every_door_has_its_limits() -> None:
    address = urlsplit(os.environ.get("DATABASE_URL", "postgres:///oms?host=/var/run/postgresql"))
    # An address that asks for something of its own takes no limit away.
    query = "&".join(filter(None, [address.query, "options=-c%20application_name%3Ddoor"]))
    address = address._replace(path=f"/{connection.settings_dict['NAME']}", query=query)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_")}
    done = subprocess.run(
        [sys.executable, "-c", DOORS], cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True,
        env={**kept, "DATABASE_URL": address.geturl(), "DJANGO_SETTINGS_MODULE": "oms.settings"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == dict.fromkeys(("web", "worker", "a thread of the worker", "clock", "command"), WANTED)
