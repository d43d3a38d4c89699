"""Parcels on their way, and the papers."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from fulfillment.actions.compare_offers import compare_offers
from fulfillment.actions.label_by_hand import ask_shop, label_by_hand
from fulfillment.actions.print_customs import print_customs
from fulfillment.actions.print_labels import print_label, print_labels
from fulfillment.actions.print_papers import PDF, print_packing_slips, print_pick_lists
from fulfillment.actions.reship_parcel import Reshipping, reship_parcel, units_of
from fulfillment.actions.settle_parcel import Settling, settle_parcel
from fulfillment.actions.type_tracking import Typed
from fulfillment.actions.unlabel import unlabel_parcels
from fulfillment.api.asks import ReasonAsk, ReshipAsk, SettleLostAsk, TypeTrackingAsk
from fulfillment.api.filters import ParcelFilter
from fulfillment.api.shapes import PARCEL_WHOLE, PARCELS, OffersRow, ParcelDetail, ParcelRow, ReshipmentRow
from fulfillment.documents.label_sheets import SIZES
from fulfillment.models import FulfillmentOrder, Reshipment, Shipment
from oms.core.api.doors import PERSONAL, Detail, Door, Listing, Verb, belong
from oms.core.asking import Standing
from oms.core.errors import Permanent, Reason, Refused, Retry
from oms.core.places import elsewhere
from oms.core.tokens import Access
from orders.api.refunds import refund_limit
from orders.api.shapes import RefundRow
from orders.models import Refund

READ = Access("fulfillment:read", "fulfillment.view_shipment")


class ListParcels(Listing):
    """List parcels, newest first; one by its tracking number."""

    reads, row, queryset, filterset_class = READ, ParcelRow, PARCELS, ParcelFilter


class GetParcel(Detail):
    """One parcel, with its scans."""

    reads, answer, queryset = READ, ParcelDetail, PARCEL_WHOLE


class TypeTracking(Verb):
    """Type a tracking number by hand, for a label that was bought elsewhere.

    The order is read at its shop first. Refused with `not_to_send` when it may not be sent after all, and with
    `shop_silent` while the shop does not answer, unless `unasked` says to take it all the same.
    """

    writes, ask, answer = (
        Access("fulfillment:write", "fulfillment.type_tracking"),
        TypeTrackingAsk,
        ParcelDetail,
    )

    def ahead(self, **ids: Any) -> Standing:
        return ask_shop([self.one(Shipment.objects.all(), ids["pk"]).pk])

    def do(self, ask: dict[str, Any], **ids: Any) -> Shipment:
        parcel = self.one(Shipment.objects.all(), ids["pk"])
        typed = Typed(parcel.pk, ask["carrier"], ask["number"], ask["url"], ask["untracked"])
        label_by_hand([typed], self.found, unasked=ask["unasked"], by=self.actor)
        return PARCEL_WHOLE.get(pk=parcel.pk)


class Unlabel(Verb):
    """Take the label or the typed tracking number off a parcel that has not left.

    What was bought is asked back from the carrier.
    """

    writes, ask, answer = Access("fulfillment:write", "fulfillment.void_label"), ReasonAsk, ParcelDetail

    def do(self, ask: dict[str, Any], **ids: Any) -> Shipment:
        parcel = self.one(Shipment.objects.all(), ids["pk"])
        unlabel_parcels([parcel.pk], reason=ask["reason"], by=self.actor)
        return PARCEL_WHOLE.get(pk=parcel.pk)


class CompareOffers(Detail):
    """Ask all carriers what they would take for a parcel.

    They are asked now, which takes a moment; nothing is bought. Refused for a parcel that needs no label, or that
    customs would not let pass.
    """

    reads, answer = Access("fulfillment:write", "fulfillment.buy_label"), OffersRow
    also = (409,)
    queryset = Shipment.objects.all()

    def get(self, request: Request, pk: int) -> Response:
        parcel = self.one(self.get_queryset(), pk)
        try:
            return Response(self.shape(compare_offers(parcel.pk)))
        except (Retry, Permanent) as error:
            raise Refused(Reason("no_offers", str(error))) from error


class SettleLost(Verb):
    """Give a parcel up as lost and refund what was in it.

    Stock does not move. Refused for a parcel that arrived, did not leave, or comes back to us.
    """

    writes, ask, answer, status = (
        Access("orders:refund", "fulfillment.settle_parcel"),
        SettleLostAsk,
        RefundRow,
        201,
    )

    def do(self, ask: dict[str, Any], **ids: Any) -> Refund:
        parcel = self.one(Shipment.objects.all(), ids["pk"])
        refund = settle_parcel(
            Settling(parcel.pk, ask["shipping"], ask["goodwill"], ask["reason"], refund_limit(self.request)),
            by=self.actor,
        )
        return Refund.objects.prefetch_related("lines").get(pk=refund.pk)


class Reship(Verb):
    """Send again what was in a parcel, at no charge.

    An order of its own is made for it; a parcel that is still on its way counts as lost from now on.
    """

    writes, ask, answer, status = (
        Access("orders:write", "fulfillment.reship_parcel"),
        ReshipAsk,
        ReshipmentRow,
        201,
    )

    def do(self, ask: dict[str, Any], **ids: Any) -> Reshipment:
        parcel = self.one(Shipment.objects.prefetch_related("lines__line"), ids["pk"])
        belong({f"lines.{n}.line": x["line"] for n, x in enumerate(ask["lines"])}, units_of(parcel), "line")
        units = {x["line"]: x["quantity"] for x in ask["lines"]}
        return reship_parcel(Reshipping(parcel.pk, ask["reason"], units), by=self.actor)


class AsItIs(BaseContentNegotiation):
    """A paper is what it is, whatever the caller prefers; errors are JSON."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class Paper(Door):
    """A document; 409 where there is nothing to print."""

    content_negotiation_class = AsItIs
    reads = Access("fulfillment:read", "fulfillment.view_fulfillmentorder")
    also = (409,)
    names_people = True

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        if self.names_people and not PERSONAL.granted(request):
            self.permission_denied(
                request, "This paper names a person: it needs the right to see personal data."
            )


