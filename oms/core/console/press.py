"""The one view behind every button: asks where it must, does it once, and says what came of it."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.core.files import File
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from oms.core.actors import Actor
from oms.core.collisions import again, busy, kind_of
from oms.core.console.forms import Tabled, narrow
from oms.core.console.offers import refused, rows_of
from oms.core.console.once import Once, StillRunning
from oms.core.console.registry import Button, Outcome, Preview, registry
from oms.core.console.veils import veil_rows
from oms.core.errors import OmsError, Reason, Refused
from oms.core.saying import say

MOST = 1000
"""Rows that one press may be for."""


def token() -> str:
    return uuid.uuid4().hex


def press(request: HttpRequest, name: str) -> HttpResponse:
    """GET asks (form, preview, what is refused); POST does it. 403 without the permission, 409 when refused."""
    button = registry.buttons.get(name)
    if button is None:
        raise Http404(f"There is no button called {name}.")
    sent = request.POST if request.method == "POST" else request.GET
    page = _Page(request, button, ids_of(sent.getlist("ids")))
    if not button.allowed(request.user):
        return TemplateResponse(request, "console/forbidden.html", page.context(), status=403)
    if not page.ids:
        messages.warning(request, gettext("Nothing was chosen."))
        return HttpResponseRedirect(page.back)
    page.look()
    if request.method != "POST":
        return page.ask()
    return page.do()


class _Page:
    def __init__(self, request: HttpRequest, button: Button, ids: list[int]):
        self.request, self.button, self.ids = request, button, ids
        self.back = back_to(request, button.model, ids)
        self.rows: list[Any] = []
        self.refused: dict[Any, list[Reason]] = {}
        self.form: Any = None
        self.preview: Preview | None = None

    def look(self) -> None:
        self.rows = rows_of(self.button, self.ids)
        if not self.rows:
            raise Http404("These rows are not there any more.")
        veil_rows(self.request.user, self.rows)
        self.refused = refused(self.button, self.request.user, self.rows)
        self.ready = [row for row in self.rows if row.pk not in self.refused]
        self.form_class = self.button.form(self.ready or self.rows) if self.button.form else None

    def ask(self) -> HttpResponse:
        if self.form_class:
            given = {k: v for k, v in self.request.GET.items() if k not in ("ids", "next")}
            self.form = narrow(self.form_class(initial=given), self.request.user)
        elif self.button.preview and self.ready:
            self.preview = self.button.preview([row.pk for row in self.ready], {})
        return self.show()

    def do(self) -> HttpResponse:
        post = self.request.POST
        if not self.ready:
            return self.show(status=409)
        data: dict[str, Any] = {}
        if self.form_class:
            self.form = narrow(self.form_class(post, self.request.FILES or None), self.request.user)
            if not self.form.is_valid():
                return self.show(status=422)
            data = dict(self.form.cleaned_data)
        ready = [row.pk for row in self.ready]
        if post.get("step") == "preview" and self.button.preview:
            try:
                self.preview = self.button.preview(ready, data)
            except Refused as error:
                return self.show(status=409, reasons=error.reasons)
            return self.show()
        key = post.get("press", "").strip()
        if not key:
            return self.show(
                status=409,
                reasons=[Reason("stale_page", gettext("This page was old. Please press once more."))],
            )
        actor = Actor.user(self.request.user)
        mark = hashlib.sha256(json.dumps([self.button.name, sorted(self.ids)]).encode()).hexdigest()
        try:
            with Once(str(actor), f"press:{self.button.name}:{key}", mark) as once:
                if once.answer is None:
                    outcome = again(
                        f"button {self.button.name}", lambda: self._run(ready, actor, {**data, "press": key})
                    )
                    once.keep(self._answer(outcome))
                answer = once.answer or self._answer(outcome)
        except Refused as error:
            return self.show(status=409, reasons=error.reasons)
        except StillRunning:
            messages.info(self.request, gettext("This is still being done. Look again in a moment."))
            return HttpResponseRedirect(self.back)
        except OperationalError as error:
            if not kind_of(error):
                raise
            return self.show(status=409, reasons=[busy()])
        except OmsError as error:
            words = gettext("It did not work: %(error)s. Nothing was lost; try again in a moment.") % {
                "error": error
            }
            return self.show(status=409, reasons=[Reason("did_not_work", words)])
        self._tell(answer)
        return HttpResponseRedirect(self.back)

    def _run(self, ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
        for value in data.values():
            if isinstance(value, File):  # it was read already where this is not the first try
                value.seek(0)
        return self.button.run(ids, actor, data)

    def _answer(self, outcome: Outcome) -> dict[str, Any]:
        labels = {
            str(row): [say(r.words) for r in self.refused[row.pk]]
            for row in self.rows
            if row.pk in self.refused
        }
        for label, reasons in outcome.refused.items():
            labels[str(label)] = [say(r.words) for r in reasons]
        undo = [outcome.undo[0], list(outcome.undo[1])] if outcome.undo else None
        return {
            "words": str(outcome.words), "done": outcome.done, "refused": labels, "undo": undo,
            "link": list(outcome.link) if outcome.link else None,
        }  # fmt: skip

    def _tell(self, answer: Mapping[str, Any]) -> None:
        extra = SafeString("")
        if answer["link"]:
            label, address = answer["link"]
            extra += format_html(' <a class="plain-link" href="{}">{}</a>', address, label)
        if answer["undo"]:
            extra += self._undo(*answer["undo"])
        messages.success(self.request, format_html("{}{}", answer["words"], extra))
        for label, reasons in list(answer["refused"].items())[:20]:
            messages.warning(self.request, f"{label}: {' '.join(reasons)}")
        if len(answer["refused"]) > 20:
            messages.warning(
                self.request, gettext("… and %(n)s more were refused.") % {"n": len(answer["refused"]) - 20}
            )

    def _undo(self, name: str, ids: Sequence[int]) -> SafeString:
        button = registry.buttons.get(name)
        if button is None or not button.allowed(self.request.user):
            return SafeString("")
        return format_html(
            '<form class="undo" method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<input type="hidden" name="ids" value="{}"><input type="hidden" name="press" value="{}">'
            '<input type="hidden" name="next" value="{}"><button>{}</button></form>',
            reverse("console:press", args=[name]), get_token(self.request), ",".join(map(str, ids)), token(), self.back, gettext("Undo"),
        )  # fmt: skip

    def context(self) -> dict[str, Any]:
        # Here and not at once: a press that is done shows no page, and the menus cost more than most deeds.
        from django.contrib import admin

        return {
            **admin.site.each_context(self.request), "button": self.button, "title": self.button.label, "back": self.back,
            "console_own": True,
            "ids": ",".join(map(str, self.ids)), "ids_list": self.ids,
        }  # fmt: skip

    def show(self, status: int = 200, reasons: Sequence[Reason] = ()) -> HttpResponse:
        plain: Preview | None = self.preview
        if plain and isinstance(self.form, Tabled):
            self.form.tell(plain.each, plain.total)
        refused_rows = [(row, self.refused[row.pk]) for row in self.rows if row.pk in self.refused]
        return TemplateResponse(
            self.request,
            "console/press.html",
            {
                **self.context(),
                "form": self.form,
                "preview": plain,
                "rows": self.rows,
                "ready": self.ready,
                "refused_rows": refused_rows,
                "reasons": reasons,
                "press": token(),
                "can_preview": bool(self.form_class and self.button.preview),
                "named": self.rows[0] if len(self.rows) == 1 else None,
                "noun": apps.get_model(self.button.model)._meta.verbose_name,
                "nouns": apps.get_model(self.button.model)._meta.verbose_name_plural,
            },
            status=status,
        )


def ids_of(values: Sequence[str]) -> list[int]:
    found = [int(part) for value in values for part in value.split(",") if part.strip().isdigit()]
    return list(dict.fromkeys(found))[:MOST]


def back_to(request: HttpRequest, model: str, ids: Sequence[int]) -> str:
    """Where the person came from; never another site."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    if asked and url_has_allowed_host_and_scheme(
        asked, {request.get_host()}, require_https=request.is_secure()
    ):
        return asked
    name = f"admin:{model.lower().replace('.', '_')}"
    try:
        return reverse(f"{name}_change", args=[ids[0]]) if len(ids) == 1 else reverse(f"{name}_changelist")
    except NoReverseMatch:  # a row that is only shown on another's page
        return reverse("admin:index")
