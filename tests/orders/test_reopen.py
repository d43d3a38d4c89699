"""A finished order is taken up again, and stays so until a person lets it go."""

from __future__ import annotations

import pytest

from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from orders.actions.release_holds import release_holds
from orders.actions.reopen import reopen_orders
from orders.actions.sweep import sweep
from orders.models import Hold, Order
from tests import way

pytestmark = pytest.mark.django_db


def test_it_stays_open_until_its_hold_is_released() -> None:
    order = way.delivered()
    assert order.state == "completed" and order.closed_at
    with pytest.raises(Refused):
        reopen_orders([order.pk], reason=" ", by=SYSTEM)
    reopen_orders([order.pk], reason="a part was missing", by=SYSTEM)
    sweep()
    order = Order.objects.get(pk=order.pk)
    assert order.state == "review" and order.closed_at is None
    release_holds([Hold.objects.get(state="active").pk], by=SYSTEM)
    sweep()
    assert Order.objects.get(pk=order.pk).state == "completed"


def test_only_a_finished_order_is_opened_again() -> None:
    order = way.shipped()
    with pytest.raises(Refused):
        reopen_orders([order.pk], reason="why not", by=SYSTEM)
    assert not Hold.objects.exists()
