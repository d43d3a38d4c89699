"""The root of mutations. Each checks everything before it writes anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from channels.twins.shopify.mutations import fulfillment, inventory, orders, refunds, webhooks
from channels.twins.shopify.mutations.idempotency import idempotent, plain

MUTATIONS: dict[str, Callable[..., Any]] = {
    "fulfillmentCreate": plain(fulfillment.create),
    "fulfillmentTrackingInfoUpdate": plain(fulfillment.update_tracking),
    "inventoryActivate": idempotent("inventoryActivate", inventory.activate, inventory.show_level),
    "inventoryAdjustQuantities": idempotent(
        "inventoryAdjustQuantities", inventory.adjust_quantities, inventory.show_group
    ),
    "inventorySetQuantities": idempotent(
        "inventorySetQuantities", inventory.set_quantities, inventory.show_group
    ),
    "orderCancel": plain(orders.cancel),
    "orderUpdate": plain(orders.update),
    "refundCreate": idempotent("refundCreate", refunds.create, refunds.show),
    "tagsAdd": plain(orders.add_tags),
    "tagsRemove": plain(orders.remove_tags),
    "webhookSubscriptionCreate": plain(webhooks.create),
    "webhookSubscriptionDelete": plain(webhooks.delete),
    "webhookSubscriptionUpdate": plain(webhooks.update),
}
