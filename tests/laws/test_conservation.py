"""The conservation laws, after every step of any walk through everything that moves stock or money.

Hypothesis invents the walks: orders placed and changed at the shop, stock received, sorted and corrected, work
routed, picked in full or short, packed, shipped, cancelled, delivered, lost, sent again, returned with papers or
without, inspected, paid, disputed and paid back, in any order. After each step the books must add up, whatever was
refused on the way. That no command is missing here, ``test_commands.py`` sees to.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

import pytest
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.cancel_with_refund import cancel_with_refund
from fulfillment.actions.cancel_work import cancel_work
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick
from fulfillment.actions.reject_work import Rejecting, reject_work
from fulfillment.actions.reroute import route_again
from fulfillment.actions.reship_parcel import Reshipping, reship_parcel
from fulfillment.actions.settle_parcel import Settling, settle_parcel
from fulfillment.actions.ship import ship
from fulfillment.actions.track import record_scans
from fulfillment.actions.type_tracking import type_tracking
from fulfillment.carriers.base import Scan
from fulfillment.models import FulfillmentLine, FulfillmentOrder, ShelfReason, Shipment
from inventory.actions.adjust_stock import Correction, adjust_stock
from inventory.actions.reconcile import reconcile_stock
from inventory.actions.repair_levels import repair_levels
from inventory.actions.resolve_discrepancy import BOOKS, COUNT, Resolution, resolve_discrepancies
from inventory.actions.sort_stock import WORDS, Sorting, sort_stock
from inventory.models import Discrepancy, Item, Location, Reservation, StockLevel
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.models import Delivery, OutboxEvent
from oms.core.relay import relay
from orders.actions.apply_changes import Applying, apply_changes
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.cancel import Cancelling
from orders.actions.derive import facts_of
from orders.actions.enter_payments import Entering, enter_payments
from orders.actions.fail_refunds import fail_refund
from orders.actions.give_up_refunds import give_up_refunds
from orders.actions.map_lines import map_lines
from orders.actions.request_refunds import request_refunds
from orders.actions.settle_refunds import settle_refund
from orders.actions.take import Taking, take_orders
from orders.drafts import Amount, OrderDraft, PaymentDraft, RefundDraft, RefundLineDraft
from orders.models import Order, OrderLine, PaymentTransaction, Refund
from orders.rules.order_changes import Change, changes, decide
from orders.rules.progress import balance
from orders.rules.refund_amount import LineAsk, RefundAsk
from returns.actions.correct_arrivals import Correcting, correct_arrivals
from returns.actions.inspect import Finding, Inspection, inspect_returns
from returns.actions.match_returns import Matching, match_returns
from returns.actions.open import Opening, Wanted, open_returns
from returns.actions.others import Other
from returns.actions.quote_return import Paying
from returns.actions.receive import Arrival, receive_returns
from returns.actions.receive_unannounced import Unannounced, receive_unannounced
from returns.actions.refund_returns import refund_return
from returns.actions.unmatch_returns import unmatch_returns
from returns.models import Disposition, Return, ReturnLine
from tests import build

SKUS = ("A", "B", "C")
PLACES = ("NORTH", "SOUTH")
CONDITIONS = {
    "restock": "as_new", "quarantine": "as_new", "refurbish": "used", "return_to_supplier": "defective",
    "write_off": "damaged", "return_to_customer": "opened",
}  # fmt: skip
UNKNOWN = "Z"
"""What a shop sells and we do not know: its lines wait until somebody says which item they are."""
EDITS = ("more", "fewer", "another", "refund", "cancelled")
OPEN = ("released", "picking", "picked", "packed")
keys = itertools.count(1)
quantities = st.integers(1, 4)
index = st.integers(0, 5)


def some(rows, n):  # type: ignore[no-untyped-def]
    rows = list(rows.order_by("pk"))
    return rows[n % len(rows)] if rows else None


class Shop(RuleBasedStateMachine):
    refused: ClassVar[int] = 0
    """How many commands were refused, in all shops so far."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.items = [build.item(sku) for sku in SKUS]
        self.places = [build.location(code) for code in PLACES]
        for item in self.items:
            build.stock(item, 4, self.places[0])
        self.at_shop: dict[int, OrderDraft] = {}  # orders as their shop has them now

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @rule(
        lines=st.lists(st.tuples(st.sampled_from((*SKUS, UNKNOWN)), quantities), min_size=1, max_size=3),
        paid=st.booleans(),
    )
    def place(self, lines: list[tuple[str, int]], paid: bool) -> None:
        draft = build.draft(lines, paid=paid)
        (order,) = build.place(draft)
        self.at_shop[order.pk] = draft

    @rule(
        lines=st.lists(st.tuples(st.sampled_from(SKUS), quantities), min_size=1, max_size=3),
        whole=st.booleans(),
    )
    def take(self, lines: list[tuple[str, int]], whole: bool) -> None:
        """From a program of the retailer's own, which may want all of it now or nothing."""
        draft = replace(build.draft(lines), source="api")
        (answer,) = take_orders([Taking(draft, whole)], by=SYSTEM)
        waiting = OrderLine.objects.filter(order__external_id=draft.external_id, backordered__gt=0)
        assert not (whole and waiting.exists())
        assert isinstance(answer, int) == Order.objects.filter(external_id=draft.external_id).exists()

    @rule(n=index, edit=st.sampled_from(EDITS), quantity=quantities, sku=st.sampled_from(SKUS))
    def change_at_shop(self, n: int, edit: str, quantity: int, sku: str) -> None:
        order = some(Order.objects.filter(pk__in=self.at_shop), n)
        if order:
            known = self.at_shop[order.pk]
            read = edited(known, edit, quantity, sku)
            begun = order.lines.exclude(released=0, picked=0, packed=0, shipped=0)
            found = decide(changes(known, read), set(begun.values_list("external_id", flat=True))).apply
            items = build.mapped(read, {item.sku: item.pk for item in self.items})
            with self.may_refuse():
                apply_changes([Applying(order.pk, read, found, items, known)], by=SYSTEM)
                self.at_shop[order.pk] = read

    @rule(n=index)
    def take_up_again(self, n: int) -> None:
        """Cancelled, and wanted again at the shop."""
        order = some(Order.objects.filter(pk__in=self.at_shop, state="cancelled"), n)
        if order:
            known = self.at_shop[order.pk]
            read = replace(known, cancelled_at=None, updated_at=timezone.now())
            items = build.mapped(read, {item.sku: item.pk for item in self.items})
            wanted = Change("revived", "no longer cancelled", None, "cancelled", "wanted")
            with self.may_refuse():
                apply_changes([Applying(order.pk, read, [wanted], items, known)], by=SYSTEM)
                self.at_shop[order.pk] = read

    @rule(n=index, sku=st.sampled_from(SKUS))
    def say_which_item(self, n: int, sku: str) -> None:
        line = some(OrderLine.objects.filter(item=None), n)
        if line:
            with self.may_refuse():
                map_lines({line.pk: build.item(sku).pk}, by=SYSTEM)

    @rule(sku=st.sampled_from(SKUS), at=st.sampled_from(PLACES), quantity=quantities)
    def receive(self, sku: str, at: str, quantity: int) -> None:
        build.stock(build.item(sku), quantity, build.location(at))

    @rule(sku=st.sampled_from(SKUS), at=st.sampled_from(PLACES), quantity=st.integers(-4, 4))
    def adjust(self, sku: str, at: str, quantity: int) -> None:
        item, place = build.item(sku), build.location(at)
        with self.may_refuse():
            adjust_stock(
                [Correction(item.pk, place.pk, quantity, "counted", "", f"law-{next(keys)}")], by=SYSTEM
            )

    @rule(n=index, kind=st.sampled_from(sorted(WORDS)), quantity=quantities)
    def sort(self, n: int, kind: str, quantity: int) -> None:
        level = some(StockLevel.objects.all(), n)
        with self.may_refuse():
            sort_stock([Sorting(level.pk, kind, quantity, "law", f"law-{next(keys)}")], by=SYSTEM)

    @rule(n=index, truth=st.sampled_from([BOOKS, COUNT]), counted=st.integers(0, 4))
    def settle_difference(self, n: int, truth: str, counted: int) -> None:
        case = some(Discrepancy.objects.filter(state="open"), n)
        if case:
            with self.may_refuse():
                resolve_discrepancies([Resolution(case.pk, truth, "law", counted)], by=SYSTEM)

    @rule(n=index)
    def repair(self, n: int) -> None:
        """What is right stays as it is."""
        level = some(StockLevel.objects.all(), n)
        before = fingerprint()
        assert repair_levels([f"stocklevel:{level.pk}"], "law", SYSTEM) == {}
        assert fingerprint() == before

    @rule()
    def carry(self) -> None:
        relay(seconds=5)
        assert not Delivery.objects.filter(state="parked").exists()

    @rule(
        n=index,
        missing=st.integers(0, 3),
        reason=st.sampled_from(["not_found", "miscount", "damaged", "wrong_item", "unreachable"]),
    )
    def pick(self, n: int, missing: int, reason: str) -> None:
        work = some(FulfillmentOrder.objects.filter(state__in=["released", "picking"]), n)
        if work:
            pieces, reasons = {}, {}
            for line in work.lines.all():
                asked = line.quantity - line.picked - line.short - line.cancelled
                pieces[line.pk] = max(0, asked - missing)
                reasons[line.pk] = reason
            with self.may_refuse():
                confirm_pick([Found(work.pk, pieces, reasons)], by=SYSTEM)

    @rule(
        n=index,
        reason=st.sampled_from(["not_in_stock", "fewer", "damaged", "too_busy"]),
        some_lines=st.booleans(),
        passes_over=st.booleans(),
    )
    def send_back(self, n: int, reason: str, some_lines: bool, passes_over: bool) -> None:
        """All places here are of one type: where the reason passes it over, the order waits."""
        ShelfReason.objects.filter(code=reason).update(skips=["warehouse"] if passes_over else [])
        work = some(FulfillmentOrder.objects.filter(state__in=["released", "picking"]), n)
        if work:
            lines = [line.pk for line in work.lines.order_by("pk")][: 1 if some_lines else None]
            with self.may_refuse():
                reject_work([Rejecting(work.pk, reason, lines)], by=SYSTEM)

    @rule(n=index)
    def route_once_more(self, n: int) -> None:
        order = some(Order.objects.filter(state="open"), n)
        if order:
            with self.may_refuse():
                route_again([order.pk], by=SYSTEM)

    @rule(n=index)
    def send_again(self, n: int) -> None:
        parcel = some(Shipment.objects.filter(shipped_at__isnull=False), n)
        if parcel:
            with self.may_refuse():
                reship_parcel(Reshipping(parcel.pk, "law"), by=SYSTEM)

    @rule(n=index)
    def pack(self, n: int) -> None:
        work = some(FulfillmentOrder.objects.filter(state="picked"), n)
        if work:
            with self.may_refuse():
                pack([Packing(work.pk)], by=SYSTEM)

    @rule(n=index)
    def ship(self, n: int) -> None:
        work = some(FulfillmentOrder.objects.filter(state="packed"), n)
        if work:
            with self.may_refuse():
                for parcel in work.shipments.filter(state="draft"):
                    type_tracking(parcel.pk, carrier="Post", number=f"T{parcel.pk}", by=SYSTEM)
                ship([work.pk], by=SYSTEM)

    @rule(n=index)
    def take_back(self, n: int) -> None:
        work = some(FulfillmentOrder.objects.filter(state__in=OPEN), n)
        if work:
            with self.may_refuse():
                cancel_work([work.pk], reason="law", by=SYSTEM)

    @rule(n=index, part=st.booleans())
    def cancel(self, n: int, part: bool) -> None:
        order = some(Order.objects.exclude(state__in=["cancelled", "completed"]), n)
        if order:
            line = order.lines.first()
            with self.may_refuse():
                cancel_orders_in_work(
                    [Cancelling(order.pk, "law", units={line.pk: 1} if part and line else {})], by=SYSTEM
                )

    @rule(n=index)
    def cancel_and_pay_back(self, n: int) -> None:
        order = some(Order.objects.exclude(state__in=["cancelled", "completed"]), n)
        if order:
            with self.may_refuse():
                cancel_with_refund(
                    [Cancelling(order.pk, "law")], key=f"law-{next(keys)}", limit=None, by=SYSTEM
                )

    @rule(n=index)
    def lose(self, n: int) -> None:
        parcel = some(Shipment.objects.filter(shipped_at__isnull=False), n)
        if parcel:
            with self.may_refuse():
                settle_parcel(Settling(parcel.pk, reason="law"), by=SYSTEM)

    @rule(n=index)
    def deliver(self, n: int) -> None:
        parcel = some(Shipment.objects.filter(shipped_at__isnull=False).exclude(state="delivered"), n)
        if parcel:
            record_scans([Scan(parcel.tracking_number, "delivered", "", timezone.now())], by=SYSTEM)

    @rule(n=index, quantity=quantities, kind=st.sampled_from(sorted(CONDITIONS)))
    def come_back(self, n: int, quantity: int, kind: str) -> None:
        line = some(OrderLine.objects.filter(shipped__gt=0), n)
        if line:
            with self.may_refuse():
                (rma,) = open_returns(
                    [Opening(line.order_id, [Wanted(line.pk, quantity)], authorise=True)], by=SYSTEM
                )
                (back,) = rma.lines.all()
                receive_returns(
                    [Arrival(rma.pk, {back.pk: quantity}, self.places[1].pk, f"law-{next(keys)}")], by=SYSTEM
                )
                finding = Finding(
                    back.pk, quantity, CONDITIONS[kind], kind, accepted=kind != "return_to_customer"
                )
                inspect_returns([Inspection(rma.pk, [finding], f"law-{next(keys)}")], by=SYSTEM)

    @rule(n=index, sku=st.sampled_from(SKUS), kind=st.sampled_from(sorted(CONDITIONS)), late=st.booleans())
    def come_back_as_another(self, n: int, sku: str, kind: str, late: bool) -> None:
        """Another item is sent back than the one that was sold; seen at once, or when it was booked as that one."""
        line, place = some(OrderLine.objects.filter(shipped__gt=0), n), self.places[0].pk
        if line:
            with self.may_refuse():
                (rma,) = open_returns(
                    [Opening(line.order_id, [Wanted(line.pk, 1)], authorise=True)], by=SYSTEM
                )
                (sold,) = rma.lines.all()
                other, key = Other(sold.pk, 1, build.item(sku).pk), f"law-{next(keys)}"
                if late:
                    receive_returns([Arrival(rma.pk, {sold.pk: 1}, place, f"{key}-in")], by=SYSTEM)
                    (receipt,) = correct_arrivals([Correcting(rma.pk, other, key)], by=SYSTEM)
                else:
                    (receipt,) = receive_returns([Arrival(rma.pk, {}, place, key, [other])], by=SYSTEM)
                finding = Finding(receipt.line_id, 1, CONDITIONS[kind], kind, accepted=False)
                inspect_returns([Inspection(rma.pk, [finding], f"{key}-seen")], by=SYSTEM)

    @rule(sku=st.sampled_from(SKUS), quantity=quantities)
    def find_on_the_dock(self, sku: str, quantity: int) -> None:
        pieces = {build.item(sku).pk: quantity}
        receive_unannounced([Unannounced(self.places[0].pk, pieces, f"law-{next(keys)}")], by=SYSTEM)

    @rule(n=index, m=index)
    def match(self, n: int, m: int) -> None:
        rma = some(Return.objects.filter(order=None), n)
        order = some(Order.objects.filter(lines__shipped__gt=0).distinct(), m)
        if rma and order:
            with self.may_refuse():
                match_returns([Matching(rma.pk, order.pk)], by=SYSTEM)

    @rule(n=index)
    def unmatch(self, n: int) -> None:
        papers = Return.objects.filter(lines__item__isnull=False, lines__instead_of=None, order__isnull=False)
        rma = some(papers.distinct(), n)
        if rma:
            with self.may_refuse():
                unmatch_returns([rma.pk], by=SYSTEM)

    @rule(n=index)
    def pay_return(self, n: int) -> None:
        rma = some(Return.objects.all(), n)
        if rma:
            with self.may_refuse():
                refund_return(Paying(rma.pk), by=SYSTEM)

    @rule(n=index, kind=st.sampled_from(["capture", "external_paid", "chargeback"]),
          status=st.sampled_from(["pending", "succeeded", "failed"]), amount=st.integers(1, 80))  # fmt: skip
    def enter_payment(self, n: int, kind: str, status: str, amount: int) -> None:
        order = some(Order.objects.all(), n)
        if order:
            with self.may_refuse():
                fact = PaymentDraft(f"law-{kind}", kind, status, Amount.same(Decimal(amount)), timezone.now())
                enter_payments([Entering(order.pk, fact)], by=SYSTEM)

    @rule(n=index)
    def pay_back(self, n: int) -> None:
        order = some(Order.objects.all(), n)
        if order:
            with self.may_refuse():
                refund = approve_refund(Refunding(order.pk, RefundAsk(whole=True)), by=SYSTEM)
                settle_refund(refund.pk, external_id=f"law-{refund.pk}", by=SYSTEM)

    @rule(n=index)
    def promise_money(self, n: int) -> None:
        line = some(OrderLine.objects.all(), n)
        if line:
            with self.may_refuse():
                ask = RefundAsk(lines=[LineAsk(line.pk, 1)])
                approve_refund(Refunding(line.order_id, ask), by=SYSTEM)

    @rule(n=index, end=st.sampled_from(["ask", "fail", "settle", "give up"]))
    def carry_refund_on(self, n: int, end: str) -> None:
        refund = some(Refund.objects.exclude(state__in=["succeeded", "cancelled"]), n)
        if refund:
            with self.may_refuse():
                if end == "ask":
                    request_refunds([refund.pk], by=SYSTEM)
                elif end == "fail":
                    fail_refund(refund.pk, why="law", by=SYSTEM)
                elif end == "settle":
                    settle_refund(refund.pk, external_id=f"law-{refund.pk}", by=SYSTEM)
                else:
                    give_up_refunds([refund.pk], reason="law", by=SYSTEM)

    class may_refuse:
        """A refusal must leave everything as it was: the savepoint is the action's own."""

        def __enter__(self) -> None:
            self.before = fingerprint()
            self.block = transaction.atomic()
            self.block.__enter__()

        def __exit__(self, kind, error, trace):  # type: ignore[no-untyped-def]
            self.block.__exit__(kind, error, trace)
            if isinstance(error, Refused):
                assert error.reasons and fingerprint() == self.before
                Shop.refused += 1
                return True
            return False

    # ------------------------------------------------------------------------------------------- the laws

    @invariant()
    def levels_are_the_sum_of_their_rows(self) -> None:
        assert reconcile_stock() == 0
        for level in StockLevel.objects.all():
            assert level.available >= 0 and level.reserved >= 0 and level.unavailable >= 0

    @invariant()
    def every_unit_of_a_line_is_somewhere_and_what_is_promised_is_held(self) -> None:
        held: dict[object, int] = defaultdict(int)
        for row in Reservation.objects.filter(state__in=["firm", "backordered"]):
            held[row.demand_key] += row.quantity
        # Between a displaced promise and its event the counters lag; then only the sum must hold.
        lagging = Delivery.objects.filter(state="pending", subject__startswith="demand:").exists()
        waiting = {key.subject for key in Delivery.objects.filter(state="pending")} if lagging else set()
        for line in OrderLine.objects.all():
            busy = line.released + line.picked + line.packed
            assert line.ordered == (
                line.cancelled + line.unallocated + line.backordered + line.promised + busy + line.shipped
            )
            assert line.shipped >= line.delivered and line.shipped >= line.returned
            if f"demand:{line.demand_key}" not in waiting:
                assert held[line.demand_key] == line.backordered + line.promised + busy

    @invariant()
    def work_stands_on_reservations(self) -> None:
        if Delivery.objects.filter(state="pending", subject__startswith="demand:").exists():
            return
        if OutboxEvent.objects.filter(fanned_out_at=None, topic="inventory.demand_moved").exists():
            return
        firm: dict[tuple[object, int | None], int] = defaultdict(int)
        for row in Reservation.objects.filter(state="firm"):
            firm[row.demand_key, row.location_id] += row.quantity
        for part in FulfillmentLine.objects.filter(fulfillment_order__state__in=OPEN).select_related(
            "order_line", "fulfillment_order"
        ):
            work = part.fulfillment_order
            need = (
                part.picked
                if work.state in {"picked", "packed"}
                else part.quantity - part.short - part.cancelled
            )
            shelf = (part.order_line.demand_key, work.location_id)
            assert firm[shelf] >= need, f"{work.number} stands on {firm[shelf]} of {need}"
            firm[shelf] -= need

    @invariant()
    def nothing_is_in_the_world_that_never_came_in(self) -> None:
        """Received = on the shelves + with customers + corrected and written off, for each item."""
        for item in self.items:
            ledger = item.movements.aggregate(n=Sum("on_hand"))["n"] or 0
            there = item.levels.aggregate(n=Sum("on_hand"))["n"] or 0
            assert ledger == there
            lines = OrderLine.objects.filter(item=item).aggregate(out=Sum("shipped"), back=Sum("returned"))
            moved = {
                row["reason"]: row["n"]
                for row in item.movements.values("reason").annotate(n=Sum("on_hand")).order_by()
            }
            assert -moved.get("shipment", 0) == (lines["out"] or 0)
            came = ReturnLine.objects.filter(order_line=None, item=item)
            unmatched = came.filter(instead_of=None).aggregate(n=Sum("received"))["n"] or 0
            # What was sold is with the customer still; what came in its stead came in from outside.
            instead = came.exclude(instead_of=None).aggregate(n=Sum("received"))["n"] or 0
            assert moved.get("other_item", 0) == instead
            back = (lines["back"] or 0) + unmatched
            assert moved.get("return", 0) == back
            gone = dict(
                Disposition.objects.filter(Q(line__order_line__item=item) | Q(line__order_line=None, line__item=item))
                .values_list("kind").annotate(n=Sum("quantity"))
            )  # fmt: skip
            by_hand = dict(
                item.movements.filter(key__startswith="sort:")
                .values_list("reason").annotate(n=Sum("on_hand")).order_by()
            )  # fmt: skip
            for reason, kind in (("to_supplier", "return_to_supplier"), ("to_customer", "return_to_customer"),
                                 ("write_off", "write_off")):  # fmt: skip
                assert by_hand.get(reason, 0) - moved.get(reason, 0) == gone.get(kind, 0)
            bought = sum(moved.get(reason, 0) for reason in ("receipt", "opening", "adjustment", "shortage"))
            left = sum(moved.get(reason, 0) for reason in ("to_supplier", "to_customer", "write_off"))
            assert there == bought + instead - (lines["out"] or 0) + back + left

    @invariant()
    def money_given_back_was_taken(self) -> None:
        for order in Order.objects.prefetch_related("transactions", "refunds"):
            stands = balance(facts_of(order))
            given = sum((r.amount for r in order.refunds.all() if r.state == "succeeded"), Decimal(0))
            assert stands.refunded == given
            # What a shop paid back by itself, and what a bank took back, need not ask what we had left.
            if stands.charged_back == 0 and not any(r.made_at_shop for r in order.refunds.all()):
                assert given <= stands.captured


