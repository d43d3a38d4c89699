"""What a shop tells of itself: its index, its status, its currency."""

from __future__ import annotations

from channels.twins.woocommerce.shop import Shop
from channels.twins.woocommerce.wordpress import Call, RestError, answer
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


def setting(shop: Shop, call: Call) -> Response:
    """One option as REST shows it; this shop has two. Keys of somebody who does not manage the shop see none."""
    if not shop.config["manages_shop"]:
        raise RestError("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", 403)
    group, name = call.ids["group"], call.ids["name"]
    if group not in ("tax", "general"):
        raise RestError("rest_setting_setting_group_invalid", "Invalid setting group.", 404)
    known: dict[tuple[str, str], tuple[str, str, str, str, str]] = {
        ("tax", "woocommerce_tax_round_at_subtotal"): (
            "Rounding",
            "Round tax at subtotal level, instead of rounding per line",
            "checkbox",
            "no",
            "yes" if shop.config["tax_round_at_subtotal"] else "no",
        ),
        ("general", "woocommerce_price_num_decimals"): (
            "Number of decimals",
            "This sets the number of decimal points shown in displayed prices.",
            "number",
            "2",
            str(shop.decimals),
        ),
    }
    if (group, name) not in known:
        raise RestError("rest_setting_setting_invalid", "Invalid setting.", 404)
    shown = dict(zip(("label", "description", "type", "default", "value"), known[group, name], strict=True))
    base = f"{call.home}/wp-json/wc/v3/settings/{group}"
    links = {"self": [{"href": f"{base}/{name}"}], "collection": [{"href": base}]}
    return answer({"id": name, **shown, "group_id": group, "_links": links})


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
