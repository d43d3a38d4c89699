"""How orders and refunds are looked for; each filter has an index behind it, or leaves most rows."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from rest_framework.exceptions import PermissionDenied, ValidationError

from oms.core.api.doors import PERSONAL
from orders.lifecycle import OrderState, RefundState
from orders.models import Hold, Order, OrderLine, Refund
from orders.rules.holds import HOLDS


class OrderFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=OrderState.choices)
    source = filters.CharFilter(max_length=60)
    number = filters.CharFilter(max_length=40)
    external_id = filters.CharFilter(
        max_length=120, method="of_channel", help_text="The channel's id; needs the source beside it."
    )
    external_number = filters.CharFilter(max_length=60)
    email = filters.CharFilter(
        max_length=254, method="of_person", help_text="Needs the right to see personal data."
    )
    sku = filters.CharFilter(max_length=64, method="with_sku", help_text="Orders with a line of this SKU.")
    held = filters.ChoiceFilter(
        choices=[(code, kind.words) for code, kind in HOLDS.items()], method="with_hold",
        help_text="Orders with such a hold in force.",
    )  # fmt: skip
    placed_after = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="gte")
    placed_before = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields: list[str] = []

    def of_channel(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        # Ids of channels are theirs alone: the same may mean another order elsewhere.
        if not self.data.get("source"):
            raise ValidationError({"source": "Say the source of this external_id."}, "required")
        return rows.filter(external_id=value)

    def of_person(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        # Asking for a person by name tells who is behind a masked row.
        if not PERSONAL.granted(self.request):
            raise PermissionDenied("Looking for a person needs the right to see personal data.")
        return rows.filter(email=value.strip().lower())

    def with_sku(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=OrderLine.objects.filter(sku=value).values("order_id"))

    def with_hold(self, rows: QuerySet, name: str, value: Any) -> QuerySet:
        return rows.filter(pk__in=Hold.objects.filter(type=value, state="active").values("order_id"))


class RefundFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=RefundState.choices)
    order = filters.NumberFilter(field_name="order_id", min_value=1, max_value=2**63 - 1)

    class Meta:
        model = Refund
        fields: list[str] = []
