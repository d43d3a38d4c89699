"""Labels are given back: asked of the carrier, or simply no longer wanted."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from fulfillment.actions.ask_labels import TASK
from fulfillment.models import Label
from oms.core import effects
from oms.core.actors import Actor
from oms.core.effects import Intent
from oms.core.lifecycle import move
from oms.core.models import OutboundEffect

VOID = "void_label"


@transaction.atomic
def void_labels(label_ids: Sequence[int], *, by: Actor) -> list[Label]:
    """Give labels back. One that is not bought yet is simply no longer wanted; a bought one is asked back
    from its carrier. Labels already given back are left alone."""
    labels = list(
        Label.objects.filter(pk__in=label_ids).select_for_update(of=("self",)).order_by("pk")
        .select_related("shipment__fulfillment_order", "carrier_account")
    )  # fmt: skip
    unbought = [label for label in labels if label.state in {"requested", "failed"}]
    waiting = OutboundEffect.objects.filter(key__in=[f"label:{label.pk}" for label in unbought])
    effects.supersede(waiting.values_list("pk", flat=True))
    # One that is being bought this very moment ends as bought, and is then given back by its own task.
    sending = set(waiting.filter(state="sending").values_list("key", flat=True))
    move([x for x in unbought if f"label:{x.pk}" not in sending], "void", by=by, words="No longer wanted.")
    bought = [label for label in labels if label.state == "purchased"]
    move(bought, "ask_void", by=by, words="Asked back from the carrier.")
    effects.intend(
        [
            Intent(
                target=f"carrier:{label.carrier_account.slug}", kind=VOID, key=f"void:{label.pk}",
                subject=f"label:{label.pk}", thread=label.journal_thread, request={"label": label.pk},
            )
            for label in bought
            if label.carrier_account
        ],
        nudge=TASK,
    )  # fmt: skip
    return labels
