"""Fields that all doors share: amounts as strings, personal data masked, and what an error looks like."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any, ClassVar, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from oms.core import money
from oms.core.console.veils import veils_of
from oms.core.models import thread_of
from oms.core.personal import Veil, hidden, hidden_address


def written(amount: Decimal, currency: str) -> str:
    """``12.50``; what is finer than its currency is shown as it is kept, since that is a finding."""
    if money.fits(amount, currency):
        return str(money.to_minor(amount, currency))
    return f"{amount.normalize():f}"


@extend_schema_field({"type": "string", "format": "decimal", "examples": ["12.50"]})
class Amount(serializers.Field):
    """A column's amount as a string. ``currency`` is the way from the row to its ISO 4217 code."""

    def __init__(self, column: str, currency: str = "currency", **kwargs: Any):
        self.column, self.currency = attrgetter(column), attrgetter(currency)
        super().__init__(source="*", read_only=True, **kwargs)

    def to_representation(self, row: Any) -> str | None:
        amount = self.column(row)
        return None if amount is None else written(amount, self.currency(row))


class Charged(serializers.DecimalField):
    """An amount that comes in: at most 99,999,999.9999, not below zero unless ``signed``."""

    def __init__(self, *, signed: bool = False, **kwargs: Any):
        if not signed:
            kwargs.setdefault("min_value", Decimal(0))
        super().__init__(max_digits=12, decimal_places=4, **kwargs)


class Pieces(serializers.IntegerField):
    """A number of pieces: one to a hundred thousand."""

    def __init__(self, **kwargs: Any):
        super().__init__(**{"min_value": 1, "max_value": 100_000, **kwargs})


class Id(serializers.IntegerField):
    """One of our ids."""

    def __init__(self, **kwargs: Any):
        super().__init__(min_value=1, max_value=2**63 - 1, **kwargs)


class Shape(serializers.Serializer):
    """A body that comes in. A field that nobody knows is refused: a misspelt one would be lost unsaid."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {
                        name: [serializers.ErrorDetail("There is no such field.", "unknown_field")]
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)


def each_once(ask: dict[str, Any], group: str, name: str) -> dict[str, Any]:
    """``ask`` itself; raises ``ValidationError`` where two rows of the group have the same ``name``."""
    values = [row[name] for row in ask[group]]
    twice = {f"{group}.{n}.{name}": "Named twice." for n, value in enumerate(values) if value in values[:n]}
    if twice:
        raise serializers.ValidationError(twice, "duplicate")
    return ask


class Row(serializers.ModelSerializer):
    """What goes out. For whoever may not see personal data, fields named in ``personal`` are masked; in those named
    in ``veiled``, words that somebody wrote, the people whom the outermost row is about are."""

    personal: ClassVar[tuple[str, ...]] = ()
    veiled: ClassVar[tuple[str, ...]] = ()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        if self is self.root or self.parent is self.root:
            self._shared["outermost"] = instance
        told = super().to_representation(instance)
        if not self.context.get("personal"):
            for name in self.veiled:
                if told.get(name):
                    told[name] = self._veil(instance)(told[name])
            for name in self.personal:
                value = told.get(name)
                if isinstance(value, Mapping):
                    told[name] = hidden_address(value)
                elif value:
                    told[name] = hidden(str(value))
        return told

    @property
    def _shared(self) -> dict[str, Any]:
        return cast(dict[str, Any], self.context)

    def _veil(self, instance: Any) -> Veil:
        """Read when the first words are met, for all outermost rows at once: most have none."""
        outermost = self._shared.get("outermost", instance)
        veils = self._shared.get("veils", {})
        if thread_of(outermost) not in veils:
            many = isinstance(self.root, serializers.ListSerializer)
            rows: Any = self.root.instance if many else [outermost]
            veils = self._shared["veils"] = veils_of(list(rows))
        return veils[thread_of(outermost)]


@extend_schema_field(OpenApiTypes.STR)
class Said(serializers.CharField):
    """A text whose model field has choices or a length of its own; here it is only told."""

    def __init__(self, **kwargs: Any):
        super().__init__(read_only=True, **kwargs)


class ReasonShape(serializers.Serializer):
    code = serializers.CharField(help_text="For machines, such as too_many.")
    words = serializers.CharField(help_text="For people.")
    field = serializers.CharField(
        required=False, help_text="The value it is about, such as lines.0.quantity."
    )


class ErrorShape(serializers.Serializer):
    code = serializers.CharField(help_text="What kind of error, such as invalid or refused.")
    message = serializers.CharField()
    reasons = ReasonShape(many=True)
    request_id = serializers.CharField(help_text="Tell it to whoever looks after the system.")


class EnvelopeShape(serializers.Serializer):
    error = ErrorShape()
