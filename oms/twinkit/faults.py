"""Faults on command: which strike, when, and how often each did.

A rule is ``{"kind", "step"?, "probability"? | "times"?, "seconds"?, "copies"?}``. ``step`` is the twin's name
of an operation and may hold ``*``; webhooks are called ``webhook.<topic>``. With neither ``probability`` nor
``times`` a rule strikes always. Every rule draws from its own seeded source, so rules do not disturb each
other and a run can be had again. A strike is counted when it happened, never when it was only asked for.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

REQUEST_KINDS = (
    "drop",
    "delay",
    "error_429",
    "error_500_before",
    "error_500_after",
    "cut_body",
    "stale_read",
)
WEBHOOK_KINDS = ("duplicate", "reorder", "webhook_drop", "webhook_delay")
KINDS = REQUEST_KINDS + WEBHOOK_KINDS

DEFAULT_SECONDS = {"delay": 0.2, "error_429": 1.0, "stale_read": 5.0, "reorder": 1.0, "webhook_delay": 1.0}


@dataclass
class Rule:
    kind: str
    step: str = "*"
    probability: float = 1.0
    times: int | None = None
    seconds: float = 0.0
    copies: int = 1
    chance: random.Random = field(default_factory=random.Random, repr=False)

    @classmethod
    def read(cls, given: Mapping[str, Any], seed: str) -> Rule:
        """Raises ``ValueError`` for an unknown kind or field."""
        unknown = set(given) - {"kind", "step", "probability", "times", "seconds", "copies"}
        if unknown:
            raise ValueError(f"A fault rule has no field {', '.join(sorted(unknown))}.")
        kind = given.get("kind")
        if kind not in KINDS:
            raise ValueError(f"No such fault: {kind!r}. There are {', '.join(KINDS)}.")
        return cls(
            kind=kind,
            step=given.get("step") or "*",
            probability=float(given.get("probability", 1.0)),
            times=None if given.get("times") is None else int(given["times"]),
            seconds=float(given.get("seconds", DEFAULT_SECONDS.get(kind, 0.0))),
            copies=int(given.get("copies", 1)),
            chance=random.Random(seed),
        )


class Faults:
    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._rules: list[Rule] = []
        self._struck: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def replace(self, rules: Iterable[Mapping[str, Any]], seed: int | None = None) -> None:
        """Put these rules in the place of the old ones; counts go on."""
        if seed is not None:
            self._seed = seed
        read = [Rule.read(rule, f"{self._seed}:{place}") for place, rule in enumerate(rules)]
        with self._lock:
            self._rules = read

    def clear(self) -> None:
        """No more faults. Counts stay, for whoever wants to know what struck."""
        self.replace([])

    def forget(self) -> None:
        with self._lock:
            self._struck.clear()

    def armed(self, step: str, kind: str) -> bool:
        """Could a rule of this kind still strike here?"""
        with self._lock:
            return any(self._matches(rule, step, (kind,)) for rule in self._rules)

    def draw(self, step: str, *kinds: str) -> Rule | None:
        """The first rule of these kinds that strikes here now; it must then be carried out and counted."""
        with self._lock:
            for rule in self._rules:
                if not self._matches(rule, step, kinds):
                    continue
                if rule.probability < 1 and rule.chance.random() >= rule.probability:
                    continue
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    def give_back(self, rule: Rule) -> None:
        """It could not be carried out (nothing was stale): let it strike another time."""
        with self._lock:
            if rule.times is not None:
                rule.times += 1

    def count(self, kind: str, step: str) -> None:
        with self._lock:
            self._struck[kind, step] += 1

    def counts(self) -> dict[str, dict[str, int]]:
        """``{kind: {step: strikes}}``."""
        with self._lock:
            table: dict[str, dict[str, int]] = {}
            for (kind, step), number in sorted(self._struck.items()):
                table.setdefault(kind, {})[step] = number
            return table

    def describe(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {"kind": r.kind, "step": r.step, "probability": r.probability, "times": r.times}
                for r in self._rules
            ]

    @staticmethod
    def _matches(rule: Rule, step: str, kinds: tuple[str, ...]) -> bool:
        return rule.kind in kinds and rule.times != 0 and fnmatchcase(step, rule.step)
