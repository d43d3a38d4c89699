"""Which recorded change sets off which reaction, and who is asked before what: the whole of it, on one page.

A reaction is a function in an app's ``handlers.py``; it gets a batch of events, in order per subject.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

REACTIONS: Mapping[str, Sequence[str]] = {
    "orders.placed": ["orders.handlers.screen"],
    "orders.ready": ["fulfillment.handlers.route"],
    "orders.cancelled": ["channels.handlers.tell_cancel"],
    "orders.lines_cancelled": ["channels.handlers.note_untold"],
    "orders.refund_approved": ["channels.handlers.tell_refund"],
    "orders.refund_settled": [
        "returns.handlers.close_done",
        "fulfillment.handlers.finish_settled",
        "channels.handlers.settle_untold",
    ],
    "inventory.changed": ["inventory.handlers.serve_backorders", "channels.handlers.mark_listings"],
    "inventory.demand_moved": ["fulfillment.handlers.follow_demand"],
    "fulfillment.shipped": ["channels.handlers.tell_shipment"],
}

ASKED_BEFORE: Mapping[str, Sequence[str]] = {
    "ship": ["channels.actions.reread.reread"],
}
"""By step, who above may know better: called with order ids and the step, outside any transaction, it says by order id
why the step may not be taken after all (``oms.core.asking``)."""
