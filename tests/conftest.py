"""What every test stands on. State is built through actions (``tests/build.py``), never behind their backs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet

os.environ.setdefault("OMS_FIELD_KEY", Fernet.generate_key().decode())


def pytest_sessionstart() -> None:
    """The console registers itself where its pages are; a test may ask for its buttons before it opens one."""
    import_module("oms.urls")


def pytest_configure() -> None:
    """The password of somebody who lives for one test need not be dear to guess."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


# Rows that migrations make and every test finds; they are the same after each.
MADE_BY_MIGRATE = frozenset({"django_migrations", "django_content_type", "auth_permission"})


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """A test that commits leaves an empty database behind, as Django's own flush does, in a tenth of its time:
    only tables that hold something are emptied, and what every flush would make anew is left alone."""
    from django.db import connections
    from django.test import TransactionTestCase

    plain = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def teardown(self: Any) -> None:
        if self.available_apps is not None or self.serialized_rollback or not _may_pass_by_triggers():
            with _may_erase(self._databases_names(include_mirrors=False)):
                plain(self)
        else:
            for name in self._databases_names(include_mirrors=False):
                _empty(connections[name])
        for name in self._databases_names(include_mirrors=False):
            _put_back(connections[name])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


def _put_back(connection: Any) -> None:
    """The rows that come with the system, as its migrations write them; a test may have changed them."""
    from django.apps import apps

    module = import_module("fulfillment.migrations.0008_dock")
    with connection.schema_editor(atomic=False) as editor:
        module.add_shipped(apps, editor)


@contextmanager
def _may_erase(aliases: Iterable[str]) -> Iterator[None]:
    """Django's own flush truncates in transactions of its own: the permission is the session's."""
    from django.db import connections

    for setting in ("on", "off"):
        for alias in aliases:
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT set_config('oms.may_erase', %s, false)", [setting])
        if setting == "on":
            yield


def _may_pass_by_triggers() -> bool:
    """Foreign keys are triggers; only a superuser of the database can lay them aside."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        return bool(cursor.fetchone()[0])


def _empty(connection: Any) -> None:
    from django.db import transaction

    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        tables = sorted(set(connection.introspection.table_names(cursor)) - MADE_BY_MIGRATE)
        asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)
        cursor.execute(asked)
        full = [row[0] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in full:
            cursor.execute(f"DELETE FROM {table}")


@pytest.fixture(autouse=True)
def stays_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test calls out: the one HTTP client refuses every host but this machine."""
    from urllib.parse import urlsplit

    from oms.core import http

    plain = http.Http.request

    def guarded(self: http.Http, method: str, path: str, **kwargs: object) -> http.Answer:
        host = urlsplit(self.base_url).hostname
        assert host in {"127.0.0.1", "localhost", "::1"}, f"a test tried to reach {host}"
        return plain(self, method, path, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(http.Http, "request", guarded)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Nudges go nowhere unless a test is about the broker: a lost nudge must lose nothing."""
    if "broker" not in request.keywords:
        from oms.core import outbox

        monkeypatch.setattr(outbox._Nudge, "__call__", lambda self: None)


@pytest.fixture
def elsewhere(db: None) -> Iterator[str]:
    """The address of an empty database beside the tests' own."""
    import psycopg
    from django.db import connection

    given, name = connection.settings_dict, f"{connection.settings_dict['NAME']}_drill"
    login = quote(given["USER"], safe="") + (
        f":{quote(given['PASSWORD'], safe='')}" if given["PASSWORD"] else ""
    )
    where = f"host={quote(given['HOST'], safe='')}&port={given['PORT'] or 5432}"
    with psycopg.connect(f"postgres://{login}@/{given['NAME']}?{where}", autocommit=True) as line:
        line.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        line.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        yield f"postgres://{login}@/{name}?{where}"
        line.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def run_relay(db: None) -> Iterator[object]:
    """Carry all recorded events to their reactions, as the clock would."""
    from oms.core.relay import relay

    yield relay
