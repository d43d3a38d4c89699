"""What holds for every button: a double click, a refusal, a preview, a press in bulk. That each does what it says is
in ``test_presses.py``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from inventory.models import Item
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview, registry
from oms.core.errors import Reason, Refused, Retry
from oms.core.models import InboundMessage, JournalEntry
from oms.roles import ROLES
from tests import build
from tests.console.world import World

Browse = Callable[[str], Client]
pytestmark = pytest.mark.django_db(transaction=True)


def address(name: str) -> str:
    return reverse("console:press", args=[name])


def test_every_button_names_real_things() -> None:
    from django.contrib.auth.models import Permission

    known = {f"{a}.{c}" for a, c in Permission.objects.values_list("content_type__app_label", "codename")}
    for button in registry.buttons.values():
        apps.get_model(button.model)
        assert set(button.permissions) <= known, button.name
        assert len(button.hotkey) <= 1 and button.hotkey == button.hotkey.lower(), button.name
        assert any(set(button.permissions) & permissions for permissions in ROLES.values()), button.name


def test_a_button_is_on_the_page_and_does_what_it_says(world: World, browse: Browse) -> None:
    client = browse("clerk")
    page = reverse("admin:core_inboundmessage_change", args=[world.message.pk])
    shown = client.get(page)
    assert "Read again" in shown.content.decode()
    done = client.post(
        address("core.replay_message"),
        {"ids": world.message.pk, "press": shown.context["press"], "next": page},
    )
    assert done.status_code == 302 and done["Location"] == page
    world.message.refresh_from_db()
    assert world.message.state == "received"
    line = JournalEntry.objects.get(subject=f"inboundmessage:{world.message.pk}")
    assert (line.verb, line.actor) == ("replay", "user:clerk-person")
    after = client.get(page).content.decode()
    assert (
        "1 to be read again" in after and "It does not wait for a person." in after
    )  # greyed, with its reason


def test_a_button_of_another_role_is_not_shown(world: World, browse: Browse) -> None:
    page = reverse("admin:core_outboundeffect_change", args=[world.effect.pk])
    assert "Give up" in browse("manager").get(page).content.decode()
    assert "Give up" not in browse("clerk").get(page).content.decode()


def test_a_press_without_a_reason_keeps_what_was_typed_and_changes_nothing(
    world: World, browse: Browse
) -> None:
    client = browse("manager")
    answer = client.post(address("core.drop_effect"), {"ids": world.effect.pk, "press": "p1", "why": ""})
    assert answer.status_code == 422 and "required" in answer.content.decode()
    answer = client.post(
        address("core.drop_effect"), {"ids": world.effect.pk, "press": "p1", "why": "sold out there"}
    )
    assert answer.status_code == 302
    world.effect.refresh_from_db()
    assert world.effect.state == "superseded"
    assert JournalEntry.objects.filter(thread=world.effect.thread, words__contains="sold out there").exists()


def test_it_never_leads_to_another_site(world: World, browse: Browse) -> None:
    answer = browse("clerk").post(
        address("core.replay_message"),
        {"ids": world.message.pk, "press": "p", "next": "https://elsewhere.example/steal"},
    )
    assert answer["Location"].startswith("/admin/")


def test_it_needs_a_login_and_a_form_token(world: World) -> None:
    assert Client().post(address("core.replay_message"), {"ids": world.message.pk}).status_code == 302
    boss = User.objects.create_superuser("boss", password="x")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    assert (
        strict.post(address("core.replay_message"), {"ids": world.message.pk, "press": "p"}).status_code
        == 403
    )
    assert InboundMessage.objects.get(pk=world.message.pk).state == "parked"


# -- a button of our own, to see the machinery


class Amount(forms.Form):
    amount = forms.IntegerField(min_value=1)


class Probe:
    """Counts what reached it; refuses or fails when told to."""

    def __init__(self) -> None:
        self.runs: list[tuple[list[int], str, dict[str, Any]]] = []
        self.error: Exception | None = None
        self.slow = 0.0

    def run(self, ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
        time.sleep(self.slow)
        if self.error:
            raise self.error
        self.runs.append((list(ids), str(actor), dict(data)))
        return Outcome("Done as asked.", done=len(ids), undo=("core.replay_message", list(ids)))


@pytest.fixture
def goods(transactional_db: None) -> list[Item]:
    """Four things; the SKUs of two begin with an 8."""
    return [build.item(sku) for sku in ("85123A", "71053", "84406B", "22423")]


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Probe:
    probe = Probe()
    shape: dict[str, Any] = {
        "label": "Probe",
        "model": "inventory.item",
        "permission": "inventory.adjust_stock",
    }
    for button in (
        Button(name="test.probe", run=probe.run, **shape),
        Button(
            name="test.some", run=probe.run, **shape,
            refusals=lambda rows: {r.pk: [Reason("odd", "It is odd.")] for r in rows if r.sku.startswith("8")},
        ),
        Button(
            name="test.form", run=probe.run, **shape, form=lambda rows: Amount,
            preview=lambda ids, data: Preview(f"{data['amount']} pieces each", facts=[("Items", str(len(ids)))]),
        ),
    ):  # fmt: skip
        monkeypatch.setitem(registry.buttons, button.name, button)
    return probe


def test_a_double_click_does_it_once(goods: list[Item], browse: Browse, probe: Probe) -> None:
    client, item = browse("clerk"), goods[0]
    for _ in range(3):
        assert client.post(address("test.probe"), {"ids": item.pk, "press": "same"}).status_code == 302
    assert len(probe.runs) == 1
    assert probe.runs[0][1:] == ("user:clerk-person", {"press": "same"})
    client.post(address("test.probe"), {"ids": item.pk, "press": "another"})
    assert len(probe.runs) == 2


def test_two_clicks_at_the_same_moment_do_it_once_and_both_are_answered(
    goods: list[Item], browse: Browse, probe: Probe
) -> None:
    probe.slow = 0.4
    answers: list[int] = []

    def click() -> None:
        try:
            answers.append(
                browse("clerk").post(address("test.probe"), {"ids": goods[0].pk, "press": "k"}).status_code
            )
        finally:
            connection.close()

    browse("clerk")
    threads = [threading.Thread(target=click) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302, 302, 302]
    assert len(probe.runs) == 1


@pytest.mark.parametrize("error", [Refused(Reason("no", "Not on a Sunday.")), Retry("the shop is down")])
def test_what_was_refused_may_be_pressed_again(
    goods: list[Item], browse: Browse, probe: Probe, error: Exception
) -> None:
    client, item = browse("clerk"), goods[0]
    probe.error = error
    answer = client.post(address("test.probe"), {"ids": item.pk, "press": "k"})
    assert answer.status_code == 409
    assert "nothing has changed" in answer.content.decode()
    probe.error = None
    assert client.post(address("test.probe"), {"ids": item.pk, "press": "k"}).status_code == 302
    assert len(probe.runs) == 1


def test_a_page_without_its_key_is_refused(goods: list[Item], browse: Browse, probe: Probe) -> None:
    answer = browse("clerk").post(address("test.probe"), {"ids": goods[0].pk})
    assert answer.status_code == 409 and not probe.runs


def test_in_bulk_it_shows_first_whom_it_refuses_and_then_does_the_others(
    goods: list[Item], browse: Browse, probe: Probe
) -> None:
    client = browse("clerk")
    ids = [item.pk for item in goods]  # two of four begin with an 8
    asked = client.get(address("test.some"), {"ids": ids}).content.decode()
    assert "2 items" in asked and "2 refused" in asked and asked.count("It is odd.") == 2
    assert not probe.runs
    assert client.post(address("test.some"), {"ids": ids, "press": "k"}).status_code == 302
    assert [len(run[0]) for run in probe.runs] == [2]
    after = client.get(reverse("admin:index")).content.decode()
    assert "Done as asked." in after and after.count("It is odd.") == 2 and "Undo" in after


def test_all_refused_is_not_run_at_all(goods: list[Item], browse: Browse, probe: Probe) -> None:
    answer = browse("clerk").post(address("test.some"), {"ids": goods[0].pk, "press": "k"})
    assert answer.status_code == 409 and not probe.runs


def test_a_preview_says_what_it_would_do_and_does_not_do_it(
    goods: list[Item], browse: Browse, probe: Probe
) -> None:
    client, item = browse("clerk"), goods[0]
    shown = client.post(
        address("test.form"), {"ids": item.pk, "press": "k", "amount": "3", "step": "preview"}
    )
    assert "3 pieces each" in shown.content.decode() and 'value="3"' in shown.content.decode()
    assert not probe.runs
    client.post(address("test.form"), {"ids": item.pk, "press": shown.context["press"], "amount": "3"})
    assert probe.runs[0][2]["amount"] == 3


def test_the_list_offers_what_can_be_done_in_bulk(goods: list[Item], browse: Browse, probe: Probe) -> None:
    listing = reverse("admin:inventory_item_changelist")
    assert 'formaction="/admin/do/test.probe/"' in browse("clerk").get(listing).content.decode()
    assert "test.probe" not in browse("support").get(listing).content.decode()
