"""The model admin that every page of the console is made of.

Lists come page by page by key; an object's page shows what it is, what may be done with it, the panels that
any app hung into it, and its timeline. Nothing is deleted here, nothing added or edited unless declared, and
what is edited leaves a journal line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field, quote, unquote
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from oms.core import journal
from oms.core.actors import Actor
from oms.core.console import sheet, shown
from oms.core.console.listing import KeysetList
from oms.core.console.offers import Offer, attach
from oms.core.console.press import token
from oms.core.console.registry import registry
from oms.core.console.saved import views_of
from oms.core.console.veils import veil_rows
from oms.core.journal import Line
from oms.core.models import JournalEntry, subject_of, thread_of
from oms.core.naming import OURS
from oms.core.personal import Veil, names_person, sees_people
from oms.core.places import own
from oms.core.words import Words

TIMELINE = 200


class ConsoleAdmin(ModelAdmin):
    """``keyset`` is the indexed, never empty field by which the list is ordered ("-placed_at"); ``page_fields``
    the details of the object's page; ``editable`` the fields a person may change, ``addable`` those that she
    fills in for a new row (none: no new rows); ``labels`` are a shopkeeper's words for field names. Columns are
    fields, or methods that get the row; each row knows its ``viewer`` and its ``veil``, so that personal data can
    be masked. ``csv_fields`` names what a CSV file has in a column's place, where the column is written for the
    eye only: an amount as ("total", "currency"). ``spoken_fields`` hold codes that are read as words.
    """

    keyset = "-id"
    page_fields: Sequence[str] = ()
    editable: Sequence[str] = ()
    addable: Sequence[str] = ()
    wide_fields: Sequence[str] = ()
    labels: Mapping[str, Words] = MappingProxyType({})
    csv_fields: Mapping[str, Sequence[str]] = MappingProxyType({})
    spoken_fields: Sequence[str] = ()
    actions = None
    list_per_page = 50
    show_full_result_count = False
    sortable_by = ()
    list_filter_submit = False
    change_list_template = "console/list.html"
    page_template = "console/page.html"
    empty_words = _("Nothing to see here yet.")
    beside: Sequence[tuple[Words, str]] = ()
    """Pages beside the list: words, and the name of a URL that needs no more right than the list."""

    # -- what may be done

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Boxes to tick: a list in which one must hold a key down loses the others at a plain click."""
        return super().formfield_for_manytomany(
            db_field, request, widget=UnfoldAdminCheckboxSelectMultipleWidget, **kwargs
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.addable) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.editable) and super().has_change_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        name = f"{self.opts.app_label}.view_{self.opts.model_name}"
        return bool(request.user.has_perm(name)) or self.has_change_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        return list(self.editable if obj else self.addable) or super().get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        with override(settings.LANGUAGE_CODE):  # what is kept is in the house's language, not in the person's
            if change:
                parts = [f"{form.fields[n].label or n}: {form.initial.get(n)} → {form.cleaned_data.get(n)}"
                         for n in form.changed_data if isinstance(form.cleaned_data.get(n), str | int | float | None)]  # fmt: skip
                parts += [str(form.fields[n].label or n) for n in form.changed_data if not any(
                    p.startswith(str(form.fields[n].label or n)) for p in parts)]  # fmt: skip
                words = (
                    gettext("Changed %(names)s.") % {"names": "; ".join(parts)}
                    if parts
                    else gettext("Saved without a change.")
                )
            else:
                words = gettext("%(verbose_name)s %(obj)s added.") % {
                    "verbose_name": self.opts.verbose_name,
                    "obj": obj,
                }
        journal.write([Line.of(obj, "edit" if change else "add", words[:2000])], by=Actor.user(request.user))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The journal tells it; Django's own log would be a second one."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """As ``log_addition``."""

    # -- lists

    def get_queryset(self, request: HttpRequest) -> Any:
        return own(request.user, super().get_queryset(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetList]:
        return KeysetList

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        return ("pk",) if registry.finder_of(self.opts.label) else ()

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        finder = registry.finder_of(self.opts.label)
        if not search_term.strip() or finder is None:
            return queryset, False
        if names_person(search_term) and not sees_people(request.user):
            return queryset.none(), False
        return queryset.filter(
            pk__in=finder.found(search_term.strip(), request.user).order_by().values("pk")
        ), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Who may not see people may not ask for them in the address either: text is only searched by its filters."""
        if not super().lookup_allowed(lookup, value, request):
            return False
        filters = {getattr(each, "parameter_name", each) for each in self.get_list_filter(request)}
        if sees_people(request.user) or lookup in filters:
            return True
        name = lookup.partition("__")[0]
        field = next((f for f in self.opts.concrete_fields if name in (f.name, f.attname)), None)
        words = isinstance(field, models.CharField | models.TextField | models.JSONField)
        return not words or bool(getattr(field, "choices", None))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            cl = context["cl"]
            veil_rows(request.user, cl.result_list)
            papers = [p for p in registry.papers_of(self.opts.label) if p.allowed(request.user)]
            context.update(
                title=cl.queue.title if cl.queue else capfirst(str(self.opts.verbose_name_plural)),
                columns=[self._label(name) for name in self.list_display],
                rows=[(row, self._page(row), [_dressed(self.cell(row, name)) for name in self.list_display])
                      for row in cl.result_list],
                bulk=[b for b in registry.buttons_of(self.opts.label) if b.bulk and b.allowed(request.user)],
                papers=papers, sizes=next((p.sizes for p in papers if p.sizes), ()),
                csv_link=self._csv_link(cl), nobody=_nobody(request, cl), **views_of(request, cl),
                console_own=True, narrowed=_narrowed(cl), filters=[_filter(spec, cl) for spec in cl.filter_specs],
                empty_words=cl.queue.empty_words if cl.queue else self.empty_words,
                first_page=cl.get_query_string(),
                beside=[(words, reverse(name)) for words, name in self.beside],
            )  # fmt: skip
        return response

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_csv"
        return [path("csv/", self.admin_site.admin_view(self.csv_view), name=name), *super().get_urls()]

    def csv_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as a file, as its address filters, searches and queues it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            cl = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect("../?e=1")
        return sheet.answer(self, cl, request.user)

    def _csv_link(self, cl: KeysetList) -> str:
        return f"{reverse(f'admin:{self.opts.app_label}_{self.opts.model_name}_csv')}{cl.get_query_string()}"

    def _label(self, name: str) -> str:
        return str(self.labels.get(name) or label_for_field(name, self.model, self))

    def value(self, row: Any, name: str) -> tuple[Any, Any]:
        """The field (``None`` for a method) and what its reader may see of its value."""
        try:
            field, _attr, value = lookup_field(name, row, self)
        except ObjectDoesNotExist:
            return None, None
        return field, _veiled(row, value)

    def cell(self, row: Any, name: str) -> Any:
        """A value as people read it: states as badges, times relative, empty as a dash."""
        field, value = self.value(row, name)
        if value is None or value == "":
            return shown.NOTHING
        if field is None:
            return shown.when(value) if isinstance(value, datetime) else value
        if field.flatchoices:
            return shown.badge(str(dict(field.flatchoices).get(value, value)), str(value))
        if name in self.spoken_fields:
            return shown.spoken(str(value))
        if isinstance(field, models.BooleanField):
            return (
                shown.badge(gettext("yes"), tone=shown.GOOD)
                if value
                else shown.badge(gettext("no"), tone=shown.CALM)
            )
        if isinstance(value, datetime):
            return shown.when(value)
        if isinstance(field, models.JSONField):
            return format_html('<pre class="raw">{}</pre>', shown.pretty(value)) if value else shown.NOTHING
        if isinstance(field, models.ForeignKey):
            return self._linked(value)
        return value

    def _linked(self, value: Any) -> Any:
        page = self.admin_site._registry.get(type(value))
        return shown.link(page._page(value), str(value)) if isinstance(page, ConsoleAdmin) else str(value)

    def _page(self, row: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[quote(row.pk)])

    # -- the page of one object

    def page_queryset(self, request: HttpRequest) -> Any:
        """The row with what its page shows; add ``select_related`` and ``prefetch_related`` here."""
        return self.get_queryset(request).select_related(*(self.list_select_related or ()))

    def headline(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        """Label and value of what stands at the top, readable aloud on the phone."""
        return []

    def title_of(self, obj: Any) -> str:
        return str(obj)

    def badges(self, obj: Any) -> list[Any]:
        return [shown.badge(obj.get_state_display(), obj.state)] if hasattr(obj, "get_state_display") else []

    def strip(self, request: HttpRequest, obj: Any) -> Any:
        """The strip of steps with its sentence (``orders.rules.progress.Strip``), where there is one."""
        return None

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        editing = self.editable and (request.method == "POST" or "edit" in request.GET)
        if editing:
            only_save = {"show_save_and_continue": False, "show_save_and_add_another": False}
            return super().change_view(request, object_id, form_url, {**only_save, **(extra_context or {})})
        if request.method == "POST":
            raise PermissionDenied
        return self.page_view(request, object_id)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if "_save" in request.POST:
            self.message_user(request, gettext("Saved."))
            return self.response_post_save_page(obj)
        return super().response_change(request, obj)

    def response_post_save_page(self, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(self._page(obj))

    def page_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            pk = self.opts.pk.to_python(unquote(object_id))
        except Exception:
            pk = None
        obj = self.page_queryset(request).filter(pk=pk).first() if pk is not None else None
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        veil_rows(request.user, [obj])
        strip = self.strip(request, obj)
        attach(request.user, [obj])
        primary = self._primary(request, obj, strip.present if strip else None)
        panels = self._panels(request, obj)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts, "object": obj, "original": obj, "title": obj.veil(self.title_of(obj)), "subtitle": None,
            "headline": [(label, _veiled(obj, value)) for label, value in self.headline(request, obj)], "badges": self.badges(obj), "strip": strip,
            "blocked": bool(strip) and any(step.state == "blocked" for step in strip.steps),
            "primary": primary, "others": [o for o in obj.offers if o is not primary],
            "panels": [p for p in panels if not p["panel"].side], "side": [p for p in panels if p["panel"].side],
            "details": self._values(obj, self.page_fields), "wide": self._values(obj, self.wide_fields),
            "timeline": timeline(obj, obj.veil), "veil": obj.veil, "papers": self._papers(request, obj), "press": token(), "here": request.get_full_path(),
            "may_edit": self.has_change_permission(request, obj),
            "list_title": capfirst(str(self.opts.verbose_name_plural)),
            "list_link": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
        }  # fmt: skip
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.page_template, context)

    def _papers(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [p for p in registry.papers_of(self.opts.label) if p.allowed(request.user) and p.shown(obj)]

    def _values(self, obj: Any, names: Sequence[str]) -> list[tuple[str, Any]]:
        """What is empty is left out: it says nothing."""
        found = [(self._label(name), self.cell(obj, name)) for name in names]
        return [(label, value) for label, value in found if value != shown.NOTHING]

    def _panels(self, request: HttpRequest, obj: Any) -> list[dict[str, Any]]:
        found = []
        for panel in registry.panels_of(self.opts.label):
            if panel.permission and not request.user.has_perm(panel.permission):
                continue
            context: Mapping[str, Any] | None = panel.context(request, obj)
            if context is not None:
                found.append({"panel": panel, "context": context})
        return found

    def _primary(self, request: HttpRequest, obj: Any, present: str | None) -> Offer | None:
        """The next step's button: of the object itself, or of a row that belongs to it. Where there is no
        strip, the first of its own buttons that is a step of an order's way."""
        if not present:
            own = (o for o in obj.offers if o.button.steps and not o.reasons and not o.button.dangerous)
            return next(own, None)
        for offer in obj.offers:
            if present in offer.button.steps and not offer.reasons:
                return offer
        for related in registry.related_of(self.opts.label):
            rows = list(related.rows(obj))
            attach(request.user, rows)
            for row in rows:
                for offer in row.offers:
                    if present in offer.button.steps and not offer.reasons:
                        return offer
        return None


def _veiled(row: Any, value: Any) -> Any:
    """Markup is ours, everything else may be words that name people."""
    veil = getattr(row, "veil", None) or Veil()
    return value if hasattr(value, "__html__") else veil(value)


def timeline(obj: Any, veil: Veil) -> list[dict[str, Any]]:
    """What happened to it, newest first: the whole story for the row that a story is about."""
    subject, thread = subject_of(obj), thread_of(obj)
    lines = JournalEntry.objects.filter(**({"thread": thread} if subject == thread else {"subject": subject}))
    return [
        {
            "at": line.at, "who": who(line.actor), "by_person": line.actor.startswith("user:"),
            "verb": capfirst(shown.spoken(line.verb)), "words": veil(line.words), **_move_of(line),
            "subject": None if line.subject == subject else _subject(line.subject),
        }
        for line in lines.order_by("-id")[:TIMELINE]
    ]  # fmt: skip


@lru_cache
def _models() -> dict[str, Any]:
    """Our models by how subjects name them."""
    return {
        str(model._meta.model_name): model for model in apps.get_models() if model._meta.app_label in OURS
    }


def _subject(subject: str) -> tuple[str, str]:
    """What a journal line speaks of, in words, and the address of its page where it has one."""
    name, _, pk = subject.partition(":")
    model = _models().get(name)
    if model is None:
        return f"{name} {pk}", ""
    address = f"admin:{model._meta.app_label}_{name}_change"
    link = reverse(address, args=[pk]) if model in admin.site._registry else ""
    return f"{model._meta.verbose_name} {pk}", link


def _move_of(line: JournalEntry) -> dict[str, Any]:
    """The states of a move in the words of the model's lifecycle."""
    model = _models().get(line.subject.partition(":")[0])
    names: dict[str, str] = {}
    for field in model._meta.fields if model else ():
        if isinstance(field, FSMField):
            names.update({str(code): str(words) for code, words in field.flatchoices})
    return {
        "before": names.get(line.before, shown.spoken(line.before)),
        "after": names.get(line.after, shown.spoken(line.after)),
        "moved": bool(line.before and line.before != line.after),
    }


def who(actor: str) -> str:
    kind, _, name = actor.partition(":")
    return {
        "user": name, "token": gettext("program %(name)s") % {"name": name}, "channel": gettext("the shop (%(name)s)") % {"name": name}, "carrier": gettext("the carrier (%(name)s)") % {"name": name},
        "job": gettext("by itself"), "system": gettext("by itself"),
    }.get(kind, actor)  # fmt: skip


def _dressed(value: Any) -> tuple[Any, str]:
    """A cell and its class: numbers to the right, empty ones left out on a phone."""
    if value == shown.NOTHING:
        return value, "void"
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return value, "num" if number else ""


def _filter(spec: Any, cl: Any) -> dict[str, Any]:
    choices = list(spec.choices(cl))
    active = next((c["display"] for c in choices[1:] if c["selected"]), "")
    return {"title": str(spec.title), "choices": choices, "active": active}


def _nobody(request: HttpRequest, cl: Any) -> bool:
    """Did somebody look for a person who may not?"""
    return bool(cl.query) and names_person(cl.query) and not sees_people(request.user)


def _narrowed(cl: Any) -> list[tuple[str, str]]:
    """Conditions from a link that no filter shows, with the address that drops each."""
    shown_by_filters = {name for spec in cl.filter_specs for name in spec.expected_parameters()}
    return [
        (f"{name.replace('__gte', ' from').replace('__lt', ' until').replace('_', ' ')} {values[0]}",
         cl.get_query_string(remove=[name]))
        for name, values in cl.get_filters_params().items()
        if name not in shown_by_filters
    ]  # fmt: skip
