"""One search box for everything: an exact hit opens the thing itself, otherwise what begins so is shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext

from oms.core.console.registry import registry
from oms.core.console.veils import veil_rows
from oms.core.personal import names_person, sees_people
from oms.core.places import own

SHOWN = 10


def find(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:200]
    nobody = names_person(text) and not sees_people(request.user)
    asked = [] if nobody or not text else registry.finders
    finders = [f for f in asked if request.user.has_perm(f.permission)]
    exact = [(finder, row) for finder in finders for row in own(request.user, finder.exact(text))[:2]]
    if len(exact) == 1:
        return HttpResponseRedirect(_page(*exact[0]))
    groups = []
    for finder in finders:
        rows = list(own(request.user, finder.found(text, request.user))[: SHOWN + 1])
        if rows:
            veil_rows(request.user, rows)
            groups.append(
                {
                    "title": finder.title,
                    "hits": [(row, _page(finder, row)) for row in rows[:SHOWN]],
                    "more": f"{_list(finder.model)}?q={text}" if len(rows) > SHOWN else "",
                }
            )
    if len(groups) == 1 and len(groups[0]["hits"]) == 1:
        return HttpResponseRedirect(groups[0]["hits"][0][1])
    return TemplateResponse(
        request,
        "console/find.html",
        {
            **admin.site.each_context(request),
            "title": gettext("Search"),
            "console_own": True,
            "q": text,
            "nobody": nobody,
            "groups": groups,
        },
    )


def _page(finder: Any, row: Any) -> str:
    return reverse(f"admin:{finder.model.lower().replace('.', '_')}_change", args=[row.pk])


def _list(model: str) -> str:
    return reverse(f"admin:{model.lower().replace('.', '_')}_changelist")
