"""The end of the day."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fulfillment.actions.close_day import close_day
from fulfillment.actions.make_manifests import make_manifests
from fulfillment.actions.print_manifests import print_manifests
from fulfillment.actions.print_papers import PDF
from fulfillment.api.asks import CloseDayAsk, ManifestsMade
from fulfillment.api.filters import ManifestFilter
from fulfillment.api.parcels import Paper, paper_file
from fulfillment.api.shapes import MANIFESTS, ManifestRow
from fulfillment.models import Manifest, Shipment
from inventory.models import Location
from oms.core.api.doors import Detail, Listing, Verb, belong
from oms.core.tokens import Access

READ = Access("fulfillment:read", "fulfillment.view_manifest")


class Manifests(Listing, Verb):
    reads, row = READ, ManifestRow
    writes = Access("fulfillment:write", "fulfillment.make_manifest")
    ask, answer, status = CloseDayAsk, ManifestsMade, 201
    queryset, filterset_class = MANIFESTS, ManifestFilter

    def get(self, request: Request, **ids: Any) -> Response:
        """List manifests, newest first."""
        return super().get(request, **ids)

    get.operation_id = "list_manifests"  # type: ignore[attr-defined]

    def post(self, request: Request, **ids: Any) -> Response:
        """End the day at a location: one list for each carrier, each parcel on one list only.

        Where the carrier has a form of its own, it is asked for within moments: the manifest's `state` tells.
        """
        return super().post(request, **ids)

    post.operation_id = "close_day"  # type: ignore[attr-defined]

    def do(self, ask: dict[str, Any], **ids: Any) -> dict[str, Any]:
        place = self.ids_of(Location, "code", {"location": ask["location"]})[ask["location"]]
        if ask["parcels"]:
            there = Shipment.objects.filter(pk__in=ask["parcels"], fulfillment_order__location=place)
            belong(
                {f"parcels.{n}": pk for n, pk in enumerate(ask["parcels"])},
                there.values_list("pk", flat=True),
                "parcel",
            )
            made = make_manifests(ask["parcels"], own=ask["own"], by=self.actor)
        else:
            made = close_day([place], own=ask["own"], by=self.actor)
        return {"manifests": list(MANIFESTS.filter(pk__in=[m.pk for m in made]).order_by("pk"))}


class GetManifest(Detail):
    """One manifest."""

    reads, answer, queryset = READ, ManifestRow, MANIFESTS


class ManifestPdf(Paper):
    """A manifest as PDF: the carrier's own form where it made one, else our list."""

    reads = READ
    names_people = False

    @extend_schema(responses={(200, PDF): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponse:
        manifest = self.one(Manifest.objects.defer("document"), pk)
        return paper_file(print_manifests([manifest.pk]), PDF, f"manifest-{manifest.pk}")
