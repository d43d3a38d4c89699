"""What a hold is, which steps it blocks, and who may lift it: one table.

Stock is promised first and looked at after: hardly any hold blocks ``allocate``, so that nothing is sold a
second time while a person looks at an order. What a hold stops is work and money: releasing to a
warehouse, shipping, refunding. A hold on a line blocks that line only.

An order stands in review exactly while a hold with ``review`` is open on the whole order: those that a
person has to decide. The others wait for a date, for stock, for a parcel, and clear themselves.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from oms.core.errors import Reason
from oms.core.words import gettext_noop, told


class Step(StrEnum):
    """A step that a hold can block."""

    ALLOCATE = "allocate"
    RELEASE = "release"
    SHIP = "ship"
    REFUND = "refund"


@dataclass(frozen=True)
class HoldType:
    """``words`` says what is wrong, ``mend`` what lifts it; ``clears`` is true where time or an event
    does."""

    code: str
    words: str
    mend: str
    blocks: frozenset[Step]
    review: bool = True
    clears: bool = False

    @property
    def permission(self) -> str:
        """Codename (app ``orders``) of the permission to release a hold of this type by hand."""
        return f"release_{self.code}_hold"


WORK = frozenset({Step.RELEASE, Step.SHIP})
WORK_AND_MONEY = WORK | {Step.REFUND}

_ALL = (
    HoldType(
        "payment_pending",
        gettext_noop("not paid yet"),
        gettext_noop("wait for the payment, or accept it on terms"),
        WORK,
        clears=True,
    ),
    HoldType(
        "fraud_risk",
        gettext_noop("looks risky"),
        gettext_noop("look at the reasons, then accept or cancel"),
        WORK,
    ),
    HoldType(
        "address_invalid",
        gettext_noop("the address cannot be delivered to"),
        gettext_noop("correct the address"),
        WORK,
    ),
    # Unmapped: there is no item to promise, so this one alone blocks allocation, of its line only.
    HoldType(
        "unmapped_sku",
        gettext_noop("an item of the shop is unknown here"),
        gettext_noop("say which item it is"),
        WORK | {Step.ALLOCATE},
        review=False,
        clears=True,
    ),
    # Money that does not add up must not be given back by the same wrong numbers.
    HoldType(
        "total_mismatch",
        gettext_noop("the amounts do not add up"),
        gettext_noop("compare with the shop, then accept its total or have it mended"),
        WORK_AND_MONEY,
    ),
    HoldType(
        "duplicate_suspect",
        gettext_noop("looks like a duplicate"),
        gettext_noop("compare both orders, then accept or cancel one"),
        WORK,
    ),
    HoldType(
        "anomaly",
        gettext_noop("looks like a slip"),
        gettext_noop("ask the customer, then accept or change the quantity"),
        WORK,
    ),
    HoldType(
        "out_of_stock",
        gettext_noop("not in stock"),
        gettext_noop("wait for stock, or cancel the rest"),
        WORK,
        False,
        True,
    ),
    HoldType(
        "customer_request",
        gettext_noop("the customer asked to wait"),
        gettext_noop("release it when the customer is ready"),
        WORK,
    ),
    HoldType("manual", gettext_noop("held by hand"), gettext_noop("release it when settled"), WORK),
    HoldType(
        "scheduled_until",
        gettext_noop("not to be sent before its date"),
        gettext_noop("wait for the date"),
        WORK,
        False,
        True,
    ),
    # Marketplaces send an order before its price or address is known: promise it, do nothing else with it.
    HoldType(
        "channel_incomplete",
        gettext_noop("the channel has not told everything yet"),
        gettext_noop("wait for the channel, or fill in what is missing"),
        WORK_AND_MONEY,
        clears=True,
    ),
    HoldType(
        "chargeback",
        gettext_noop("the customer's bank disputes the payment"),
        gettext_noop("answer the bank; then release it, or cancel the order"),
        WORK_AND_MONEY,
        clears=True,
    ),
    HoldType(
        "changed_at_shop",
        gettext_noop("changed at the shop after the work began"),
        gettext_noop("compare both sides, then take the shop's or keep ours"),
        WORK_AND_MONEY,
    ),
)
HOLDS: Mapping[str, HoldType] = {hold.code: hold for hold in _ALL}


@dataclass(frozen=True)
class Finding:
    """A reason to hold an order that a check came upon. ``line`` is the line's key as the check was given it,
    or ``None`` for the whole order."""

    hold: str
    reason: Reason
    line: Hashable | None = None

    @property
    def blocks(self) -> frozenset[Step]:
        return HOLDS[self.hold].blocks


@dataclass(frozen=True)
class OpenHold:
    """A hold that stands: ``line`` as in :class:`Finding`, ``until`` for those that end at a time."""

    type: str
    reason: Reason
    since: datetime
    line: Hashable | None = None
    until: datetime | None = None


def blocking(holds: Iterable[OpenHold], step: Step, line: Hashable | None = None) -> tuple[OpenHold, ...]:
    """The holds that forbid ``step``, oldest first: those on the order, and those on ``line`` if one is
    named."""
    found = [h for h in holds if step in HOLDS[h.type].blocks and (h.line is None or h.line == line)]
    return tuple(sorted(found, key=lambda h: h.since))


def in_review(holds: Iterable[OpenHold]) -> bool:
    """Does a person have to decide something before this order may go on?"""
    return any(h.line is None and HOLDS[h.type].review for h in holds)


def refusals(holds: Iterable[OpenHold], step: Step, line: Hashable | None = None) -> tuple[Reason, ...]:
    """``blocking`` as the reasons that an action answers with."""
    return tuple(
        Reason(
            f"held_{h.type}",
            told(gettext_noop("Held: %(words)s"), words=h.reason.words or told(HOLDS[h.type].words)),
        )
        for h in blocking(holds, step, line)
    )
