"""Views of lists that people keep under a name: the chips above a list, and the doors to keep, rename, share
and delete."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from oms.core.actions import forget_view, rename_view, share_view
from oms.core.actions import save_view as saving
from oms.core.actors import Actor
from oms.core.errors import Refused
from oms.core.models import SavedView

SHARE = "core.share_savedview"
PASSING = frozenset({"after", "before", "e", "ids", "next"})
"""What of an address is about the moment, not about the list."""


def canonical(query: str) -> str:
    """The conditions of a list's address in one order, so that the same list is known again."""
    pairs = [(name, value) for name, value in parse_qsl(query) if name not in PASSING]
    return urlencode(sorted(pairs))


def views_of(request: HttpRequest, cl: Any) -> dict[str, Any]:
    """What the list's template shows: the reader's own views and the shared ones, and which of them this is."""
    model, query = cl.opts.label_lower, canonical(request.GET.urlencode())
    mine = SavedView.objects.filter(Q(owner_id=request.user.pk) | Q(shared=True), model=model)
    views = list(mine.order_by("shared", "name"))
    present = next((view for view in views if view.query == query), None)
    return {
        "views": views, "view": present, "query": query, "may_share": request.user.has_perm(SHARE),
        "may_change_view": present is not None and _may_change(request.user, present),
        "may_share_view": present is not None and _may_share(request.user, present),
    }  # fmt: skip


@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """403 for a list that the person may not see, and for sharing without the permission."""
    model = request.POST.get("model", "")
    page = next((a for m, a in admin.site._registry.items() if m._meta.label_lower == model), None)
    if page is None:
        raise Http404("There is no such list.")
    shared = bool(request.POST.get("shared"))
    if not page.has_view_permission(request) or (shared and not request.user.has_perm(SHARE)):
        raise PermissionDenied
    query = canonical(request.POST.get("query", ""))
    try:
        view = saving.save_view(
            request.user.pk or 0, model=model, name=request.POST.get("name", ""), query=query, shared=shared,
            by=Actor.user(request.user),
        )  # fmt: skip
    except Refused as error:
        messages.error(request, gettext("%(error)s Nothing was kept.") % {"error": error})
    except IntegrityError:  # somebody kept one of this name in the same moment
        messages.error(request, gettext("There is a view of this name already. Nothing was kept."))
    else:
        messages.success(
            request,
            (gettext("Kept as “%(name)s” for everybody.") if shared else gettext("Kept as “%(name)s”."))
            % {"name": view.name},
        )
    return _to_list(model, query)


@require_POST
def change_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename (``name``), delete (``delete``), share or unshare (``share``: yes, no) a view: one's own, or a shared
    one with the permission to share. That is needed to share one, never to take one back."""
    view = SavedView.objects.filter(pk=pk).first()
    if view is None or not (view.shared or view.owner_id == request.user.pk):
        raise Http404("There is no such view.")
    if not _may_change(request.user, view):
        raise PermissionDenied
    by = Actor.user(request.user)
    try:
        if "delete" in request.POST:
            forget_view.forget_view(pk, by=by)
            messages.success(
                request,
                gettext("“%(name)s” was deleted. The rows that it listed are still here.")
                % {"name": view.name},
            )
        elif "share" in request.POST:
            shared = request.POST["share"] == "yes"
            if shared and not _may_share(request.user, view):
                raise PermissionDenied
            view = share_view.share_view(pk, shared=shared, by=by)
            told = {"name": view.name, "owner": view.owner}
            messages.success(
                request,
                gettext("“%(name)s” is now for everybody.") % told
                if shared
                else gettext("“%(name)s” is now for %(owner)s alone.") % told,
            )
        else:
            name = rename_view.rename_view(pk, name=request.POST.get("name", ""), by=by).name
            messages.success(request, gettext("It is called “%(name)s” now.") % {"name": name})
    except Refused as error:
        messages.error(request, gettext("%(error)s Nothing has changed.") % {"error": error})
    except IntegrityError:
        messages.error(request, gettext("There is a view of this name already. Nothing has changed."))
    return _to_list(view.model, view.query)


def _may_change(user: Any, view: SavedView) -> bool:
    return view.owner_id == user.pk or (view.shared and user.has_perm(SHARE))


def _may_share(user: Any, view: SavedView) -> bool:
    return view.owner_id == user.pk and bool(user.has_perm(SHARE))


def _to_list(model: str, query: str) -> HttpResponse:
    address = reverse(f"admin:{model.replace('.', '_')}_changelist")
    return HttpResponseRedirect(f"{address}?{query}" if query else address)
