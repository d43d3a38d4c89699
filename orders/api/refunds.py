"""Money given back: what it would come to, the deed, and how it ended at the payment provider."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from oms.core.api.doors import Detail, Listing, Verb, belong
from oms.core.api.idempotency import deed_key
from oms.core.api.shapes import written
from oms.core.errors import Reason, Refused
from oms.core.money import Money
from oms.core.saying import say
from oms.core.tokens import Access
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.fail_refunds import fail_refund
from orders.actions.give_up_refunds import give_up_refunds
from orders.actions.quote_refund import for_quote, quote_refund
from orders.actions.request_refunds import request_refunds
from orders.actions.retry_refunds import retry_refunds
from orders.actions.settle_refunds import settle_refund
from orders.api.asks import FailAsk, QuoteShape, RefundAskShape, SettleAsk
from orders.api.filters import RefundFilter
from orders.api.orders import READ
from orders.api.shapes import RefundRow
from orders.models import Order, Refund
from orders.rules.refund_amount import LineAsk, RefundAsk, RefundQuote

ANY = Access("orders:refund-any", "orders.issue_large_refund")
ROWS = Refund.objects.prefetch_related("lines")


class RefundOrder(Verb):
    """Refund an order, in part or whole; with `preview`, only say what it would come to.

    The money goes back through the channel it was paid through. Never touches stock. Clerks and plain
    `orders:refund` tokens are held to a limit.
    """

    writes = Access("orders:refund", ("orders.issue_refund", "orders.issue_large_refund"))
    ask, answer, status = RefundAskShape, RefundRow, 201
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
        self.one(Order.objects.all(), ids["pk"])
        (order,) = for_quote([ids["pk"]])
        belong(
            {f"lines.{n}.line": x["line"] for n, x in enumerate(ask["lines"])},
            (x.pk for x in order.lines.all()),
            "line",
        )
        asked = _asked(ask, order.currency)
        if preview:
            return 200, quoted(quote_refund(order, asked))
        refund = approve_refund(
            Refunding(
                order.pk,
                asked,
                reason=ask["reason"],
                cause=deed_key(self.request),
                limit=refund_limit(self.request),
            ),
            by=self.actor,
        )
        return 201, self.shape(ROWS.get(pk=refund.pk))


def asks_preview(request: Request) -> bool:
    said = request.query_params.get("preview", "false").lower()
    if said not in {"true", "false"}:
        raise ValidationError({"preview": "true or false."}, "invalid")
    return said == "true"


def refund_limit(request: Request) -> Decimal | None:
    """The most this caller may give back in one go; ``None`` is no limit."""
    return None if ANY.granted(request) else Decimal(settings.REFUND_LIMIT_CLERK)


def _asked(ask: dict[str, Any], currency: str) -> RefundAsk:
    def money(amount: Decimal | None) -> Money | None:
        return None if amount is None else Money(amount, currency)

    return RefundAsk(
        lines=[LineAsk(x["line"], x["quantity"], money(x["amount"])) for x in ask["lines"]],
        shipping=money(ask["shipping"]), charges=money(ask["charges"]), goodwill=money(ask["goodwill"]), fee=money(ask["fee"]),
        whole=ask["whole"], named_charges=ask["named_charges"],
    )  # fmt: skip


def quoted(quote: RefundQuote) -> dict[str, Any]:
    def told(amount: Decimal) -> str:
        return written(amount, quote.currency)

    return {
        "currency": quote.currency,
        "lines": [
            {"line": x.key, "quantity": x.quantity, "net": told(x.net), "tax": told(x.tax)} for x in quote.lines
        ],
        "shipping_net": told(quote.shipping_net), "shipping_tax": told(quote.shipping_tax),
        "charges_net": told(quote.charges_net), "charges_tax": told(quote.charges_tax),
        "goodwill": told(quote.goodwill), "fee": told(quote.fee), "total": told(quote.total),
        "refusals": [{"code": r.code, "words": say(r.words)} for r in quote.refusals],
    }  # fmt: skip


class ListRefunds(Listing):
    """List refunds, newest first."""

    reads, row, queryset, filterset_class = READ, RefundRow, ROWS, RefundFilter


class GetRefund(Detail):
    """One refund."""

    reads, answer, queryset = READ, RefundRow, ROWS


class _OwnRefund(Verb):
    """For orders that came through the API: no adapter pays these back, so their shop says how it went."""

    writes = Access("orders:refund", "orders.issue_large_refund")
    answer = RefundRow

    def own(self, pk: int) -> Refund:
        refund = self.one(Refund.objects.select_related("order"), pk)
        if refund.order.source.partition("-")[0] != "api":
            raise Refused(
                Reason("not_ours_to_say", "This refund is made by its channel, which tells us itself.")
            )
        if refund.state in {"approved", "failed"}:
            request_refunds([refund.pk], by=self.actor)
        return refund


class SettleRefund(_OwnRefund):
    """Say that a refund was paid.

    Only for orders that came through this API: their shop pays the money back and says so here.
    """

    ask = SettleAsk

    def do(self, ask: dict[str, Any], **ids: Any) -> Refund:
        refund = self.own(ids["pk"])
        settle_refund(refund.pk, external_id=ask["external_id"], by=self.actor)
        return ROWS.get(pk=refund.pk)


class FailRefund(_OwnRefund):
    """Say that a refund could not be paid.

    Only for orders that came through this API. A person decides what comes next.
    """

    ask = FailAsk

    def do(self, ask: dict[str, Any], **ids: Any) -> Refund:
        refund = self.own(ids["pk"])
        if refund.state in {"succeeded", "cancelled"}:
            raise Refused(Reason("wrong_state", f"This refund is {refund.get_state_display()} already."))
        fail_refund(refund.pk, why=ask["why"], by=self.actor)
        return ROWS.get(pk=refund.pk)


class RetryRefund(Verb):
    """Ask for a failed refund once more."""

    writes, answer = Access("orders:refund", ("orders.issue_refund", "orders.issue_large_refund")), RefundRow

    def do(self, ask: dict[str, Any], **ids: Any) -> Refund:
        refund = self.one(Refund.objects.all(), ids["pk"])
        retry_refunds([refund.pk], by=self.actor)
        return ROWS.get(pk=refund.pk)


class GiveUpRefund(Verb):
    """Give up a refund that was never paid.

    It counts no longer as given back. Refused for one that is on its way.
    """

    writes, ask, answer = ANY, FailAsk, RefundRow

    def do(self, ask: dict[str, Any], **ids: Any) -> Refund:
        refund = self.one(Refund.objects.all(), ids["pk"])
        give_up_refunds([refund.pk], reason=ask["why"], by=self.actor)
        return ROWS.get(pk=refund.pk)
