"""The lives of inventory's rows, on one page."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition


class ReservationState(models.TextChoices):
    FIRM = "firm", _("promised")
    BACKORDERED = "backordered", _("waiting for stock")
    CONSUMED = "consumed", _("shipped")
    RELEASED = "released", _("given back")


class ReservationLifecycle(FSMModelMixin, models.Model):
    """backordered → firm → consumed; firm, backordered → released."""

    state = FSMField(default=ReservationState.FIRM, choices=ReservationState.choices, protected=True)

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
    state = FSMField(default=DiscrepancyState.OPEN, choices=DiscrepancyState.choices, protected=True)

    class Meta:
        abstract = True

    @transition(field=state, source=DiscrepancyState.OPEN, target=DiscrepancyState.RESOLVED)
    def resolve(self) -> None: ...
