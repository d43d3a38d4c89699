"""Filters whose choices are known beforehand: a plain ``list_filter`` would walk the whole table for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.admin import SimpleListFilter

from oms.core.words import Words

Choices = Iterable[tuple[str, Words]]


def choose(
    field: str,
    choices: Choices | Callable[[], Choices],
    title: Words,
    apply: Callable[[Any, str], Any] | None = None,
) -> type[SimpleListFilter]:
    """A filter on ``field`` (also the name in the address). ``apply(queryset, value)`` replaces equality."""

    class Chosen(SimpleListFilter):
        parameter_name = field

        def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Words]]:
            return list(choices() if callable(choices) else choices)

        def queryset(self, request: Any, queryset: Any) -> Any:
            value = self.value()
            if value is None:
                return queryset
            if value not in {str(code) for code, _ in self.lookup_choices}:
                return queryset.none()
            return apply(queryset, value) if apply else queryset.filter(**{field: value})

    Chosen.title = title
    return Chosen
