"""Callers of the API: programs with a token, people with a session."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from rest_framework.test import APIClient

from oms.core.actors import SYSTEM
from oms.core.models import JournalEntry, OutboxEvent
from oms.core.tokens import issue_token


@pytest.fixture(autouse=True)
def fresh_house(settings: Any) -> None:
    """Nobody was slowed down before, and credentials can be kept."""
    cache.clear()
    settings.FIELD_KEYS = settings.FIELD_KEYS or [Fernet.generate_key().decode()]


class Caller(APIClient):
    """Gives every POST a fresh key unless one is given, and speaks JSON."""

    def send(self, address: str, body: Any = None, *, key: str | None = None, **headers: str) -> Any:
        key = uuid.uuid4().hex if key is None else key
        extra = {"HTTP_IDEMPOTENCY_KEY": key, **headers} if key else headers
        return self.post(f"/api/v1/{address}", {} if body is None else body, format="json", **extra)

    def read(self, address: str, **query: Any) -> Any:
        return self.get(f"/api/v1/{address}", query)


@pytest.fixture
def token(db: None) -> Callable[..., Caller]:
    def make(*scopes: str, name: str = "shop") -> Caller:
        _, key = issue_token(name, scopes or ["*"], by=SYSTEM)
        caller = Caller()
        caller.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        return caller

    return make


@pytest.fixture
def api(token: Callable[..., Caller]) -> Caller:
    """A program that may do everything."""
    return token("*")


@pytest.fixture
def person(db: None) -> Callable[..., Caller]:
    def make(*permissions: str, name: str = "ada", checks_csrf: bool = False) -> Caller:
        user = User.objects.create_user(name, password="long enough 123")
        user.user_permissions.set([_permission(p) for p in permissions])
        caller = Caller(enforce_csrf_checks=checks_csrf)
        caller.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return caller

    return make


def _permission(name: str) -> Permission:
    app, _, codename = name.partition(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def reasons(answer: Any) -> list[str]:
    return [reason["code"] for reason in answer.json()["error"]["reasons"]]


def fields(answer: Any) -> list[str]:
    return [reason.get("field", "") for reason in answer.json()["error"]["reasons"]]


@pytest.fixture
def nothing_changed(db: None) -> Callable[[Sequence[Any]], Any]:
    """``with nothing_changed(Order, Hold):`` — no row of these, no journal line and no event was written."""
    from contextlib import contextmanager

    @contextmanager
    def watch(*models: Any) -> Any:
        def look() -> list[Any]:
            return [list(m.objects.order_by("pk").values()) for m in (*models, JournalEntry, OutboxEvent)]

        before = look()
        yield
        assert look() == before

    return watch
