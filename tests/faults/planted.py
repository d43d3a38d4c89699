"""A worker with a planted fault, which the crash run must find: ``blind`` never looks whether an earlier try
has reached the outside already, and has forgotten what it wrote down for a second one. So a label that was
bought when the worker died is bought once more."""

from __future__ import annotations

from typing import Any

from celery.signals import worker_process_init

from oms.celery import app

__all__ = ["app"]


@worker_process_init.connect  # type: ignore[untyped-decorator]
def blind(**_: Any) -> None:
    from oms.core import effects

    seeing = effects.carry_out

    def carry_out(effect: Any, *, look: Any, **rest: Any) -> str:
        effect.request.pop("quote", None)
        return seeing(effect, look=lambda _: None, **rest)

    effects.carry_out = carry_out  # type: ignore[assignment]
