"""How risky an order looks: points with their reasons, added up. A fact that nobody knows gives no points.
The score proposes and a person decides; nothing is ever cancelled by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from disposable_email_domains import blocklist

ACCEPT, HOLD, PROPOSE_REJECTION = "accept", "hold", "propose_rejection"

FREE_MAIL = frozenset({
    "aol.com", "free.fr", "gmail.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.co.uk",
    "hotmail.com", "hotmail.de", "hotmail.fr", "icloud.com", "laposte.net", "libero.it", "live.com",
    "mail.com", "mail.ru", "me.com", "msn.com", "orange.fr", "outlook.com", "proton.me",
    "protonmail.com", "qq.com", "t-online.de", "web.de", "wp.pl", "yahoo.co.uk", "yahoo.com", "yahoo.de",
    "yahoo.fr", "yandex.ru", "ymail.com",
})  # fmt: skip


@dataclass(frozen=True)
class RiskFacts:
    """What is known; ``None`` and empty mean unknown. Velocities count orders of the same mail, this one included.
    ``high_value``: above the 99th percentile of this seller. Each is fed by ``orders/actions/screen.py``: a rule
    without its fact would only look like protection."""

    email: str = ""
    channel_risk: str = ""
    billing_country: str = ""
    shipping_country: str = ""
    first_order: bool | None = None
    high_value: bool | None = None
    orders_last_hour: int | None = None
    orders_last_day: int | None = None
    paid_orders_older_than_60_days: int | None = None


@dataclass(frozen=True)
class Rule:
    code: str
    points: int
    words: str
    applies: Callable[[RiskFacts], bool]


@dataclass(frozen=True)
class Hit:
    code: str
    points: int
    words: str


@dataclass(frozen=True)
class Bands:
    hold: int = 50
    propose_rejection: int = 90


DEFAULT_BANDS = Bands()


@dataclass(frozen=True)
class Assessment:
    """``score`` is never below zero; ``hits`` with the heaviest first."""

    score: int
    band: str
    hits: tuple[Hit, ...]


def _domain(facts: RiskFacts) -> str:
    return facts.email.rpartition("@")[2].strip().casefold()


def free_mail(email: str) -> bool:
    return email.rpartition("@")[2].strip().casefold() in FREE_MAIL


def _disposable(facts: RiskFacts) -> bool:
    """The domain itself or one above it is on the list: ``x.mailinator.com`` too."""
    parts = _domain(facts).split(".")
    return any(".".join(parts[i:]) in blocklist for i in range(len(parts) - 1))


def _random_mail(facts: RiskFacts) -> bool:
    """More than four digits, or a row of five consonants that no name has."""
    local = facts.email.partition("@")[0].casefold()
    if not _domain(facts):
        return False
    return sum(c.isdigit() for c in local) > 4 or bool(re.search(r"[bcdfghjklmnpqrstvwxz]{5}", local))


def _differ(a: str, b: str) -> bool:
    return bool(a and b) and a.upper() != b.upper()


def _over(value: float | None, limit: float) -> bool:
    return value is not None and value > limit


RULES: tuple[Rule, ...] = (
    Rule("channel_high", 60, "The channel says high risk", lambda f: f.channel_risk.casefold() == "high"),
    Rule(
        "channel_medium", 25, "The channel says medium risk", lambda f: f.channel_risk.casefold() == "medium"
    ),
    Rule(
        "billing_shipping",
        15,
        "Billed in one country, sent to another",
        lambda f: _differ(f.billing_country, f.shipping_country),
    ),
    Rule("disposable_mail", 20, "A throw-away e-mail address", _disposable),
    Rule("random_mail", 5, "The e-mail address looks random", _random_mail),
    Rule(
        "free_mail_high_first",
        20,
        "A first order of unusual value from a free e-mail address",
        lambda f: bool(f.first_order and f.high_value) and free_mail(f.email),
    ),
    Rule("velocity_hour", 25, "More than 3 orders within an hour", lambda f: _over(f.orders_last_hour, 3)),
    Rule("velocity_day", 15, "More than 5 orders within a day", lambda f: _over(f.orders_last_day, 5)),
    Rule(
        "known_good", -40, "A customer known for long", lambda f: _over(f.paid_orders_older_than_60_days, 2)
    ),
)


def assess(
    facts: RiskFacts, bands: Bands = DEFAULT_BANDS, weights: Mapping[str, int] | None = None
) -> Assessment:
    """``weights`` replaces the points of rules by their code; 0 turns a rule off."""
    own = weights or {}
    hits = [
        Hit(rule.code, points, rule.words)
        for rule in RULES
        if (points := own.get(rule.code, rule.points)) and rule.applies(facts)
    ]
    score = max(0, sum(hit.points for hit in hits))
    band = ACCEPT
    if score >= bands.hold:
        band = PROPOSE_REJECTION if score >= bands.propose_rejection else HOLD
    return Assessment(score, band, tuple(sorted(hits, key=lambda h: (-abs(h.points), h.code))))
