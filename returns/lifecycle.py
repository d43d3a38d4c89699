"""The lives of a return and its lines, on one page. Two axes for a returned thing: reception and decision."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMModelMixin, transition

from oms.core.lifecycle import StateField, guard


class ReturnState(models.TextChoices):
    REQUESTED = "requested", _("asked for")
    AUTHORISED = "authorised", _("approved, awaited")
    PARTLY_RECEIVED = "partly_received", _("partly here")
    RECEIVED = "received", _("all here")
    CLOSED = "closed", _("closed")
    DECLINED = "declined", _("declined")
    CANCELLED = "cancelled", _("cancelled")


@guard("not_inspected", _("Not every unit that came back has been inspected."))
def all_disposed(rma: Any) -> bool:
    return all(line.disposed == line.received for line in rma.lines.all())


@guard("nothing_received", _("Nothing has arrived yet."))
def something_received(rma: Any) -> bool:
    return any(line.received for line in rma.lines.all())


@guard("received_already", _("Something has arrived already."))
def nothing_received(rma: Any) -> bool:
    return not any(line.received for line in rma.lines.all())


class ReturnLifecycle(FSMModelMixin, models.Model):
    """requested → authorised → partly_received → received → closed; requested → declined; → cancelled."""

    state = StateField(default=ReturnState.REQUESTED, choices=ReturnState.choices)

    class Meta:
        abstract = True

    @transition(field=state, source=ReturnState.REQUESTED, target=ReturnState.AUTHORISED)
    def authorise(self) -> None: ...

    @transition(field=state, source=ReturnState.REQUESTED, target=ReturnState.DECLINED)
    def decline(self) -> None: ...

    @transition(
        field=state, source=[ReturnState.AUTHORISED, ReturnState.PARTLY_RECEIVED],
        target=ReturnState.PARTLY_RECEIVED, conditions=[something_received],
    )  # fmt: skip
    def receive_part(self) -> None: ...

    @transition(
        field=state, source=[ReturnState.AUTHORISED, ReturnState.PARTLY_RECEIVED], target=ReturnState.RECEIVED,
        conditions=[something_received],
    )  # fmt: skip
    def receive_rest(self) -> None: ...

    @transition(field=state, source=ReturnState.RECEIVED, target=ReturnState.PARTLY_RECEIVED)
    def await_again(self) -> None: ...

    @transition(
        field=state, source=[ReturnState.AUTHORISED, ReturnState.PARTLY_RECEIVED, ReturnState.RECEIVED],
        target=ReturnState.CLOSED, conditions=[all_disposed],
    )  # fmt: skip
    def close(self) -> None: ...

    @transition(
        field=state, source=[ReturnState.REQUESTED, ReturnState.AUTHORISED], target=ReturnState.CANCELLED,
        conditions=[nothing_received],
    )  # fmt: skip
    def cancel(self) -> None: ...


class Reception(models.TextChoices):
    AWAITING = "awaiting", _("awaited")
    PARTLY = "partly", _("partly here")
    WRONG_ITEM = "wrong_item", _("another item came")
    RECEIVED = "received", _("here")
    SHORT = "short", _("fewer than announced")
    NOT_SENT = "not_sent", _("keeps it")


AWAITED = (Reception.AWAITING, Reception.PARTLY, Reception.WRONG_ITEM)
"""Something of the line may still come. Where another item came, the one that was sold has not."""


class Decision(models.TextChoices):
    PENDING = "pending", _("to be inspected")
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("rejected")


class ReturnLineLifecycle(FSMModelMixin, models.Model):
    reception = StateField(default=Reception.AWAITING, choices=Reception.choices)
    decision = StateField(default=Decision.PENDING, choices=Decision.choices)

    class Meta:
        abstract = True

    @transition(field=reception, source=[*AWAITED], target=Reception.PARTLY)
    def arrive_in_part(self) -> None: ...

    @transition(field=reception, source=[*AWAITED], target=Reception.RECEIVED)
    def arrive(self) -> None: ...

    @transition(field=reception, source=[*AWAITED, Reception.RECEIVED], target=Reception.WRONG_ITEM)
    def arrive_as_another(self) -> None: ...

    @transition(field=reception, source=[*AWAITED], target=Reception.SHORT)
    def fall_short(self) -> None: ...

    @transition(field=reception, source=[Reception.AWAITING, Reception.WRONG_ITEM], target=Reception.NOT_SENT)
    def keep(self) -> None: ...

    @transition(field=decision, source=[Decision.PENDING, Decision.ACCEPTED], target=Decision.ACCEPTED)
    def accept(self) -> None: ...

    @transition(field=decision, source=[Decision.PENDING, Decision.REJECTED], target=Decision.REJECTED)
    def reject(self) -> None: ...
