"""A person decides about a change made at the shop: take the shop's, or keep ours."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext

from channels.actions.connect import reader_of
from channels.actions.find_items import find_items
from channels.models import ChannelAccount
from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.cancel_work import OPEN_STATES, cancel_work
from fulfillment.models import FulfillmentOrder
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.models import InboundMessage
from orders.actions.apply_changes import Applying, apply_changes
from orders.actions.cancel import Cancelling
from orders.actions.propose_changes import Proposing, lines_of, propose_changes, settle_changes
from orders.drafts import OrderDraft
from orders.models import Order, OrderChange
from orders.rules.order_changes import Change


@transaction.atomic
def accept_changes(change_ids: Sequence[int], *, by: Actor) -> list[OrderChange]:
    """Do as the shop says. Work that stands on the order is taken back first, and routed anew afterwards.

    Raises :class:`Refused` when something the change takes away has been shipped.
    """
    found = list(
        OrderChange.objects.filter(pk__in=change_ids, state="proposed").select_related("order").order_by("pk")
    )
    if len(found) != len(set(change_ids)):
        raise Refused(Reason("decided_already", gettext("This change has been decided already.")))
    list(
        Order.objects.filter(pk__in=[c.order_id for c in found])
        .select_for_update()
        .order_by("pk")
        .values_list("pk")
    )
    # First, since an order that is cancelled takes its open questions with it.
    changes = settle_changes([c.pk for c in found], "apply", by=by)
    reads: dict[int, OrderDraft] = {}
    for change in found:
        order = change.order
        account = ChannelAccount.objects.get(slug=order.source)
        # The newest payload tells how the order stands at the shop now.
        message = (
            InboundMessage.objects.filter(
                source=order.source, kind="order", external_id=order.external_id, state="done"
            )
            .order_by("-remote_at", "-processed_at", "-pk")
            .first()
        )
        if message is None:
            raise Refused(
                Reason(
                    "payload_gone", gettext("What the shop said is not kept any more; read the order again.")
                )
            )
        read = reads[order.pk] = reader_of(account).read(message.raw)
        if change.kind == "cancelled":
            cancel_orders_in_work(
                [Cancelling(order.pk, f"Cancelled at the shop. {read.cancel_reason}".strip(), tell=False)],
                by=by,
            )
            continue
        works = FulfillmentOrder.objects.filter(order=order, state__in=OPEN_STATES)
        ids = sorted(works.values_list("pk", flat=True))
        if ids:
            cancel_work(ids, reason=f"Changed at the shop: {change.words}.", by=by, route_again=False)
        (read,), known = find_items(account, [read])
        items = known.get(read.external_id, {})
        # A proposal names the lines that it is about; those only are decided now.
        decided = [Change(change.kind, change.words, line) for line in lines_of(change)]
        apply_changes([Applying(order.pk, read, decided, items)], by=by)
    # What else waited may have been settled with it.
    propose_changes([Proposing(pk, read) for pk, read in reads.items()], by=by)
    return changes


@transaction.atomic
def decline_changes(change_ids: Sequence[int], *, by: Actor) -> list[OrderChange]:
    """Keep ours; the shop has to be put right by hand, and the timeline says so."""
    return settle_changes(change_ids, "decline", by=by)
