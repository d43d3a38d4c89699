"""The sidebar, in a shopkeeper's words: only what the person may see."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from oms.core.console.registry import registry

HEADINGS = {"Work": _("Work"), "Orders": _("Orders"), "Warehouse": _("Warehouse"), "Returns": _("Returns"),
            "Stock": _("Stock"), "Channels": _("Channels"), "System": _("System")}  # fmt: skip


def navigation(request: Any) -> list[dict[str, Any]]:
    """Unfold's navigation for this person."""
    groups = []
    for heading, title in HEADINGS.items():
        entries = sorted((e for e in registry.menu if e.heading == heading), key=lambda e: e.rank)
        items = [
            {"title": e.title, "icon": e.icon, "link": _address(e.link)}
            for e in entries
            if (not e.permission or request.user.has_perm(e.permission)) and _address(e.link)
        ]
        if items:
            groups.append({"title": None if heading == "Work" else title, "separator": False, "items": items})
    return groups


def _address(link: str) -> str:
    if link.startswith("/"):
        return link
    try:
        return reverse(link)
    except NoReverseMatch:
        return ""
