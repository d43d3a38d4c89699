"""Returns in the console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.console import shown
from oms.core.console.base import ConsoleAdmin
from oms.core.console.filters import choose
from returns.lifecycle import ReturnState
from returns.models import Return
from returns.pages import unannounced_page


@admin.register(Return)
class ReturnAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("number", "order", "state", "reason", "location", "requested_at")
    list_select_related = ("order", "location", "refund")
    list_filter = (choose("state", ReturnState.choices, _("state")),)
    page_fields = ("order", "location", "refund", "reason", "asked_by", "external_id", "requested_at",
                   "authorised_at", "closed_at")  # fmt: skip
    empty_words = _("No returns yet.")

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(unannounced_page)
        return [path("unannounced/", page, name="returns_return_unannounced"), *super().get_urls()]

    def page_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .page_queryset(request)
            .prefetch_related(
                "lines__order_line__item",
                "lines__item",
                "lines__instead_of__order_line",
                "lines__dispositions",
            )
        )

    def headline(self, request: HttpRequest, obj: Return) -> list[tuple[str, Any]]:
        order = self._linked(obj.order) if obj.order else gettext("not known yet")
        return [(gettext("Order"), order), (gettext("Reason"), obj.reason or shown.NOTHING),
                (gettext("Asked for"), shown.when(obj.requested_at)),
                (gettext("Pieces"), sum(line.quantity for line in obj.lines.all()))]  # fmt: skip

    @admin.display(description=_("asked for by"))
    def asked_by(self, obj: Return) -> str:
        return obj.requested_by.partition(":")[2] or obj.requested_by
