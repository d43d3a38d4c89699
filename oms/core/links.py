"""Links for customers: they have no account, so the address itself is the proof. Signed, not secret: what a link
names is something that its holder knows already."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse


def _signer(kind: str) -> signing.Signer:
    return signing.Signer(salt=f"oms.links.{kind}", sep=".")


def signed(kind: str, name: str) -> str:
    """The part of an address that names ``name`` for this ``kind`` of page, and for no other."""
    return _signer(kind).sign(name)


def opened(kind: str, token: str) -> str | None:
    """What a token names, or ``None`` where it is not one of ours for this kind of page."""
    try:
        return _signer(kind).unsign(token)
    except signing.BadSignature:
        return None


def tracking_link(order_number: str) -> str:
    """The whole address of an order's tracking page."""
    return f"{settings.BASE_URL}{reverse('portal:tracking', args=[signed('tracking', order_number)])}"
