"""Which operation of the API does what a button of the console does, and which buttons have none."""

from __future__ import annotations

DOORS: dict[str, str] = {
    "channels.accept_change": "POST /orders/{id}/accept-change",
    "channels.keep_ours": "POST /orders/{id}/decline-change",
    "fulfillment.buy_label": "POST /fulfillment-orders/{id}/buy-label",
    "fulfillment.buy_labels": "POST /fulfillment-orders/{id}/buy-label",
    "fulfillment.cancel_order": "POST /orders/{id}/cancel",
    "fulfillment.cancel_work": "POST /fulfillment-orders/{id}/cancel",
    "fulfillment.close_day": "POST /manifests",
    "fulfillment.compare_offers": "GET /parcels/{id}/offers",
    "fulfillment.confirm_pick": "POST /fulfillment-orders/{id}/pick",
    "fulfillment.make_manifest": "POST /manifests",
    "fulfillment.pack": "POST /fulfillment-orders/{id}/pack",
    "fulfillment.reject_work": "POST /fulfillment-orders/{id}/reject",
    "fulfillment.reship_parcel": "POST /parcels/{id}/reship",
    "fulfillment.route": "POST /orders/{id}/route",
    "fulfillment.settle_parcel": "POST /parcels/{id}/settle-lost",
    "fulfillment.ship": "POST /fulfillment-orders/{id}/ship",
    "fulfillment.start_pick": "POST /fulfillment-orders/{id}/start-pick",
    "fulfillment.type_tracking": "POST /parcels/{id}/type-tracking",
    "fulfillment.unlabel": "POST /parcels/{id}/unlabel",
    "inventory.adjust": "POST /levels/adjust",
    "inventory.back_for_sale": "POST /levels/{id}/sort",
    "inventory.receive": "POST /receipts",
    "inventory.receive_item": "POST /receipts",
    "inventory.set_aside": "POST /levels/{id}/sort",
    "inventory.set_safety_stock": "POST /levels/{id}/safety-stock",
    "inventory.settle": "POST /discrepancies/{id}/settle",
    "inventory.switch_item_off": "PATCH /items/{id}",
    "inventory.switch_item_on": "PATCH /items/{id}",
    "inventory.to_supplier": "POST /levels/{id}/sort",
    "inventory.write_off": "POST /levels/{id}/sort",
    "orders.attach_file": "POST /orders/{id}/attach-file",
    "orders.remove_file": "POST /orders/{id}/remove-file",
    "orders.ask_line": "POST /orders/{id}/ask-line",
    "orders.correct_address": "POST /orders/{id}/correct-address",
    "orders.enter_chargeback": "POST /orders/{id}/payments",
    "orders.enter_payment": "POST /orders/{id}/payments",
    "orders.free_line": "POST /orders/{id}/free-line",
    "orders.give_up_refund": "POST /refunds/{id}/give-up",
    "orders.hold": "POST /orders/{id}/hold",
    "orders.map_line": "POST /orders/{id}/map-line",
    "orders.note": "POST /orders/{id}/note",
    "orders.refund": "POST /orders/{id}/refund",
    "orders.release_hold": "POST /orders/{id}/release-hold",
    "orders.release_holds": "POST /orders/{id}/release-hold",
    "orders.reopen": "POST /orders/{id}/reopen",
    "orders.retry_refund": "POST /refunds/{id}/retry",
    "returns.approve": "POST /returns/{id}/authorise",
    "returns.cancel": "POST /returns/{id}/cancel",
    "returns.close": "POST /returns/{id}/close",
    "returns.decline": "POST /returns/{id}/decline",
    "returns.finish": "POST /returns/{id}/finish-reception",
    "returns.inspect": "POST /returns/{id}/inspect",
    "returns.match": "POST /returns/{id}/match",
    "returns.open": "POST /returns",
    "returns.other_came": "POST /returns/{id}/receive",
    "returns.receive": "POST /returns/{id}/receive",
    "returns.receive_unannounced": "POST /returns/unannounced",
    "returns.refund": "POST /returns/{id}/refund",
    "returns.settle": "POST /returns/{id}/close",
    "returns.unmatch": "POST /returns/{id}/unmatch",
}
"""By the button's name."""

RUNNING = "running the connection to a shop is for the people who run the system"
LISTED = "what a shop lists is told to people at the console"
CARRIER = "running the connection to a carrier is for the people who run the system"
MACHINERY = "the machinery is looked after by people"
WITHOUT: dict[str, str] = {
    **dict.fromkeys(
        ("channels.compare", "channels.enter_keys", "channels.fetch_listings", "channels.fetch_orders",
         "channels.import_file", "channels.read_stock", "channels.reread", "channels.subscribe",
         "channels.switch_off", "channels.switch_on", "channels.try_connection"), RUNNING),
    **dict.fromkeys(
        ("channels.ask_again", "channels.disown", "channels.map", "channels.pause", "channels.push",
         "channels.read_back", "channels.resume", "channels.unmap"), LISTED),
    "channels.settle_untold": "only who did it at the shop by hand can say so",
    **dict.fromkeys(("fulfillment.enter_keys", "fulfillment.try_connection"), CARRIER),
    **dict.fromkeys(
        ("core.drop_effect", "core.replay_message", "core.resend_effect", "core.retry_delivery"), MACHINERY),
}  # fmt: skip
"""Buttons that no operation stands for, and why."""
