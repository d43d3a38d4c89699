"""An outside party (a shop, the carrier) from the side of its own people and customers."""

from __future__ import annotations

from typing import Any

import requests

from channels.demo.hands.trouble import Trouble
from channels.demo.hands.wire import session


class Party:
    """A simulated party at ``url``; its control side has the shopper's verbs, the settings and its books."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url.rstrip("/")
        self._session = session()

    def __repr__(self) -> str:
        return f"Party({self.name})"

    def act(self, verb: str, **args: Any) -> dict[str, Any]:
        """What a shopper (or the carrier's driver) does. Raises :class:`Trouble` when it is refused."""
        return self._ask("POST", f"shopper/{verb}", args)

    def configure(self, **settings: Any) -> dict[str, Any]:
        return self._ask("POST", "configure", settings)

    def records(self) -> dict[str, Any]:
        """The party's own books."""
        return self._ask("GET", "records")

    def faults(self, *rules: dict[str, Any], seed: int = 1) -> None:
        """Let these faults strike from now on, in the place of the earlier ones; none: let there be peace."""
        self._ask("POST", "faults", {"rules": list(rules), "seed": seed})

    def struck(self) -> dict[str, dict[str, int]]:
        """How often each kind of fault struck, by step."""
        counts: dict[str, dict[str, int]] = self._ask("GET", "faults")["struck"]
        return counts

    def webhooks_pending(self) -> int:
        return int(self._ask("GET", "health")["webhooks_pending"])

    def _ask(self, method: str, path: str, given: Any = None) -> dict[str, Any]:
        try:
            reply = self._session.request(method, f"{self.url}/_twin/{path}", json=given, timeout=60)
        except requests.RequestException as error:
            raise Trouble(f"{self.name} is not there: {type(error).__name__} at {self.url}") from error
        if reply.status_code != 200:
            raise Trouble(f"{self.name} refused {path}: {reply.status_code} {reply.text[:400]}")
        answer: dict[str, Any] = reply.json()
        return answer
