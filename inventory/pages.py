"""Pages of their own: what is about no single row."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.actions.import_items import Imported, import_items
from inventory.models import Item
from inventory.rules.item_file import Row, write
from oms.core.actors import Actor
from oms.core.collisions import again
from oms.core.errors import Refused
from oms.core.saying import say

MOST_BYTES = 20 * 1024 * 1024
SHOWN = 20


class ItemFileForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_(
            "Columns: sku, name; and if you have them weight_g, length_mm, width_mm, height_mm, barcode, image_url "
            "and, for customs, hs_code, origin_country, customs_description, customs_value."
        ),
    )

    def clean_file(self) -> str:
        sent = self.cleaned_data["file"]
        if sent.size > MOST_BYTES:
            raise forms.ValidationError(gettext("The file is too large: at most 20 MB at once."))
        raw = sent.read()
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw.decode("cp1252", errors="replace")


def import_page(request: HttpRequest) -> HttpResponse:
    """Items by CSV. Bad rows are told and stop no other; sending the same file twice makes nothing twice."""
    if not request.user.has_perm("inventory.add_item"):
        raise PermissionDenied
    form = ItemFileForm(request.POST or None, request.FILES or None)
    back = reverse("admin:inventory_item_changelist")
    if request.method == "POST" and form.is_valid():
        try:
            sent, actor = form.cleaned_data["file"], Actor.user(request.user)
            done = again("page import items", lambda: import_items(sent, by=actor))
        except Refused as error:
            for reason in error.reasons[:SHOWN]:
                form.add_error(None, say(reason.words))
        else:
            messages.success(
                request,
                gettext("%(made)s items made; %(known)s were here already%(done)s.")
                % {"made": done.made, "known": done.known, "done": _filled(done)},
            )
            for reason in done.refused[:SHOWN]:
                messages.warning(request, say(reason.words))
            if len(done.refused) > SHOWN:
                messages.warning(
                    request,
                    gettext("… and %(n)s more rows could not be taken.") % {"n": len(done.refused) - SHOWN},
                )
            return HttpResponseRedirect(back)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Items from a file"),
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, "inventory/import.html", context, status=422 if form.errors else 200)


def _filled(done: Imported) -> str:
    return (
        gettext(", %(filled)s of them got customs data or sides that they lacked") % {"filled": done.filled}
        if done.filled
        else ""
    )


def export_page(request: HttpRequest) -> StreamingHttpResponse:
    """All items by CSV, as the import reads them."""
    if not request.user.has_perm("inventory.view_item"):
        raise PermissionDenied
    items = Item.objects.prefetch_related("barcodes").order_by("sku").iterator(chunk_size=1000)
    return StreamingHttpResponse(
        write(
            Row(
                0, item.sku, item.name, item.weight_g, tuple(code.code for code in item.barcodes.all()), item.image_url,
                item.hs_code, item.origin_country, item.customs_description, item.customs_value,
                item.length_mm, item.width_mm, item.height_mm,
            )
            for item in items
        ),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="items.csv"'},
    )  # fmt: skip
