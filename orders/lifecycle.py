"""The lives of orders' rows, on one page: states, sources, targets, conditions, nothing else."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMModelMixin, transition

from oms.core.lifecycle import StateField, guard


class OrderState(models.TextChoices):
    RECEIVED = "received", _("new")
    REVIEW = "review", _("to be decided")
    OPEN = "open", _("in work")
    COMPLETED = "completed", _("finished")
    CANCELLED = "cancelled", _("cancelled")


@guard("hold_open", _("Something still has to be decided: release or settle its holds first."))
def nothing_to_decide(order: Any) -> bool:
    return not any(hold.state == "active" and hold.reviews for hold in order.holds.all())


@guard("nothing_to_decide", _("Nothing has to be decided on this order."))
def something_to_decide(order: Any) -> bool:
    return any(hold.state == "active" and hold.reviews for hold in order.holds.all())


@guard("shipped_already", _("Something of this order has been shipped already; take it back as a return."))
def nothing_shipped(order: Any) -> bool:
    return not any(line.shipped for line in order.lines.all())


@guard("lines_left", _("Some lines of this order are not cancelled."))
def all_lines_cancelled(order: Any) -> bool:
    return all(line.cancelled == line.ordered for line in order.lines.all())


@guard("not_done", _("Not every line is shipped or cancelled."))
def every_line_done(order: Any) -> bool:
    """Free text and gift cards are nothing that we send."""
    return all(line.shipped + line.cancelled == line.ordered for line in order.lines.all() if line.stocked)


class OrderLifecycle(FSMModelMixin, models.Model):
    """received → review ⇄ open → completed; received, review, open → cancelled; completed → open by name;
    cancelled → received when the shop wants it again."""

    state = StateField(default=OrderState.RECEIVED, choices=OrderState.choices)

    class Meta:
        abstract = True

    @transition(
        field=state, source=[OrderState.RECEIVED, OrderState.REVIEW], target=OrderState.OPEN,
        conditions=[nothing_to_decide],
    )  # fmt: skip
    def accept(self) -> None: ...

    @transition(
        field=state, source=[OrderState.RECEIVED, OrderState.OPEN], target=OrderState.REVIEW,
        conditions=[something_to_decide],
    )  # fmt: skip
    def ask(self) -> None: ...

    @transition(
        field=state, source=[OrderState.RECEIVED, OrderState.REVIEW, OrderState.OPEN], target=OrderState.CANCELLED,
        conditions=[nothing_shipped, all_lines_cancelled],
    )  # fmt: skip
    def cancel(self) -> None: ...

    @transition(
        field=state, source=OrderState.OPEN, target=OrderState.COMPLETED, conditions=[every_line_done]
    )
    def complete(self) -> None: ...

    @transition(field=state, source=OrderState.COMPLETED, target=OrderState.OPEN)
    def reopen(self) -> None: ...

    @transition(field=state, source=OrderState.CANCELLED, target=OrderState.RECEIVED)
    def revive(self) -> None: ...


class HoldState(models.TextChoices):
    ACTIVE = "active", _("in force")
    RELEASED = "released", _("released")
    EXPIRED = "expired", _("over")


class HoldLifecycle(FSMModelMixin, models.Model):
    state = StateField(default=HoldState.ACTIVE, choices=HoldState.choices)

    class Meta:
        abstract = True

    @transition(field=state, source=HoldState.ACTIVE, target=HoldState.RELEASED)
    def release(self) -> None: ...

    @transition(field=state, source=HoldState.ACTIVE, target=HoldState.EXPIRED)
    def expire(self) -> None: ...


class RefundState(models.TextChoices):
    APPROVED = "approved", _("approved")
    REQUESTED = "requested", _("asked of the shop")
    SUCCEEDED = "succeeded", _("paid back")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("given up")


class RefundLifecycle(FSMModelMixin, models.Model):
    """approved → requested → succeeded | failed; failed → requested (again); approved, failed → cancelled."""

    state = StateField(default=RefundState.APPROVED, choices=RefundState.choices)

    class Meta:
        abstract = True

    @transition(field=state, source=[RefundState.APPROVED, RefundState.FAILED], target=RefundState.REQUESTED)
    def request(self) -> None: ...

    @transition(
        field=state, source=[RefundState.APPROVED, RefundState.REQUESTED, RefundState.FAILED],
        target=RefundState.SUCCEEDED,
    )  # fmt: skip
    def succeed(self) -> None: ...

    @transition(field=state, source=RefundState.REQUESTED, target=RefundState.FAILED)
    def fail(self) -> None: ...

    @transition(field=state, source=[RefundState.APPROVED, RefundState.FAILED], target=RefundState.CANCELLED)
    def give_up(self) -> None: ...


class ChangeState(models.TextChoices):
    PROPOSED = "proposed", _("to be decided")
    APPLIED = "applied", _("applied")
    DECLINED = "declined", _("declined")
    SUPERSEDED = "superseded", _("overtaken by a newer one")


class ChangeLifecycle(FSMModelMixin, models.Model):
    state = StateField(default=ChangeState.PROPOSED, choices=ChangeState.choices)

    class Meta:
        abstract = True

    @transition(field=state, source=ChangeState.PROPOSED, target=ChangeState.APPLIED)
    def apply(self) -> None: ...

    @transition(field=state, source=ChangeState.PROPOSED, target=ChangeState.DECLINED)
    def decline(self) -> None: ...

    @transition(field=state, source=ChangeState.PROPOSED, target=ChangeState.SUPERSEDED)
    def supersede(self) -> None: ...
