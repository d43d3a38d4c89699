"""Every button, found by itself, pressed as every role: who may, does it; who may not, and a row that is refused,
change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

import pytest
from django.apps import apps
from django.contrib.messages import SUCCESS
from django.db import connection, transaction
from django.db.models import Model

from channels.twins.woocommerce.twin import WooCommerce
from fulfillment.twins.easypost import EasyPost
from oms.core.console import Button, registry
from oms.core.console.offers import refused, rows_of
from oms.core.errors import Reason
from oms.core.models import IdempotencyRecord
from oms.roles import ROLES
from oms.twinkit.server import serve
from tests.console.cases import TYPED, make_more
from tests.console.world import World, make
from tests.pressing import Hand

pytestmark = pytest.mark.django_db
REFUSES_NOTHING = {
    "fulfillment.enter_keys": "every kind of carrier has keys",
    "inventory.adjust": "any shelf may be counted",
    "inventory.receive_item": "what came lies here, whether it is sold or not",
    "inventory.set_safety_stock": "it may be set before anything lies there",
    "orders.attach_file": "a file may be put on any order, finished or not",
    "orders.remove_file": "what is there may be taken off, whatever became of the order",
    "orders.note": "a note may be written on any order, finished or not",
}
"""Buttons that every row of the world may be pressed on, and why that is so."""


@pytest.fixture
def world(db: None) -> Iterator[World]:
    shop, carrier = serve(WooCommerce(":memory:", name="woocommerce")), serve(EasyPost())
    made = make()
    make_more(made, shop.url, carrier.url)
    yield made
    shop.stop()
    carrier.stop()


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done inside keeps all that holds at a commit, and is not there afterwards."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # what speaks with a shop must be in no other
    with block:
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        transaction.set_rollback(True)


def written() -> int:
    """Rows of any table, a person's session aside, that were written in the test's transaction so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables"
            " WHERE relname <> 'django_session'"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def nothing_written(what: str) -> Iterator[None]:
    before = written()
    yield
    assert written() == before, f"{what} wrote something"


def rows_of_its_model(button: Button) -> list[Model]:
    model: Any = apps.get_model(button.model)
    return rows_of(button, model._default_manager.values_list("pk", flat=True))


def does(hand: Hand, button: Button, row: Model) -> None:
    """Opens its page, which writes nothing, types what it asks for, presses, and reads that it was done."""
    what = f"{button.name} by {hand.user}"
    with nothing_written(f"looking at {what}"):
        page = hand.look(button.name, row)
        assert page.status_code == 200, what
    typed = TYPED[button.name](row) if button.name in TYPED else {}
    status = hand.send(button.name, row, **hand.filled(button.name, page, **typed))
    assert status == 302, f"{what}: {status}: {_why(hand)}"
    told = [str(m) for m in hand.answer.wsgi_request._messages._queued_messages if m.level == SUCCESS]
    kept = IdempotencyRecord.objects.filter(owner=f"user:{hand.user}").latest("pk").answer
    assert kept and kept["done"] and not kept["refused"], f"{what}: {kept}"
    assert len(told) == 1 and told[0].startswith(escape(kept["words"])), f"{what}: {told}"


def _why(hand: Hand) -> Any:
    context = hand.answer.context
    form = context.get("form")
    return form.errors if form is not None and form.errors else context.get("reasons")


def is_forbidden(hand: Hand, button: Button, row: Model, *, asks: bool) -> None:
    """The page that asks costs more than the press and is shut by the same check: it is tried once a button."""
    what = f"{button.name} by {hand.user}"
    typed = TYPED[button.name](row) if button.name in TYPED else {}
    with nothing_written(what):
        assert hand.send(button.name, row, **typed) == 403, what
        assert not asks or hand.look(button.name, row).status_code == 403, what


def is_refused(hand: Hand, button: Button, row: Model, reasons: Sequence[Reason]) -> None:
    what = f"{button.name} on {row}"
    with nothing_written(what):
        assert hand.send(button.name, row) == 409, what
    for reason in reasons:
        assert escape(reason.words) in hand.told, what


def test_every_button_as_every_role(world: World) -> None:
    """On the first row where it is not refused whoever may does it, on the first where it is reads why; who may
    not does not. Nobody meets what another has done."""
    hands = [Hand(role) for role in sorted(ROLES)]
    pressed = 0
    for button in registry.buttons.values():
        rows = rows_of_its_model(button)
        refusing: dict[Any, list[Reason]] = {}
        shut = False
        for hand in hands:
            pressed += 1
            if not button.allowed(hand.user):
                is_forbidden(hand, button, rows[0], asks=not shut)
                shut = True
                continue
            refusing = refused(button, hand.user, rows)
            ready = [row for row in rows if row.pk not in refusing]
            assert ready, f"the world has no row on which {hand.user} may press {button.name}"
            with undone():
                does(hand, button, ready[0])
            hand.client.cookies.pop("messages", None)  # read
            last = hand
        if button.name in REFUSES_NOTHING:
            assert not refusing, button.name
            continue
        # A reason of its own says more than that there is nothing to do.
        found = sorted(refusing.items(), key=lambda pair: pair[1][0].code == "not_applicable")
        assert found, f"the world has no row on which {button.name} is refused"
        is_refused(last, button, next(row for row in rows if row.pk == found[0][0]), found[0][1])
    assert pressed == len(registry.buttons) * len(ROLES) > 0
