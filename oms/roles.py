"""Who may do what: the roles as lists of permission names. ``manage.py sync_roles`` brings them into groups.

Names only, so that this page needs no app: a test looks that each name exists, and that each permission of
the apps is some role's. A role adds to the one it builds on.
"""

from __future__ import annotations

LOOK = frozenset(
    f"{app}.view_{model}"
    for app, models in {
        "inventory": "item barcode location stocklevel stockmovement reservation stockadjustment receipt receiptline"
        " discrepancy",
        "orders": "order orderline ordercharge hold paymenttransaction refund refundline orderchange note orderfile",
        "fulfillment": "ratecard carrieraccount routingdecision fulfillmentorder fulfillmentline shipment parcelline"
        " label trackingevent manifest manifestparcel reshipment shelfreason box",
        "returns": "return returnline returnreceipt disposition",
        "channels": "channelaccount listing stockpush",
    }.items()
    for model in models.split()
)
"""Seeing everything that a shop lives by; names and addresses of customers shortened."""

MACHINERY = frozenset(
    {
        "core.view_inboundmessage", "core.view_outboundeffect", "core.view_delivery", "core.view_outboxevent",
        "core.view_jobrun", "core.view_journalentry", "core.view_collision",
    }
)  # fmt: skip

WAREHOUSE = LOOK | {
    # The name and the address are on the label and the slip.
    "orders.view_personal_data",
    "fulfillment.pick_fulfillmentorder", "fulfillment.pack_fulfillmentorder",
    "fulfillment.ship_fulfillmentorder", "fulfillment.buy_label", "fulfillment.void_label",
    "fulfillment.type_tracking", "fulfillment.make_manifest", "fulfillment.reject_fulfillmentorder",
    "inventory.receive_goods", "inventory.adjust_stock", "orders.add_orderfile",
    "returns.receive_return", "returns.inspect_return",
}  # fmt: skip

SUPPORT = LOOK | {
    "orders.view_personal_data", "core.view_outboundeffect",
    "orders.cancel_order", "orders.hold_order", "orders.edit_address", "orders.issue_refund", "orders.add_note", "orders.add_orderfile",
    "orders.release_manual_hold", "orders.release_customer_request_hold", "orders.release_address_invalid_hold",
    "orders.release_scheduled_until_hold", "orders.release_payment_pending_hold",
    "returns.open_return", "returns.authorise_return", "returns.close_return",
    "fulfillment.settle_parcel", "fulfillment.reship_parcel",
}  # fmt: skip

CLERK = (
    WAREHOUSE
    | SUPPORT
    | MACHINERY
    | {
        "orders.map_line", "orders.decide_change", "orders.delete_orderfile",
        "orders.release_unmapped_sku_hold", "orders.release_total_mismatch_hold",
        "orders.release_duplicate_suspect_hold", "orders.release_anomaly_hold", "orders.release_out_of_stock_hold",
        "orders.release_channel_incomplete_hold",
        "orders.release_changed_at_shop_hold", "orders.record_payment",
        "fulfillment.route_order", "fulfillment.cancel_fulfillmentorder",
        "channels.pull_channelaccount", "channels.map_listing", "channels.push_listing", "channels.pause_listing",
        "core.replay_inboundmessage", "core.retry_delivery", "core.retry_outboundeffect",
    }
)  # fmt: skip

MANAGER = CLERK | {
    "orders.release_fraud_risk_hold", "orders.release_chargeback_hold", "orders.issue_large_refund", "orders.reopen_order",
    "inventory.resolve_discrepancy", "inventory.adjust_any", "inventory.add_item", "inventory.change_item", "inventory.add_location",
    "inventory.change_location",
    "fulfillment.add_ratecard", "fulfillment.change_ratecard", "fulfillment.add_carrieraccount",
    "fulfillment.change_carrieraccount", "fulfillment.add_shelfreason", "fulfillment.change_shelfreason",
    "fulfillment.add_box", "fulfillment.change_box",
    "channels.add_channelaccount", "channels.change_channelaccount",
    "core.drop_outboundeffect", "core.share_savedview", "core.view_apitoken", "core.add_apitoken", "core.change_apitoken",
    "auth.view_user", "auth.add_user", "auth.change_user", "auth.view_group",
    "django_celery_beat.view_periodictask", "django_celery_beat.change_periodictask",
    "django_celery_beat.view_intervalschedule", "django_celery_beat.add_intervalschedule",
    "django_celery_beat.view_crontabschedule", "django_celery_beat.add_crontabschedule",
}  # fmt: skip

ROLES: dict[str, frozenset[str]] = {
    "clerk": CLERK,
    "warehouse": WAREHOUSE,
    "support": SUPPORT,
    "manager": MANAGER,
    "read-only": LOOK,
}
