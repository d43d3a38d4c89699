"""The twin: routes, keys, webhooks and faults around the shop."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from channels.twins.woocommerce import (
    auth,
    catalogue,
    notes,
    orders,
    products,
    records,
    refunds,
    shopper,
    site,
    trackings,
    webhooks,
)
from channels.twins.woocommerce.shop import Shop
from channels.twins.woocommerce.wordpress import Arg, Call, RestError, answer, read, refuse
from oms.twinkit.server import Refused, Request, Response, Twin

Handler = Callable[[Shop, Call], Response]
Declared = Mapping[str, Arg] | Callable[[Shop], Mapping[str, Arg]]
EDIT = ("POST", "PUT", "PATCH")
FORCE = {"force": Arg("boolean", False)}
OPEN_STEPS = ("site.index", "site.namespace")


class Route:
    def __init__(
        self, step: str, methods: tuple[str, ...], pattern: str, handler: Handler, args: Declared
    ) -> None:
        self.step = step
        self.methods = methods
        self.pattern = re.compile(pattern.replace("{", r"(?P<").replace("}", r">\d+)") + "/?")
        self.handler = handler
        self.args = args


def _create_webhook(shop: Shop, call: Call) -> Response:
    """``tell`` of a shop is a twin's method: the twin queues the ping as it queues everything else."""
    return webhooks.create_webhook(shop, call, lambda hook: shop.tell("ping", hook["id"]))


V3 = "/wp-json/wc/v3"
PLUGIN = "/wp-json/wc-shipment-tracking/v3"
ROUTES = [
    Route("site.index", ("GET",), "/wp-json", site.index, {}),
    Route("site.namespace", ("GET",), V3, site.namespace, {}),
    Route("site.currency", ("GET",), f"{V3}/data/currencies/current", site.currency, {}),
    Route("site.status", ("GET",), f"{V3}/system_status", site.system_status, {}),
    Route("settings.get", ("GET",), f"{V3}/settings/(?P<group>[\\w-]+)/(?P<name>[\\w-]+)", site.setting, {}),
    Route("orders.list", ("GET",), f"{V3}/orders", orders.list_orders, orders.list_args),
    Route("orders.get", ("GET",), f"{V3}/orders/{{id}}", orders.get_order, {"dp": Arg("integer")}),
    Route("orders.update", EDIT, f"{V3}/orders/{{id}}", orders.update_order, orders.update_args),
    Route("orders.delete", ("DELETE",), f"{V3}/orders/{{id}}", orders.delete_order, FORCE),
    Route("notes.list", ("GET",), f"{V3}/orders/{{order_id}}/notes", notes.list_notes, notes.LIST),
    Route("notes.create", ("POST",), f"{V3}/orders/{{order_id}}/notes", notes.create_note, notes.CREATE),
    Route("notes.get", ("GET",), f"{V3}/orders/{{order_id}}/notes/{{id}}", notes.get_note, {}),
    Route("refunds.list", ("GET",), f"{V3}/orders/{{order_id}}/refunds", refunds.list_refunds, refunds.LIST),
    Route(
        "refunds.create",
        ("POST",),
        f"{V3}/orders/{{order_id}}/refunds",
        refunds.create_refund,
        refunds.CREATE,
    ),
    Route("refunds.get", ("GET",), f"{V3}/orders/{{order_id}}/refunds/{{id}}", refunds.get_refund, {}),
    Route("refunds.all", ("GET",), f"{V3}/refunds", refunds.list_all, refunds.LIST),
    Route("products.list", ("GET",), f"{V3}/products", products.list_products, products.LIST),
    Route("products.create", ("POST",), f"{V3}/products", products.create_product, catalogue.PRODUCT),
    Route("products.batch", EDIT, f"{V3}/products/batch", products.batch_products, products.BATCH),
    Route("products.get", ("GET",), f"{V3}/products/{{id}}", products.get_product, {}),
    Route("products.update", EDIT, f"{V3}/products/{{id}}", products.update_product, catalogue.PRODUCT),
    Route("products.delete", ("DELETE",), f"{V3}/products/{{id}}", products.delete_product, FORCE),
    Route(
        "variations.list",
        ("GET",),
        f"{V3}/products/{{product_id}}/variations",
        products.list_variations,
        products.LIST,
    ),
    Route(
        "variations.batch",
        EDIT,
        f"{V3}/products/{{product_id}}/variations/batch",
        products.batch_variations,
        products.BATCH,
    ),
    Route(
        "variations.get",
        ("GET",),
        f"{V3}/products/{{product_id}}/variations/{{id}}",
        products.get_variation,
        {},
    ),
    Route(
        "variations.update",
        EDIT,
        f"{V3}/products/{{product_id}}/variations/{{id}}",
        products.update_variation,
        catalogue.VARIATION,
    ),
    Route("webhooks.list", ("GET",), f"{V3}/webhooks", webhooks.list_webhooks, webhooks.LIST),
    Route("webhooks.create", ("POST",), f"{V3}/webhooks", _create_webhook, webhooks.CREATE),
    Route("webhooks.get", ("GET",), f"{V3}/webhooks/{{id}}", webhooks.get_webhook, {}),
    Route("webhooks.update", EDIT, f"{V3}/webhooks/{{id}}", webhooks.update_webhook, webhooks.UPDATE),
    Route("webhooks.delete", ("DELETE",), f"{V3}/webhooks/{{id}}", webhooks.delete_webhook, FORCE),
    Route(
        "trackings.list",
        ("GET",),
        f"{PLUGIN}/orders/{{order_id}}/shipment-trackings",
        trackings.list_trackings,
        {},
    ),
    Route(
        "trackings.create",
        ("POST",),
        f"{PLUGIN}/orders/{{order_id}}/shipment-trackings",
        trackings.create_tracking,
        trackings.CREATE,
    ),
]