def paper_file(body: bytes, kind: str, name: str) -> HttpResponse:
    """A document to be looked at or kept."""
    ending = kind.rpartition("/")[2]
    return HttpResponse(
        body, content_type=kind, headers={"Content-Disposition": f'inline; filename="{name}.{ending}"'}
    )


class PickListPdf(Paper):
    """The pick list of a fulfillment order, as PDF."""

    names_people = False

    @extend_schema(responses={(200, PDF): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponse:
        work = self.one(FulfillmentOrder.objects.all(), pk)
        return paper_file(print_pick_lists([work.pk]), PDF, f"pick-{work.pk}")


class PackingSlipPdf(Paper):
    """The packing slip of a fulfillment order, as PDF.

    It names a person, so it needs `orders:personal` or `orders.view_personal_data` too.
    """

    @extend_schema(responses={(200, PDF): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponse:
        work = self.one(FulfillmentOrder.objects.all(), pk)
        return paper_file(print_packing_slips([work.pk]), PDF, f"slip-{work.pk}")


class CustomsPdf(Paper):
    """The commercial invoice of a parcel that crosses a customs border, as PDF.

    It names a person, so it needs `orders:personal` or `orders.view_personal_data` too.
    """

    @extend_schema(responses={(200, PDF): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponse:
        parcel = self.one(Shipment.objects.all(), pk)
        return paper_file(print_customs([parcel.pk]), PDF, f"customs-{parcel.pk}")


class ParcelLabel(Paper):
    """The label of a parcel.

    The carrier's own as it came (PDF, PNG or ZPL), or ours as PDF where the number was typed by hand. With `size`
    (`4x6`, `a6`, `a4`) a PDF of that paper; with `with` (parcel ids parted by commas) these parcels' too, in one file.
    Needs `orders:personal` or `orders.view_personal_data` too.
    """

    queries = frozenset({"size", "with"})

    @extend_schema(
        parameters=[
            OpenApiParameter("size", str, enum=list(SIZES), description="The paper of the printer."),
            OpenApiParameter("with", str, description="Ids of more parcels, parted by commas."),
        ],
        responses={
            (200, PDF): OpenApiTypes.BINARY,
            (200, "image/png"): OpenApiTypes.BINARY,
            (200, "application/zpl"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        parcel = self.one(Shipment.objects.all(), pk)
        size, others = request.query_params.get("size", ""), request.query_params.get("with", "")
        more = [
            int(part) for part in others.split(",") if part.isascii() and part.isdigit() and len(part) < 19
        ][:500]
        away = elsewhere(request.user, [Shipment(pk=n) for n in more])
        more = [n for n in more if n not in away]
        body, kind = print_labels([parcel.pk, *more], size) if size or more else print_label(parcel.pk)
        return paper_file(body, kind, f"label-{parcel.pk}")
