"""The replay: every line of a file accounted for, every order once, every law held; and laws that can be broken."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

from channels.adapters.base import Account
from channels.adapters.replay import Replay
from channels.demo import replay_house, retail
from channels.demo.extract import EXTRACT
from channels.demo.replay import first, raw, replay, weeks
from channels.models import ChannelAccount
from inventory.models import StockMovement
from oms.core.errors import Refused, Rejected
from oms.core.models import InboundMessage, JournalEntry
from orders.models import Hold, Order, OrderLine, Refund
from orders.rules.reconcile import reconcile
from returns.models import Return
from tests.nets import past_all_nets

FIRST = 40


def counted() -> dict[str, int]:
    tables = (Order, OrderLine, StockMovement, InboundMessage, Refund, Return, JournalEntry)
    return {model.__name__: model.objects.count() for model in tables}


def read(order: retail.Order):
    return Replay(Account("replay", "")).read(raw(order).body)


@pytest.fixture
def found():
    return [each for each in first(retail.read(EXTRACT), FIRST) if isinstance(each, retail.Order)]


# ---------------------------------------------------------------------------------------------- the adapter


def test_an_order_reads_as_the_file_tells_it(found) -> None:
    for order in found:
        draft = read(order)
        assert (draft.external_id, draft.placed_at) == (order.number, order.placed_at)
        assert [(x.sku, x.quantity, x.unit_price) for x in draft.lines] == [
            (x.sku, x.quantity, x.unit_price) for x in order.lines
        ]
        assert draft.total.customer == sum(x.unit_price * x.quantity for x in order.lines) + sum(
            x.amount for x in order.charges
        )
        assert not reconcile(draft).findings
        assert draft.shipping_address.country and draft.shipping_address.line1 and draft.email


def test_the_same_order_gives_the_same_bytes(found) -> None:
    assert [raw(order).body for order in found] == [raw(order).body for order in found]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"order": 1}', b'{"order": {}}', b'{"order": {"number": "1", "placed_at": "soon"}}'],
)
def test_another_body_is_rejected(body) -> None:
    with pytest.raises(Rejected):
        Replay(Account("replay", "")).read(body)


# ---------------------------------------------------------------------------------------------- weeks


def test_weeks_follow_each_other_and_lose_nothing() -> None:
    found = list(retail.read(EXTRACT))
    made = list(weeks(found))
    assert [week.monday for week in made] == sorted({week.monday for week in made})
    assert sum(len(week.orders) + len(week.cancellations) for week in made) == len(found)
    assert sum(week.sold.total() for week in made) == sum(
        x.units for x in found if isinstance(x, retail.Order)
    )


# ---------------------------------------------------------------------------------------------- the whole way


@pytest.mark.django_db(transaction=True)
def test_the_first_orders_of_the_extract_go_the_whole_way_and_once(capsys) -> None:
    call_command("replay", limit=FIRST, no_progress=True)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["ok"] is True, told["broken_laws"]
    assert told["orders_received"] == FIRST
    assert told["units_oversold"] == 0
    assert (
        told["units_ordered"] == told["units_shipped"] + told["units_backordered"] + told["units_cancelled"]
    )
    assert told["units_delivered"] == told["units_shipped"] > 0
    # Every line has its rule.
    assert (
        sum(told["lines_by_rule"].values()) == sum(told["lines_by_group"].values()) == told["lines"] > FIRST
    )
    for step in ("captured", "placed_and_promised", "screened", "routed", "shipped", "delivered", "all"):
        assert told["orders_per_second"][step] > 0
    assert not Hold.objects.filter(state="active").exclude(type="out_of_stock").exists()

    before = counted()
    again = replay(EXTRACT, limit=FIRST)
    assert again["ok"] is True, again["broken_laws"]
    assert counted() == before
    assert "placed_and_promised" not in again["orders_per_second"]
    assert again["orders_received"] == FIRST

    # The laws are no decoration: goods that nobody booked, and an order that nobody has.
    with past_all_nets() as cursor:
        cursor.execute(
            "UPDATE inventory_stockmovement SET on_hand = on_hand - 100000"
            " WHERE id = (SELECT min(id) FROM inventory_stockmovement WHERE reason = 'receipt')"
        )
    call_failing("replay", limit=FIRST, no_progress=True)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["ok"] is False
    assert {"units_oversold", "levels_unlike_their_ledger"} <= set(told["broken_laws"])


def call_failing(*args: object, **options: object) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command(*args, **options)
    assert ended.value.code == 1


FILE = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,10001,RED BOWL,5,2011-01-24 09:00:00,2.50,7,United Kingdom
1,10002,BLUE BOWL,9000,2011-01-24 09:00:00,1.00,7,United Kingdom
1,10003,SAMPLE BOWL,2,2011-01-24 09:00:00,0.00,7,United Kingdom
1,POST,POSTAGE,1,2011-01-24 09:00:00,4.00,7,United Kingdom
2,10001,RED BOWL,1,2011-01-25 09:00:00,2.50,8,France
C3,10001,RED BOWL,-2,2011-01-26 09:00:00,2.50,7,United Kingdom
C3,10002,BLUE BOWL,-8990,2011-01-26 09:00:00,1.00,7,United Kingdom
C3,10003,SAMPLE BOWL,-1,2011-01-26 09:00:00,0.00,7,United Kingdom
C4,10001,RED BOWL,-9,2011-01-26 10:00:00,2.50,8,France
C5,10001,RED BOWL,-1,2011-01-27 10:00:00,2.50,7,United Kingdom
6,10002,,-40,2011-01-27 11:00:00,0.00,,United Kingdom
"""


