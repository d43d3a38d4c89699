"""The marked cases, a file each. A case may have, called by ``telling.py``:

``buy(stage, orders)``  how its shoppers buy, where that is special
``act(stage)``          what people do about it, as far as it can be done now; called every day, and harmless
                        when there is nothing to do
``check(stage)``        what is not as the story says, in words, when all is over
"""

from types import ModuleType

from channels.demo.story.told import (
    backorder,
    cancel,
    lost_parcel,
    not_reordered,
    part_refund,
    race,
    return_restocked,
    return_written_off,
    shop_down,
    short_pick,
    split_shipment,
    suspicious,
    total_mismatch,
    unknown_item,
    webhook_thrice,
)

TOLD: dict[str, ModuleType] = {
    "race": race,
    "unknown-item": unknown_item,
    "total-mismatch": total_mismatch,
    "suspicious": suspicious,
    "backorder": backorder,
    "split-shipment": split_shipment,
    "short-pick": short_pick,
    "cancel": cancel,
    "lost-parcel": lost_parcel,
    "return-restocked": return_restocked,
    "return-written-off": return_written_off,
    "part-refund": part_refund,
    "webhook-thrice": webhook_thrice,
    "shop-down": shop_down,
    "not-reordered": not_reordered,
}
