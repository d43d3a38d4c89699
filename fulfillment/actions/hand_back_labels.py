"""The worker's side of labels that are given back: the carrier is asked, and says yes, no or later."""

from __future__ import annotations

from fulfillment.actions.reach_carrier import carrier_for
from fulfillment.actions.void_labels import VOID
from fulfillment.carriers.base import Can
from fulfillment.models import Label
from oms.core import effects
from oms.core.actors import Actor
from oms.core.effects import Result
from oms.core.errors import Permanent, Retry
from oms.core.lifecycle import move
from oms.core.models import OutboundEffect


def hand_back_labels(*, limit: int = 25, target: str | None = None) -> dict[str, int]:
    """Ask carriers to take back what ``void_labels`` gave up."""
    done = effects.run(
        VOID,
        look=lambda e: None,
        perform=_void,
        then=_voided,
        failed=_void_refused,
        limit=limit,
        target=target,
    )
    return {"voided": done["confirmed"], "failed": done["failed"]}


def _label(effect: OutboundEffect) -> Label:
    return (
        Label.objects.select_related("shipment__fulfillment_order", "carrier_account")
        .defer("document")
        .get(pk=effect.request["label"])
    )


def _void(effect: OutboundEffect) -> Result:
    label = _label(effect)
    carrier = carrier_for(label.carrier_account)  # type: ignore[arg-type]
    if Can.VOID not in carrier.can:
        raise Permanent("cannot_void", "This carrier takes no label back by itself; ask its service.")
    answer = carrier.void(label.external_id)
    if answer == "refused":
        raise Permanent("void_refused", "The carrier does not take the label back.")
    if answer == "submitted":
        raise Retry("the carrier has not decided yet", after=300)
    return Result(label.external_id)


def _voided(effect: OutboundEffect, result: Result) -> None:
    move(
        [_label(effect)],
        "void",
        by=Actor.carrier(effect.target.removeprefix("carrier:")),
        words="Given back.",
    )


def _void_refused(effect: OutboundEffect, error: Permanent) -> None:
    move(
        [_label(effect)], "refuse_void", by=Actor.carrier(effect.target.removeprefix("carrier:")), words=str(error),
        sets={"failure": str(error)[:300]},
    )  # fmt: skip
