"""The errors that cross a border in this system, and nothing else does.

Adapters and carriers raise :class:`Retry`, :class:`Permanent` or :class:`Rejected`; actions raise
:class:`Refused`. Whoever catches one knows from its type alone whether trying again can help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why something was refused: ``code`` for machines, ``words`` for people."""

    code: str
    words: str

    def __str__(self) -> str:
        return self.words


class OmsError(Exception):
    """Base of every error that this system raises on purpose."""


class Retry(OmsError):
    """It did not work now and may work later. ``after`` is in seconds; ``None`` lets the caller choose.

    The outside may or may not have acted on the request: before an effect is sent again, read back.
    """

    def __init__(self, words: str, *, after: float | None = None):
        super().__init__(words)
        self.after = after


class Permanent(OmsError):
    """Trying again will not help; a person has to look. ``reason`` is a short machine-readable code."""

    def __init__(self, reason: str, words: str = ""):
        super().__init__(words or reason)
        self.reason = reason


KEY_REASONS = frozenset(
    {"unauthorised", "no_credentials", "UNAUTHORIZED", "FORBIDDEN", "http_401", "http_403"}
)
"""The reasons of a ``Permanent`` that say: the other side does not take our keys. Only new keys help."""


class Rejected(Permanent):
    """The other side refused one value. ``field`` names it in its words."""

    def __init__(self, field: str, reason: str, words: str = ""):
        super().__init__(reason, words or f"{field}: {reason}")
        self.field = field


class Refused(OmsError):
    """A command may not be carried out now; nothing was changed. Carries every reason, not only the first."""

    def __init__(self, reasons: Sequence[Reason] | Reason):
        self.reasons: tuple[Reason, ...] = (reasons,) if isinstance(reasons, Reason) else tuple(reasons)
        super().__init__("; ".join(r.words for r in self.reasons))
