"""Every paper, asked for as every role; and what is on them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from fulfillment.models import FulfillmentOrder, Label, Shipment
from oms.core.actors import SYSTEM
from oms.core.console import registry
from oms.core.lifecycle import move
from oms.core.models import JournalEntry, OutboxEvent
from oms.roles import ROLES
from tests import build, way
from tests.console.world import World

Browse = Callable[[str], Client]
pytestmark = pytest.mark.django_db(transaction=True)


def ask(client: Client, name: str, rows: Sequence[Any], **more: str) -> Any:
    ids = ",".join(str(row.pk) for row in rows)
    return client.get(reverse("console:paper", args=[name]), {"ids": ids, **more})


def text(answer: Any) -> str:
    assert answer.status_code == 200 and answer["Content-Type"] == "application/pdf", answer
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)


def test_every_paper_as_every_role(world: World, browse: Browse, person: Callable[[str], User]) -> None:
    asked = 0
    for paper in registry.papers.values():
        row = apps.get_model(paper.model)._default_manager.order_by("pk").first()
        assert row is not None, paper.name
        for role in sorted(ROLES):
            before = JournalEntry.objects.count(), OutboxEvent.objects.count()
            answer = ask(browse(role), paper.name, [row])
            assert answer.status_code in ({200, 302} if paper.allowed(person(role)) else {403}), (
                paper.name,
                role,
            )
            after = JournalEntry.objects.count(), OutboxEvent.objects.count()
            # At most that it was printed is noted, and only where it was.
            noted = 1 if paper.note and answer.status_code == 200 else 0
            assert after == (before[0] + noted, before[1]), (paper.name, role)
            asked += 1
    assert asked == len(registry.papers) * len(ROLES) > 0


def test_the_names_are_real(world: World) -> None:
    from django.contrib.auth.models import Permission

    known = {f"{a}.{c}" for a, c in Permission.objects.values_list("content_type__app_label", "codename")}
    for paper in registry.papers.values():
        apps.get_model(paper.model)
        assert set(paper.permissions) <= known, paper.name
        assert set(paper.permissions) <= ROLES["warehouse"], paper.name


def test_who_need_not_see_people_gets_no_paper_that_names_one(world: World, browse: Browse) -> None:
    work = world.shipped.fulfillment_orders.get()
    client = browse("read-only")
    for name in ("fulfillment.packing_slip", "fulfillment.labels"):
        assert ask(client, name, [work]).status_code == 403
    assert ask(client, "fulfillment.label", list(work.shipments.all())).status_code == 403
    # What is to be fetched names nobody.
    to_pick = FulfillmentOrder.objects.filter(state="released").first()
    assert to_pick is not None
    assert "Ada" not in text(ask(client, "fulfillment.pick_list", [to_pick]))


def test_the_warehouse_finds_them_at_once(world: World, browse: Browse) -> None:
    client = browse("warehouse")
    work = world.shipped.fulfillment_orders.get()
    todo = FulfillmentOrder.objects.filter(state="released").first()
    assert todo is not None
    shown = client.get(reverse("admin:fulfillment_fulfillmentorder_change", args=[todo.pk])).content.decode()
    assert "Pick list" in shown and "Packing slip" in shown and "Labels" not in shown
    shown = client.get(reverse("admin:fulfillment_fulfillmentorder_change", args=[work.pk])).content.decode()
    assert (
        "Pick list" not in shown and "Packing slip" in shown and "Labels" in shown and "Print label" in shown
    )
    parcel = work.shipments.get()
    assert (
        "Print label"
        in client.get(reverse("admin:fulfillment_shipment_change", args=[parcel.pk])).content.decode()
    )
    order = client.get(reverse("admin:orders_order_change", args=[world.shipped.pk])).content.decode()
    assert "Print label" in order and "Packing slip" in order
    listed = client.get(reverse("admin:fulfillment_fulfillmentorder_changelist")).content.decode()
    for name in ("pick_list", "packing_slip", "labels"):
        assert reverse("console:paper", args=[f"fulfillment.{name}"]) in listed
    nobody = (
        browse("read-only").get(reverse("admin:fulfillment_fulfillmentorder_changelist")).content.decode()
    )
    assert "Packing slip" not in nobody and "Pick list" in nobody


def test_several_works_come_in_one_file(browse: Browse) -> None:
    for sku in ("PA", "PB"):
        build.stock(build.item(sku, name=f"Thing {sku}"), 9)
    works = [way.work_of(build.order([(sku, 2)]))[0] for sku in ("PA", "PB")]
    client = browse("warehouse")
    answer = ask(client, "fulfillment.pick_list", works)
    assert answer["Content-Disposition"] == 'inline; filename="pick_list-2.pdf"'
    listed = text(answer)
    assert "PA" in listed and "PB" in listed
    slips = text(ask(client, "fulfillment.packing_slip", works))
    assert all(work.order.number in slips for work in works) and "Ada Smith" in slips
    for work in works:
        way.send(work)
    labels = ask(client, "fulfillment.labels", works)
    tracks = [parcel.tracking_number for parcel in Shipment.objects.order_by("pk")]
    assert len(tracks) == 2 and all(track in text(labels) for track in tracks)
    assert len(PdfReader(io.BytesIO(labels.content)).pages) == 2


def test_where_there_is_nothing_to_print_it_is_said(world: World, browse: Browse) -> None:
    client = browse("warehouse")
    todo = FulfillmentOrder.objects.filter(state="released").first()
    back = reverse("admin:fulfillment_fulfillmentorder_changelist")
    for rows, words in (([todo], "no label yet"), ([], "Nothing was chosen")):
        answer = ask(client, "fulfillment.labels", rows, next=back)
        assert answer.status_code == 302 and answer["Location"] == back
        assert words in " ".join(str(m) for m in get_messages(answer.wsgi_request))
    assert ask(client, "no.such", [todo]).status_code == 404
    elsewhere = ask(client, "fulfillment.labels", [todo], next="https://elsewhere.example/")
    assert elsewhere["Location"].startswith("/admin/")


def bought(parcel: Shipment, body: bytes, kind: str) -> None:
    Label.objects.create(shipment=parcel, attempt=9, state="requested", document=body, document_type=kind)
    with transaction.atomic():
        move(Label.objects.filter(shipment=parcel), "purchase", by=SYSTEM).or_refuse()


def test_labels_of_carriers_of_all_kinds(browse: Browse) -> None:
    """PDF and PNG become one PDF; a label printer's language stays what it is, and is not mixed with others."""
    from PIL import Image

    build.stock(build.item("L"), 20)
    parcels = [way.send(way.work_of(build.order([("L", 1)]))[0])[0] for _ in range(4)]
    drawn, picture = io.BytesIO(), io.BytesIO()
    canvas = Canvas(drawn, pagesize=(288, 432))
    canvas.drawString(20, 20, "CARRIER-LABEL")
    canvas.save()
    Image.new("1", (812, 1218), 1).save(picture, "PNG")
    bought(parcels[0], drawn.getvalue(), "application/pdf")
    bought(parcels[1], picture.getvalue(), "image/png")
    bought(parcels[2], b"^XA^FDone^FS^XZ", "ZPL")
    bought(parcels[3], b"^XA^FDtwo^FS^XZ", "ZPL")
    client = browse("warehouse")
    both = ask(client, "fulfillment.label", parcels[:2])
    assert "CARRIER-LABEL" in text(both)
    sizes = [tuple(map(float, page.mediabox[2:])) for page in PdfReader(io.BytesIO(both.content)).pages]
    assert sizes == [(288, 432), (288, 432)]
    raw = ask(client, "fulfillment.label", parcels[2:])
    assert raw.content == b"^XA^FDone^FS^XZ\n^XA^FDtwo^FS^XZ" and raw["Content-Disposition"].startswith(
        "attachment"
    )
    mixed = ask(client, "fulfillment.label", parcels)
    assert mixed.status_code == 302
    assert "own language (ZPL) cannot be put on paper" in " ".join(
        str(m) for m in get_messages(mixed.wsgi_request)
    )


def test_many_labels_cost_no_more_statements_than_one(
    browse: Browse, django_assert_max_num_queries: Any
) -> None:
    from fulfillment.actions.print_labels import print_labels

    build.stock(build.item("N"), 20)
    parcels = [way.send(way.work_of(build.order([("N", 1)]))[0])[0] for _ in range(6)]
    with django_assert_max_num_queries(2):
        body, _kind = print_labels([p.pk for p in parcels])
    assert len(PdfReader(io.BytesIO(body)).pages) == 6