def edited(known: OrderDraft, edit: str, quantity: int, sku: str) -> OrderDraft:
    """The order as its shop has it after an edit: the lines, and the total that goes with them."""
    now = timezone.now()
    first, *others = known.lines
    lines, refunds = list(known.lines), list(known.refunds)
    if edit in {"more", "fewer"}:
        wanted = first.quantity + quantity if edit == "more" else max(0, first.quantity - quantity)
        net = Amount.same(first.unit_price * wanted)
        lines = [replace(first, quantity=wanted, net=net, tax=Amount.same(net.shop / 5)), *others]
    elif edit == "another":
        (added,) = build.draft([(sku, quantity)]).lines
        lines.append(added)
    elif edit == "refund":
        part = RefundLineDraft(first.external_id, 1, Amount.same(first.unit_price))
        refunds.append(RefundDraft(f"shop-{next(keys)}", now, part.net, (part,)))
    total = sum((p.net + p.tax for p in (*lines, *known.charges)), Amount.same(Decimal(0)))
    return replace(
        known, lines=tuple(lines), refunds=tuple(refunds), total=total, updated_at=now,
        cancelled_at=now if edit == "cancelled" else known.cancelled_at,
    )  # fmt: skip


def fingerprint() -> tuple[object, ...]:
    """Enough of the state to see that a refusal changed nothing."""
    return (
        tuple(StockLevel.objects.order_by("pk").values_list("on_hand", "reserved", "unavailable")),
        tuple(OrderLine.objects.order_by("pk").values_list("promised", "released", "picked", "packed", "shipped")),
        tuple(Order.objects.order_by("pk").values_list("state", flat=True)),
        tuple(Refund.objects.order_by("pk").values_list("state", "amount")), PaymentTransaction.objects.count(),
        Return.objects.count(), Reservation.objects.count(), Item.objects.count(),
        Location.objects.count(),
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.slow
def test_the_books_add_up_after_every_step() -> None:
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
