"""The small Protocols that a carrier may speak, and the data that crosses them. As channels/adapters/base.py:
made with ``(account, http)``, translates only, raises Retry, Permanent or Rejected and nothing else."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from fulfillment.rules.customs import Declaration


class Can(enum.StrEnum):
    RATE = "rate"
    LABEL = "label"
    VOID = "void"
    TRACK = "track"
    RECEIVE_WEBHOOKS = "receive_webhooks"
    MANIFEST = "manifest"


@dataclass(frozen=True)
class Account:
    slug: str
    base_url: str
    credentials: Mapping[str, str] = field(repr=False, default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PostalAddress:
    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class Parcel:
    """One box to rate or label. ``key`` is ours, stable over retries, and travels as the carrier's reference.
    Weight in grams, sides in millimetres (0 where unknown). ``customs`` where it crosses a border."""

    key: str
    sender: PostalAddress
    recipient: PostalAddress
    weight_g: int
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    reference: str = ""
    customs: Declaration | None = None


@dataclass(frozen=True)
class Quote:
    """One offer for a parcel. ``ref`` is the carrier's own handle, needed to buy it."""

    carrier: str
    service: str
    amount: Decimal
    currency: str
    days: int | None = None
    ref: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BoughtLabel:
    external_id: str
    carrier: str
    service: str
    tracking_number: str
    tracking_url: str
    amount: Decimal
    currency: str
    label_url: str = ""
    label_format: str = ""
    label_body: bytes = field(repr=False, default=b"")
    tracker_id: str = ""


@dataclass(frozen=True)
class CarrierForm:
    """The carrier's own list of what it takes at the end of a day."""

    external_id: str
    tracking_numbers: tuple[str, ...]
    url: str = ""
    body: bytes = field(repr=False, default=b"")


@dataclass(frozen=True)
class Scan:
    """One carrier event. ``status``: pre_transit, in_transit, out_for_delivery, delivered, exception,
    return_to_sender, lost, cancelled, unknown. ``at`` is the event's own time, in UTC."""

    tracking_number: str
    status: str
    words: str
    at: datetime
    place: str = ""
    external_id: str = ""


@runtime_checkable
class Rates(Protocol):
    def rates(self, parcel: Parcel) -> Sequence[Quote]: ...


@runtime_checkable
class Labels(Protocol):
    def find_label(self, parcel: Parcel) -> BoughtLabel | None:
        """The label an earlier try of this very parcel bought, if any."""

    def buy(self, parcel: Parcel, quote: Quote) -> BoughtLabel: ...


@runtime_checkable
class Voids(Protocol):
    def void(self, label_external_id: str) -> str:
        """``voided``, ``submitted`` (the answer comes later) or ``refused``. Idempotent."""


@runtime_checkable
class Tracks(Protocol):
    def track(self, tracker_ids: Sequence[str]) -> Sequence[Scan]: ...


@runtime_checkable
class ReceivesWebhooks(Protocol):
    def verify(self, headers: Mapping[str, str], body: bytes) -> bool: ...

    def read_webhook(self, body: bytes) -> Sequence[Scan]: ...


@runtime_checkable
class Manifests(Protocol):
    def manifests(self, carrier: str) -> bool:
        """Does this carrier have a form of its own? Asks nobody."""

    def find_manifest(self, label_external_ids: Sequence[str]) -> CarrierForm | None:
        """The form that these labels stand on already, if any."""

    def manifest(self, label_external_ids: Sequence[str]) -> CarrierForm: ...


PROTOCOLS: Mapping[Can, type] = {
    Can.RATE: Rates, Can.LABEL: Labels, Can.VOID: Voids, Can.TRACK: Tracks,
    Can.RECEIVE_WEBHOOKS: ReceivesWebhooks, Can.MANIFEST: Manifests,
}  # fmt: skip
