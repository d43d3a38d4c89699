"""One GraphQL call to Shopify, and its answers in our three words.

Nearly everything comes with HTTP 200: throttling, refusals, partial data. A throttled call waits as long as
the bucket needs when that is short, and raises ``Retry(after)`` when it is long. Fields that this app may not
see (customer data) come as null beside an ``ACCESS_DENIED`` error; the rest of the answer is used.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from channels.adapters.base import Account
from oms.core.errors import Permanent, Rejected, Retry
from oms.core.http import Http

VERSION = "2026-07"
PATIENCE = 3.0  # seconds that are waited out here; longer waits go back to whoever schedules
TRIES = 5


class TooCostly(Permanent):
    """The query could return more than Shopify allows for one: ask for less."""


class Wire:
    def __init__(self, account: Account, http: Http):
        self.account, self.http = account, http

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.account.slug})"

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        for _ in range(TRIES):
            answer = self.http.request(
                "POST", f"admin/api/{VERSION}/graphql.json", json={"query": document, "variables": variables}
            )
            if answer.status >= 300:
                raise self._refusal(answer.status)
            told = answer.json()
            errors = told.get("errors") or []
            codes = {_code(error) for error in errors}
            words = "; ".join(str(error.get("message")) for error in errors if isinstance(error, dict))
            if "THROTTLED" in codes:
                wait = _wait(told)
                if wait > PATIENCE:
                    raise Retry(f"{self.account.slug} asks us to slow down", after=wait)
                time.sleep(wait)
                continue
            if "MAX_COST_EXCEEDED" in codes:
                raise TooCostly("too_costly", words)
            if "INTERNAL_SERVER_ERROR" in codes or "TIMEOUT" in codes:
                raise Retry(words or "Shopify had an error of its own")
            if errors and (codes != {"ACCESS_DENIED"} or told.get("data") is None):
                raise Permanent(next(iter(codes)).lower() or "graphql", words or str(errors))
            if told.get("data") is None:
                raise Retry("Shopify answered without data")
            return told["data"]
        raise Retry(f"{self.account.slug} keeps asking us to slow down", after=PATIENCE)

    def change(self, document: str, root: str, **variables: Any) -> dict[str, Any]:
        """A mutation. Its ``userErrors`` raise ``Rejected(field, reason)``."""
        payload = self.ask(document, **variables)[root]
        refuse(payload)
        return payload

    def change_once(self, document: str, root: str, key: str, **variables: Any) -> dict[str, Any]:
        """A mutation under ``@idempotent``. Answers the payload, ``userErrors`` and all.

        The key is derived from ours, so a retry carries the same one. A key whose first try failed is used
        up for good: then the next one, derived in the same way, is taken. Some mutations tell that without a
        code (``refundCreate`` has plain ``UserError``s), so the contract's words count as well.
        """
        for attempt in range(TRIES):
            payload = self.ask(document, key=derived(key, attempt), **variables)[root]
            said = " ".join(f"{e.get('code')} {e.get('message')}" for e in payload["userErrors"])
            if "IDEMPOTENCY_CONCURRENT_REQUEST" in said:
                raise Retry("the same request is under way", after=1)
            if (
                "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED" not in said
                and "Retry with a new idempotency key" not in said
            ):
                return payload
        raise Permanent("idempotency", f"{TRIES} tries of {key} have failed at Shopify")

    def every(
        self, document: str, holder: str, name: str, after: str | None = None, **variables: Any
    ) -> Iterator[dict[str, Any]]:
        """All nodes of the connection ``holder { name }``, page after page; none when the holder is gone."""
        while True:
            owner = self.ask(document, after=after, **variables)
            found = (owner.get(holder) or {}).get(name) if holder else owner.get(name)
            if not found:
                return
            yield from found["nodes"]
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    def _refusal(self, status: int) -> Exception:
        if status in (401, 403):
            return Permanent("unauthorised", f"Shopify refused the access token of {self.account.slug}")
        if status in (402, 404, 423):
            return Permanent(
                "shop_closed", f"the shop {self.account.slug} is frozen, locked or gone ({status})"
            )
        return Permanent(f"http_{status}", f"Shopify answered {status}")


def refuse(payload: Mapping[str, Any]) -> None:
    """Raises ``Rejected`` for the first of a mutation's errors; says all of them."""
    errors = [*(payload.get("userErrors") or ()), *(payload.get("orderCancelUserErrors") or ())]
    if errors:
        field = ".".join(map(str, errors[0].get("field") or ()))
        reason = str(errors[0].get("code") or "user_error").lower()
        raise Rejected(field, reason, "; ".join(str(error.get("message")) for error in errors))


def derived(key: str, attempt: int = 0) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"oms:{key}:{attempt}"))


def _code(error: Any) -> str:
    """Shopify puts the code under ``extensions``; an older kind of answer is a bare string."""
    if not isinstance(error, dict):
        return "GRAPHQL"
    code = str((error.get("extensions") or {}).get("code") or "GRAPHQL")
    return "THROTTLED" if str(error.get("message")).lower() == "throttled" else code


def _wait(told: Mapping[str, Any]) -> float:
    """Seconds until the bucket holds what this query may cost."""
    cost = (told.get("extensions") or {}).get("cost") or {}
    bucket = cost.get("throttleStatus") or {}
    short = float(cost.get("requestedQueryCost") or 0) - float(bucket.get("currentlyAvailable") or 0)
    return max(0.1, short / float(bucket.get("restoreRate") or 50))
