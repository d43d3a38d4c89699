"""The life of a listing, on one page."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMModelMixin, transition

from oms.core.lifecycle import StateField


class ListingState(models.TextChoices):
    UNMAPPED = "unmapped", _("unknown item")
    ACTIVE = "active", _("kept in stock")
    PAUSED = "paused", _("not updated")
    NOT_OURS = "not_ours", _("no item of ours")
    GONE = "gone", _("no longer at the shop")


class ListingLifecycle(FSMModelMixin, models.Model):
    """unmapped → active ⇄ paused; unmapped, active, paused → gone → back. What a person called no item of
    ours stays so, also where the shop lists it no more and again."""

    state = StateField(default=ListingState.UNMAPPED, choices=ListingState.choices)

    class Meta:
        abstract = True

    @transition(
        field=state,
        source=[ListingState.UNMAPPED, ListingState.ACTIVE, ListingState.PAUSED, ListingState.NOT_OURS],
        target=ListingState.ACTIVE,
    )  # fmt: skip
    def map(self) -> None: ...

    @transition(field=state, source=[ListingState.ACTIVE, ListingState.PAUSED], target=ListingState.UNMAPPED)
    def unmap(self) -> None: ...

    @transition(
        field=state, source=[ListingState.UNMAPPED, ListingState.ACTIVE, ListingState.PAUSED],
        target=ListingState.NOT_OURS,
    )  # fmt: skip
    def disown(self) -> None: ...

    @transition(field=state, source=ListingState.NOT_OURS, target=ListingState.UNMAPPED)
    def doubt(self) -> None: ...

    @transition(field=state, source=ListingState.ACTIVE, target=ListingState.PAUSED)
    def pause(self) -> None: ...

    @transition(field=state, source=ListingState.PAUSED, target=ListingState.ACTIVE)
    def resume(self) -> None: ...

    @transition(
        field=state, source=[ListingState.UNMAPPED, ListingState.ACTIVE, ListingState.PAUSED],
        target=ListingState.GONE,
    )  # fmt: skip
    def vanish(self) -> None: ...

    @transition(field=state, source=ListingState.GONE, target=ListingState.UNMAPPED)
    def come_back(self) -> None: ...
