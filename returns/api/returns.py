"""Returns: opened, decided, received, inspected, paid for, closed."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.models import Item, Location
from oms.core.api.doors import Detail, Listing, Verb, belong, ids_of
from oms.core.api.filters import IdFilter
from oms.core.api.idempotency import deed_key
from oms.core.tokens import Access
from orders.api.asks import QuoteShape
from orders.api.refunds import asks_preview, quoted, refund_limit
from orders.models import Order
from returns.actions.authorise import authorise_returns
from returns.actions.cancel import cancel_returns
from returns.actions.close import close_returns
from returns.actions.correct_arrivals import Correcting, correct_arrivals
from returns.actions.decline import decline_returns
from returns.actions.finish_reception import Finishing, finish_reception
from returns.actions.inspect import Finding, Inspection, inspect_returns
from returns.actions.match_returns import Matching, match_returns
from returns.actions.open import Opening, Wanted, open_returns
from returns.actions.others import Other
from returns.actions.quote_return import Paying, quote_return
from returns.actions.receive import Arrival, receive_returns
from returns.actions.receive_unannounced import Unannounced, receive_unannounced
from returns.actions.refund_returns import refund_return
from returns.actions.unmatch_returns import unmatch_returns
from returns.api.asks import (
    CancelReturnAsk,
    CloseAsk,
    DeclineAsk,
    FinishAsk,
    InspectAsk,
    MatchAsk,
    OpenAsk,
    OtherItem,
    ReceiveAsk,
    ReturnRefundAsk,
    UnannouncedAsk,
)
from returns.api.shapes import ROWS, WHOLE, ReturnDetail, ReturnRow
from returns.lifecycle import ReturnState
from returns.models import Return

READ = Access("returns:read", "returns.view_return")
DECIDE = Access("returns:write", "returns.authorise_return")


class ReturnFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=ReturnState.choices)
    order = IdFilter(field_name="order_id")
    number = filters.CharFilter(max_length=50)
    unmatched = filters.BooleanFilter(
        field_name="order", lookup_expr="isnull", help_text="Came without papers, and no order is known yet."
    )

    class Meta:
        model = Return
        fields: list[str] = []


class Returns(Listing, Verb):
    reads, row = READ, ReturnRow
    writes = Access("returns:write", "returns.open_return")
    ask, answer, status = OpenAsk, ReturnDetail, 201
    queryset, filterset_class = ROWS, ReturnFilter

    def get(self, request: Request, **ids: Any) -> Response:
        """List returns, newest first."""
        return super().get(request, **ids)

    get.operation_id = "list_returns"  # type: ignore[attr-defined]

    def post(self, request: Request, **ids: Any) -> Response:
        """Open a return.

        Refused with the reasons of the return policy, unless it is taken in for review. What was not
        shipped cannot come back. Neither stock nor money moves yet.
        """
        return super().post(request, **ids)

    post.operation_id = "open_return"  # type: ignore[attr-defined]

    def do(self, ask: dict[str, Any], **ids: Any) -> Return:
        if (ask["authorise"] or ask["for_review"]) and not DECIDE.granted(self.request):
            raise PermissionDenied("Your role may ask for a return, but not decide about it.")
        order = self.one(Order.objects.prefetch_related("lines"), ask["order"])
        belong(
            {f"lines.{n}.line": x["line"] for n, x in enumerate(ask["lines"])},
            (x.pk for x in order.lines.all()),
            "line",
        )
        place = self.ids_of(Location, "code", {"location": ask["location"]} if ask["location"] else {})
        (rma,) = open_returns(
            [
                Opening(
                    order.pk, [Wanted(x["line"], x["quantity"], x["reason"], x["faulty"]) for x in ask["lines"]],
                    reason=ask["reason"], external_id=ask["external_id"], location_id=place.get(ask["location"]),
                    authorise=ask["authorise"], for_review=ask["for_review"],
                )
            ],
            by=self.actor,
        )  # fmt: skip
        return WHOLE.get(pk=rma.pk)


class GetReturn(Detail):
    """One return, whole."""

    reads, answer, queryset = READ, ReturnDetail, WHOLE


class ReturnVerb(Verb):
    """A deed on one return; the answer is the return as it is then."""

    answer = ReturnDetail

    def do(self, ask: dict[str, Any], **ids: Any) -> Return:
        rma = self.one(Return.objects.prefetch_related("lines"), ids["pk"])
        self.act(rma, ask)
        return WHOLE.get(pk=rma.pk)

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        raise NotImplementedError


class AuthoriseReturn(ReturnVerb):
    """Approve a return."""

    writes = DECIDE

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        authorise_returns([rma.pk], by=self.actor)


class DeclineReturn(ReturnVerb):
    """Decline a return, and say why."""

    writes, ask = DECIDE, DeclineAsk

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        decline_returns([rma.pk], reason=ask["reason"], by=self.actor)


class CancelReturn(ReturnVerb):
    """Call a return off.

    Refused when something of it has arrived or was paid for.
    """

    writes, ask = DECIDE, CancelReturnAsk

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        cancel_returns([rma.pk], reason=ask["reason"], by=self.actor)


def others_of(rma: Return, asked: list[dict[str, Any]], field: str) -> list[Other]:
    """What came instead, of an ask; ``field`` is where the list stands in it."""

    def at(n: int, name: str) -> str:
        return f"{field}.{n}.{name}" if field else name

    belong({at(n, "line"): x["line"] for n, x in enumerate(asked)}, (x.pk for x in rma.lines.all()), "line")
    items = ids_of(Item, "sku", {at(n, "item"): x["item"] for n, x in enumerate(asked) if x["item"]})
    return [
        Other(x["line"], x["quantity"], items[x["item"]] if x["item"] else None, x["what"]) for x in asked
    ]


class ReceiveReturn(ReturnVerb):
    """Receive returned goods, in parts and wherever they arrive.

    They are on hand at once, set aside until they are inspected. `others` came instead of what was sold: they are
    booked as the items that they are, on lines of their own that are never paid for, and what was sold stays awaited.
    """

    writes, ask = Access("returns:write", "returns.receive_return"), ReceiveAsk

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        belong(
            {f"lines.{n}.line": x["line"] for n, x in enumerate(ask["lines"])},
            (x.pk for x in rma.lines.all()),
            "line",
        )
        place = self.ids_of(Location, "code", {"location": ask["location"]})[ask["location"]]
        pieces = {x["line"]: x["quantity"] for x in ask["lines"]}
        others = others_of(rma, ask["others"], "others")
        receive_returns([Arrival(rma.pk, pieces, place, deed_key(self.request), others)], by=self.actor)


class CorrectArrival(ReturnVerb):
    """Say that what was received as the item that was sold is another one.

    Its units leave the books as what was sold, which is awaited again, and come onto them as what they are. Refused
    for units that somebody has looked at. No money moves.
    """

    writes, ask = Access("returns:write", "returns.receive_return"), OtherItem

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        (other,) = others_of(rma, [ask], "")
        correct_arrivals([Correcting(rma.pk, other, deed_key(self.request))], by=self.actor)


class ReceiveUnannounced(Verb):
    """Receive goods that came back without papers.

    They are on hand, set aside, and a return without an order until it is matched to one.
    """

    writes = Access("returns:write", "returns.receive_return")
    ask, answer, status = UnannouncedAsk, ReturnDetail, 201

    def do(self, ask: dict[str, Any], **ids: Any) -> Return:
        place = self.ids_of(Location, "code", {"location": ask["location"]})[ask["location"]]
        items = ids_of(Item, "sku", {f"lines.{n}.item": x["item"] for n, x in enumerate(ask["lines"])})
        pieces = {items[x["item"]]: x["quantity"] for x in ask["lines"]}
        (rma,) = receive_unannounced(
            [Unannounced(place, pieces, deed_key(self.request), ask["note"])], by=self.actor
        )
        return WHOLE.get(pk=rma.pk)


class MatchReturn(ReturnVerb):
    """Say which order an unannounced return is of.

    Refused for items that are not in it, and for more than was sent and has not come back. Stock does not move.
    """

    writes, ask = DECIDE, MatchAsk

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        order = self.one(Order.objects.all(), ask["order"])
        match_returns([Matching(rma.pk, order.pk)], by=self.actor)


class UnmatchReturn(ReturnVerb):
    """Take a wrong order off an unannounced return.

    Refused when it was paid for.
    """

    writes = DECIDE

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        unmatch_returns([rma.pk], by=self.actor)


class FinishReception(ReturnVerb):
    """Say that the rest is not coming.

    It falls short, or the customer keeps it with our consent.
    """

    writes, ask = Access("returns:write", "returns.receive_return"), FinishAsk

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        belong({f"kept.{n}": pk for n, pk in enumerate(ask["kept"])}, (x.pk for x in rma.lines.all()), "line")
        finish_reception([Finishing(rma.pk, frozenset(ask["kept"]))], by=self.actor)


class InspectReturn(ReturnVerb):
    """Say what was found, and what is done with it: back for sale, set aside, or out of the house.

    Units may be left for later. No money moves. What goes back to the customer is refused, not paid for.
    """

    writes, ask = Access("returns:write", "returns.inspect_return"), InspectAsk

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        belong(
            {f"findings.{n}.line": x["line"] for n, x in enumerate(ask["findings"])},
            (x.pk for x in rma.lines.all()),
            "line",
        )
        found = [
            Finding(
                x["line"],
                x["quantity"],
                x["condition"],
                x["disposition"],
                x["accepted"],
                x["receipt"],
                x["note"],
            )
            for x in ask["findings"]
        ]
        inspect_returns([Inspection(rma.pk, found, deed_key(self.request))], by=self.actor)


class RefundReturn(ReturnVerb):
    """Refund a return, in part or whole; with `preview`, only say what it would come to.

    One refund a return. Goods need not have arrived, and nothing is restocked by it.
    """

    writes = Access("orders:refund", ("orders.issue_refund", "orders.issue_large_refund"))
    ask, status = ReturnRefundAsk, 201
    queries = frozenset({"preview"})
    replies = {200: OpenApiResponse(QuoteShape, "The preview; nothing was done.")}

    @extend_schema(
        parameters=[OpenApiParameter("preview", bool, description="Only say what it would come to.")]
    )
    def post(self, request: Request, **ids: Any) -> Response:
        return super().post(request, **ids)

    def run(self, **ids: Any) -> tuple[int, Any]:
        ask = self.asked()
        preview = asks_preview(self.request)
        rma = self.one(WHOLE, ids["pk"])
        lines = ask.get("lines")
        belong(
            {f"lines.{n}.line": x["line"] for n, x in enumerate(lines or ())},
            (x.order_line_id for x in rma.lines.all()),
            "line",
        )
        paying = Paying(
            rma.pk, units=None if lines is None else {x["line"]: x["quantity"] for x in lines},
            amounts={x["line"]: x["amount"] for x in lines or () if x["amount"] is not None},
            shipping=ask["shipping"], charges=ask["charges"], named_charges=ask["named_charges"], goodwill=ask["goodwill"],
            fee=ask["fee"], reason=ask["reason"],
            limit=refund_limit(self.request),
        )  # fmt: skip
        if preview:
            return 200, quoted(quote_return(rma, paying))
        refund_return(paying, by=self.actor)
        return 201, self.shape(WHOLE.get(pk=rma.pk))


class CloseReturn(ReturnVerb):
    """Close a return that is done.

    Refused when something is not inspected, or its money not settled.
    """

    writes, ask = Access("returns:write", "returns.close_return"), CloseAsk

    def act(self, rma: Return, ask: dict[str, Any]) -> None:
        close_returns([rma.pk], settled_otherwise=ask["settled_otherwise"], by=self.actor)
