"""The lives of inventory's rows, on one page."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMModelMixin, transition

from oms.core.lifecycle import StateField


class ReservationState(models.TextChoices):
    FIRM = "firm", _("promised")
    BACKORDERED = "backordered", _("waiting for stock")
    CONSUMED = "consumed", _("shipped")
    RELEASED = "released", _("given back")


class ReservationLifecycle(FSMModelMixin, models.Model):
    """backordered → firm → consumed; firm, backordered → released."""

    state = StateField(default=ReservationState.FIRM, choices=ReservationState.choices)

    class Meta:
        abstract = True

    @transition(field=state, source=ReservationState.FIRM, target=ReservationState.CONSUMED)
    def consume(self) -> None: ...

    @transition(
        field=state,
        source=[ReservationState.FIRM, ReservationState.BACKORDERED],
        target=ReservationState.RELEASED,
    )
    def release(self) -> None: ...


class DiscrepancyState(models.TextChoices):
    OPEN = "open", _("to be looked at")
    RESOLVED = "resolved", _("settled")


class DiscrepancyLifecycle(FSMModelMixin, models.Model):
    state = StateField(default=DiscrepancyState.OPEN, choices=DiscrepancyState.choices)

    class Meta:
        abstract = True

    @transition(field=state, source=DiscrepancyState.OPEN, target=DiscrepancyState.RESOLVED)
    def resolve(self) -> None: ...
