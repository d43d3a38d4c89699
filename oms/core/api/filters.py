"""Filters that all doors share."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Model, QuerySet


class ByCode(filters.CharFilter):
    """Rows that belong to the ``model`` row whose ``code_field`` is the value (a SKU, a location's code). The
    code is looked up first: so the database knows how many rows to expect, and takes the right index."""

    def __init__(self, model: type[Model], code_field: str, *, column: str, **kwargs: Any):
        self.model_, self.code_field, self.column = model, code_field, column
        super().__init__(max_length=120, **kwargs)

    def filter(self, rows: QuerySet, value: str) -> QuerySet:
        if not value:
            return rows
        found = (
            self.model_._default_manager.filter(**{self.code_field: value})
            .values_list("pk", flat=True)
            .first()
        )
        return rows.none() if found is None else rows.filter(**{self.column: found})


class IdFilter(filters.NumberFilter):
    """Rows that point to a row by its id."""

    def __init__(self, **kwargs: Any):
        super().__init__(min_value=1, max_value=2**63 - 1, **kwargs)
