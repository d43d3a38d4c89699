"""A worker with a planted fault, which the crash run must find: ``blind`` never looks whether an earlier try
has reached the outside already, so whatever was cut off after the call is done once more."""

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
        return seeing(effect, look=lambda _: None, **rest)

    effects.carry_out = carry_out  # type: ignore[assignment]
