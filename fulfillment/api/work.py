"""Work at the locations: looked at, picked, packed, labelled, shipped, taken back."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import PermissionDenied

from fulfillment.actions.ask_labels import ask_labels
from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.cancel_with_refund import cancel_with_refund
from fulfillment.actions.cancel_work import cancel_work
from fulfillment.actions.pack import Packing, Parcel, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.reject_work import Rejecting, reject_work
from fulfillment.actions.reroute import route_again
from fulfillment.actions.ship import ship
from fulfillment.api.asks import BuyLabelAsk, CancelOrderAsk, PackAsk, PickAsk, ReasonAsk, RejectAsk
from fulfillment.api.filters import WorkFilter
from fulfillment.api.shapes import WORK_WHOLE, WORKS, BoxRow, CarrierRow, ShelfReasonRow, WorkDetail, WorkRow
from fulfillment.models import Box, CarrierAccount, FulfillmentOrder, ShelfReason
from fulfillment.places import places_of_orders
from oms.core.api.doors import Detail, Listing, Verb, belong, ids_of
from oms.core.api.idempotency import deed_key
from oms.core.errors import Reason, Refused
from oms.core.places import refuse_elsewhere
from oms.core.tokens import Access
from orders.actions.cancel import Cancelling
from orders.api.orders import OrderVerb
from orders.api.refunds import refund_limit
from orders.models import Order

REFUND = Access("orders:refund", ("orders.issue_refund", "orders.issue_large_refund"))
READ = Access("fulfillment:read", "fulfillment.view_fulfillmentorder")


class ListFulfillmentOrders(Listing):
    """List fulfillment orders: the work of the locations."""

    reads, row, queryset, filterset_class = READ, WorkRow, WORKS, WorkFilter


class GetFulfillmentOrder(Detail):
    """One fulfillment order, whole."""

    reads, answer, queryset = READ, WorkDetail, WORK_WHOLE


class ListCarriers(Listing):
    """List our carrier accounts."""

    reads, row = Access("fulfillment:read", "fulfillment.view_carrieraccount"), CarrierRow
    queryset = CarrierAccount.objects.defer("credentials")


class ListBoxes(Listing):
    """List the boxes that goods are packed into.

    Those that are not `active` are not taken any more.
    """

    reads, row = Access("fulfillment:read", "fulfillment.view_box"), BoxRow
    queryset = Box.objects.prefetch_related("places")


class ListShelfReasons(Listing):
    """List the reasons for missing pieces and for work sent back.

    Those that are not `active` are not taken any more.
    """

    reads, row = Access("fulfillment:read", "fulfillment.view_shelfreason"), ShelfReasonRow
    queryset = ShelfReason.objects.all()


class WorkVerb(Verb):
    """A deed on one fulfillment order; the answer is the work as it is then."""

    answer = WorkDetail

    def do(self, ask: dict[str, Any], **ids: Any) -> FulfillmentOrder:
        work = self.one(FulfillmentOrder.objects.prefetch_related("lines", "shipments"), ids["pk"])
        self.act(work, ask)
        return WORK_WHOLE.get(pk=work.pk)

    def act(self, work: FulfillmentOrder, ask: dict[str, Any]) -> None:
        raise NotImplementedError


def _lines(work: FulfillmentOrder, places: dict[str, int]) -> None:
    belong(places, (line.pk for line in work.lines.all()), "line")


class StartPick(WorkVerb):
    """Claim work for picking.

    So that two people do not pick the same.
    """

    writes = Access("fulfillment:write", "fulfillment.pick_fulfillmentorder")

    def act(self, work: FulfillmentOrder, ask: dict[str, Any]) -> None:
        start_pick([work.pk], by=self.actor)


class Pick(WorkVerb):
    """Say what was found when picking.

    What was not found leaves the books by its reason, is promised from elsewhere and routed again. Work of
    which nothing was found is cancelled.
    """

    writes, ask = Access("fulfillment:write", "fulfillment.pick_fulfillmentorder"), PickAsk

    def act(self, work: FulfillmentOrder, ask: dict[str, Any]) -> None:
        _lines(work, {f"lines.{n}.line": x["line"] for n, x in enumerate(ask["lines"])})
        pieces = {x["line"]: x["found"] for x in ask["lines"]}
        reasons = {x["line"]: x["reason"] for x in ask["lines"] if x.get("reason")}
        confirm_pick([Found(work.pk, pieces, reasons)], by=self.actor)


class Pack(WorkVerb):
    """Pack what was picked into parcels.

    Every picked piece goes into exactly one of them.
    """

    writes, ask = Access("fulfillment:write", "fulfillment.pack_fulfillmentorder"), PackAsk

    def act(self, work: FulfillmentOrder, ask: dict[str, Any]) -> None:
        places = {
            f"parcels.{n}.lines.{m}.line": x["line"]
            for n, parcel in enumerate(ask["parcels"])
            for m, x in enumerate(parcel["lines"])
        }
        _lines(work, places)
        parcels = [
            Parcel(
                {x["line"]: x["quantity"] for x in parcel["lines"]}, parcel["weight_g"], parcel["box"],
                (parcel["length_mm"], parcel["width_mm"], parcel["height_mm"]) if parcel["length_mm"] else None,
            )
            for parcel in ask["parcels"]
        ]  # fmt: skip
        pack([Packing(work.pk, tuple(parcels))], by=self.actor)


class BuyLabel(WorkVerb):
    """Ask for labels of the parcels that have none.

    They are bought within moments: each parcel's `labels` tell how far it is. A failed one may be asked for
    again.
    """

    writes, ask, status = Access("fulfillment:write", "fulfillment.buy_label"), BuyLabelAsk, 202

    def act(self, work: FulfillmentOrder, ask: dict[str, Any]) -> None:
        slug = ask["carrier"]
        account = ids_of(CarrierAccount, "slug", {"carrier": slug})[slug] if slug else None
        bare = [parcel.pk for parcel in work.shipments.all() if parcel.state == "draft"]
        if not bare:
            raise Refused(Reason("no_parcel", f"{work.number} has no parcel without a label."))
        ask_labels(bare, account_id=account, service=ask["service"], by=self.actor)


class Ship(WorkVerb):
    """Hand the parcels over.

    The goods leave the books, and the channel is told. Every parcel needs a label or a tracking number.
    """

    writes = Access("fulfillment:write", "fulfillment.ship_fulfillmentorder")

    def act(self, work: FulfillmentOrder, ask: dict[str, Any]) -> None:
        ship([work.pk], by=self.actor)


class RejectWork(WorkVerb):
    """Send work back that the location cannot do.

    The reason decides what becomes of the stock there; the order is routed without this location.
    """

    writes, ask = Access("fulfillment:write", "fulfillment.reject_fulfillmentorder"), RejectAsk

    def act(self, work: FulfillmentOrder, ask: dict[str, Any]) -> None:
        _lines(work, {f"lines.{n}": pk for n, pk in enumerate(ask["lines"])})
        reject_work([Rejecting(work.pk, ask["reason"], ask["lines"], ask["note"])], by=self.actor)


class CancelWork(WorkVerb):
    """Take work back from the warehouse.

    Its goods go back to their shelf, its labels are given back, and what is still promised is routed anew.
    """

    writes, ask = Access("fulfillment:write", "fulfillment.cancel_fulfillmentorder"), ReasonAsk

    def act(self, work: FulfillmentOrder, ask: dict[str, Any]) -> None:
        cancel_work([work.pk], reason=ask["reason"], by=self.actor)


def _not_elsewhere(user: Any, order: Order) -> None:
    refuse_elsewhere(user, places_of_orders([order.pk]).get(order.pk, ()))


class CancelOrder(OrderVerb):
    """Cancel an order, or units of its lines.

    Work that stands on them is taken back first. Refused for what has been shipped. With `refund`, what was
    paid for it is paid back in the same moment; for that `orders:refund` is needed too.
    """

    writes, ask = Access("orders:write", "orders.cancel_order"), CancelOrderAsk

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        belong(
            {f"lines.{n}.line": x["line"] for n, x in enumerate(ask["lines"])},
            (x.pk for x in order.lines.all()),
            "line",
        )
        _not_elsewhere(self.request.user, order)
        units = {x["line"]: x["quantity"] for x in ask["lines"]}
        cancelling = Cancelling(order.pk, ask["reason"], units=units, tell=ask["tell"])
        if not ask["refund"]:
            cancel_orders_in_work([cancelling], by=self.actor)
            return
        if not REFUND.granted(self.request):
            raise PermissionDenied("You may cancel orders, but not give money back.")
        cancel_with_refund(
            [cancelling], key=deed_key(self.request), limit=refund_limit(self.request), by=self.actor
        )


class RouteOrder(OrderVerb):
    """Route an order again.

    Work that nobody has begun is taken back, and a fresh decision made.
    """

    writes = Access("fulfillment:write", "fulfillment.route_order")

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        _not_elsewhere(self.request.user, order)
        route_again([order.pk], by=self.actor)
