"""Webhooks, and the events that were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fulfillment.twins.easypost import objects, shapes
from fulfillment.twins.easypost.errors import not_found
from fulfillment.twins.easypost.paging import page
from oms.twinkit.wire import Request, Response

if TYPE_CHECKING:
    from fulfillment.twins.easypost.twin import EasyPost


def create(twin: EasyPost, request: Request) -> Response:
    given = shapes.webhook(twin.json(request), new=True)
    made = objects.webhook(given["url"], given.get("custom_headers") or [], twin.stamp())
    twin.store.put(
        "webhooks", made["id"], {**made, "secret": given.get("webhook_secret") or "", "own": False}
    )
    return Response(201, made)


def index(twin: EasyPost, request: Request) -> Response:
    found, _ = page(request, twin.store.scan("webhooks"))
    return Response(200, {"webhooks": [_view(hook) for hook in found]})


def get(twin: EasyPost, request: Request, key: str) -> Response:
    return Response(200, _view(_find(twin, key)))


def update(twin: EasyPost, request: Request, key: str) -> Response:
    """A new secret or new headers; also switches on one that was switched off."""
    hook, given = _find(twin, key), shapes.webhook(twin.json(request), new=False)
    if "webhook_secret" in given:
        hook["secret"] = given["webhook_secret"] or ""
    if "custom_headers" in given:
        hook["custom_headers"] = given["custom_headers"] or []
    hook["disabled_at"] = None
    twin.store.put("webhooks", key, hook)
    return Response(201, _view(hook))


def delete(twin: EasyPost, request: Request, key: str) -> Response:
    _find(twin, key)
    twin.store.delete("webhooks", key)
    return Response(200, {})


def events(twin: EasyPost, request: Request) -> Response:
    """Without their bodies."""
    found, more = page(request, twin.store.scan("events"))
    names = ("description", "id", "user_id", "status", "created_at", "mode", "object")
    return Response(
        200, {"events": [{name: each[name] for name in names} for each in found], "has_more": more}
    )


def event(twin: EasyPost, request: Request, key: str) -> Response:
    found = twin.store.get("events", key)
    if found is None:
        raise not_found()
    return Response(200, found)


def set_own(twin: EasyPost, url: str, secret: str) -> None:
    """The webhook that was made on the carrier's web page: replaced, or taken away with an empty address."""
    for hook in twin.store.all("webhooks"):
        if hook["own"]:
            twin.store.delete("webhooks", hook["id"])
    if url:
        made = objects.webhook(url, [], twin.stamp())
        twin.store.put("webhooks", made["id"], {**made, "secret": secret, "own": True})


def _find(twin: EasyPost, key: str) -> dict[str, Any]:
    hook: dict[str, Any] | None = twin.store.get("webhooks", key)
    if hook is None:
        raise not_found()
    return hook


def _view(hook: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in hook.items() if name not in ("secret", "own")}
