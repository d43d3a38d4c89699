"""Ask who is above, before something that cannot be undone: a call upwards by name, as reactions are (``oms.wiring``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from oms.core.errors import Retry
from oms.core.relay import named


@dataclass(frozen=True)
class Standing:
    """Whether the step may be taken: why not, by order id, in words; and what kept us from knowing (``silent``)."""

    blocked: Mapping[int, str] = field(default_factory=dict)
    silent: str = ""


def ask_before(step: str, order_ids: Collection[int]) -> Standing:
    """Never raises for silence: what that means is for the action that was going to be carried out. It may call the
    outside, so it must stand outside any transaction."""
    blocked: dict[int, str] = {}
    for path in asked()[step]:
        ask: Callable[[Collection[int], str], Mapping[int, str]] = named(path)
        try:
            blocked |= ask(order_ids, step)
        except Retry as error:
            return Standing(blocked, str(error))
    return Standing(blocked)


def asked() -> Mapping[str, Sequence[str]]:
    from oms.wiring import ASKED_BEFORE

    return ASKED_BEFORE
