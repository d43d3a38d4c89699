"""The carrier: who may ask, which operation it is, and the events it sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import unicodedata
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import unquote

from fulfillment.twins.easypost import driver, hooks, objects, scan_forms, shipments, trackers
from fulfillment.twins.easypost.errors import Problem, not_found, unauthorized
from oms.twinkit.server import Request, Response, Twin

Operation = Callable[..., Response]
ID = r"([^/]+)"

# First match wins. The step is the operation's name in fault rules and counts.
ROUTES: tuple[tuple[str, str, str, Operation], ...] = (
    ("POST", r"/v2/shipments", "shipments.create", shipments.create),
    ("GET", r"/v2/shipments", "shipments.list", shipments.index),
    ("GET", rf"/v2/shipments/{ID}", "shipments.get", shipments.get),
    ("POST", rf"/v2/shipments/{ID}/buy", "shipments.buy", shipments.buy),
    ("POST", rf"/v2/shipments/{ID}/refund", "shipments.refund", shipments.refund),
    ("POST", rf"/v2/shipments/{ID}/rerate", "shipments.rerate", shipments.rerate),
    ("GET", rf"/v2/shipments/{ID}/label", "shipments.label", shipments.label),
    ("POST", r"/v2/scan_forms", "scan_forms.create", scan_forms.create),
    ("GET", rf"/v2/scan_forms/{ID}", "scan_forms.get", scan_forms.get),
    ("POST", r"/v2/trackers/batch", "trackers.batch", trackers.batch),
    ("POST", r"/v2/trackers", "trackers.create", trackers.create),
    ("GET", r"/v2/trackers", "trackers.list", trackers.index),
    ("GET", rf"/v2/trackers/{ID}", "trackers.get", trackers.get),
    ("DELETE", rf"/v2/trackers/{ID}", "trackers.delete", trackers.delete),
    ("POST", r"/v2/webhooks", "webhooks.create", hooks.create),
    ("GET", r"/v2/webhooks", "webhooks.list", hooks.index),
    ("GET", rf"/v2/webhooks/{ID}", "webhooks.get", hooks.get),
    ("PATCH", rf"/v2/webhooks/{ID}", "webhooks.update", hooks.update),
    ("DELETE", rf"/v2/webhooks/{ID}", "webhooks.delete", hooks.delete),
    ("GET", r"/v2/events", "events.list", hooks.events),
    ("GET", rf"/v2/events/{ID}", "events.get", hooks.event),
    ("GET", rf"/files/postage_label/{ID}", "files.get", shipments.file),
    ("GET", rf"/files/scan_form/{ID}", "files.form", scan_forms.file),
)


class EasyPost(Twin):
    """A simulated carrier that speaks the EasyPost API v2."""

    # ``webhook_url`` and ``webhook_secret`` stand for a webhook made on the carrier's own web page.
    # ``index_per_second`` is the documented limit of the list operations; 0 is none.
    # ``scan_form_carriers`` are those that close the day with a form.
    defaults: ClassVar[dict[str, Any]] = {
        "api_key": "EZTKtwin",
        "webhook_url": "",
        "webhook_secret": "",
        "index_per_second": 5,
        "scan_form_carriers": ["USPS"],
    }
    # A growing pause for a day, as EasyPost says.
    webhook_retries: ClassVar[tuple[float, ...]] = (1, 5, 30, 120, 600, 3600, 10800, 21600, 43200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._listed: deque[float] = deque()

    # --- the protocol ------------------------------------------------------------------------------------

    def _route(self, request: Request) -> tuple[str, Operation, tuple[str, ...]] | None:
        for method, pattern, step, operation in ROUTES:
            match = re.fullmatch(pattern, request.path.rstrip("/")) if method == request.method else None
            if match:
                return step, operation, tuple(unquote(part) for part in match.groups())
        return None

    def step(self, request: Request) -> str:
        found = self._route(request)
        return found[0] if found else "unknown"

    def handle(self, request: Request) -> Response:
        try:
            found = self._route(request)
            if found is None:
                raise not_found()
            step, operation, ids = found
            if not step.startswith("files."):
                self._check_key(request)
            if step.endswith(".list"):
                self._check_pace()
            return operation(self, request, *ids)
        except Problem as problem:
            return problem.response()

    def _check_key(self, request: Request) -> None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        try:
            user = base64.b64decode(value, validate=True).decode().partition(":")[0]
        except ValueError:
            raise unauthorized() from None
        if scheme.lower() != "basic" or not hmac.compare_digest(
            user.encode(), self.config["api_key"].encode()
        ):
            raise unauthorized()

    def _check_pace(self) -> None:
        limit, now = self.config["index_per_second"], time.monotonic()
        while self._listed and self._listed[0] <= now - 1:
            self._listed.popleft()
        if limit and len(self._listed) >= limit:
            raise Problem(429, "RATE_LIMITED", "Too many requests: wait before you list again.")
        self._listed.append(now)

    def json(self, request: Request) -> Any:
        """The body, ``{}`` where there is none."""
        try:
            return request.json() if request.body else {}
        except ValueError:
            raise Problem(400, "BAD_REQUEST", "The request body is not valid JSON.") from None

    def stamp(self) -> str:
        return objects.stamp(self.now())

    def fault_response(self, kind: str, request: Request, seconds: float) -> Response:
        if kind == "error_429":
            limited = Problem(429, "RATE_LIMITED", "Too many requests.").response()
            limited.headers["Retry-After"] = f"{max(seconds, 0):.0f}"
            return limited
        if kind == "down":
            return Problem(503, "SERVICE_UNAVAILABLE", "EasyPost is down for maintenance.").response()
        return Problem(500, "INTERNAL_SERVER_ERROR", "We're sorry, something went wrong.").response()

    # --- events ------------------------------------------------------------------------------------------

    def tell(self, description: str, result: dict[str, Any], previous: dict[str, Any] | None = None) -> None:
        """One event, to every webhook. Its body is the state of this moment, also when it is sent late."""
        listening = [hook for hook in self.store.all("webhooks") if not hook["disabled_at"]]
        urls = [hook["url"] for hook in listening]
        event = objects.event(description, result, previous or {}, urls, self.stamp())
        self.store.put("events", event["id"], event)
        for hook in listening:
            self.webhooks.enqueue(description, hook=hook["id"], event=event["id"])

    def webhook_request(self, job: dict[str, Any]) -> tuple[str, dict[str, str], bytes] | None:
        hook, event = self.store.get("webhooks", job["hook"]), self.store.get("events", job["event"])
        if hook is None or event is None or hook["disabled_at"]:
            return None
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "EasyPost/v2 Webhook"}
        headers |= {extra["name"]: extra["value"] for extra in hook["custom_headers"]}
        if hook["secret"]:
            headers["X-Hmac-Signature"] = signature(hook["secret"], body)
        return hook["url"], headers, body

    def webhook_result(self, job: dict[str, Any], status: int | None) -> None:
        event, hook = self.store.get("events", job["event"]), self.store.get("webhooks", job["hook"])
        if event is None or hook is None or status is None or not 200 <= status < 300:
            return
        if hook["url"] in event["pending_urls"]:
            event["pending_urls"].remove(hook["url"])
            event["completed_urls"].append(hook["url"])
        event["status"] = "pending" if event["pending_urls"] else "completed"
        self.store.put("events", event["id"], event)

    # --- the control side --------------------------------------------------------------------------------

    def shopper(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        return driver.act(self, verb, args)

    def records(self) -> dict[str, Any]:
        return driver.records(self)

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        settings = super().configure(changes)
        if {"webhook_url", "webhook_secret"} & set(changes):
            hooks.set_own(self, settings["webhook_url"], settings["webhook_secret"])
        return settings


def signature(secret: str, body: bytes) -> str:
    key = unicodedata.normalize("NFKD", secret).encode()
    return f"hmac-sha256-hex={hmac.new(key, body, hashlib.sha256).hexdigest()}"
