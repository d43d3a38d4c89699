"""The health page answers without a login and says nothing else."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection
from django.test import Client


@pytest.mark.django_db
def test_well() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_unwell(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: object) -> None:
        raise DatabaseError("secret details")

    monkeypatch.setattr(connection, "cursor", gone)
    answer = Client().get("/healthz")
    assert answer.status_code == 503 and b"secret" not in answer.content
