"""Every word that a person sees can be translated: the pages are opened in a language of brackets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from fulfillment.models import FulfillmentOrder, ShelfReason
from oms.core.console import MenuEntry, registry
from oms.core.console.base import ConsoleAdmin
from oms.core.links import tracking_link
from oms.core.models import InboundMessage, JournalEntry, OutboundEffect
from tests.console import pseudo
from tests.console.world import World

Browse = Callable[[str], Client]
pytestmark = pytest.mark.django_db(transaction=True)

ALLOWED = [
    settings.COMPANY["name"],
    # The world's own short names; in small letters they look like codes.
    *("post", "test", "oms"),
    # Kinds of channels and carriers are names of products.
    *("woocommerce", "shopify", "easypost", "replay", "csv"),
    # Reasons of the machinery, which stay codes so that they can be searched for.
    *("unreadable", "rejected", "error"),
]
"""What is on the pages and is no word of ours."""


def technical() -> list[str]:
    """What the rows of the machinery are called: by their keys and codes."""
    rows = [row for model in (InboundMessage, OutboundEffect, JournalEntry) for row in model.objects.all()]
    return [*map(str, rows), *ShelfReason.objects.values_list("code", flat=True)]


def addresses(world: World) -> list[str]:
    """The pages that people work with; of each kind of row one page, of orders those that differ."""
    found = [reverse("admin:index"), reverse("console:find") + "?q=zzz", reverse("dock:home"), reverse("dock:receive"),
             reverse("dock_returns:which"), tracking_link(world.shipped.number), tracking_link("NO-1")]  # fmt: skip
    for page in admin.site._registry.values():
        if isinstance(page, ConsoleAdmin):
            name = f"admin:{page.opts.app_label}_{page.opts.model_name}"
            found.append(reverse(f"{name}_changelist"))
            row = page.model._default_manager.first()
            if row is not None:
                address = reverse(f"{name}_change", args=[row.pk])
                found += [address, f"{address}?edit=1"] if page.editable else [address]
            if page.addable and page.opts.app_label != "django_celery_beat":  # every time zone on earth
                found.append(reverse(f"{name}_add"))
    orders = (world.shipped, world.held, world.unknown, world.short)
    found += [reverse("admin:orders_order_change", args=[order.pk]) for order in orders]
    found += [reverse("dock:work", args=[work.pk]) for work in FulfillmentOrder.objects.order_by("-pk")[:2]]
    for button in registry.buttons.values():
        row = apps.get_model(button.model)._default_manager.order_by("pk").first()
        if row is not None and (button.form or button.preview):
            found.append(f"{reverse('console:press', args=[button.name])}?ids={row.pk}")
    return found


def test_every_string_of_every_page(world: World, browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browse("manager")
    missing, seen = dict[str, str](), 0
    client.post(reverse("dock:home"), {"place": world.places[0].pk})
    with pseudo.spoken():
        pages = addresses(world)
        known = [*technical(), *pseudo.stored(), *ALLOWED]
        for address in pages:
            answer = client.get(address, headers={"accept-language": pseudo.CODE})
            assert answer.status_code in (200, 404), (address, answer.status_code)
            html = answer.content.decode()
            seen += html.count("⟦")
            missing.update(dict.fromkeys(pseudo.unwrapped(html, known), address))
            if (
                form := (answer.context or {}).get("form")
            ) and "/do/" in address:  # what its preview says, or its refusal
                given = {field.name: field.value() for field in form if field.value() is not None}
                data = {**given, "step": "preview", "ids": address.partition("ids=")[2]}
                told = client.post(address.partition("?")[0], data, headers={"accept-language": pseudo.CODE})
                assert told.status_code in (200, 302, 409, 422), (address, told.status_code)
                missing.update(
                    dict.fromkeys(pseudo.unwrapped(told.content.decode(), known), f"preview of {address}")
                )
        login = Client().get(reverse("admin:login"), headers={"accept-language": pseudo.CODE})
        missing.update(dict.fromkeys(pseudo.unwrapped(login.content.decode(), known), "login"))
        # It would be seen: a word that nobody wrapped.
        entry = MenuEntry("Work", "Never wrapped", "inbox", "admin:index")
        monkeypatch.setattr(registry, "menu", [*registry.menu, entry])
        planted = client.get(
            reverse("admin:index"), headers={"accept-language": pseudo.CODE}
        ).content.decode()
    assert "Never wrapped" in pseudo.unwrapped(planted, known)
    assert seen > 20 * len(pages)
    assert not missing, "\n".join(f"{address}: {text}" for text, address in sorted(missing.items()))


def test_a_word_outside_of_the_brackets_is_found() -> None:
    html = '<p title="Plain">⟦Fine ⟦in⟧ all⟧ White lantern</p><button>⟦Go⟧ on</button><script>no words</script><i>×</i>'
    assert pseudo.unwrapped(html, ["White lantern"]) == ["Plain", "⟦Go⟧ on"]
    assert pseudo.unwrapped(html, []) == ["Plain", "⟦Fine ⟦in⟧ all⟧ White lantern", "⟦Go⟧ on"]
