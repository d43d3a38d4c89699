"""Pages that say that something cannot be shown: in words, with a way on, and nothing of our inside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import server_error

from inventory.models import Location

pytestmark = pytest.mark.django_db
Browse = Callable[[str], Client]
HOME = f'href="{reverse("admin:index")}"'


@pytest.mark.parametrize("address", ["/admin/dock/work/4711/", "/admin/nowhere/", "/nowhere/"])
def test_what_is_not_there(browse: Browse, address: str) -> None:
    answer = browse("clerk").get(address)
    told = answer.content.decode()
    assert answer.status_code == 404
    assert "There is no such page" in told and HOME in told
    assert address not in told


def test_a_stranger_is_not_sent_to_the_console(client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404 and HOME not in answer.content.decode()


def test_what_is_not_for_a_role(browse: Browse) -> None:
    answer = browse("read-only").get(reverse("admin:inventory_location_add"))
    told = answer.content.decode()
    assert answer.status_code == 403
    assert "This page is not for your role" in told and HOME in told


def test_a_form_that_is_too_old_changes_nothing(person: Callable[[str], User]) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person("manager"), backend="django.contrib.auth.backends.ModelBackend")
    before = Location.objects.count()
    answer = strict.post(reverse("admin:inventory_location_add"), {"code": "NEW", "name": "New"})
    assert answer.status_code == 403 and "load the page anew" in answer.content.decode()
    assert Location.objects.count() == before


def test_our_own_fault_is_told_without_database_or_styles(
    django_assert_num_queries: Callable[[int], object],
) -> None:
    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        answer = server_error(RequestFactory().get("/"))
    told = answer.content.decode()
    assert answer.status_code == 500 and "Something went wrong on our side" in told
    assert "/static/" not in told
