"""What lies at a supplier's, on a lorry or nowhere is neither promised nor sent: such a place does not ship."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from inventory.models import Location, Reservation
from tests import build
from tests.pressing import Hand

pytestmark = pytest.mark.django_db
NEVER = ("supplier", "transit", "virtual")


def form(**typed: Any) -> dict[str, Any]:
    return {
        "code": "X",
        "name": "X",
        "handling_cost": "0",
        "rank": "100",
        "label_paper": "4x6",
        "active": "on",
        **typed,
    }


@pytest.mark.parametrize("kind", NEVER)
def test_the_database_lets_none_ship(kind: str) -> None:
    place = build.location()
    with pytest.raises(IntegrityError, match="location_ships_by_type"), transaction.atomic():
        Location.objects.filter(pk=place.pk).update(type=kind)
    place.refresh_from_db()
    assert (place.type, place.ships) == ("warehouse", True)
    Location.objects.filter(pk=place.pk).update(type=kind, ships=False)


@pytest.mark.parametrize("kind", NEVER)
def test_the_form_says_what_to_do(kind: str) -> None:
    client = Hand("manager").client
    page = reverse("admin:inventory_location_add")
    refused = client.post(page, form(type=kind, ships="on"))
    assert refused.status_code == 200 and "untick “ships orders”" in refused.content.decode()
    assert not Location.objects.exists()
    assert client.post(page, form(type=kind)).status_code == 302
    assert Location.objects.get().type == kind


def test_what_lies_there_is_not_promised() -> None:
    at_supplier = build.location("FAR", type="supplier", ships=False)
    build.stock(build.item("A"), 5, at_supplier)
    build.order([("A", 2)])
    assert [r.state for r in Reservation.objects.all()] == ["backordered"]
