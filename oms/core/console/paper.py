"""The one door behind every paper: the rows that were chosen, as one file to print."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from oms.core.actors import Actor
from oms.core.console.press import back_to, ids_of
from oms.core.console.registry import registry
from oms.core.errors import Refused
from oms.core.places import another_place, own, places_of
from oms.core.saying import said


def paper(request: HttpRequest, name: str) -> HttpResponse:
    """Printing changes nothing, so it is a GET: at most that it was printed is noted, as a log would. 403 without the
    permissions; where there is nothing to print, back to where the person came from, with the reason."""
    made = registry.papers.get(name)
    if made is None:
        raise Http404(f"There is no paper called {name}.")
    ids = ids_of(request.GET.getlist("ids"))
    back = back_to(request, made.model, ids)
    if not made.allowed(request.user):
        context: dict[str, Any] = {
            **admin.site.each_context(request), "button": made, "title": made.label, "back": back,
        }  # fmt: skip
        return TemplateResponse(request, "console/forbidden.html", context, status=403)
    if not ids:
        messages.warning(request, gettext("Nothing was chosen."))
        return HttpResponseRedirect(back)
    if places_of(request.user) is not None:
        rows = apps.get_model(made.model)._default_manager.filter(pk__in=ids)
        mine = set(own(request.user, rows).order_by().values_list("pk", flat=True))
        ids = [pk for pk in ids if pk in mine]
        if not ids:
            messages.warning(request, another_place().words)
            return HttpResponseRedirect(back)
    try:
        body, kind = made.make(ids, request.GET.get("size", "") if made.sizes else "")
    except Refused as error:
        messages.warning(request, said(error))
        return HttpResponseRedirect(back)
    if made.note:
        made.note(ids, Actor.user(request.user))
    ending = kind.rpartition("/")[2]
    called = f"{name.rpartition('.')[2]}-{ids[0] if len(ids) == 1 else len(ids)}.{ending}"
    # Only a PDF or a picture is shown in the window; the rest is for a label printer.
    way = "inline" if kind in ("application/pdf", "image/png") else "attachment"
    return HttpResponse(
        body, content_type=kind, headers={"Content-Disposition": f'{way}; filename="{called}"'}
    )
