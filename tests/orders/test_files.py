"""Files on orders: by whom, of what kind, how large; how they come back; and that they go."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from oms.core.models import JournalEntry
from orders.models import Order, OrderFile
from tests import build
from tests.pressing import Hand

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def order(db: None) -> Order:
    build.item("A")
    return build.order([("A", 1)])


def put(hand: Hand, order: Order, name: str, body: bytes) -> int:
    return hand.press("orders.attach_file", order, file=SimpleUploadedFile(name, body))


def page_of(hand: Hand, order: Order) -> str:
    return hand.client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()


def fetch(hand: Hand, file: OrderFile, query: str = "") -> Any:
    return hand.client.get(reverse("admin:orders_file", args=[file.pk]) + query)


def test_a_file_is_kept_as_it_was_given_and_comes_back_as_a_file(order: Order) -> None:
    support = Hand("support")
    assert put(support, order, "Ann's letter.html", b"<script>alert(1)</script>") == 302
    file = OrderFile.objects.get()
    assert (file.name, file.kind, file.size, bytes(file.body)) == (
        "Ann's letter.html.txt", "text/plain", 25, b"<script>alert(1)</script>",
    )  # fmt: skip
    assert file.name.replace("'", "&#x27;") in page_of(support, order)
    for query in ("", "?show"):
        answer = fetch(support, file, query)
        assert answer["Content-Disposition"].startswith("attachment; filename=")
        assert answer["X-Content-Type-Options"] == "nosniff" and answer["Content-Type"].startswith(
            "text/plain"
        )
        assert "sandbox" in answer["Content-Security-Policy"]
        assert answer.content == bytes(file.body)
    entry = JournalEntry.objects.get(verb="attach_file")
    assert entry.thread == f"order:{order.pk}" and "Ann" not in entry.words


def test_only_a_picture_is_shown_and_only_when_asked(order: Order) -> None:
    clerk = Hand("clerk")
    put(clerk, order, "broken.png", PNG)
    file = OrderFile.objects.get()
    assert fetch(clerk, file)["Content-Disposition"] == 'attachment; filename="broken.png"'
    shown = fetch(clerk, file, "?show")
    assert shown["Content-Disposition"].startswith("inline") and shown["Content-Type"] == "image/png"
    assert shown["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("invoice.pdf", b"MZ\x90\x00\x03", "Only PDFs, pictures and texts"),
        ("big.txt", b"x" * (1024 * 1024 + 1), "at most 1 MB"),
    ],
)
def test_what_is_no_such_file_or_too_large_is_not_kept(
    order: Order, settings: Any, name: str, body: bytes, says: str
) -> None:
    settings.FILE_LIMIT_MB = 1
    clerk = Hand("clerk")
    assert put(clerk, order, name, body) in (409, 422)
    assert says in clerk.told
    assert not OrderFile.objects.exists() and not JournalEntry.objects.filter(verb="attach_file").exists()


def test_who_may_not_see_people_sees_that_there_is_one(order: Order) -> None:
    put(Hand("warehouse"), order, "Ada Smith.txt", b"Dear shop")
    file, reader = OrderFile.objects.get(), Hand("read-only")
    assert fetch(reader, file).status_code == 403
    seen = page_of(reader, order)
    assert "Ada Smith.txt" not in seen and "A••• S•••.txt" in seen
    assert put(reader, order, "x.txt", b"x") == 403


def test_it_is_taken_off_by_who_may_and_its_bytes_are_gone(order: Order) -> None:
    support, clerk = Hand("support"), Hand("clerk")
    put(support, order, "a.txt", b"a")
    file = OrderFile.objects.get()
    assert support.press("orders.remove_file", file) == 403 and OrderFile.objects.exists()
    assert clerk.press("orders.remove_file", file) == 302 and not OrderFile.objects.exists()
    assert JournalEntry.objects.get(verb="remove_file").thread == f"order:{order.pk}"
    assert fetch(clerk, file).status_code == 404


def test_an_order_s_page_reads_no_file(order: Order) -> None:
    clerk = Hand("clerk")
    for n in range(3):
        put(clerk, order, f"{n}.txt", b"x" * 1000)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        page_of(clerk, order)
    asked = [q["sql"] for q in seen if "orders_orderfile" in q["sql"]]
    assert len(asked) == 1 and '"body"' not in asked[0]
