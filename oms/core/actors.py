"""Who did it. An actor is written into every journal line as ``kind:name``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """``kind``: user, token, channel, carrier, job or system. ``name``: a username, slug or job name."""

    kind: str
    name: str
    user_id: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def user(cls, user: object) -> Actor:
        return cls("user", str(getattr(user, "username", user)), getattr(user, "pk", None))

    @classmethod
    def job(cls, name: str) -> Actor:
        return cls("job", name)

    @classmethod
    def channel(cls, slug: str) -> Actor:
        return cls("channel", slug)

    @classmethod
    def carrier(cls, slug: str) -> Actor:
        return cls("carrier", slug)


SYSTEM = Actor("system", "oms")
