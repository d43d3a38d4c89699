"""Who may do what through the API: programs by a token's scopes, people by the permissions they have anyway.

A token looks like ``oms_<prefix>_<secret>``. Only its SHA-256 is kept (the secret has 256 random bits, so a
slow hash would protect nothing more); the prefix finds the row.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.models import ApiToken

SCOPES: Mapping[str, str] = {
    "orders:read": "See orders, their payments and refunds",
    "orders:write": "Take orders in; cancel, hold, note, correct, map and reopen them, decide what changed at their shop",
    "orders:refund": "Give money back, up to the clerks' limit",
    "orders:refund-any": "Give back any amount",
    "orders:personal": "See names, addresses, e-mails and phone numbers in full",
    "stock:read": "See items, locations, levels, movements, reservations and differences",
    "stock:write": "Make and change items, adjust and sort stock, receive goods, settle differences",
    "fulfillment:read": "See work and parcels, print its papers",
    "fulfillment:write": "Pick, pack, label, ship and take work back",
    "returns:read": "See returns",
    "returns:write": "Open, decide, receive, inspect and close returns",
}
"""Every scope and what it allows. ``orders:*`` is all of orders, ``*`` is everything."""

USED_EVERY = timedelta(minutes=1)


def known_scope(scope: str) -> bool:
    family, _, rest = scope.partition(":")
    return (
        scope == "*" or scope in SCOPES or (rest == "*" and any(s.startswith(f"{family}:") for s in SCOPES))
    )


@dataclass(frozen=True)
class Access:
    """What an operation asks for: a token with ``scope``, or a person with ``permission`` (or one of them)."""

    scope: str
    permission: str | tuple[str, ...]

    @property
    def permissions(self) -> tuple[str, ...]:
        return (self.permission,) if isinstance(self.permission, str) else self.permission

    def granted(self, request: Request) -> bool:
        token = request.auth
        if isinstance(token, ApiToken):
            family = self.scope.partition(":")[0]
            return bool({self.scope, f"{family}:*", "*"} & set(token.scopes))
        return any(request.user.has_perm(name) for name in self.permissions)


class Program:
    """The ``request.user`` of a token: somebody, but no person."""

    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = False

    def __init__(self, token: ApiToken):
        self.pk = self.id = f"token-{token.prefix}"
        self.username = token.name

    def __str__(self) -> str:
        return self.username

    def has_perm(self, name: str, obj: object = None) -> bool:
        return False


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer oms_…``"""

    def authenticate(self, request: Request) -> tuple[Program, ApiToken] | None:
        given = get_authorization_header(request).split()
        if not given or given[0].lower() != b"bearer":
            return None
        token = find_token(given[1].decode("latin-1")) if len(given) == 2 else None
        if token is None:
            raise AuthenticationFailed("This token is unknown, revoked or expired.")
        _note_use(token)
        return Program(token), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """The operation's :class:`Access`; a door that names none lets nobody in."""

    message = "Your token or role does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        access: Access | None = view.access(request.method)
        return bool(access and request.user and request.user.is_authenticated and access.granted(request))


def actor_of(request: Request) -> Actor:
    """Who the journal says it was."""
    if isinstance(request.auth, ApiToken):
        return Actor("token", request.auth.name)
    return Actor.user(request.user)


def owner_of(request: Request) -> str:
    """Whose idempotency keys these are: names of tokens may repeat, prefixes do not."""
    if isinstance(request.auth, ApiToken):
        return f"api:token:{request.auth.prefix}"
    return f"api:user:{request.user.pk}"


def find_token(key: str) -> ApiToken | None:
    """The live token of this key."""
    parts = key.split("_", 2)
    if len(parts) != 3 or parts[0] != "oms" or not 0 < len(parts[1]) <= 12 or not key.isascii():
        return None
    token = ApiToken.objects.filter(prefix=parts[1]).first()
    if token is None or not hmac.compare_digest(token.hash, _hash(key)) or not token.live:
        return None
    return token


@transaction.atomic
def issue_token(
    name: str, scopes: Sequence[str], *, by: Actor, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token; returns it with its key, which cannot be read again. Raises :class:`Refused` for no or
    unknown scopes, or an end in the past."""
    reasons = [
        Reason("unknown_scope", gettext("There is no scope %(s)s.") % {"s": s})
        for s in scopes
        if not known_scope(s)
    ]
    if not scopes:
        reasons.append(Reason("no_scope", gettext("Say what the token may do.")))
    if expires_at and expires_at <= timezone.now():
        reasons.append(Reason("expired", gettext("It would have expired already.")))
    if reasons:
        raise Refused(reasons)
    prefix = secrets.token_hex(5)
    key = f"oms_{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        name=name, prefix=prefix, hash=_hash(key), scopes=sorted(set(scopes)), created_by_id=by.user_id,
        expires_at=expires_at,
    )  # fmt: skip
    journal.write([Line.of(token, "issue", f"May do {', '.join(token.scopes)}.")], by=by)
    return token, key


@transaction.atomic
def revoke_tokens(ids: Iterable[int], *, by: Actor) -> list[ApiToken]:
    """End tokens at once; those ended before stay as they are."""
    tokens = list(ApiToken.objects.filter(pk__in=list(ids)).select_for_update().order_by("pk"))
    fresh = [token for token in tokens if token.revoked_at is None]
    for token in fresh:
        token.revoked_at = timezone.now()
    ApiToken.objects.bulk_update(fresh, ["revoked_at"])
    journal.write([Line.of(token, "revoke", "It opens nothing any more.") for token in fresh], by=by)
    return tokens


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _note_use(token: ApiToken) -> None:
    """When it was last used, to the minute: a busy token costs no write per call."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