class WooCommerce(Twin):
    """A WooCommerce 9.8 shop: REST v3, signed webhooks, its own stock."""

    defaults: ClassVar[dict[str, Any]] = {
        "title": "Twin shop",
        "consumer_key": "ck_twin",
        "consumer_secret": "cs_twin",
        "permissions": "read_write",
        # True where a proxy ends TLS: then Basic is taken too; so it is with X-Forwarded-Proto: https.
        "https": False,
        # What the shop calls itself; empty for what the caller called it.
        "home_url": "",
        "timezone": "Europe/London",
        "currency": "GBP",
        "decimals": 2,
        "prices_include_tax": False,
        # True: tax is rounded once on the whole order, and its lines show shares of it that need not add up.
        "tax_round_at_subtotal": False,
        # Per cent by country of delivery, such as {"GB": "20"}.
        "tax_rates": {},
        "custom_statuses": [],
        # Payment gateways, and whether they give money back by themselves.
        "gateways": {"stripe": True, "paypal": True, "bacs": False, "cod": False, "cheque": False},
        "shipment_tracking": False,
        # False: the keys belong to somebody who may not see the shop's settings.
        "manages_shop": True,
        # False: the known faults of some gateways and versions.
        "refund_touches_order": True,
        "refunds_in_list": True,
        "ping_must_succeed": True,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shop = Shop(self.store, self.config, self.now, self._tell)
        self.gate = auth.Gate()
        self._host = "http://localhost"

    # --- the protocol ------------------------------------------------------------------------------------

    def _route(self, request: Request) -> tuple[Route, dict[str, Any]] | None:
        if request.path.startswith(PLUGIN) and not self.config["shipment_tracking"]:
            return None
        for route in ROUTES:
            if request.method in route.methods and (match := route.pattern.fullmatch(request.path)):
                return route, {
                    name: int(value) if value.isdecimal() else value
                    for name, value in match.groupdict().items()
                }
        return None

    def step(self, request: Request) -> str:
        found = self._route(request)
        return found[0].step if found else "no_route"

    def home(self, request: Request) -> str:
        if self.config["home_url"]:
            return str(self.config["home_url"]).rstrip("/")
        scheme = "https" if auth.is_tls(request, self.config) else "http"
        return f"{scheme}://{request.headers.get('host', 'localhost')}"

    def handle(self, request: Request) -> Response:
        try:
            return self._handle(request)
        except RestError as error:
            return refuse(error)

    def _handle(self, request: Request) -> Response:
        home = self._host = self.home(request)
        if not request.path.startswith("/wp-json"):
            return Response(
                404, "<!DOCTYPE html><title>Page not found</title>", {"Content-Type": "text/html"}
            )
        known = self.gate.authenticate(request, self.config, home, int(self.now().timestamp()))
        found = self._route(request)
        if found is None:
            words = "No route was found matching the URL and request method."
            raise RestError("rest_no_route", words, 404)
        route, ids = found
        call = Call(request.method, ids, _given(request), query=request.pairs, home=home)
        declared = route.args(self.shop) if callable(route.args) else route.args
        call.args = read(declared, call.given)
        if route.step not in OPEN_STEPS:
            self._permit(route, request.method, known)
        return route.handler(self.shop, call)

    def _permit(self, route: Route, method: str, known: bool) -> None:
        permissions = self.config["permissions"]
        need = "read" if method == "GET" else "write"
        if known and need in permissions:
            return
        if known:
            words = f"The API key provided does not have {need} permissions."
            raise RestError("woocommerce_rest_authentication_error", words, 401)
        verb = route.step.rpartition(".")[2]
        code, words = {
            "list": ("cannot_view", "Sorry, you cannot list resources."),
            "all": ("cannot_view", "Sorry, you cannot list resources."),
            "create": ("cannot_create", "Sorry, you are not allowed to create resources."),
            "update": ("cannot_edit", "Sorry, you are not allowed to edit this resource."),
            "delete": ("cannot_delete", "Sorry, you are not allowed to delete this resource."),
            "batch": ("cannot_batch", "Sorry, you are not allowed to batch manipulate this resource."),
        }.get(verb, ("cannot_view", "Sorry, you cannot view this resource."))
        raise RestError(f"woocommerce_rest_{code}", words, 401)

    def fault_response(self, kind: str, request: Request, seconds: float) -> Response:
        """A host's 429 and 503 are HTML; WordPress's own 500 is JSON."""
        page = {"Content-Type": "text/html; charset=UTF-8"}
        if kind == "error_429":
            page["Retry-After"] = f"{seconds:.0f}"
            return Response(429, "<html><head><title>429 Too Many Requests</title></head></html>", page)
        if kind == "down":
            page["Retry-After"] = "600"
            words = "Briefly unavailable for scheduled maintenance. Check back in a minute."
            return Response(503, f"<!DOCTYPE html><html><body>{words}</body></html>", page)
        words = "<p>There has been a critical error on this website.</p>"
        return answer(
            {
                "code": "internal_server_error",
                "message": words,
                "data": {"status": 500},
                "additional_errors": [],
            },
            500,
        )

    # --- webhooks ----------------------------------------------------------------------------------------

    def _tell(self, topic: str, resource_id: int) -> None:
        if topic == "ping":
            self.webhooks.enqueue("ping", hook=resource_id)
            return
        for hook in self.store.scan("webhook"):
            if hook["topic"] != topic or hook["status"] != "active":
                continue
            once = f"{hook['id']}:{resource_id}"
            self.webhooks.enqueue(topic, once=once, hook=hook["id"], resource=resource_id)

    def webhook_request(self, job: dict[str, Any]) -> tuple[str, dict[str, str], bytes] | None:
        hook = self.store.get("webhook", job["hook"])
        if hook is None:
            return None
        if job["topic"] == "ping":
            return webhooks.ping(hook)
        if hook["status"] != "active":
            return None
        home = str(self.config["home_url"]).rstrip("/") or self._host
        return webhooks.delivery(self.shop, hook, job["resource"], home)

    def webhook_result(self, job: dict[str, Any], status: int | None) -> None:
        webhooks.settle(self.shop, job["hook"], status, job["topic"] == "ping")

    # --- the control side --------------------------------------------------------------------------------

    def shopper(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        if verb not in shopper.VERBS:
            raise LookupError(f"{verb}; there are {', '.join(shopper.VERBS)}")
        try:
            return shopper.VERBS[verb](self.shop, args)
        except RestError as error:
            raise Refused(error.message) from error
        except KeyError as error:
            raise Refused(f"{verb} needs {error}.") from error

    def records(self) -> dict[str, Any]:
        return records.records(self.shop, self.name)


def _given(request: Request) -> dict[str, Any]:
    """Arguments of a request: the query, then the body, if it says that it is JSON or a form."""
    given: dict[str, Any] = {}
    for name, value in request.pairs:
        if name.endswith("[]"):
            given.setdefault(name[:-2], []).append(value)
        elif not name.startswith("oauth_") and name not in ("consumer_key", "consumer_secret"):
            given[name] = value
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if not request.body:
        return given
    if kind == "application/json":
        try:
            body = json.loads(request.body)
        except ValueError as problem:
            raise RestError(
                "rest_invalid_json",
                "Invalid JSON body passed.",
                data={"status": 400, "json_error_code": 4, "json_error_message": "Syntax error"},
            ) from problem
        if isinstance(body, dict):
            given.update(body)
    elif kind == "application/x-www-form-urlencoded":
        given.update(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
    return given
