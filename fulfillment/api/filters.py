"""How work and parcels are looked for; each filter has an index behind it, or leaves most rows."""

from __future__ import annotations

import django_filters as filters

from fulfillment.lifecycle import ManifestState, ParcelState, WorkState
from fulfillment.models import FulfillmentOrder, Manifest, Shipment
from inventory.models import Location
from oms.core.api.filters import ByCode, IdFilter


class WorkFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=WorkState.choices)
    location = ByCode(Location, "code", column="location_id", help_text="A location's code.")
    order = IdFilter(field_name="order_id")
    number = filters.CharFilter(max_length=50)

    class Meta:
        model = FulfillmentOrder
        fields: list[str] = []


class ManifestFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=ManifestState.choices)
    location = ByCode(Location, "code", column="location_id", help_text="A location's code.")

    class Meta:
        model = Manifest
        fields: list[str] = []


class ParcelFilter(filters.FilterSet):
    tracking_number = filters.CharFilter(max_length=80)
    state = filters.ChoiceFilter(choices=ParcelState.choices)
    fulfillment_order = IdFilter(field_name="fulfillment_order_id")

    class Meta:
        model = Shipment
        fields: list[str] = []
