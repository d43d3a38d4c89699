"""What every test stands on. State is built through actions (``tests/build.py``), never behind their backs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

os.environ.setdefault("OMS_FIELD_KEY", Fernet.generate_key().decode())


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
def run_relay(db: None) -> Iterator[object]:
    """Carry all recorded events to their reactions, as the clock would."""
    from oms.core.relay import relay

    yield relay
