"""The hands of the shopper and of the shop's own people: what happens at a shop without the app's doing.

Orders are named by number (``1001``), name (``"#1001"``) or id. Verbs take ``(books, config, arguments)``, raise
``Refused`` with the reason, and answer with plain facts of what is now.
"""

from __future__ import annotations

from collections.abc import Callable

from channels.twins.shopify.books import Books, Doc
from channels.twins.shopify.merchant import buying, keeping, products

Verb = Callable[[Books, Doc, Doc], Doc]

VERBS: dict[str, Verb] = {
    "seed_products": products.seed_products,
    "set_stock": products.set_stock,
    "update_product": products.update_product,
    "place": buying.place,
    "place_many": buying.place_many,
    "pay": buying.pay,
    "request_return": buying.request_return,
    "cancel": keeping.cancel,
    "change_address": keeping.change_address,
    "edit_lines": keeping.edit_lines,
    "refund_in_shop": keeping.refund_in_shop,
    "note": keeping.note,
    "dispute": keeping.dispute,
    "hold": keeping.hold,
    "release_hold": keeping.release_hold,
    "move": keeping.move,
}
