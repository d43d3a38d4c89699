"""How values are written for people: money by locale, times relative, states as a word with a colour."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_datetime, format_timedelta
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext, to_locale

from oms.core import money as money_rules
from oms.core.personal import hidden as hidden

NOTHING = "–"

GOOD, BUSY, WARN, BAD, CALM = "good", "busy", "warn", "bad", "calm"

# The tone of a state, by its code, wherever it occurs. The word is always shown too: colour never alone.
TONES: Mapping[str, str] = {
    **dict.fromkeys(
        ("completed", "done", "delivered", "shipped", "succeeded", "confirmed", "paid", "purchased", "in_sync",
         "active", "resolved", "consumed", "refunded", "closed", "accepted", "applied", "returned", "made"), GOOD,
    ),
    **dict.fromkeys(
        ("open", "released", "picking", "picked", "packed", "sending", "in_transit", "out_for_delivery", "labelled",
         "sent", "running", "authorised", "requested", "firm", "partly_shipped", "partly_delivered",
         "partly_received", "received", "partly_paid", "partly_refunded", "partly_returned"), BUSY,
    ),
    **dict.fromkeys(
        ("review", "backordered", "pending", "proposed", "unmapped", "paused", "held", "partly_authorised",
         "void_requested", "overpaid", "returned_to_sender", "conflict"), WARN,
    ),
    **dict.fromkeys(
        ("failed", "parked", "lost", "exception", "disputed", "rejected", "missing", "void_refused", "late"), BAD,
    ),
}  # fmt: skip


def locale() -> str:
    return to_locale(get_language() or "en")


def money(amount: Decimal | None, currency: str) -> str:
    """``£12.50``; what is finer than the currency's scale is shown as it is kept, since it is a finding."""
    if amount is None:
        return NOTHING
    if currency and not money_rules.fits(amount, currency):
        return f"{amount.normalize():f} {currency}"
    return money_rules.words(amount, currency, locale()) if currency else f"{amount.normalize():f}"


def exact(at: datetime) -> str:
    return str(format_datetime(timezone.localtime(at), "d MMM y, HH:mm", locale=locale()))


def ago(at: datetime, now: datetime | None = None) -> str:
    """``3 hours ago``, ``in 2 days``."""
    delta = at - (now or timezone.now())
    if abs(delta) < timedelta(seconds=45):
        return gettext("just now") if delta <= timedelta(0) else gettext("in a moment")
    return str(format_timedelta(delta, add_direction=True, locale=locale(), threshold=1.2))


def when(at: datetime | None) -> SafeString | str:
    """The relative time, the exact one on hover and for screen readers, in the person's zone."""
    if at is None:
        return NOTHING
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact(at), ago(at))


def when_due(at: datetime | None, done: bool = False) -> SafeString | str:
    if at is not None and not done and at < timezone.now():
        return format_html('<span class="tone-bad-text">{} {}</span>', when(at), gettext("· late"))
    return when(at)


def badge(text: str, code: str = "", tone: str = "") -> SafeString:
    """A word in a coloured pill; ``code`` chooses the colour by TONES unless ``tone`` does."""
    return format_html('<span class="badge tone-{}">{}</span>', tone or TONES.get(code, CALM), text)


def spoken(code: str) -> str:
    """``partly_shipped`` as a person reads it."""
    return gettext(code.replace("_", " ")) if code else ""


def link(address: str, text: str) -> SafeString:
    return format_html('<a class="plain-link" href="{}">{}</a>', address, text)


def pretty(value: Any) -> str:
    """JSON as a person can read it, or the text as it is."""
    if isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
        try:
            value = json.loads(text)
        except ValueError:
            return text
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def listed(words: Iterable[str]) -> str:
    """``a, b and c``."""
    items = list(words)
    return (
        items[0]
        if len(items) == 1
        else gettext("%(names)s and %(last)s") % {"names": ", ".join(items[:-1]), "last": items[-1]}
        if items
        else ""
    )


def pieces(count: int) -> str:
    return ngettext("%(count)s piece", "%(count)s pieces", count) % {"count": count}
