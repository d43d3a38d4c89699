"""Another item comes back than the one that was sold: the books get what came, and what was sold stays out."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import StockMovement
from oms.core.actors import SYSTEM
from oms.core.models import JournalEntry
from orders.models import Refund
from returns.actions.close import close_returns
from returns.actions.correct_arrivals import Correcting, correct_arrivals
from returns.actions.derive import accepted_units
from returns.actions.finish_reception import Finishing, finish_reception
from returns.actions.inspect import Finding, Inspection, inspect_returns
from returns.actions.open import Opening, Wanted, open_returns
from returns.actions.others import Other
from returns.actions.quote_return import Paying
from returns.actions.receive import Arrival, receive_returns
from returns.actions.refund_returns import refund_return
from returns.models import Return, ReturnLine, ReturnReceipt
from tests import build, way
from tests.api.conftest import Caller, api, fields, fresh_house, reasons, token  # noqa: F401
from tests.fulfillment.test_dock_pages import Dock
from tests.pressing import Hand
from tests.returns.test_returns import books, found, fresh, opened, refused

pytestmark = pytest.mark.django_db


def came(
    rma: Return, *others: Other, key: str = "k", pieces: dict[int, int] | None = None
) -> list[ReturnReceipt]:
    return receive_returns([Arrival(rma.pk, pieces or {}, build.location().pk, key, others)], by=SYSTEM)


def other(rma: Return, sku: str = "B", quantity: int = 1) -> Other:
    return Other(rma.lines.get(instead_of=None).pk, quantity, build.item(sku).pk)


def sold(rma: Return) -> ReturnLine:
    return rma.lines.get(instead_of=None)


def looked_at(line: ReturnLine, condition: str, kind: str, *, accepted: bool = False, key: str = "i") -> None:
    finding = Finding(line.pk, line.received, condition, kind, accepted)
    inspect_returns([Inspection(line.rma_id, [finding], key)], by=SYSTEM)


def test_it_is_booked_as_what_it_is_and_what_was_sold_stays_awaited() -> None:
    order = way.delivered()
    rma = opened(order)
    (receipt,) = came(rma, other(rma))
    a, b = build.level(build.item("A")), build.level(build.item("B"))
    assert (a.on_hand, b.on_hand, b.unavailable, b.available) == (0, 1, 1, 0)
    moved = StockMovement.objects.latest("pk")
    assert (moved.reason, moved.on_hand, moved.document) == ("other_item", 1, f"return:{rma.pk}")
    assert moved.note == "Instead of Thing A"
    assert (sold(rma).reception, sold(rma).received, order.lines.get().returned) == ("wrong_item", 0, 0)
    line = receipt.line
    assert (line.instead_of, line.order_line, line.title, fresh(rma).state) == (
        sold(rma),
        None,
        "Thing B",
        "partly_received",
    )
    told = JournalEntry.objects.filter(verb="receive_part").get().words
    assert "1 × Thing B instead of Thing A arrived" in told and "unless a person decides" in told
    # Nothing of it is paid for by itself, neither before nor after somebody looked at it.
    assert refused(lambda: refund_return(Paying(rma.pk), by=SYSTEM)) == ["nothing_to_refund"]
    assert refused(lambda: looked_at(line, "as_new", "restock", accepted=True)) == ["not_sold"]
    looked_at(line, "as_new", "restock")
    assert build.level(build.item("B")).available == 1 and not accepted_units(fresh(rma))
    assert refused(lambda: close_returns([rma.pk], by=SYSTEM)) == ["awaited"]
    way.sound()


def test_what_was_sold_comes_after_all() -> None:
    rma = opened(way.delivered())
    came(rma, other(rma), pieces={sold(rma).pk: 1})
    assert (sold(rma).reception, sold(rma).received) == ("wrong_item", 1)
    came(rma, key="l", pieces={sold(rma).pk: 1})
    assert (sold(rma).reception, fresh(rma).state, build.level(build.item("A")).on_hand) == (
        "received",
        "received",
        2,
    )
    way.sound()


def test_the_rest_does_not_come_and_nothing_is_owed() -> None:
    rma = opened(way.delivered(), 1)
    came(rma, other(rma))
    looked_at(rma.lines.get(item=build.item("B")), "damaged", "write_off")
    finish_reception([Finishing(rma.pk)], by=SYSTEM)
    assert (sold(rma).reception, fresh(rma).state) == ("short", "received")
    close_returns([rma.pk], by=SYSTEM)
    assert fresh(rma).state == "closed" and not Refund.objects.exists()
    way.sound()


def test_we_had_sent_the_wrong_one_so_a_person_pays_for_it() -> None:
    rma = opened(way.delivered(), 1)
    came(rma, other(rma))
    finish_reception([Finishing(rma.pk, frozenset({sold(rma).pk}))], by=SYSTEM)
    assert refund_return(Paying(rma.pk), by=SYSTEM).amount == Decimal("12.00")
    way.sound()


@pytest.mark.parametrize(("kind", "condition", "left"), [
    ("restock", "as_new", (1, 0)), ("quarantine", "opened", (1, 1)), ("write_off", "damaged", (0, 0)),
    ("return_to_customer", "used", (0, 0)), ("return_to_supplier", "defective", (0, 0)),
])  # fmt: skip
def test_what_becomes_of_it_acts_on_what_came(kind: str, condition: str, left: tuple[int, int]) -> None:
    rma = opened(way.delivered(), 1)
    came(rma, other(rma))
    before = build.level(build.item("A")).on_hand
    looked_at(rma.lines.get(item=build.item("B")), condition, kind)
    level = build.level(build.item("B"))
    assert (level.on_hand, level.unavailable) == left and build.level(build.item("A")).on_hand == before
    way.sound()


def test_what_is_none_of_ours_is_on_no_books() -> None:
    rma = opened(way.delivered(), 1)
    before = StockMovement.objects.count()
    (receipt,) = came(rma, Other(sold(rma).pk, 1, None, "an old shoe"))
    assert StockMovement.objects.count() == before and receipt.line.title == "something that is not ours"
    assert (
        "something that is not ours (an old shoe) instead of Thing A"
        in JournalEntry.objects.latest("pk").words
    )
    line = receipt.line
    assert refused(lambda: looked_at(line, "as_new", "restock")) == ["no_item"]
    looked_at(line, "used", "return_to_customer")
    assert StockMovement.objects.count() == before
    way.sound()


def test_the_same_scan_is_booked_once() -> None:
    rma = opened(way.delivered())
    first = came(rma, other(rma))
    after = books()
    assert [r.pk for r in came(rma, other(rma))] == [r.pk for r in first] and books() == after


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    rma = opened(way.delivered())
    line = sold(rma).pk
    assert refused(lambda: came(rma, other(rma, "A"))) == ["same_item"]
    assert refused(lambda: came(rma, Other(line, 1, 10**9))) == ["unknown_item"]
    assert refused(lambda: came(rma, Other(line, 1))) == ["say_what"]
    assert refused(lambda: came(rma, Other(10**9, 1, build.item("B").pk))) == ["unknown_line"]
    assert refused(lambda: came(rma, other(rma, quantity=3))) == ["more_than_announced"]
    assert refused(lambda: came(rma, other(rma, quantity=2), pieces={line: 1})) == ["more_than_announced"]
    assert refused(lambda: came(rma, other(rma, quantity=-1))) == ["bad_quantity"]
    assert refused(lambda: came(rma, other(rma, quantity=0))) == ["nothing_arrived"]
    (receipt,) = came(rma, other(rma))
    # What came instead was never awaited, so nothing comes instead of it, nor more of it.
    assert refused(lambda: came(rma, Other(receipt.line_id, 1, build.item("C").pk), key="l")) == [
        "not_sold", "more_than_announced",
    ]  # fmt: skip


def test_what_was_received_as_sold_is_put_right() -> None:
    order = way.delivered([("A", 3)])
    rma = opened(order, 3)
    line = sold(rma)
    came(rma, pieces={line.pk: 1}, key="one")
    came(rma, pieces={line.pk: 2}, key="two")
    assert fresh(rma).state == "received"
    assert refused(lambda: found(rma, ("wrong_item", "quarantine", 1))) == ["say_which_item"]
    made = correct_arrivals([Correcting(rma.pk, other(rma, quantity=2), "c")], by=SYSTEM)
    a, b = build.level(build.item("A")), build.level(build.item("B"))
    assert (a.on_hand, a.unavailable, b.on_hand, b.unavailable) == (1, 1, 2, 2)
    assert (fresh(rma).state, sold(rma).reception, sold(rma).received) == ("partly_received", "wrong_item", 1)
    assert order.lines.get().returned == 1 and sum(r.quantity for r in made) == 2
    assert "It was not what was sold" in JournalEntry.objects.filter(verb="await_again").get().words
    after = books()
    again = correct_arrivals([Correcting(rma.pk, other(rma, quantity=2), "c")], by=SYSTEM)
    assert [r.pk for r in again] == [r.pk for r in made] and books() == after
    way.sound()


def test_what_cannot_be_put_right_changes_nothing() -> None:
    rma = opened(way.delivered())
    right = lambda o: correct_arrivals([Correcting(rma.pk, o, "c")], by=SYSTEM)  # noqa: E731
    assert refused(lambda: right(other(rma))) == ["wrong_state"]
    came(rma, pieces={sold(rma).pk: 2})
    found(rma, ("as_new", "restock", 1))
    assert refused(lambda: right(other(rma, quantity=2))) == ["too_many"]
    assert refused(lambda: right(other(rma, quantity=0))) == ["nothing_arrived"]
    assert refused(lambda: right(other(rma, "A"))) == ["same_item"]
    assert refused(lambda: right(Other(10**9, 1))) == ["unknown_line"]
    right(other(rma))
    assert sold(rma).received == 1
    way.sound()


def test_many_cost_as_many_statements_as_few() -> None:
    def cost(n: int) -> int:
        order = way.delivered([(f"S{n}-{i}", 1) for i in range(n)])
        wishes = [Wanted(x.pk, 1) for x in order.lines.all()]
        (rma,) = open_returns([Opening(order.pk, wishes, authorise=True)], by=SYSTEM)
        others = [Other(x.pk, 1, build.item("B").pk) for x in rma.lines.all()]
        with CaptureQueriesContext(connection) as seen:
            receive_returns([Arrival(rma.pk, {}, build.location().pk, f"n{n}", others)], by=SYSTEM)
        return len(seen)

    assert cost(9) == cost(2)


# -- by the doors


def test_by_the_console() -> None:
    rma = opened(way.delivered())
    line = sold(rma)
    build.item("B")
    dock, support = Hand("warehouse"), Hand("support")
    says = {"of": f"comes-{line.pk}", "quantity": 1, "item": "B", "location": build.location().pk}
    assert support.press("returns.other_came", rma, **says) == 403
    before = books()
    assert dock.press("returns.other_came", rma, **{**says, "item": "no such"}) == 422
    assert (
        dock.press("returns.other_came", rma, **{**says, "item": "A"}) == 409
        and "receive it as such" in dock.told
    )
    assert (
        dock.press("returns.other_came", rma, **{**says, "item": ""}) == 409 and "say what came" in dock.told
    )
    assert "a person decides" in dock.preview("returns.other_came", rma, **says).words and books() == before
    assert dock.press("returns.other_came", rma, **says) == 302 and "still awaited" in dock.told
    assert dock.press("returns.receive", rma, location=build.location().pk, **{f"units_{line.pk}": 1}) == 302
    assert (
        dock.press(
            "returns.other_came", rma, **{**says, "of": f"lies-{line.pk}", "item": "", "what": "a brick"}
        )
        == 302
    )
    assert sold(rma).received == 0
    b = rma.lines.get(item=build.item("B"))
    brick = rma.lines.get(received__gt=0, item=None)
    nothing = {f"units_{brick.pk}": 0, f"condition_{brick.pk}": "used"}
    assert (
        dock.press("returns.inspect", rma, **nothing, **{f"units_{b.pk}": 1, f"condition_{b.pk}": "as_new"})
        == 302
    ), dock.told
    assert build.level(build.item("B")).available == 1
    page = support.client.get(reverse("admin:returns_return_change", args=[rma.pk])).content.decode()
    assert (
        "came instead of Thing A; nothing is paid for it" in page
        and "another item came" in page
        and "a brick" in page
    )
    page = support.client.get(reverse("admin:orders_order_change", args=[rma.its_order.pk])).content.decode()
    assert "instead of Thing A" in page
    way.sound()


def test_at_the_dock_an_unknown_scan_is_asked_about() -> None:
    order = way.delivered([("A", 2), ("C", 1)])
    a, c = order.lines.order_by("pk")
    build.item("B")
    (rma,) = open_returns([Opening(order.pk, [Wanted(a.pk, 2), Wanted(c.pk, 1)], authorise=True)], by=SYSTEM)
    mine = rma.lines.get(order_line=a)
    dock = Dock("warehouse").go(reverse("dock_returns:one", args=[rma.pk]))
    dock.send(step="scan", code="B")
    assert "Instead of what did it come?" in dock.told()[0] and not ReturnReceipt.objects.exists()
    b = build.item("B").pk
    dock.send(step=f"other_{mine.pk}_{b}")
    assert dock.told()[1], dock.told()
    dock.send(step="scan", code="C")
    dock.send(step="scan", code="B")  # one piece is left that it can be instead of
    assert "2 instead of" in dock.told()[0]
    dock.send(step=f"other_{mine.pk}_{b}")
    assert not dock.told()[1] and "awaited any more" in dock.told()[0]
    assert dock.send(step="confirm").status_code == 302
    assert {(r.line.title, r.quantity) for r in ReturnReceipt.objects.all()} == {
        ("Thing B", 2),
        ("Thing C", 1),
    }
    way.sound()


def test_at_the_dock_something_that_is_not_ours() -> None:
    rma = opened(way.delivered(), 1)
    dock = Dock("warehouse").go(reverse("dock_returns:one", args=[rma.pk]))
    dock.send(step="scan", code="4006381333931")
    assert "not ours?" in dock.told()[0]
    dock.send(step=f"other_{sold(rma).pk}_0")
    assert dock.send(step="confirm").status_code == 409 and "say what came instead" in dock.told()[0]
    assert dock.send(step="confirm", **{f"what_{sold(rma).pk}": "a brick"}).status_code == 302
    assert rma.lines.get(item=None, order_line=None).reason == "a brick"


def test_by_the_api(api: Caller) -> None:  # noqa: F811
    rma = opened(way.delivered())
    line = sold(rma).pk
    build.item("B")
    address = f"returns/{rma.pk}/receive"
    before = books()
    assert api.send(address, {"location": "MAIN"}).status_code == 400
    unknown = api.send(address, {"location": "MAIN", "others": [{"line": line, "quantity": 1, "item": "NO"}]})
    assert fields(unknown) == ["others.0.item"]
    same = api.send(address, {"location": "MAIN", "others": [{"line": line, "quantity": 1, "item": "A"}]})
    assert (same.status_code, reasons(same)) == (409, ["same_item"]) and books() == before
    told = api.send(address, {
        "location": "MAIN", "lines": [{"line": line, "quantity": 1}], "others": [{"line": line, "quantity": 1, "item": "B"}],
    }).json()  # fmt: skip
    assert [(x["sku"], x["instead_of"], x["reception"]) for x in told["lines"]] == [
        ("A", None, "wrong_item"), ("B", line, "received"),
    ]  # fmt: skip
    told = api.send(
        f"returns/{rma.pk}/correct-arrival", {"line": line, "quantity": 1, "what": "a brick"}
    ).json()
    assert told["lines"][0]["received"] == 0 and len(told["lines"]) == 3
    way.sound()
