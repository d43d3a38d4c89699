"""A foreign key without an index of its own, where another one begins with its column."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import NotInTransactionMixin
from django.db.migrations import AlterField
from django.db.migrations.state import ProjectState


class SpareKeyIndex(NotInTransactionMixin, AlterField):
    """To ``db_index=False``: drops the index that Django made, beside the work. In a migration with ``atomic = False``;
    not for a table in partitions."""

    def database_forwards(self, app_label: str, editor: Any, before: ProjectState, after: ProjectState) -> None:
        self._ensure_not_in_transaction(editor)
        index, _ = self._named(app_label, editor, after)
        editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")

    def database_backwards(self, app_label: str, editor: Any, before: ProjectState, after: ProjectState) -> None:
        self._ensure_not_in_transaction(editor)
        index, on = self._named(app_label, editor, after)
        editor.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON {on}")

    def _named(self, app_label: str, editor: Any, state: ProjectState) -> tuple[str, str]:
        meta = state.apps.get_model(app_label, self.model_name)._meta
        table, column = meta.db_table, meta.get_field(self.name).column
        quoted = editor.quote_name
        return quoted(editor._create_index_name(table, [column])), f"{quoted(table)} ({quoted(column)})"
