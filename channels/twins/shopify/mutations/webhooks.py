"""Subscribing to webhooks."""

from __future__ import annotations

from urllib.parse import urlsplit

from channels.twins.shopify import ids
from channels.twins.shopify.books import Books, Doc
from channels.twins.shopify.mutations.idempotency import Error, error
from channels.twins.shopify.node import Node, Session

COLLECTION = "webhook_subscriptions"
HERE = ("localhost", "127.0.0.1", "::1")


def create(session: Session, topic: str, webhookSubscription: Doc) -> Doc:
    books = session.books
    uri = webhookSubscription.get("uri") or webhookSubscription.get("callbackUrl")
    errors = _check(books, topic, uri, webhookSubscription, None)
    if errors:
        return {"webhookSubscription": None, "userErrors": errors}
    row = {
        "id": books.new_id(),
        "topic": topic,
        "uri": uri,
        "filter": webhookSubscription.get("filter"),
        "include_fields": webhookSubscription.get("includeFields") or [],
        "name": webhookSubscription.get("name"),
        "created_at": books.now,
        "updated_at": books.now,
    }
    books.store.put(COLLECTION, row["id"], row)
    books.log("webhookSubscriptionCreate", topic=topic, uri=uri)
    return {"webhookSubscription": Node("WebhookSubscription", row), "userErrors": []}


def update(session: Session, id: str, webhookSubscription: Doc) -> Doc:
    books = session.books
    row = books.store.get(COLLECTION, ids.number("WebhookSubscription", id))
    if row is None:
        return {
            "webhookSubscription": None,
            "userErrors": [error(["id"], "Webhook subscription does not exist")],
        }
    uri = webhookSubscription.get("uri") or webhookSubscription.get("callbackUrl") or row["uri"]
    errors = _check(books, row["topic"], uri, webhookSubscription, row["id"])
    if errors:
        return {"webhookSubscription": None, "userErrors": errors}
    row |= {"uri": uri, "updated_at": books.now}
    if "includeFields" in webhookSubscription:
        row["include_fields"] = webhookSubscription["includeFields"] or []
    books.store.put(COLLECTION, row["id"], row)
    return {"webhookSubscription": Node("WebhookSubscription", row), "userErrors": []}


def delete(session: Session, id: str) -> Doc:
    books = session.books
    number = ids.number("WebhookSubscription", id)
    if not books.store.has(COLLECTION, number):
        return {
            "deletedWebhookSubscriptionId": None,
            "userErrors": [error(["id"], "Webhook subscription does not exist")],
        }
    books.store.delete(COLLECTION, number)
    books.log("webhookSubscriptionDelete", id=number)
    return {"deletedWebhookSubscriptionId": id, "userErrors": []}


def _check(books: Books, topic: str, uri: str | None, given: Doc, own: int | None) -> list[Error]:
    path = ["webhookSubscription", "callbackUrl"]
    if not uri:
        return [error(path, "Address can't be blank")]
    parts = urlsplit(uri)
    if parts.scheme == "http" and parts.hostname not in HERE:
        return [error(path, "Address protocol http:// is not supported")]
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return [error(path, "Address is invalid")]
    if given.get("format") == "XML":
        return [error(["webhookSubscription", "format"], "Format XML is not served here")]
    if given.get("filter"):
        return [error(["webhookSubscription", "filter"], "Filters are not served here")]
    for row in books.store.scan(COLLECTION):
        if row["topic"] == topic and row["uri"] == uri and row["id"] != own:
            return [error(path, "Address for this topic has already been taken")]
    return []
