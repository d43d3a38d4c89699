"""The machinery in the console: messages in and out, reactions, jobs, and what a person can do about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.actions.drop_effects import drop_effects
from oms.core.actions.replay_messages import replay_messages
from oms.core.actions.resend_effects import resend_effects
from oms.core.actions.retry_deliveries import retry_deliveries
from oms.core.actors import Actor
from oms.core.backups import too_old
from oms.core.console import shown
from oms.core.console.registry import (
    Button,
    Finder,
    MenuEntry,
    Outcome,
    Panel,
    Queue,
    Refusals,
    register,
)
from oms.core.errors import Reason
from oms.core.models import Delivery, InboundMessage, JobRun, OutboundEffect
from oms.core.partitions import not_made_ahead
from oms.core.personal import NOT_FOR_YOU, sees_people
from oms.core.words import Words

RECENT = timedelta(days=1)
BEHIND = timedelta(minutes=1)
"""What is read or followed up later than this lies in a queue that a person should see."""


def failed_jobs() -> Any:
    """Jobs whose last runs of a day failed and that have not succeeded since."""
    succeeded = JobRun.objects.filter(
        name=OuterRef("name"),
        scope=OuterRef("scope"),
        started_at__gt=OuterRef("started_at"),
        state="succeeded",
    )
    return JobRun.objects.filter(
        ~Exists(succeeded), state__in=["failed", "lost"], started_at__gt=timezone.now() - RECENT
    )


def payloads_waiting() -> Any:
    """What came and should have been read by now."""
    return InboundMessage.objects.filter(state="received", due_at__lt=timezone.now() - BEHIND)


def deliveries_waiting() -> Any:
    """Changes from which something should have followed by now."""
    return Delivery.objects.filter(state="pending", due_at__lt=timezone.now() - BEHIND)


def _refuse_unless(states: Sequence[str], code: str, words: Words) -> Any:
    def refusals(rows: Sequence[Any]) -> Refusals:
        return {row.pk: [Reason(code, str(words))] for row in rows if row.state not in states}

    return refusals


def _replay(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    count = replay_messages(ids, by=actor)
    return Outcome(gettext("%(count)s to be read again within moments.") % {"count": count}, done=count)


def _retry(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    count = retry_deliveries(ids, by=actor)
    return Outcome(gettext("%(count)s to be tried again within moments.") % {"count": count}, done=count)


def _resend(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    count = resend_effects(ids, by=actor)
    return Outcome(
        gettext("%(count)s to be sent again; what an earlier try achieved is read back first.")
        % {"count": count},
        done=count,
    )


class WhyForm(forms.Form):
    why = forms.CharField(label=_("why"), max_length=200, help_text=_("It is kept in the timeline."))


def _drop(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    count = drop_effects(ids, why=data["why"], by=actor)
    return Outcome(gettext("%(count)s given up.") % {"count": count}, done=count)


def _payload(request: Any, message: InboundMessage) -> Mapping[str, Any]:
    if not sees_people(request.user):
        return {"text": NOT_FOR_YOU, "headers": {}, "reason": message.reason, "state": message.state}
    try:
        text = shown.pretty(message.raw)
    except Exception:  # a body that cannot be unpacked is a finding, not an error page
        text = gettext("(the stored body cannot be unpacked)")
    return {"text": text[:200_000], "headers": message.headers, "reason": message.reason, "detail": message.detail,
            "state": message.state}  # fmt: skip


def _event(request: Any, delivery: Delivery) -> Mapping[str, Any]:
    text = shown.pretty(delivery.event.payload) if sees_people(request.user) else NOT_FOR_YOU
    return {"row": delivery, "event": delivery.event, "text": text}


def _effect(request: Any, effect: OutboundEffect) -> Mapping[str, Any]:
    if not sees_people(request.user):
        return {"row": effect, "sent": NOT_FOR_YOU, "answer": ""}
    return {"row": effect, "sent": shown.pretty(effect.request),
            "answer": shown.pretty(effect.response) if effect.response else ""}  # fmt: skip


register(
    Button(
        name="core.replay_message", label=_("Read again"), model="core.inboundmessage", rank=10, hotkey="r",
        permission="core.replay_inboundmessage", run=_replay, shown=lambda row: row.state != "superseded",
        refusals=_refuse_unless(["parked"], "not_parked", _("It does not wait for a person.")),
        words=_("Put it back in the queue: it is read as if it had just come."),
    ),
    Button(
        name="core.retry_delivery", label=_("Try again"), model="core.delivery", rank=10, hotkey="t",
        permission="core.retry_delivery", run=_retry, shown=lambda row: row.state != "done",
        refusals=_refuse_unless(["parked"], "not_parked", _("It is tried by itself.")),
        words=_("Hand it to its reaction once more."),
    ),
    Button(
        name="core.resend_effect", label=_("Send again"), model="core.outboundeffect", rank=10, hotkey="s",
        permission="core.retry_outboundeffect", run=_resend, shown=lambda row: row.state != "confirmed",
        refusals=_refuse_unless(["failed"], "not_failed", _("It has not failed.")),
        words=_("Try once more; first it is read back whether an earlier try went through."),
    ),
    Button(
        name="core.drop_effect", label=_("Give up"), model="core.outboundeffect", rank=20, dangerous=True,
        permission="core.drop_outboundeffect", run=_drop, form=lambda rows: WhyForm,
        shown=lambda row: row.state not in ("confirmed", "superseded"),
        refusals=_refuse_unless(["pending", "failed"], "on_its_way", _("It is being sent right now.")),
        words=_("It will not be sent. Say why; the shop is not told anything."),
    ),
    Queue(
        "payloads-parked", _("Messages that cannot be read"), "Channels", "core.inboundmessage",
        lambda: InboundMessage.objects.filter(state="parked"), "received_at", "core.replay_inboundmessage",
        _("Everything that came was read."), _("Laid aside with their reason; mend it, then read them again."), rank=30,
    ),
    Queue(
        "payloads-waiting", _("Messages that wait to be read"), "Channels", "core.inboundmessage", payloads_waiting,
        "due_at", "core.view_inboundmessage", _("Whatever comes is read at once."),
        _("More came than could be read at once, or no worker runs. Nothing is lost: each is read in its turn."), rank=35,
    ),
    Queue(
        "effects-failed", _("Could not be sent"), "Channels", "core.outboundeffect",
        lambda: OutboundEffect.objects.filter(state="failed"), "created_at", "core.retry_outboundeffect",
        _("Every message went out."), _("What a shop or carrier refused, or did not answer."), rank=40,
    ),
    Queue(
        "deliveries-parked", _("Reactions that failed"), "System", "core.delivery",
        lambda: Delivery.objects.filter(state="parked"), "due_at", "core.retry_delivery",
        _("Every change was followed up."), _("Something changed, and what should follow from it did not."), rank=10,
    ),
    Queue(
        "deliveries-waiting", _("Reactions that are behind"), "System", "core.delivery", deliveries_waiting, "due_at",
        "core.view_delivery", _("What has to follow from a change follows at once."),
        _("More happens than can be followed up at once, or no worker runs. Nothing is lost: each has its turn."), rank=12,
    ),
    Queue(
        "jobs-failed", _("Jobs that fail"), "System", "core.jobrun", failed_jobs, "started_at", "core.view_jobrun",
        _("Every job ran through."), _("They run again by themselves; look at the error when they stay."), rank=20,
    ),
    Queue(
        "backup-old", _("Backup is old"), "System", "core.jobrun", too_old, "started_at",
        "django_celery_beat.change_periodictask",
        _("The last backup is of today or yesterday."), _("None went well for a day and a half: see why, then run it by hand."),
        rank=30,
    ),
    Queue(
        "history-rest", _("History without a partition"), "System", "core.jobrun", not_made_ahead, "started_at",
        "django_celery_beat.change_periodictask",
        _("What is written has its partition."),
        _("The next one was not made in time. Nothing is lost or refused: run the job by hand, it gives these rows theirs."),
        rank=35,
    ),
    Panel("payload", _("What came"), "core.inboundmessage", "core/payload.html", _payload, order=10),
    Panel("event", _("What happened"), "core.delivery", "core/event.html", _event, order=10),
    Panel("sent", _("What was sent"), "core.outboundeffect", "core/effect.html", _effect, order=10),
    Finder(
        "core.inboundmessage", _("Messages"), "core.view_inboundmessage",
        find=lambda q: InboundMessage.objects.filter(external_id=q).defer("body").order_by("-pk"),
        exact=lambda q: InboundMessage.objects.none(), rank=900,
    ),
    MenuEntry("Work", _("Work"), "inbox", "admin:index", rank=0),
    MenuEntry("Channels", _("Messages in"), "download", "admin:core_inboundmessage_changelist",
              "core.view_inboundmessage", rank=30),
    MenuEntry("Channels", _("Messages out"), "upload", "admin:core_outboundeffect_changelist",
              "core.view_outboundeffect", rank=40),
    MenuEntry("System", _("Jobs"), "schedule", "admin:core_jobrun_changelist", "core.view_jobrun", rank=10),
    MenuEntry("System", _("Timetable"), "event_repeat", "admin:django_celery_beat_periodictask_changelist",
              "django_celery_beat.view_periodictask", rank=20),
    MenuEntry("System", _("Reactions"), "bolt", "admin:core_delivery_changelist", "core.view_delivery", rank=30),
    MenuEntry("System", _("Journal"), "history", "admin:core_journalentry_changelist", "core.view_journalentry", rank=40),
    MenuEntry("System", _("History"), "database", "admin:core_journalentry_partitions", "core.view_journalentry", rank=45),
    MenuEntry("System", _("Collisions"), "call_merge", "admin:core_collision_changelist", "core.view_collision", rank=35),
    MenuEntry("System", _("People"), "group", "admin:auth_user_changelist", "auth.view_user", rank=50),
    MenuEntry("System", _("Roles"), "badge", "admin:auth_group_changelist", "auth.view_group", rank=60),
    MenuEntry("System", _("API keys"), "key", "admin:core_apitoken_changelist", "core.view_apitoken", rank=70),
)  # fmt: skip
