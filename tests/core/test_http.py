"""The HTTP client: never inside a transaction, never a secret, only our three errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import transaction

from oms.core.errors import Permanent, Retry
from oms.core.http import Http, NetworkInTransaction, Unwell

pytestmark = pytest.mark.django_db(transaction=True)


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind = self.path.split("?")[0].strip("/")
        if kind == "busy":
            self.send_response(429)
            self.send_header("Retry-After", "7")
            self.end_headers()
        elif kind == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b'{"half":')
        elif kind == "drop":
            self.connection.close()
        else:
            body = b'{"price": 1.10}' if kind == "ok" else b"oops"
            self.send_response({"ok": 200, "no": 404, "broken": 500}[kind])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_decimals_stay_decimals(base: str) -> None:
    assert str(Http(base).request("GET", "ok").json()["price"]) == "1.10"


def test_a_refusal_is_an_answer(base: str) -> None:
    assert Http(base).request("GET", "no").status == 404


@pytest.mark.parametrize("path", ["broken", "cut", "drop", "busy"])
def test_what_may_work_later_is_a_retry(base: str, path: str) -> None:
    with pytest.raises(Retry) as caught:
        Http(base).request("GET", path, params={"key": "s3cret"})
    assert "s3cret" not in str(caught.value)
    assert caught.value.after == (7.0 if path == "busy" else None)


def test_nobody_there_is_a_retry() -> None:
    with pytest.raises(Retry):
        Http("http://127.0.0.1:9", timeout=(1, 1)).request("GET", "ok")


def test_never_inside_a_transaction(base: str) -> None:
    with pytest.raises(NetworkInTransaction), transaction.atomic():
        Http(base).request("GET", "ok")


def test_an_answer_cannot_send_us_to_another_host(base: str) -> None:
    with pytest.raises(Permanent):
        Http(base).request("GET", "http://127.0.0.1:1/elsewhere")


def test_repr_holds_no_secret(base: str) -> None:
    assert "s3cret" not in repr(Http(base, headers={"Authorization": "s3cret"}))


def test_an_unwell_server_may_still_have_said_something(base: str) -> None:
    with pytest.raises(Unwell) as caught:
        Http(base).request("GET", "broken")
    assert (caught.value.answer.status, caught.value.answer.body) == (500, b"oops")
