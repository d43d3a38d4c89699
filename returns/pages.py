"""Pages of their own: what is about no single row."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext

from inventory.models import Location
from oms.core.places import own


def unannounced_page(request: HttpRequest) -> HttpResponse:
    """Goods that came back without papers: where do they lie? With one place there is nothing to ask."""
    if not request.user.has_perm("returns.receive_return"):
        raise PermissionDenied
    home = reverse("admin:returns_return_changelist")
    press = reverse("console:press", args=["returns.receive_unannounced"])
    places = [
        (place, f"{press}?{urlencode({'ids': place.pk, 'next': home})}")
        for place in own(request.user, Location.objects.filter(active=True))
    ]
    if len(places) == 1:
        return HttpResponseRedirect(places[0][1])
    context = {
        **admin.site.each_context(request),
        "title": gettext("Goods back without papers"),
        "places": places,
    }
    return TemplateResponse(request, "returns/unannounced.html", context)
