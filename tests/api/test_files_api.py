"""Files on orders through the API."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest

from orders.models import Order, OrderFile
from tests import build
from tests.api.conftest import Caller, fields, reasons

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def order(db: None) -> Order:
    build.item("A")
    return build.order([("A", 1)])


def test_a_program_puts_it_there_reads_it_and_takes_it_off(
    order: Order, api: Caller, token: Callable[..., Caller], nothing_changed: Any
) -> None:
    content = b64encode(PNG).decode()
    told = api.send(f"orders/{order.pk}/attach-file", {"name": "a.png", "content": content})
    assert told.status_code == 201, told.json()
    (row,) = told.json()["files"]
    assert (row["name"], row["kind"], row["size"]) == ("a.png", "image/png", len(PNG))
    assert b64decode(api.read(f"files/{row['id']}").json()["content"]) == PNG
    reader = token("orders:read")
    assert reader.read(f"files/{row['id']}").status_code == 403
    other = build.order([("A", 1)])
    with nothing_changed(OrderFile):
        assert fields(api.send(f"orders/{order.pk}/attach-file", {"name": "a", "content": "%"})) == [
            "content"
        ]
        bad = {"name": "a.exe", "content": b64encode(b"MZ\x90\x00").decode()}
        assert reasons(api.send(f"orders/{order.pk}/attach-file", bad)) == ["file_kind"]
        assert fields(api.send(f"orders/{other.pk}/remove-file", {"file": row["id"]})) == ["file"]
        assert reader.send(f"orders/{order.pk}/remove-file", {"file": row["id"]}).status_code == 403
    told = api.send(f"orders/{order.pk}/remove-file", {"file": row["id"]})
    assert told.status_code == 200 and told.json()["files"] == []


def test_a_file_of_the_allowed_size_passes_the_limit_of_bodies(order: Order, api: Caller) -> None:
    body = b"%PDF-" + b"x" * (5 * 1024 * 1024 - 5)
    told = api.send(f"orders/{order.pk}/attach-file", {"name": "a.pdf", "content": b64encode(body).decode()})
    assert told.status_code == 201, told.content[:300]
