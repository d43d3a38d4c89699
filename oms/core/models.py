"""The tables of the ground floor: journal, outbox, inbox, effects, jobs, tokens.

None of them has a foreign key to the floors above: what they speak of is named by a subject such as
``order:42``, and the story it belongs to by a thread, so that one query gives an order's whole timeline.
"""

from __future__ import annotations

import zlib
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class JournalEntry(models.Model):
    """One line of what happened: append-only, in words. ``before``/``after`` are states where a state moved."""

    at = models.DateTimeField(default=timezone.now, editable=False)
    actor = models.CharField(max_length=150)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    thread = models.CharField(max_length=80)
    before = models.CharField(max_length=30, blank=True, default="")
    after = models.CharField(max_length=30, blank=True, default="")
    words = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("journal line")
        indexes = [
            models.Index(fields=["thread", "id"], name="journal_thread"),
            models.Index(fields=["subject", "id"], name="journal_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.verb} {self.subject}"


class OutboxEvent(models.Model):
    """A recorded change that others react to, written in the transaction of the change itself."""

    topic = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    payload = models.JSONField(default=dict)
    actor = models.CharField(max_length=150, default="system:oms")
    at = models.DateTimeField(default=timezone.now, editable=False)
    fanned_out_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("event")
        indexes = [models.Index(fields=["id"], name="outbox_waiting", condition=Q(fanned_out_at=None))]

    def __str__(self) -> str:
        return f"{self.topic} {self.subject}"


class Delivery(models.Model):
    """One event on its way to one reaction."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        DONE = "done", _("done")
        PARKED = "parked", _("needs a person")

    event = models.ForeignKey(
        OutboxEvent, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    reaction = models.CharField(max_length=120)
    subject = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=60, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        permissions = [("retry_delivery", "Can try a failed delivery again")]
        constraints = [
            models.UniqueConstraint(fields=["event", "reaction"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "done", "parked"]), name="delivery_state"
            ),
        ]
        indexes = [
            models.Index(fields=["reaction", "id"], name="delivery_waiting", condition=Q(state="pending")),
            models.Index(
                fields=["reaction", "subject", "id"], name="delivery_order", condition=Q(state="pending")
            ),
            models.Index(fields=["id"], name="delivery_parked", condition=Q(state="parked")),
        ]

    def __str__(self) -> str:
        return f"{self.reaction} ← {self.event_id}"


class InboundMessage(models.Model):
    """A payload from the outside, kept raw before anything else is done with it.

    Pulled payloads are unique by source, kind, external id and digest; webhook hints may repeat, and only
    mean "read it again".
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("waiting")
        DONE = "done", _("done")
        PARKED = "parked", _("needs a person")
        SUPERSEDED = "superseded", _("a newer one was read")

    source = models.CharField(max_length=80)
    kind = models.CharField(max_length=30)
    external_id = models.CharField(max_length=120)
    digest = models.BinaryField(max_length=32)
    hint = models.BooleanField(default=False)
    body = models.BinaryField()
    headers = models.JSONField(default=dict, blank=True)
    remote_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVED)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=60, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("incoming message")
        permissions = [("replay_inboundmessage", "Can read an incoming message again")]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind", "external_id", "digest"],
                condition=Q(hint=False),
                name="inbound_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["received", "done", "parked", "superseded"]), name="inbound_state"
            ),
        ]
        indexes = [
            models.Index(
                fields=["source", "kind", "id"], name="inbound_waiting", condition=Q(state="received")
            ),
            models.Index(fields=["id"], name="inbound_parked", condition=Q(state="parked")),
            models.Index(fields=["source", "external_id", "-id"], name="inbound_by_external"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.external_id}"

    @property
    def raw(self) -> bytes:
        """The payload as it arrived; it is kept compressed."""
        return zlib.decompress(bytes(self.body))

    @staticmethod
    def pack(raw: bytes) -> bytes:
        return zlib.compress(raw, 1)


class OutboundEffect(models.Model):
    """Something the outside must be told or asked, exactly once: call, then record.

    ``key`` is our idempotency key. A call whose outcome is unknown is read back before it is tried again.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        SENDING = "sending", _("being sent")
        CONFIRMED = "confirmed", _("done")
        FAILED = "failed", _("needs a person")
        SUPERSEDED = "superseded", _("no longer wanted")

    target = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120, unique=True)
    subject = models.CharField(max_length=80)
    thread = models.CharField(max_length=80)
    request = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    remote_id = models.CharField(max_length=160, blank=True, default="")
    response = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=60, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("outgoing message")
        permissions = [
            ("retry_outboundeffect", "Can send an outgoing message again"),
            ("drop_outboundeffect", "Can give up an outgoing message"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["pending", "sending", "confirmed", "failed", "superseded"]),
                name="effect_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "due_at"], name="effect_open", condition=Q(state__in=["pending", "sending"])
            ),
            models.Index(fields=["id"], name="effect_failed", condition=Q(state="failed")),
            models.Index(fields=["thread", "id"], name="effect_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.target}"


class IdempotencyRecord(models.Model):
    """The answer that was given to an API call, for whoever repeats it with the same key."""

    owner = models.CharField(max_length=150)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="idempotency_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return f"{self.owner} {self.key}"


class JobRun(models.Model):
    """One run of a scheduled job. ``scope`` is what it ran for (an account's slug), empty for everything."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("done")
        FAILED = "failed", _("failed")
        LOST = "lost", _("died while running")

    name = models.CharField(max_length=80)
    scope = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("job run")
        indexes = [
            models.Index(fields=["name", "scope", "-started_at"], name="jobrun_latest"),
            models.Index(
                fields=["started_at"], name="jobrun_failed", condition=Q(state__in=["failed", "lost"])
            ),
            models.Index(fields=["started_at"], name="jobrun_running", condition=Q(state="running")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["running", "succeeded", "failed", "lost"]), name="jobrun_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.scope} {self.started_at:%Y-%m-%d %H:%M:%S}"


class Collision(models.Model):
    """How often in an hour transactions were in each other's way at one door (``oms/core/collisions.py``). ``met``
    counts all, ``given_up`` those that were not carried out again, or in vain."""

    class Kind(models.TextChoices):
        DEADLOCK = "deadlock", _("each waited for the other")
        SERIALIZATION = "serialization", _("read what the other wrote")
        LOCK_TIMEOUT = "lock_timeout", _("waited too long")

    hour = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    door = models.CharField(max_length=120)
    met = models.PositiveIntegerField()
    given_up = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("collision")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["hour", "kind", "door"], name="collision_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.door}"


class SavedView(models.Model):
    """A list under a name, as somebody filtered and searched it. ``model`` is the list's ("orders.order"); ``query``
    what stands after the ``?`` of its address, in one order, without the page."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views", db_index=False
    )
    model = models.CharField(max_length=80)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=1000)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("view")
        default_permissions = ()
        permissions = [("share_savedview", "Can share views of lists with everybody")]
        constraints = [
            models.UniqueConstraint(fields=["owner", "model", "name"], name="view_name_once"),
            models.UniqueConstraint(
                fields=["model", "name"], condition=Q(shared=True), name="view_shared_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """A program's key to the API. Only a hash is kept; the key itself is shown once, when it is made."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    hash = models.CharField(max_length=64)
    scopes = models.JSONField(
        default=list, help_text=_("What it may do, such as orders:read or stock:write.")
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("API token")

    def __str__(self) -> str:
        return self.name

    @property
    def live(self) -> bool:
        now = timezone.now()
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class Seal(models.Model):
    """The rows of a ledger from ``first_id`` to ``last_id`` as they were (``oms/core/seals.py``): ``digest`` is the
    SHA-256 of the digest before it and of these rows. Append-only itself."""

    ledger = models.CharField(max_length=20)
    form = models.PositiveSmallIntegerField(default=1)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    digest = models.BinaryField(max_length=32)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["ledger", "first_id"], name="seal_once"),
            models.UniqueConstraint(fields=["ledger", "last_id"], name="seal_ends_once"),
            models.CheckConstraint(condition=Q(last_id__gte=F("first_id")), name="seal_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.ledger} {self.first_id}–{self.last_id}"


class LedgerMark(models.Model):
    """How far a ledger had come at a moment: ids up to ``last_id`` were drawn by then. ``following`` is the
    transaction id that was next; below it nothing may run any more before the rows are sealed."""

    ledger = models.CharField(max_length=20, unique=True)
    last_id = models.BigIntegerField()
    following = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return gettext("%(ledger)s up to %(last_id)s") % {"ledger": self.ledger, "last_id": self.last_id}


def subject_of(instance: Any) -> str:
    """How journal, outbox and effects name a row: ``fulfillmentorder:7``."""
    return f"{instance._meta.model_name}:{instance.pk}"


def thread_of(instance: Any) -> str:
    """The story a row belongs to: its own, unless the model says whose (``journal_thread``)."""
    return getattr(instance, "journal_thread", None) or subject_of(instance)
