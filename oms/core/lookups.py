"""``field__among=[...]``: as ``__in``, with the list sent as one array instead of a parameter for each value."""

from __future__ import annotations

from typing import Any

from django.db import models


@models.ForeignKey.register_lookup
@models.Field.register_lookup
class Among(models.Lookup):
    lookup_name = "among"

    def get_prep_lookup(self) -> list[Any]:
        return [self.lhs.output_field.get_prep_value(value) for value in self.rhs]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, params = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s::{self.lhs.output_field.db_type(connection)}[])", (*params, self.rhs)
