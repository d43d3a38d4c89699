"""An order is found by the telephone number on it, however it is written, by those who may see people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from oms.core.actions.save_view import save_view
from oms.core.actors import Actor
from oms.core.console.registry import registry
from oms.core.errors import Refused
from oms.core.models import SavedView
from oms.core.personal import names_person, telephone
from orders.drafts import AddressDraft
from orders.models import Order
from tests import build

Browse = Callable[[str], Client]
WRITTEN = ("+44 115 496 0123", "0115 496 0123", "01154960123", "00441154960123", "(0115) 496-0123")


def finds(client: Client, text: str) -> list[str]:
    """Where the search box leads, or what it lists."""
    answer = client.get(reverse("console:find"), {"q": text})
    if answer.status_code == 302:
        return [answer["Location"]]
    return [link for group in answer.context["groups"] for _, link in group["hits"]]


def page(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


@pytest.mark.parametrize("text", WRITTEN)
def test_however_it_is_written(text: str) -> None:
    assert telephone(text) == "154960123"


@pytest.mark.parametrize("text", ["", "123456", "SHOP-1001", "1Z999AA10123456784", "1" * 16, "0115 ext 4"])
def test_what_is_no_number_has_no_digits_to_look_for(text: str) -> None:
    assert telephone(text) == ""


def test_only_what_is_surely_a_telephone_number_names_a_person() -> None:
    assert names_person("+44 115 496 0123") and names_person("0115 496 0123")
    for code in ("5012345678900", "012345678905", "01/02/2026", "SHOP-1001", "#1001"):
        assert not names_person(code), code


@pytest.mark.django_db
def test_the_box_and_the_list_find_it(browse: Browse) -> None:
    build.item("A")
    hers = build.order([("A", 1)], phone="+44 (0)115 496 0123")
    at_the_door = build.order([("A", 1)], shipping_address=AddressDraft(
        name="B", line1="1 Rd", city="Derby", postcode="DE1 1AA", country="GB", phone="020 7946 0018"))  # fmt: skip
    build.order([("A", 1)], phone="0115 496 0124")
    client = browse("support")
    for text in WRITTEN:
        assert finds(client, text) == [page(hers)], text
    assert finds(client, "+442079460018") == [page(at_the_door)]
    shown = client.get(reverse("admin:orders_order_changelist"), {"q": "01154960123"})
    assert [row.pk for row, *_ in shown.context["rows"]] == [hers.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("text", WRITTEN)
def test_who_may_not_see_people_finds_none(browse: Browse, text: str) -> None:
    build.item("A")
    build.order([("A", 1)], phone="+44 115 496 0123")
    client = browse("read-only")
    assert finds(client, text) == []
    assert list(client.get(reverse("admin:orders_order_changelist"), {"q": text}).context["rows"]) == []


@pytest.mark.django_db
def test_a_search_for_it_is_not_shared(person: Callable[[str], User]) -> None:
    boss = person("manager")
    for text in ("0115+496+0123", "01154960123"):
        with pytest.raises(Refused) as refused:
            save_view(
                boss.pk,
                model="orders.order",
                name="Hers",
                query=f"q={text}",
                shared=True,
                by=Actor.user(boss),
            )
        assert [r.code for r in refused.value.reasons] == ["names_person"]
    assert not SavedView.objects.exists()


@pytest.mark.django_db
def test_it_is_found_by_its_index_among_many() -> None:
    build.item("A")
    one = build.order([("A", 1)], phone="+44 115 496 0123")
    names = [f.column for f in Order._meta.concrete_fields if not f.primary_key]
    other = {
        "number": "'N' || n",
        "external_id": "900000 + n",
        "external_number": "n::text",
        "phone": "'0' || 2000000000 + n",
    }
    columns, values = ", ".join(names), ", ".join(other.get(name, name) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO orders_order ({columns}) SELECT {values} FROM orders_order, generate_series(1, 4000) n"
        )
        cursor.execute("ANALYZE orders_order")
    finder = registry.finder_of("orders.order")
    assert finder and finder.of_person
    rows = finder.of_person("0115 496 0123")[:11]
    plan = rows.explain()
    assert "order_by_telephone" in plan and "Seq Scan" not in plan, plan
    assert list(rows) == [one]
