"""The machinery's own pages, and the door through which every app's ``console.py`` comes in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.urls import path
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

import oms.core.console.system
import oms.core.console.watch  # noqa: F401
from oms.core import journal, relay
from oms.core.actors import Actor
from oms.core.console import shown
from oms.core.console.base import ConsoleAdmin
from oms.core.console.filters import choose
from oms.core.console.history import partitions_page
from oms.core.console.listing import distinct
from oms.core.journal import Line
from oms.core.models import (
    ApiToken,
    Collision,
    Delivery,
    InboundMessage,
    JobRun,
    JournalEntry,
    OutboundEffect,
)


@admin.register(InboundMessage)
class InboundMessageAdmin(ConsoleAdmin):
    keyset = "-id"
    spoken_fields = ("kind",)
    list_display = ("what", "source", "kind", "state", "reason", "received_at")
    list_filter = (
        choose("state", InboundMessage.State.choices, _("state")),
        choose("source", lambda: [(s, s) for s in distinct("core_inboundmessage", "source")], _("source")),
    )
    page_fields = ("source", "kind", "external_id", "hint", "remote_at", "received_at", "attempts", "due_at",
                   "processed_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("body", "headers")

    def page_queryset(self, request: HttpRequest) -> Any:
        return InboundMessage.objects.all()

    def badges(self, obj: Any) -> list[Any]:
        return [shown.badge(obj.get_state_display(), "parked" if obj.state == "parked" else obj.state)]

    @admin.display(description=_("message"))
    def what(self, obj: InboundMessage) -> str:
        return obj.external_id or gettext("message %(pk)s") % {"pk": obj.pk}


@admin.register(Delivery)
class DeliveryAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("reaction", "subject", "state", "reason", "attempts", "due_at")
    list_filter = (choose("state", Delivery.State.choices, _("state")),
                   choose("reaction", lambda: [(r, r) for rs in relay.reactions().values() for r in rs], _("reaction")))  # fmt: skip
    list_select_related = ("event",)
    page_fields = ("reaction", "subject", "attempts", "due_at", "done_at")

    def title_of(self, obj: Delivery) -> str:
        return f"{obj.event.topic} → {obj.reaction}"


@admin.register(OutboundEffect)
class OutboundEffectAdmin(ConsoleAdmin):
    keyset = "-id"
    spoken_fields = ("kind",)
    list_display = ("kind", "target", "subject", "state", "reason", "attempts", "created_at")
    list_filter = (choose("state", OutboundEffect.State.choices, _("state")),)
    page_fields = ("kind", "target", "key", "attempts", "due_at", "remote_id", "created_at", "confirmed_at")

    def title_of(self, obj: OutboundEffect) -> str:
        return f"{shown.spoken(obj.kind)} → {obj.target}"


@admin.register(JobRun)
class JobRunAdmin(ConsoleAdmin):
    keyset = "-started_at"
    list_display = ("name", "scope", "state", "started_at", "took", "error_start")
    csv_fields = {"error_start": ("error",)}
    list_filter = (choose("state", JobRun.State.choices, _("state")),
                   choose("name", lambda: [(n, n) for n in distinct("core_jobrun", "name")], _("job")))  # fmt: skip
    page_fields = ("name", "scope", "started_at", "finished_at", "took")
    wide_fields = ("error", "result")

    @admin.display(description=_("took"))
    def took(self, obj: JobRun) -> str:
        if obj.finished_at is None:
            return ""
        return f"{(obj.finished_at - obj.started_at).total_seconds():.1f} s"

    @admin.display(description=_("error"))
    def error_start(self, obj: JobRun) -> str:
        return obj.error[:120]


@admin.register(Collision)
class CollisionAdmin(ConsoleAdmin):
    """Two changes at one moment: which kind, at which door, and how many were carried out again in vain."""

    keyset = "-hour"
    list_display = ("door", "kind", "hour", "met", "given_up")
    list_filter = (choose("kind", Collision.Kind.choices, _("kind")),)
    page_fields = ("door", "kind", "hour", "met", "given_up")


@admin.register(JournalEntry)
class JournalEntryAdmin(ConsoleAdmin):
    keyset = "-id"
    beside = ((_("Where it lies…"), "admin:core_journalentry_partitions"),)
    spoken_fields = ("verb", "before", "after")
    list_display = ("verb", "subject", "words_start", "actor", "at")
    csv_fields = {"words_start": ("words",)}
    page_fields = ("at", "actor", "verb", "subject", "thread", "before", "after")
    wide_fields = ("words", "data")

    def get_urls(self) -> Any:
        page = self.admin_site.admin_view(partitions_page)
        return [path("partitions/", page, name="core_journalentry_partitions"), *super().get_urls()]

    @admin.display(description=_("what happened"))
    def words_start(self, obj: JournalEntry) -> str:
        return obj.words[:160]


@admin.register(ApiToken)
class ApiTokenAdmin(ConsoleAdmin):
    list_display = ("name", "prefix", "live", "last_used_at", "expires_at", "created_by")
    list_select_related = ("created_by",)
    page_fields = ("name", "prefix", "created_by", "created_at", "expires_at", "revoked_at", "last_used_at")

    @admin.display(description=_("in use"))
    def live(self, obj: ApiToken) -> str:
        return shown.badge("valid", tone=shown.GOOD) if obj.live else shown.badge("ended", tone=shown.CALM)

    def badges(self, obj: ApiToken) -> list[Any]:
        return [self.live(obj)]


# -- people and their roles

admin.site.unregister(User)
admin.site.unregister(Group)


class Journalled:
    """Changes of people and roles leave a journal line too."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)  # type: ignore[misc]
        with override(settings.LANGUAGE_CODE):
            words = (
                gettext("Changed: %(fields)s.")
                % {"fields": ", ".join(form.changed_data) or gettext("nothing")}
                if change
                else gettext("Added.")
            )
        journal.write([Line.of(obj, "edit" if change else "add", words)], by=Actor.user(request.user))


@admin.register(User)
class UserAdmin(Journalled, DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("May"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A person who left is made inactive: what she did stays hers.
        return False


@admin.register(Group)
class RoleAdmin(Journalled, DjangoGroupAdmin, ModelAdmin):
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# -- the schedule: an operator may retime a job or switch it off, and sync_schedule leaves her choice alone

for schedule in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(schedule)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(ConsoleAdmin):
    keyset = "name"
    list_display = ("name", "every", "enabled", "last_run_at")
    list_select_related = ("interval", "crontab")
    editable = ("enabled", "interval", "crontab")
    page_fields = ("task", "every", "enabled", "last_run_at", "total_run_count")

    @admin.display(description=_("when"))
    def every(self, obj: PeriodicTask) -> str:
        return str(obj.interval or obj.crontab or "")


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ConsoleAdmin):
    list_display = ("__str__",)
    addable = ("every", "period")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(ConsoleAdmin):
    list_display = ("__str__",)
    addable = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone")


# Every app's console.py (queues, panels, menu) and buttons/ (verbs) are found here, at start.
autodiscover_modules("console", "buttons")
