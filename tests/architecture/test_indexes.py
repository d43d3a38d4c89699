"""Each index costs every row that is written, so none is kept that another makes needless."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

from tests.releases import OURS

pytestmark = pytest.mark.django_db

# Whole indexes of plain columns; what a condition leaves out, another cannot stand in for.
_SPARE = """
SELECT a.indrelid::regclass::text, a.indexrelid::regclass::text, b.indexrelid::regclass::text
  FROM pg_index a JOIN pg_index b ON b.indrelid = a.indrelid AND b.indexrelid <> a.indexrelid
 WHERE a.indrelid = ANY(%s::regclass[]) AND NOT a.indisunique
   AND a.indpred IS NULL AND b.indpred IS NULL AND a.indexprs IS NULL AND b.indexprs IS NULL
   AND b.indkey::text || ' ' LIKE a.indkey::text || ' %%' AND b.indclass::text || ' ' LIKE a.indclass::text || ' %%'
 ORDER BY 1, 2
"""


def spare() -> list[tuple[str, str, str]]:
    """Table, index, and the one that begins with the same columns."""
    models = [model for model in apps.get_models() if model._meta.app_label in OURS]
    with connection.cursor() as cursor:
        cursor.execute(_SPARE, [[model._meta.db_table for model in models]])
        return cursor.fetchall()


def test_no_index_is_the_beginning_of_another() -> None:
    assert not spare()


def test_one_that_is_would_be_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX planted ON orders_orderline (order_id)")
    assert spare() == [("orders_orderline", "planted", "line_once")]
