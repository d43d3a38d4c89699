"""Orders: looked at, taken in, and what may be done to them without touching a warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.models import Item
from oms.core.api.doors import Detail, Listing, Together, Verb, belong, ids_of
from oms.core.api.idempotency import Made
from oms.core.errors import Reason, Refused
from oms.core.tokens import Access
from orders.actions.ask_lines import ask_lines
from orders.actions.correct_address import correct_address
from orders.actions.enter_payments import Entering, enter_payments
from orders.actions.free_lines import free_lines
from orders.actions.hold_orders import hold_orders
from orders.actions.map_lines import map_lines
from orders.actions.note import add_note
from orders.actions.release_holds import release_holds
from orders.actions.reopen import reopen_orders
from orders.actions.take import Taking, take_orders
from orders.api.asks import (
    EnteredPayment,
    HoldAsk,
    LineAskShape,
    MapAsk,
    NewOrder,
    NoteAsk,
    ReleaseAsk,
    ReopenAsk,
)
from orders.api.drafting import to_draft
from orders.api.filters import OrderFilter
from orders.api.shapes import WHOLE, AddressShape, OrderDetail, OrderRow
from orders.drafts import AddressDraft, Amount, PaymentDraft
from orders.models import Order, OrderLine
from orders.rules.holds import HOLDS

READ = Access("orders:read", "orders.view_order")


def whole_order(pk: int) -> Order:
    """The order as it is now, with all that ``OrderDetail`` tells."""
    return Order.objects.prefetch_related(*WHOLE).get(pk=pk)


class Orders(Listing, Together):
    reads, row = READ, OrderRow
    writes = Access("orders:write", "orders.add_order")
    ask, answer, status = NewOrder, OrderDetail, 201
    queryset = Order.objects.all()
    filterset_class = OrderFilter

    def get(self, request: Request, **ids: Any) -> Response:
        """List orders, newest first."""
        return super().get(request, **ids)

    get.operation_id = "list_orders"  # type: ignore[attr-defined]

    def post(self, request: Request, **ids: Any) -> Response:
        """Take an order in.

        Its stock is promised at once; screening and routing follow by themselves. Items are found by SKU,
        then by barcode; a line whose item is unknown waits for a person, and the rest goes on. Refused with
        `order_exists` when this source sent this `external_id` before. A shop that may only sell what is there asks
        with `when_short: refuse`: the order is taken in with every piece promised, or refused with `sold_out` (or
        `unknown_item`) and nothing is kept.
        """
        return super().post(request, **ids)

    post.operation_id = "create_order"  # type: ignore[attr-defined]

    @classmethod
    def run_all(cls, doors: Sequence[Orders]) -> Sequence[Made | Exception]:
        now = timezone.now()
        made: dict[int, Made | Exception] = {}
        takings: dict[int, Taking] = {}
        for at, door in enumerate(doors):
            try:
                ask = door.asked()
            except APIException as error:
                made[at] = error
            else:
                takings[at] = Taking(to_draft(ask, now), whole=ask["when_short"] == "refuse")
        taken = dict(zip(takings, take_orders([*takings.values()], by=doors[0].actor), strict=True))
        keys = [key for key in taken.values() if isinstance(key, int)]
        orders = Order.objects.prefetch_related(*WHOLE).in_bulk(keys)
        for at, key in taken.items():
            made[at] = key if isinstance(key, Exception) else (cls.status, doors[at].shape(orders[key]))
        return [made[at] for at in range(len(doors))]


class GetOrder(Detail):
    """One order, whole."""

    reads, answer = READ, OrderDetail
    queryset = Order.objects.prefetch_related(*WHOLE)


class OrderVerb(Verb):
    """A deed on one order; the answer is the order as it is then."""

    answer = OrderDetail

    def do(self, ask: dict[str, Any], **ids: Any) -> Order:
        order = self.one(Order.objects.prefetch_related("lines", "holds"), ids["pk"])
        self.act(order, ask)
        return whole_order(order.pk)

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        raise NotImplementedError


class HoldOrder(OrderVerb):
    """Put an order on hold.

    Work on it stops until the hold is released, or `until` has come (type `scheduled_until`).
    """

    writes, ask = Access("orders:write", "orders.hold_order"), HoldAsk

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        hold_orders([order.pk], type=ask["type"], words=ask["words"], until=ask["until"], by=self.actor)


class ReleaseHold(OrderVerb):
    """Release holds of an order.

    A person needs the right to release each type of them. An order with nothing left to decide goes on.
    """

    writes = Access("orders:write", tuple(f"orders.{kind.permission}" for kind in HOLDS.values()))
    ask = ReleaseAsk

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        holds = {hold.pk: hold for hold in order.holds.all()}
        belong({f"holds.{n}": pk for n, pk in enumerate(ask["holds"])}, holds, "hold")
        for pk in ask["holds"]:
            kind = HOLDS[holds[pk].type]
            if not Access("orders:write", f"orders.{kind.permission}").granted(self.request):
                raise PermissionDenied(f"Your role may not release this: {kind.words}.")
        release_holds(ask["holds"], by=self.actor, note=ask["note"])


class AddNote(OrderVerb):
    """Write a note on an order."""

    writes, ask, status = Access("orders:write", "orders.add_note"), NoteAsk, 201

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        add_note([order.pk], text=ask["text"], by=self.actor)


class EnterPayment(OrderVerb):
    """Enter a payment fact: an authorisation, a capture, a void, a chargeback.

    The order's payment status follows; a dispute holds it. Refunds are approved, not entered.
    """

    writes, ask, status = Access("orders:write", "orders.record_payment"), EnteredPayment, 201

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        fact = PaymentDraft(
            ask["external_id"], ask["kind"], ask["status"], Amount.same(ask["amount"]), ask.get("at") or timezone.now(),
            ask["gateway"],
        )  # fmt: skip
        enter_payments([Entering(order.pk, fact)], by=self.actor)


class CorrectAddress(OrderVerb):
    """Correct the delivery address.

    It is written as its country writes addresses. Refused when it cannot be delivered to, or when some of
    the order is packed already.
    """

    writes, ask = Access("orders:write", "orders.edit_address"), AddressShape

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        correct_address(order.pk, address=AddressDraft(**ask), by=self.actor)


class MapLine(OrderVerb):
    """Say which item an unknown line is.

    Its stock is promised at once and the order goes on.
    """

    writes, ask = Access("orders:write", "orders.map_line"), MapAsk

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        belong({"line": ask["line"]}, (line.pk for line in order.lines.all()), "line")
        item = ids_of(Item, "sku", {"item": ask["item"]})[ask["item"]]
        line: OrderLine = next(line for line in order.lines.all() if line.pk == ask["line"])
        if line.item_id and line.item_id != item:
            raise Refused(Reason("mapped_already", "This line has an item already."))
        if line.kind != OrderLine.Kind.ITEM:
            raise ValidationError({"line": "This line is no item."}, "not_an_item")
        map_lines({line.pk: item}, by=self.actor)


class _LineVerb(OrderVerb):
    """A deed on one line."""

    writes, ask = Access("orders:write", "orders.map_line"), LineAskShape

    def line(self, order: Order, ask: dict[str, Any]) -> OrderLine:
        lines = {line.pk: line for line in order.lines.all()}
        belong({"line": ask["line"]}, lines, "line")
        return lines[ask["line"]]


class FreeLine(_LineVerb):
    """Say that an unknown line is no item of ours.

    Nothing is picked or sent for it, and it holds up nothing: a gift wrap, a service.
    """

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        line = self.line(order, ask)
        if line.item_id or not line.stocked:
            raise Refused(Reason("not_unknown", "Only a line whose item is unknown can be made free text."))
        free_lines([line.pk], by=self.actor)


class AskLine(_LineVerb):
    """Say that a line of free text is an item after all.

    It is held until somebody says which.
    """

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        line = self.line(order, ask)
        if line.kind != OrderLine.Kind.CUSTOM or not (line.sku or line.external_variant_id):
            raise Refused(
                Reason("not_free_text", "Only a line of free text that a shop has a number for can be asked.")
            )
        if order.state in {"completed", "cancelled"}:
            raise Refused(Reason("wrong_state", f"{order.number} is {order.get_state_display()}."))
        ask_lines([line.pk], by=self.actor)


class ReopenOrder(OrderVerb):
    """Open a finished order again.

    It is held until somebody releases it.
    """

    writes, ask = Access("orders:write", "orders.reopen_order"), ReopenAsk

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        reopen_orders([order.pk], reason=ask["reason"], by=self.actor)
