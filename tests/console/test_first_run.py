"""The first-run checklist on home: what is left to do, for those who may do it, until it is done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from channels.models import ChannelAccount
from fulfillment.models import CarrierAccount
from oms.core.console.first_run import steps_for
from tests import build

Browse = Callable[[str], Client]
pytestmark = pytest.mark.django_db


def ticked(client: Client) -> dict[str, bool]:
    return {v.step.slug: v.done for v in client.get(reverse("admin:index")).context["first_steps"]}


def test_each_step_is_ticked_when_it_is_done_and_then_the_list_goes(
    browse: Browse, settings: Settings
) -> None:
    client = browse("manager")
    left = ["company", "location", "items", "channel", "carrier", "order"]
    assert ticked(client) == dict.fromkeys(left, False)

    settings.COMPANY = {**settings.COMPANY, "name": "Hearth & Home"}
    assert ticked(client) == dict.fromkeys(left, False) | {"company": True}
    build.location(ships=False)  # nothing leaves from there
    assert not ticked(client)["location"]
    build.location("SECOND")
    assert ticked(client)["location"]
    build.item("A")
    assert ticked(client)["items"]
    ChannelAccount.objects.create(slug="s", name="S", kind="woocommerce", order_prefix="S")
    assert ticked(client)["channel"]
    CarrierAccount.objects.create(slug="c", name="C", kind="easypost", base_url="http://127.0.0.1:9")
    assert ticked(client) == dict.fromkeys(left, True) | {"order": False}

    build.order([("A", 1)])
    assert ticked(client) == {}
    assert "first-run" not in client.get(reverse("admin:index")).content.decode()


def test_each_step_leads_to_where_it_is_done(browse: Browse) -> None:
    client = browse("manager")
    page = client.get(reverse("admin:index"))
    for view in page.context["first_steps"]:
        if view.link:
            assert f'href="{view.link}"' in page.content.decode()
            assert client.get(view.link).status_code == 200, view.step.slug


def test_it_is_for_those_who_may_do_it(browse: Browse) -> None:
    assert set(ticked(browse("clerk"))) == {"order"}
    for role in ("warehouse", "support", "read-only"):
        assert ticked(browse(role)) == {}


def test_it_costs_one_statement(person: Callable[[str], User]) -> None:
    user = person("manager")
    assert user.has_perm("inventory.add_item")  # his rights are read once and kept
    with CaptureQueriesContext(connection) as seen:
        assert steps_for(user)
    assert len(seen) == 1