@pytest.mark.django_db(transaction=True)
def test_cancellations_come_back_or_are_called_off(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(FILE)
    told = replay(path)
    assert told["ok"] is True, told["broken_laws"]
    assert told["lines"] == 11
    assert told["lines_by_group"] == {
        "adjustment": 1, "cancellation, matched": 4, "cancellation, not matched": 1, "item": 4, "postage and fees": 1,
    }  # fmt: skip
    blue = OrderLine.objects.get(order__external_id="1", sku="10002")
    assert blue.cancelled + blue.returned == 8990  # what was never sent is called off, the rest came back
    assert blue.shipped > 0 and blue.cancelled > 0
    red = OrderLine.objects.get(order__external_id="1", sku="10001")
    assert (red.shipped, red.returned, red.cancelled) == (5, 3, 0)
    assert OrderLine.objects.get(order__external_id="2").returned == 0
    # Every unit that came back is for sale again.
    back = StockMovement.objects.filter(reason="restock", item__sku="10001")
    assert -sum(move.unavailable for move in back) == 3
    # What is paid back is what was paid for it; a free sample costs nothing.
    assert sum(refund.amount for refund in Refund.objects.all()) == Decimal("7.50") + 8990
    assert {refund.state for refund in Refund.objects.all()} == {"succeeded"}
    assert {rma.state for rma in Return.objects.all()} == {"closed"}

    before = counted()
    assert replay(path)["ok"] is True
    assert counted() == before


@pytest.mark.django_db(transaction=True)
def test_what_waits_is_served_when_goods_come(tmp_path: Path) -> None:
    """The first week's case is too small; the buyer sends the missing pieces a week later."""
    path = tmp_path / "file.csv"
    head = FILE.splitlines()[0]
    path.write_text(
        f"{head}\n1,10002,BLUE BOWL,900,2011-01-24 09:00:00,1.00,7,France\n"
        "2,10009,MUG,1,2011-02-01 09:00:00,1.00,8,France\n3,10009,MUG,1,2011-02-08 09:00:00,1.00,8,France\n"
        "4,10009,MUG,1,2011-02-15 09:00:00,1.00,8,France\n"
    )
    told = replay(path)
    assert told["ok"] is True, told["broken_laws"]
    line = OrderLine.objects.get(order__external_id="1")
    assert (line.shipped, line.backordered) == (900, 0)
    assert line.fulfillment_lines.count() > 1
    assert told["orders_per_second"]["backorders_served"] > 0


@pytest.mark.django_db(transaction=True)
def test_only_the_replays_own_database_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(FILE)
    replay(path)
    replay_house.empty_house()
    assert not Order.objects.exists() and not StockMovement.objects.exists()
    ChannelAccount.objects.create(slug="shop", name="A shop", kind="csv", order_prefix="S")
    with pytest.raises(Refused):
        replay_house.empty_house()
    assert ChannelAccount.objects.exists()
