"""The lives of fulfillment's rows, on one page: states, sources, targets, conditions, nothing else."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMModelMixin, transition

from oms.core.lifecycle import StateField, guard


class WorkState(models.TextChoices):
    PLANNED = "planned", _("planned")
    RELEASED = "released", _("to be picked")
    PICKING = "picking", _("being picked")
    PICKED = "picked", _("picked")
    PACKED = "packed", _("packed")
    SHIPPED = "shipped", _("shipped")
    CANCELLED = "cancelled", _("cancelled")
    REJECTED = "rejected", _("sent back by the location")


# What may still be stopped: nothing has left the house.
STOPPABLE = [WorkState.RELEASED, WorkState.PICKING, WorkState.PICKED, WorkState.PACKED]


@guard("order_held", _("The order is held; settle its holds first."))
def not_held(work: Any) -> bool:
    return not work.held_for("release")


@guard("shipping_held", _("The order is held and may not be shipped."))
def shipping_not_held(work: Any) -> bool:
    return not work.held_for("ship")


@guard("nothing_picked", _("Nothing has been picked yet."))
def something_picked(work: Any) -> bool:
    return any(line.picked for line in work.lines.all())


@guard("parcel_unlabelled", _("Every parcel needs a label or a tracking number first."))
def parcels_ready(work: Any) -> bool:
    parcels = [p for p in work.shipments.all() if p.state != "voided"]
    return bool(parcels) and all(p.state == "labelled" for p in parcels)


class WorkLifecycle(FSMModelMixin, models.Model):
    """planned → released → picking → picked → packed → shipped; released … packed → cancelled;
    released, picking → rejected. Routing releases what it plans in one transaction: nobody ever finds work planned."""

    state = StateField(default=WorkState.PLANNED, choices=WorkState.choices)

    class Meta:
        abstract = True

    @transition(field=state, source=WorkState.PLANNED, target=WorkState.RELEASED, conditions=[not_held])
    def release(self) -> None: ...

    @transition(field=state, source=WorkState.RELEASED, target=WorkState.PICKING, conditions=[not_held])
    def start_pick(self) -> None: ...

    @transition(
        field=state, source=[WorkState.RELEASED, WorkState.PICKING], target=WorkState.PICKED,
        conditions=[not_held, something_picked],
    )  # fmt: skip
    def finish_pick(self) -> None: ...

    @transition(field=state, source=WorkState.PICKED, target=WorkState.PACKED, conditions=[shipping_not_held])
    def pack(self) -> None: ...

    @transition(
        field=state, source=WorkState.PACKED, target=WorkState.SHIPPED,
        conditions=[shipping_not_held, parcels_ready],
    )  # fmt: skip
    def ship(self) -> None: ...

    @transition(field=state, source=[WorkState.RELEASED, WorkState.PICKING], target=WorkState.REJECTED)
    def reject(self) -> None: ...

    @transition(field=state, source=STOPPABLE, target=WorkState.CANCELLED)
    def cancel(self) -> None: ...


class ParcelState(models.TextChoices):
    DRAFT = "draft", _("no label yet")
    LABELLED = "labelled", _("labelled")
    IN_TRANSIT = "in_transit", _("on the way")
    OUT_FOR_DELIVERY = "out_for_delivery", _("out for delivery")
    DELIVERED = "delivered", _("delivered")
    EXCEPTION = "exception", _("the carrier reports a problem")
    LOST = "lost", _("lost")
    RETURNED_TO_SENDER = "returned_to_sender", _("back to us")
    VOIDED = "voided", _("void")


_MOVING = [ParcelState.LABELLED, ParcelState.IN_TRANSIT, ParcelState.OUT_FOR_DELIVERY, ParcelState.EXCEPTION]


@guard("not_shipped", _("This parcel has not left yet."))
def has_left(parcel: Any) -> bool:
    return parcel.shipped_at is not None


@guard("has_left", _("This parcel has left already."))
def has_not_left(parcel: Any) -> bool:
    return parcel.shipped_at is None


class ParcelLifecycle(FSMModelMixin, models.Model):
    """draft → labelled → in_transit → out_for_delivery → delivered; exceptions on the way; draft, labelled → voided."""

    state = StateField(default=ParcelState.DRAFT, choices=ParcelState.choices)

    class Meta:
        abstract = True

    @transition(field=state, source=ParcelState.DRAFT, target=ParcelState.LABELLED)
    def label(self) -> None: ...

    @transition(field=state, source=ParcelState.LABELLED, target=ParcelState.DRAFT, conditions=[has_not_left])
    def unlabel(self) -> None: ...

    @transition(
        field=state, source=[ParcelState.DRAFT, ParcelState.LABELLED], target=ParcelState.VOIDED,
        conditions=[has_not_left],
    )  # fmt: skip
    def void(self) -> None: ...

    @transition(field=state, source=_MOVING, target=ParcelState.IN_TRANSIT, conditions=[has_left])
    def move_on(self) -> None: ...

    @transition(field=state, source=_MOVING, target=ParcelState.OUT_FOR_DELIVERY, conditions=[has_left])
    def go_out(self) -> None: ...

    @transition(
        field=state, source=[*_MOVING, ParcelState.LOST], target=ParcelState.DELIVERED, conditions=[has_left]
    )
    def deliver(self) -> None: ...

    @transition(field=state, source=_MOVING, target=ParcelState.EXCEPTION, conditions=[has_left])
    def stumble(self) -> None: ...

    @transition(field=state, source=_MOVING, target=ParcelState.LOST, conditions=[has_left])
    def lose(self) -> None: ...

    @transition(
        field=state,
        source=[*_MOVING, ParcelState.LOST],
        target=ParcelState.RETURNED_TO_SENDER,
        conditions=[has_left],
    )
    def come_back(self) -> None: ...


class ManifestState(models.TextChoices):
    REQUESTED = "requested", _("being made")
    MADE = "made", _("made")
    FAILED = "failed", _("could not be made")


class ManifestLifecycle(FSMModelMixin, models.Model):
    """requested → made | failed."""

    state = StateField(default=ManifestState.REQUESTED, choices=ManifestState.choices)

    class Meta:
        abstract = True

    @transition(field=state, source=ManifestState.REQUESTED, target=ManifestState.MADE)
    def make(self) -> None: ...

    @transition(field=state, source=ManifestState.REQUESTED, target=ManifestState.FAILED)
    def fail(self) -> None: ...


class LabelState(models.TextChoices):
    REQUESTED = "requested", _("being bought")
    PURCHASED = "purchased", _("bought")
    FAILED = "failed", _("could not be bought")
    VOID_REQUESTED = "void_requested", _("being given back")
    VOIDED = "voided", _("given back")
    VOID_REFUSED = "void_refused", _("could not be given back")


class LabelLifecycle(FSMModelMixin, models.Model):
    """requested → purchased | failed; purchased → void_requested → voided | void_refused."""

    state = StateField(default=LabelState.REQUESTED, choices=LabelState.choices)

    class Meta:
        abstract = True

    @transition(field=state, source=[LabelState.REQUESTED, LabelState.FAILED], target=LabelState.PURCHASED)
    def purchase(self) -> None: ...

    @transition(field=state, source=LabelState.REQUESTED, target=LabelState.FAILED)
    def fail(self) -> None: ...

    @transition(
        field=state, source=[LabelState.PURCHASED, LabelState.VOID_REFUSED], target=LabelState.VOID_REQUESTED
    )
    def ask_void(self) -> None: ...

    @transition(
        field=state, source=[LabelState.PURCHASED, LabelState.VOID_REQUESTED, LabelState.REQUESTED, LabelState.FAILED],
        target=LabelState.VOIDED,
    )  # fmt: skip
    def void(self) -> None: ...

    @transition(field=state, source=LabelState.VOID_REQUESTED, target=LabelState.VOID_REFUSED)
    def refuse_void(self) -> None: ...
