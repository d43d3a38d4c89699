"""The shop as a server: the door for the app, and the settings."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Awaitable
from functools import cache
from typing import Any, ClassVar, TypeGuard

from graphql import GraphQLError, GraphQLSchema, execute

from channels.twins.shopify import hooks, sums
from channels.twins.shopify.asked import Asked
from channels.twins.shopify.books import LOG, Books, Doc, gid
from channels.twins.shopify.cancelling import run_due_jobs
from channels.twins.shopify.compiler import Compiled, Compiler, Operation, schema, variable_errors
from channels.twins.shopify.cost import Bucket
from channels.twins.shopify.fields import attach
from channels.twins.shopify.merchant import VERBS
from channels.twins.shopify.merchant.products import add_location
from channels.twins.shopify.merchant.telling import told
from channels.twins.shopify.mutations import MUTATIONS
from channels.twins.shopify.mutations.webhooks import COLLECTION as SUBSCRIPTIONS
from channels.twins.shopify.node import Session
from channels.twins.shopify.queries import QUERIES
from oms.twinkit.server import Request, Response, Twin

PATH = "/admin/api/2026-07/graphql.json"
DOCS = "https://shopify.dev/api/usage/rate-limits"
# Eight retries in four hours, further and further apart.
RETRIES = (60.0, 180.0, 420.0, 900.0, 1560.0, 2400.0, 3480.0, 5400.0)
READ_SCOPES = {
    "order": "read_orders", "orders": "read_orders", "ordersCount": "read_orders", "refund": "read_orders",
    "return": "read_returns", "customer": "read_customers", "product": "read_products", "products": "read_products",
    "productVariant": "read_products", "productVariants": "read_products", "inventoryItem": "read_inventory",
    "inventoryItems": "read_inventory", "inventoryLevel": "read_inventory", "location": "read_locations",
    "locations": "read_locations", "fulfillmentOrders": "read_merchant_managed_fulfillment_orders",
    "inventorySetQuantities": "write_inventory", "inventoryAdjustQuantities": "write_inventory",
    "inventoryActivate": "write_inventory", "refundCreate": "write_orders", "orderCancel": "write_orders",
    "orderUpdate": "write_orders", "fulfillmentCreate": "write_merchant_managed_fulfillment_orders",
    "fulfillmentTrackingInfoUpdate": "write_merchant_managed_fulfillment_orders",
}  # fmt: skip


@cache
def served_schema() -> GraphQLSchema:
    made = schema()
    attach(made, {"QueryRoot": QUERIES, "Mutation": MUTATIONS})
    return made


def _never(_value: Any) -> TypeGuard[Awaitable[Any]]:
    """No resolver here is asynchronous; the library need not look at every value."""
    return False


class ShopifyTwin(Twin):
    """A simulated Shopify shop."""

    defaults: ClassVar[dict[str, Any]] = {
        "token": "shpat_twin",
        "secret": "shpss_twin",
        "scopes": None,
        "app_installed": True,
        "shop_domain": "twin.myshopify.com",
        "shop_name": "Twin shop",
        "currency": "GBP",
        "taxes_included": True,
        "tax_rate": "0.20",
        "throttle_maximum": 20000,
        "throttle_restore": 1000,
        "max_query_cost": 1000,
        "cost_rule": "scaled",
        "webhook_time_scale": 1.0,
        "job_seconds": 0.5,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.compiler = Compiler()
        self.books = Books(self.store, self.clock)
        self.bucket = self._new_bucket()
        if not self.books.locations():
            with self.store.transaction():
                add_location(self.books, "Main")
                self.books.forget_events()
        served_schema()

    @property
    def webhook_retries(self) -> tuple[float, ...]:  # type: ignore[override]
        return tuple(seconds * float(self.config["webhook_time_scale"]) for seconds in RETRIES)

    def _new_bucket(self) -> Bucket:
        return Bucket(self.config["throttle_maximum"], self.config["throttle_restore"], self.clock())

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        settings = super().configure(changes)
        if any(name.startswith("throttle_") for name in changes):
            self.bucket = self._new_bucket()
        return settings

    # --- the app's door ----------------------------------------------------------------------------------

    def _asked(self, request: Request) -> Asked:
        found: Asked | None = getattr(request, "asked", None)
        if found is None:
            found = request.asked = Asked(self.compiler, request)  # type: ignore[attr-defined]
        return found

    def step(self, request: Request) -> str:
        """The operation's name, or that of its first field."""
        if request.path != PATH or request.method != "POST":
            return f"{request.method} {request.path}"
        return self._asked(request).step

    def is_read(self, request: Request) -> bool:
        if request.path != PATH or request.method != "POST":
            return False
        operation = self._asked(request).operation
        return operation is not None and operation.is_query

    def fault_response(self, kind: str, request: Request, seconds: float) -> Response:
        if kind == "error_429":
            words = "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."
            return Response(429, {"errors": words}, {"Retry-After": f"{max(seconds, 0):.1f}"})
        if kind == "down":
            return Response(503, {"errors": "Service Unavailable"}, {"Retry-After": "5"})
        return Response(500, {"errors": "Internal Server Error"})

    def answer(self, request: Request) -> tuple[Response | None, bool]:
        self.do_jobs()
        return super().answer(request)

    def control(self, request: Request) -> Response:
        self.do_jobs()
        return super().control(request)

    def handle(self, request: Request) -> Response:
        refused = self._let_in(request)
        if refused is not None:
            return refused
        asked = self._asked(request)
        if asked.refusal is not None:
            return asked.refusal
        assert asked.compiled is not None
        if asked.compiled.errors:
            return Response(200, {"errors": asked.compiled.errors})
        operation = asked.operation
        if operation is None:
            if asked.operation_name:
                return Response(
                    200, {"errors": [{"message": f'No operation named "{asked.operation_name}"'}]}
                )
            return Response(200, {"errors": [{"message": "An operation name is required"}]})
        errors = variable_errors(operation, asked.variables)
        if errors:
            return Response(200, {"errors": errors})
        return self._priced(asked.compiled, operation, asked.variables)

    def _let_in(self, request: Request) -> Response | None:
        if request.path != PATH:
            return Response(404, {"errors": "Not Found"})
        if request.method != "POST":
            return Response(404, {"errors": "Not Found"})
        if request.headers.get("X-Shopify-Access-Token") != self.config["token"]:
            words = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return Response(401, {"errors": words})
        if not self.config["app_installed"]:
            return Response(403, {"errors": "[API] This app is not installed on this shop"})
        return None

    def _priced(self, compiled: Compiled, operation: Operation, variables: Doc) -> Response:
        """Run it if it can be paid for, and say what it cost."""
        now, rule = self.clock(), self.config["cost_rule"]
        price = operation.cost(rule, variables)
        limit = self.config["max_query_cost"]
        if price > limit:
            words = (
                f"Query cost is {price}, which exceeds the single query max cost limit ({limit}).\n\n"
                "See https://shopify.dev/concepts/about-apis/rate-limits for more information on how the\n"
                "cost of a query is calculated."
            )
            facts = {"code": "MAX_COST_EXCEEDED", "cost": price, "maxCost": limit, "documentation": DOCS}
            return Response(200, {"errors": [{"message": words, "extensions": facts}]})
        cost: Doc = {"requestedQueryCost": price, "actualQueryCost": None}
        if not self.bucket.take(price, now):
            cost["throttleStatus"] = self.bucket.status(now)
            error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": DOCS}}
            return Response(200, {"errors": [error], "extensions": {"cost": cost}})
        session = Session(self.books, self.config, self._later)
        body = self._run(session, compiled, operation, variables)
        actual = min(price, operation.actual(rule, body.get("data")))
        self.bucket.give_back(price - actual)
        cost |= {"actualQueryCost": actual, "throttleStatus": self.bucket.status(now)}
        body["extensions"] = {"cost": cost} | ({"search": session.searches} if session.searches else {})
        return Response(200, body)

    def _run(self, session: Session, compiled: Compiled, operation: Operation, variables: Doc) -> Doc:
        denied = self._denied(operation)
        if denied:
            return {"data": None, "errors": denied}
        self.books.forget_events()
        assert compiled.document is not None
        result: Any = execute(
            served_schema(),
            compiled.document,
            context_value=session,
            variable_values=variables,
            operation_name=operation.node.name.value if operation.node.name else None,
            is_awaitable=_never,
        )
        for error in result.errors or ():
            if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
                raise error.original_error
        self._tell()
        body: Doc = {"data": result.data}
        if result.errors:
            body["errors"] = [error.formatted for error in result.errors]
        return body

    def _denied(self, operation: Operation) -> list[Doc]:
        scopes = self.config["scopes"]
        if scopes is None:
            return []
        errors = []
        for root in operation.roots:
            needed = READ_SCOPES.get(root.name.value)
            if needed and needed not in scopes and needed.replace("read_", "write_") not in scopes:
                errors.append(
                    {
                        "message": f"Access denied for {root.name.value} field. "
                        f"Required access: `{needed}` access scope.",
                        "path": [root.name.value],
                        "extensions": {
                            "code": "ACCESS_DENIED",
                            "documentation": "https://shopify.dev/api/usage/access-scopes",
                            "requiredAccess": f"`{needed}` access scope.",
                        },
                    }
                )
        return errors

    # --- jobs --------------------------------------------------------------------------------------------

    def _later(self, seconds: float) -> None:
        def alarm() -> None:
            # The shop may have closed meanwhile; it does what is left when it opens again.
            with contextlib.suppress(sqlite3.ProgrammingError):
                self.do_jobs()

        timer = threading.Timer(seconds + 0.05, alarm)
        timer.daemon = True
        timer.start()

    def do_jobs(self) -> None:
        """Do what is due; also called by a timer, so that nobody needs to ask."""
        with self.lock:
            if not any(not job["done"] for job in self.store.scan("jobs")):
                return
            with self.store.transaction():
                self.books.forget_events()
                run_due_jobs(self.books)
                self._tell()

    # --- webhooks ----------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Queue what was announced, with the bodies of this moment, for whoever subscribed to it."""
        events = list(self.books.events.values())
        self.books.forget_events()
        wanted: dict[str, list[Doc]] = {}
        for row in self.store.scan(SUBSCRIPTIONS):
            wanted.setdefault(hooks.topic_name(row["topic"]), []).append(row)
        for event in events:
            readers = wanted.get(event["topic"])
            body = hooks.body_of(self.books, self.config, event) if readers else None
            if not readers or body is None:
                continue
            number = self.books.store.next("event")
            event_id = hooks.unique(self.name, "event", number)
            triggered = self.clock().strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
            for row in readers:
                self.webhooks.enqueue(
                    event["topic"],
                    subscription=row["id"],
                    body=hooks.serialise(body, row["include_fields"]),
                    webhook_id=hooks.unique(self.name, "webhook", number, row["id"]),
                    event_id=event_id,
                    triggered_at=triggered,
                    name=row["name"],
                )

    def webhook_request(self, job: dict[str, Any]) -> tuple[str, dict[str, str], bytes] | None:
        row = self.store.get(SUBSCRIPTIONS, job["subscription"])
        if row is None:
            return None
        body = job["body"].encode()
        return row["uri"], hooks.headers(self.config, job, body), body

    def webhook_result(self, job: dict[str, Any], status: int | None) -> None:
        fine = status is not None and 200 <= status < 300
        if not fine and job["_tries"] >= len(RETRIES):
            # Eight retries went unanswered: Shopify gives up on the subscription, not only on this delivery.
            self.store.delete(SUBSCRIPTIONS, job["subscription"])
            self.books.log("webhookSubscriptionRemoved", id=job["subscription"], topic=job["topic"])

    # --- the other side ----------------------------------------------------------------------------------

    def shopper(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        if verb not in VERBS:
            raise LookupError(verb)
        self.books.forget_events()
        told_back = VERBS[verb](self.books, self.config, args)
        self._tell()
        return told_back

    def records(self) -> dict[str, Any]:
        """Orders with what became of them, stock by SKU and location, and every write of the app in order."""
        books = self.books
        places = {place["id"]: place["name"] for place in books.locations()}
        stock: dict[str, Doc] = {}
        for variant in books.store.scan("variants"):
            levels = books.levels_of(variant["item_id"])
            stock[variant["sku"]] = {
                "inventory_item_id": gid("InventoryItem", variant["item_id"]),
                "variant_id": gid("ProductVariant", variant["id"]),
                "policy": variant["policy"],
                "available": sum(level["available"] for level in levels),
                "committed": sum(level["committed"] for level in levels),
                "locations": {
                    places[level["location_id"]]: {
                        "available": level["available"],
                        "committed": level["committed"],
                    }
                    for level in levels
                },
            }
        return {
            "shop": self.config["shop_domain"],
            "orders": [told(order) for order in books.orders()],
            "stock": stock,
            "units_sold": _units_sold(books),
            "webhook_subscriptions": [
                {"topic": hooks.topic_name(row["topic"]), "uri": row["uri"]}
                for row in books.store.scan(SUBSCRIPTIONS)
            ],
            "log": books.store.all(LOG),
        }


def _units_sold(books: Books) -> dict[str, int]:
    """Units still wanted or sent, by SKU, over all orders that stand."""
    sold: dict[str, int] = {}
    for order in books.orders():
        if order["cancelled_at"]:
            continue
        for line in order["lines"]:
            if line["sku"]:
                sold[line["sku"]] = sold.get(line["sku"], 0) + sums.current(line)
    return sold


__all__ = ["PATH", "RETRIES", "ShopifyTwin"]
