"""Where history lies: the partitions of the journal and of the stock movements, with what each holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.partitions import HISTORIES, astray, drawn, partitions
from oms.core.seals import LEDGERS, heads

TITLES: Mapping[str, Any] = {"journal": _("Journal"), "movements": _("Stock movements")}


def partitions_page(request: HttpRequest) -> HttpResponse:
    """Reads the catalogue alone, but for one look into what should be empty: quick at any size."""
    if not request.user.has_perm("core.view_journalentry"):
        raise PermissionDenied
    lost = astray()
    sealed = {name: int(head.split(":")[0]) for name, head in heads().items()}
    histories = [
        {
            "title": TITLES[ledger.name], "astray": ledger.table in lost, "last": drawn(ledger.table),
            "rows": [
                {"one": one, "sealed": one.upper is not None and sealed.get(ledger.name, 0) >= one.upper - 1}
                for one in partitions(ledger.table)
            ],
        }
        for ledger in LEDGERS if ledger.table in HISTORIES and _may_see(request.user, ledger.table)
    ]  # fmt: skip
    context = {
        **admin.site.each_context(request), "console_own": True, "title": gettext("Where history lies"),
        "histories": histories, "size": settings.HISTORY_PARTITION,
    }  # fmt: skip
    return TemplateResponse(request, "core/partitions.html", context)


def _may_see(user: Any, table: str) -> bool:
    (model,) = (model for model in apps.get_models() if model._meta.db_table == table)
    return bool(user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"))
