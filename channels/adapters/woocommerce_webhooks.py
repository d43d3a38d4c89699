"""WooCommerce's webhooks: hints only. Its delivery id repeats, so nothing here de-duplicates on it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from channels.adapters.base import Hint
from channels.adapters.woocommerce_wire import Wire

TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored")


class Webhooks(Wire):
    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """base64 HMAC-SHA256 of the raw body under ``webhook_secret``.

        The ping of a new webhook (``webhook_id=12``) is unsigned, and the webhook stays off unless the ping
        is answered with 200: it passes, and ``hint`` makes nothing of it.
        """
        if _is_ping(body):
            return True
        secret = self.account.credentials.get("webhook_secret") or ""
        digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
        given = _header(headers, "X-WC-Webhook-Signature").encode()
        return bool(secret) and hmac.compare_digest(digest, given)

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        topic = _header(headers, "X-WC-Webhook-Topic")
        kind = topic.partition(".")[0]
        if kind not in ("order", "product"):
            return None
        try:
            external_id = json.loads(body).get("id")
        except (ValueError, AttributeError):
            return None
        return Hint(kind, str(external_id), topic) if external_id else None

    def ensure_webhooks(self, callback_url: str) -> Sequence[str]:
        """Makes what is missing and wakes what WooCommerce put to sleep (five failures do that silently)."""
        ours = {
            row["topic"]: row for row in self.every("webhooks") if row.get("delivery_url") == callback_url
        }
        secret = self.account.credentials.get("webhook_secret") or ""
        for topic in TOPICS:
            asked = {"status": "active", "secret": secret}
            if topic not in ours:
                asked |= {"name": f"OMS {topic}", "topic": topic, "delivery_url": callback_url}
                self.send("POST", "webhooks", asked)
            elif ours[topic].get("status") != "active":
                self.send("PUT", f"webhooks/{ours[topic]['id']}", asked)
        return TOPICS


def _is_ping(body: bytes) -> bool:
    return body.startswith(b"webhook_id=") and body[11:].isdigit()


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")
