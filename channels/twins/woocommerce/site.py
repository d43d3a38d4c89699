"""What a shop tells of itself: its index, its status, its currency."""

from __future__ import annotations

from channels.twins.woocommerce.shop import Shop
from channels.twins.woocommerce.wordpress import Call, answer
from oms.twinkit.server import Response

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}


def index(shop: Shop, call: Call) -> Response:
    spaces = ["wc/v3", "wp/v2"] + (["wc-shipment-tracking/v3"] if shop.config["shipment_tracking"] else [])
    return answer(
        {
            "name": shop.config["title"],
            "description": "",
            "url": call.home,
            "home": call.home,
            "gmt_offset": "",
            "timezone_string": shop.config["timezone"],
            "namespaces": spaces,
            "authentication": {},
            "routes": {},
        }
    )


def namespace(shop: Shop, call: Call) -> Response:
    return answer({"namespace": "wc/v3", "routes": {}})


def currency(shop: Shop, call: Call) -> Response:
    code = shop.config["currency"]
    return answer({"code": code, "name": code, "symbol": SYMBOLS.get(code, code)})


def system_status(shop: Shop, call: Call) -> Response:
    return answer(
        {
            "environment": {
                "home_url": call.home,
                "site_url": call.home,
                "version": "9.8.5",
                "wp_version": "6.7",
                "default_timezone": "UTC",
            },
            "settings": {
                "api_enabled": False,
                "currency": shop.config["currency"],
                "currency_symbol": SYMBOLS.get(shop.config["currency"], ""),
                "number_of_decimals": shop.decimals,
                "HPOS_enabled": True,
            },
        }
    )
