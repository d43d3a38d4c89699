"""A person corrects where an order is to be delivered."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from orders.actions.clear_holds import clear_holds
from orders.actions.go_on import go_on
from orders.drafts import AddressDraft
from orders.models import Order
from orders.rules import address as rule


@transaction.atomic
def correct_address(order_id: int, *, address: AddressDraft, by: Actor) -> Order:
    """Write the address properly as the country writes it, end the hold that waited for it, and go on.

    A suspicious address is taken, since a person stands by it. Raises :class:`Refused` with what is wrong
    with one that cannot be delivered to, when the order is finished, and when goods are in a parcel already
    (take the work back first).
    """
    order = Order.objects.select_for_update().prefetch_related("lines").get(pk=order_id)
    reasons: list[Reason] = []
    if order.state in {"completed", "cancelled"}:
        reasons.append(
            Reason(
                "wrong_state",
                gettext("%(number)s is %(state)s already.")
                % {"number": order.number, "state": order.get_state_display()},
            )
        )
    if any(line.packed or line.shipped for line in order.lines.all()):
        reasons.append(Reason("packed_already", gettext("Some of it is packed or shipped already.")))
    judged = rule.check(address)
    if judged.verdict == rule.INVALID:
        reasons += [p.reason for p in judged.problems if p.verdict == rule.INVALID]
    if reasons:
        raise Refused(reasons)
    new = asdict(judged.address)
    changed = [name for name, value in new.items() if value != order.shipping_address.get(name, "")]
    if not changed:
        raise Refused(Reason("no_change", gettext("This is the address that it has already.")))
    order.shipping_address, order.country = new, new["country"]
    order.save(update_fields=["shipping_address", "country"])
    # Which parts, not what they said: the journal is for everybody.
    journal.write(
        [Line.of(order, "correct_address", f"Delivery address corrected: {', '.join(changed)}.")], by=by
    )
    clear_holds([order.pk], ["address_invalid"], by=by, note="the address was corrected")
    go_on([order.pk], by=by)
    return order
